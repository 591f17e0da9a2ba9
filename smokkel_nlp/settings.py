"""What a user asks of the classifier beside its answer: an explanation, a prior and thresholds of their own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, Self

from smokkel_nlp.errors import InputError
from smokkel_nlp.taxonomy import load_taxonomy, nearest


class Settings(NamedTuple):
    """Checked settings; they say nothing of the model, so that they can be given before it is read.

    Parameters
    ----------
    explain : bool
        Tell with each record what the parts of the text add to each score.
    prior : float or None
        The share of the texts to be read that is about an offence, taken for each of the two; None for that of the training texts.
    thresholds : tuple of (str, float)
        Labels and the probability from which each is given; the model's own for the others.
    """

    explain: bool = False
    prior: float | None = None
    thresholds: tuple[tuple[str, float], ...] = ()

    @classmethod
    def of(cls, explain: bool = False, prior: float | None = None, thresholds: Mapping[str, float] | None = None) -> Self:
        """Check what a user gives.

        Raises
        ------
        InputError
            If a value does not lie between 0 and 1, or a label has no probability to hold against a threshold.

        Examples
        --------
        >>> Settings.of(prior=0.01, thresholds={"onderdak": 0.6})
        Settings(explain=False, prior=0.01, thresholds=(('onderdak', 0.6),))
        >>> Settings.of(prior=1)
        Traceback (most recent call last):
        smokkel_nlp.errors.InputError: prior is 1; give a share between 0 and 1, such as 0.01 for one text in a hundred
        """
        if prior is not None and not _inside(prior):
            raise InputError(f"prior is {prior!r}; give a share between 0 and 1, such as 0.01 for one text in a hundred")
        if not isinstance(thresholds, Mapping | None):
            raise InputError(
                f"thresholds is a {type(thresholds).__name__}; give labels with probabilities, such as {{'mensensmokkel': 0.7}}"
            )
        labels = load_taxonomy().labels
        for label, value in (thresholds or {}).items():
            if label not in labels:
                raise InputError(
                    f"thresholds: '{label}' is no label of the model (a tag of your own has no probability); {nearest(str(label), labels)}"
                )
            if not _inside(value):
                raise InputError(f"thresholds: '{label}' is {value!r}; give a probability between 0 and 1")
        given = sorted((label, float(value)) for label, value in (thresholds or {}).items())
        return cls(bool(explain), None if prior is None else float(prior), tuple(given))

    def over(self, other: Settings) -> Settings:
        """Return these settings over others: what is not given stays as it was.

        Examples
        --------
        >>> Settings.of(explain=True).over(Settings.of(prior=0.01))
        Settings(explain=True, prior=0.01, thresholds=())
        """
        thresholds = {**dict(other.thresholds), **dict(self.thresholds)}
        return Settings.of(self.explain or other.explain, other.prior if self.prior is None else self.prior, thresholds)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, which :meth:`of` takes."""
        return {"explain": self.explain, "prior": self.prior, "thresholds": dict(self.thresholds)}


def _inside(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < 1
