"""Where the answers go wrong: figures by slice of the texts, and a list of the texts that are answered wrongly."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from smokkel_nlp.corpus import class_name, names_offence
from smokkel_nlp.evaluation import CLASSES, Answers, Matrix, bootstrap, classes, gold_offences, scores
from smokkel_nlp.taxonomy import OFFENCE_IDS

LEAST = 10
"""Texts that a slice must hold for figures."""
_LENGTHS = ((60, "under 60 words"), (250, "60-250 words"), (801, "250-800 words"))
_LONGEST = "over 800 words"
_ORDER = (*(name for _, name in _LENGTHS), _LONGEST, *CLASSES)


def length_of(text: str) -> str:
    """Return the slice of a text by its length.

    Examples
    --------
    >>> length_of("woord " * 59), length_of("woord " * 60), length_of("woord " * 801)
    ('under 60 words', '60-250 words', 'over 800 words')
    """
    words = len(text.split())
    return next((name for limit, name in _LENGTHS if words < limit), _LONGEST)


def _field(name: str) -> Callable[[Mapping[str, Any]], str | None]:
    return lambda record: None if record.get(name) in (None, "") else str(record[name])


KEYS: Mapping[str, Callable[[Mapping[str, Any]], str | None]] = {
    "genre": _field("genre"),
    "region": _field("region"),
    "length": lambda record: length_of(record["text"]),
    "offence named": lambda record: "yes" if names_offence(record["text"]) else "no",
    "class": class_name,
}
"""What texts are sliced by: the value of each text, None where its record does not tell."""


def slices(records: Sequence[Mapping[str, Any]], answers: Answers) -> dict[str, dict[str, dict[str, Any]]]:
    """Measure each slice of the texts.

    Returns
    -------
    dict
        By key and value ``n`` and, from ten texts on, ``exact`` and ``macro_f1`` with their intervals; a key that no record tells is
        left out. ``macro_f1`` is the mean over the offences that some text of the slice is about, and None where there are none.
    """
    gold, given = gold_offences(records), answers.offences
    result: dict[str, dict[str, dict[str, Any]]] = {}
    for key, value_of in KEYS.items():
        values = [value_of(record) for record in records]
        for value in sorted({value for value in values if value is not None}, key=_place):
            rows = np.array([value == other for other in values])
            result.setdefault(key, {})[value] = _figures(gold[rows], given[rows])
    return result


def _place(value: str) -> tuple[int, str]:
    return (_ORDER.index(value) if value in _ORDER else -1, value)


def _figures(gold: Matrix, given: Matrix) -> dict[str, Any]:
    if len(gold) < LEAST:
        return {"n": len(gold)}
    about = [k for k in range(gold.shape[1]) if gold[:, k].any()]
    right = (gold == given).all(axis=1)

    def figures(rows: NDArray[np.int64]) -> list[float]:
        f1 = [scores(gold[rows, k], given[rows, k])[2] for k in about]
        return [float(right[rows].mean()), sum(f1) / max(len(f1), 1)]

    exact, macro = (figure.to_list() for figure in bootstrap(len(gold), figures))
    return {"n": len(gold), "exact": exact, "macro_f1": macro if about else None}


def errors(records: Sequence[Mapping[str, Any]], answers: Answers) -> list[dict[str, Any]]:
    """List the texts whose forced class is not that of gold, never with their text.

    Returns
    -------
    list of dict
        ``id`` (file and line where the record has none), ``gold`` and ``given`` class, ``probabilities`` by offence, and the ``reasons``
        for which the system gave the text up (none where it did not); None for what it does not give.
    """
    found = []
    pairs = zip(classes(gold_offences(records)), classes(answers.offences), strict=True)
    for row, (gold, given) in enumerate(pairs):
        if gold != given:
            numbers = None if answers.probabilities is None else answers.probabilities[row, : len(OFFENCE_IDS)].round(3).tolist()
            found.append({
                "id": str(records[row]["id"]), "gold": gold, "given": given,
                "probabilities": None if numbers is None else dict(zip(OFFENCE_IDS, numbers, strict=True)),
                "reasons": None if answers.reasons is None else list(answers.reasons[row]),
            })  # fmt: skip
    return found
