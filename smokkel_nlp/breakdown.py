"""Where the answers go wrong: figures by slice of the texts, and a list of the texts that are answered wrongly."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from smokkel_nlp.batch import classify
from smokkel_nlp.corpus import class_name, names_offence
from smokkel_nlp.evaluation import CLASSES, Answers, Matrix, bootstrap, classes, gold_offences, scores
from smokkel_nlp.shares import Explanation
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


def wrong(records: Sequence[Mapping[str, Any]], answers: Answers) -> list[int]:
    """Return the places of the texts whose forced class is not that of gold."""
    return [int(row) for row in np.flatnonzero((gold_offences(records) != answers.offences).any(axis=1))]


def errors(records: Sequence[Mapping[str, Any]], answers: Answers) -> list[dict[str, Any]]:
    """List the texts whose forced class is not that of gold, in their order, never with their text.

    Returns
    -------
    list of dict
        ``id`` (file and line where the record has none), ``gold`` and ``given`` class, ``probabilities`` by offence, and the ``reasons``
        for which the system gave the text up (none where it did not); None for what it does not give.
    """
    found = []
    gold, given = classes(gold_offences(records)), classes(answers.offences)
    for row in wrong(records, answers):
        numbers = None if answers.probabilities is None else answers.probabilities[row, : len(OFFENCE_IDS)].round(3).tolist()
        found.append({
            "id": str(records[row]["id"]), "gold": gold[row], "given": given[row],
            "probabilities": None if numbers is None else dict(zip(OFFENCE_IDS, numbers, strict=True)),
            "reasons": None if answers.reasons is None else list(answers.reasons[row]),
        })  # fmt: skip
    return found


def moved(
    records: Sequence[Mapping[str, Any]], answers: Answers, model: str | None = None, n_jobs: int = 1
) -> list[dict[str, dict[str, Any]]]:
    """Tell which passages moved the offences that this library gave wrongly: places and numbers, never words.

    Parameters
    ----------
    records : sequence of labelled texts
    answers : Answers
        Of :func:`smokkel_nlp.evaluation.system_answers` with the same model.
    model : str, optional
    n_jobs : int, default=1

    Returns
    -------
    list of dict
        For each of :func:`wrong`, by each offence whose label is not that of gold: ``constant``, ``score`` and the five ``passages`` that
        moved it most, each with ``start`` and ``end`` in the text, ``value``, the ``labels`` of its mentions, and ``wording``, what
        its words add. Numbers are log odds before calibration (:class:`smokkel_nlp.records.Explanation`).
    """
    rows, off = wrong(records, answers), gold_offences(records) != answers.offences
    cases = classify((records[row]["text"] for row in rows), model=model, n_jobs=n_jobs, explain=True)
    return [
        {offence: _told((case.explanation or {})[offence]) for k, offence in enumerate(OFFENCE_IDS) if off[row, k]}
        for row, case in zip(rows, cases, strict=True)
    ]


def _told(explanation: Explanation) -> dict[str, Any]:
    passages = [
        {
            "start": share.start, "end": share.end, "value": round(share.value, 3), "wording": round(share.wording, 3),
            "labels": list(dict.fromkeys(item.label for item in sorted(share.mentions, key=lambda item: -abs(item.value + item.gated)))),
        }
        for share in explanation.top()
    ]  # fmt: skip
    return {"constant": round(explanation.constant, 3), "score": round(explanation.score, 3), "passages": passages}
