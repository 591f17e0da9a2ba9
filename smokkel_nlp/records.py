"""The plain result of an analysis: frozen dataclasses that turn into dicts and JSON and back.

Offsets are half-open and count characters of the original text: ``text[e.start:e.end] == e.text`` always.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Self

SCHEMA_VERSION = "1.0"
NOTE = "Suggestie van een model; lees de passage en beslis zelf."


@dataclass(frozen=True)
class Evidence:
    """A passage that shows something, cut from the original text.

    Parameters
    ----------
    start, end : int
        Half-open character offsets in the original text.
    text : str
        The passage itself.
    kind : str
        ``"mention"`` when a cue was found, ``"model"`` when it is the sentence that contributed most.
    status, source : str or None
        How the passage is asserted and by whom (see the label contract); None for ``kind="model"``.
    cue : str or None
        The cue of the taxonomy that matched, as ``label.strength.number``; ``label.gewogen.word`` where no cue but what the passage
        weighs showed it, with the word that said most.
    rule : str or None
        Id of the assertion rule that says what was decided; ``gewogen`` where no rule but the wording decided; None where nothing
        did and the default holds.
    rule_start, rule_end : int or None
        Offsets of the words that made the rule fire, or of the word that spoke most for the status.
    """

    start: int
    end: int
    text: str
    kind: str = "mention"
    status: str | None = None
    source: str | None = None
    cue: str | None = None
    rule: str | None = None
    rule_start: int | None = None
    rule_end: int | None = None


@dataclass(frozen=True)
class OffenceResult:
    """One offence label: whether the text is about it, how sure, with which status, and where that shows.

    ``label`` is 0 or 1 as the model would answer when forced; ``uncertain`` says that it would rather not.
    """

    label: int
    probability: float
    uncertain: bool
    status: str | None
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True)
class ModusOperandi:
    """A tag that holds for the text, with its probability (None for a tag a user added), status and passages."""

    tag: str
    probability: float | None
    status: str | None
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True)
class ElementResult:
    """A legal element found in the text, with its status and passages."""

    element: str
    offence: str
    status: str
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True)
class Versions:
    """What made the record."""

    library: str
    model: str
    taxonomy: str
    guideline: str


@dataclass(frozen=True)
class CaseAnalysis:
    """What the library says of one text.

    ``offence`` is one of mensensmokkel, mensenhandel, beide, geen or onzeker (the library abstains); ``offence_forced`` is
    the answer it would give if it had to; ``reasons`` says why it abstains.

    Examples
    --------
    >>> case = CaseAnalysis.from_json(EXAMPLE_JSON)
    >>> case.offence, case.offences["mensensmokkel"].label
    ('geen', 0)
    >>> CaseAnalysis.from_json(case.to_json()) == case
    True
    """

    id: str | None
    offence: str
    offence_forced: str
    reasons: tuple[str, ...]
    offences: Mapping[str, OffenceResult]
    modi_operandi: tuple[ModusOperandi, ...]
    elements: tuple[ElementResult, ...]
    n_chars: int
    versions: Versions
    note: str = NOTE
    schema: str = SCHEMA_VERSION
    text: str | None = None

    def with_id(self, id_: str | None) -> CaseAnalysis:
        """Return the same analysis under an id."""
        return replace(self, id=id_)

    def to_dict(self) -> dict[str, Any]:
        """Return plain dicts, lists, strings and numbers, ready for JSON or a data frame; ``text`` only where it was kept."""
        data = _plain(asdict(self))
        if self.text is None:
            del data["text"]
        return dict(data)

    def to_json(self) -> str:
        """Return one line of JSON."""
        return json.dumps(self.to_dict(), ensure_ascii=False)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Build the record from what ``to_dict`` gave; unknown keys are ignored.

        Raises
        ------
        KeyError
            If a field without default is missing.
        """
        known = {field.name for field in fields(cls)}
        values = {key: value for key, value in data.items() if key in known}
        values["reasons"] = tuple(data["reasons"])
        values["offences"] = {key: OffenceResult(**{**value, "evidence": _evidence(value)}) for key, value in data["offences"].items()}
        values["modi_operandi"] = tuple(ModusOperandi(**{**value, "evidence": _evidence(value)}) for value in data["modi_operandi"])
        values["elements"] = tuple(ElementResult(**{**value, "evidence": _evidence(value)}) for value in data["elements"])
        values["versions"] = Versions(**data["versions"])
        return cls(**values)

    @classmethod
    def from_json(cls, line: str) -> Self:
        """Build the record from one line of JSON."""
        return cls.from_dict(json.loads(line))


def _evidence(data: Mapping[str, Any]) -> tuple[Evidence, ...]:
    return tuple(Evidence(**item) for item in data["evidence"])


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list | tuple) else value


EXAMPLE_JSON = (
    '{"id": null, "offence": "geen", "offence_forced": "geen", "reasons": [], "offences": {"mensensmokkel": {"label": 0, '
    '"probability": 0.02, "uncertain": false, "status": null, "evidence": []}, "mensenhandel": {"label": 0, "probability": 0.01, '
    '"uncertain": false, "status": null, "evidence": []}}, "modi_operandi": [], "elements": [], "n_chars": 12, "versions": '
    '{"library": "0", "model": "0", "taxonomy": "0", "guideline": "0"}, "note": "", "schema": "1.0"}'
)
