"""Measuring: precision, recall, F1 with bootstrap intervals per label, exact match of the four classes, abstention apart.

Figures are of forced labels (an abstention counts as the label it would have given); the share of abstentions and the figures of
the texts that were answered stand beside them. What else is measured of the same answers stands in :mod:`smokkel_nlp.calibration` and
:mod:`smokkel_nlp.breakdown`, what they are compared with in :mod:`smokkel_nlp.baselines`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from smokkel_nlp.errors import InputError
from smokkel_nlp.io import BadRecord, decode
from smokkel_nlp.taxonomy import OFFENCE_IDS, class_of, load_taxonomy
from smokkel_nlp.text import without_offence_names

RESAMPLES = 1000
_TINY = 1e-9
FREQUENT_TAGS = 6
CLASSES = ("mensensmokkel", "mensenhandel", "beide", "geen")
Matrix = NDArray[np.int64]
Floats = NDArray[np.float64]


class Answers(NamedTuple):
    """What a system answered; None for what it does not give.

    Parameters
    ----------
    offences : array of 0/1 of shape (n_texts, 2)
        Forced labels.
    tags : array of 0/1 of shape (n_texts, 24) or None
    abstained : array of bool of shape (n_texts,)
        Texts given up.
    statuses : sequence of (status of smokkel, status of handel) or None
        None in the place of an offence that is not given.
    probabilities : array of shape (n_texts, 26) or (n_texts, 2) or None
        Of the offences and, where the system gives tags, of the tags after them.
    sureness : array of shape (n_texts,) or None
        Higher for a text that the system is surer of; only the order counts.
    reasons : sequence of sequences of str or None
        Why a text was given up.
    versions : mapping of str to str or None
        What answered: versions by name.
    """

    offences: Matrix
    tags: Matrix | None
    abstained: NDArray[np.bool_]
    statuses: Sequence[Sequence[str | None]] | None = None
    probabilities: Floats | None = None
    sureness: Floats | None = None
    reasons: Sequence[Sequence[str]] | None = None
    versions: Mapping[str, str] | None = None


class Estimate(NamedTuple):
    """A figure with its 95 % bootstrap interval over texts."""

    value: float
    low: float
    high: float

    def to_list(self) -> list[float]:
        """Return value, low and high, rounded to three digits."""
        return [round(float(x), 3) for x in self]

    def __str__(self) -> str:
        return f"{self.value:.2f} [{self.low:.2f}-{self.high:.2f}]"


def read_gold_file(path: Path, mask: bool = False) -> tuple[list[dict[str, Any]], list[BadRecord]]:
    """Read labelled texts; texts with ``buiten_score`` 1 are left out, and a text without an id gets its file and line as id.

    Parameters
    ----------
    path : Path
        JSON Lines with text, mensensmokkel, mensenhandel and, where annotated, mo and feiten.
    mask : bool
        Delete the names of the offences, and keep only texts whose positive labels all have ``feiten`` 1, and the negatives.

    Raises
    ------
    InputError
        If the file is missing, or holds no labelled text.
    """
    if not path.is_file():
        raise InputError(f"{path}: no such file; check the path")
    records, bad = [], []
    for number, line in enumerate(path.read_bytes().split(b"\n"), start=1):
        if not line.strip():
            continue
        try:
            record = json.loads(decode(line)[0])
            labels = [int(record[offence]) for offence in OFFENCE_IDS]
            if not isinstance(record["text"], str) or any(label not in (0, 1) for label in labels):
                raise ValueError
        except (ValueError, KeyError, TypeError):
            bad.append(
                BadRecord(f"{path}:{number}", "no JSON object with text, mensensmokkel and mensenhandel (0 or 1); mend or remove it")
            )
            continue
        if str(record.get("buiten_score", "0")) == "1":
            continue
        if record.get("id") in (None, ""):
            record["id"] = f"{path}:{number}"
        if mask:
            facts = record.get("feiten") or {}
            if any(record[offence] and facts.get(offence, 1) != 1 for offence in OFFENCE_IDS):
                continue
            record = {**record, "text": without_offence_names(record["text"])}
        records.append(record)
    if not records:
        raise InputError(f"{path}: holds no labelled text; give JSON Lines with text, mensensmokkel and mensenhandel")
    return records, bad


def gold_offences(records: Sequence[Mapping[str, Any]]) -> Matrix:
    """Return the gold offence labels, shape (n, 2)."""
    return np.array([[int(record[offence]) for offence in OFFENCE_IDS] for record in records], dtype=np.int64)


def gold_tags(records: Sequence[Mapping[str, Any]]) -> Matrix | None:
    """Return the gold tags, shape (n, 24), or None if some text has none annotated."""
    if not all(isinstance(record.get("mo"), list) for record in records):
        return None
    ids = load_taxonomy().tag_ids
    return np.array([[int(tag in record["mo"]) for tag in ids] for record in records], dtype=np.int64)


def scores(gold: Matrix, given: Matrix) -> tuple[float, float, float]:
    """Return precision, recall and F1 over all cells of two 0/1 arrays; 0 where undefined."""
    hit, given_n, gold_n = float((gold & given).sum()), float(given.sum()), float(gold.sum())
    return (hit / given_n if given_n else 0.0, hit / gold_n if gold_n else 0.0, 2 * hit / (given_n + gold_n) if given_n + gold_n else 0.0)


def overall(gold: Matrix, given: Matrix) -> list[float]:
    """Return exact match, macro F1 and the F1 of each offence.

    Examples
    --------
    >>> overall(np.array([[1, 0], [0, 1]]), np.array([[1, 0], [0, 0]]))
    [0.5, 0.5, 1.0, 0.0]
    """
    f1 = [scores(gold[:, k], given[:, k])[2] for k in range(len(OFFENCE_IDS))]
    return [float((gold == given).all(axis=1).mean()), sum(f1) / len(f1), *f1]


def resample(n: int, measure: Callable[[NDArray[np.int64]], Sequence[float]], seed: int = 0) -> tuple[Floats, Floats]:
    """Return figures, shape (n_figures,), and the same over resampled texts, shape (n_resamples, n_figures)."""
    values = np.asarray(measure(np.arange(n)), dtype=float)
    rng = np.random.default_rng(seed)
    return values, np.array([measure(rng.integers(0, n, n)) for _ in range(RESAMPLES)], dtype=float)


def estimates(values: Floats, samples: Floats) -> list[Estimate]:
    """Return figures with the percentile intervals of their resamples (Efron and Tibshirani 1993, ch. 13)."""
    low, high = np.quantile(samples, [0.025, 0.975], axis=0)
    return [Estimate(*row) for row in zip(values, low, high, strict=True)]


def bootstrap(n: int, measure: Callable[[NDArray[np.int64]], Sequence[float]], seed: int = 0) -> list[Estimate]:
    """Return figures with percentile intervals from resampling texts."""
    return estimates(*resample(n, measure, seed))


def log_odds(probabilities: Floats) -> Floats:
    """Return the log odds of probabilities, finite at 0 and 1 too."""
    inside = np.clip(probabilities, _TINY, 1 - _TINY)
    return np.asarray(np.log(inside / (1 - inside)))


def classes(offences: Matrix) -> list[str]:
    """Return the class of each row of offence labels."""
    return [class_of(int(smokkel), int(handel)) for smokkel, handel in offences]


def measure(records: Sequence[Mapping[str, Any]], answers: Answers) -> dict[str, Any]:
    """Compare answers with gold.

    Returns
    -------
    dict
        Plain data: ``n``; ``versions`` where told; per offence and tag precision, recall and F1 as [value, low, high] with ``positives``;
        ``exact``, ``macro_f1``, ``confusion``, ``abstention`` and ``answered`` (exact match of the texts not given up); ``specificity``
        (of the ``n`` texts of class geen, the share that is given geen; None where there are none); where gold has them ``status``,
        ``tags``, ``tags_micro``, ``tags_macro_f1`` and ``tags_frequent`` (mean F1 of the six tags with most positives).
    """
    gold, given, n = gold_offences(records), answers.offences, len(records)
    result: dict[str, Any] = {"n": n, "offences": {}}
    if answers.versions is not None:
        result["versions"] = dict(answers.versions)
    for k, offence in enumerate(OFFENCE_IDS):
        result["offences"][offence] = _label(gold[:, k], given[:, k])
    right = (gold == given).all(axis=1)
    exact, macro, *_ = bootstrap(n, lambda rows: overall(gold[rows], given[rows]))
    result["exact"], result["macro_f1"] = exact.to_list(), macro.to_list()
    pairs = list(zip(classes(gold), classes(given), strict=True))
    result["confusion"] = {row: {column: pairs.count((row, column)) for column in CLASSES} for row in CLASSES}
    kept = ~answers.abstained
    result["abstention"] = round(float(answers.abstained.mean()), 3)
    result["answered"] = {"n": int(kept.sum()), "exact": round(float(right[kept].mean()), 3) if kept.any() else None}
    result["specificity"] = _specificity(right[~gold.any(axis=1)])
    if answers.statuses is not None and all(isinstance(record.get("status"), dict) for record in records):
        result["status"] = _measure_status(records, answers.statuses)
    tags = gold_tags(records)
    if tags is not None and answers.tags is not None:
        predicted = answers.tags
        names = load_taxonomy().tag_ids
        result["tags"] = {
            name: _label(tags[:, k], predicted[:, k]) for k, name in enumerate(names) if tags[:, k].any() or predicted[:, k].any()
        }
        micro = bootstrap(n, lambda rows: scores(tags[rows], predicted[rows]))
        result["tags_micro"] = dict(zip(("precision", "recall", "f1"), (figure.to_list() for figure in micro), strict=True))
        scored = [k for k in range(len(names)) if tags[:, k].sum()]
        result["tags_macro_f1"] = round(float(np.mean([scores(tags[:, k], predicted[:, k])[2] for k in scored])), 3) if scored else None
        result["tags_frequent"] = _frequent_tags(tags, predicted)
    return result


def _specificity(right: NDArray[np.bool_]) -> dict[str, Any] | None:
    """Return the share of the texts of class geen that are given geen, from whether each of them is."""
    if not len(right):
        return None
    return {"n": len(right), "share": bootstrap(len(right), lambda rows: [float(right[rows].mean())])[0].to_list()}


def _frequent_tags(gold: Matrix, given: Matrix) -> dict[str, Any] | None:
    """Return the mean F1 of the tags with most positives; of tags with as many, the first of the taxonomy."""
    positives = gold.sum(axis=0)
    kept = [k for k in np.argsort(-positives, kind="stable")[:FREQUENT_TAGS] if positives[k]]
    if not kept:
        return None
    figure = bootstrap(len(gold), lambda rows: [float(np.mean([scores(gold[rows, k], given[rows, k])[2] for k in kept]))])[0]
    return {"tags": [load_taxonomy().tag_ids[k] for k in kept], "f1": figure.to_list()}


def confusion_figures(table: Matrix) -> list[float]:
    """Return accuracy, macro F1 over the values that occur, then precision, recall and F1 of each value."""
    hit, gold, given = np.diag(table).astype(float), table.sum(axis=1), table.sum(axis=0)
    precision, recall = hit / np.maximum(given, 1), hit / np.maximum(gold, 1)
    f1 = 2 * hit / np.maximum(gold + given, 1)
    return [hit.sum() / max(gold.sum(), 1), f1[gold > 0].mean() if gold.any() else 0.0, *np.stack([precision, recall, f1], axis=1).ravel()]


def _measure_status(records: Sequence[Mapping[str, Any]], given: Sequence[Sequence[str | None]]) -> dict[str, Any]:
    """Measure the status of the offences that gold and answer both give."""
    values = load_taxonomy().vocabulary["offence_statuses"]
    counts = np.zeros((len(records), len(values), len(values)), dtype=np.int64)
    for row, (record, answer) in enumerate(zip(records, given, strict=True)):
        for offence, said in zip(OFFENCE_IDS, answer, strict=True):
            if said is not None and record["status"].get(offence):
                counts[row, values.index(record["status"][offence]), values.index(said)] += 1
    listed = [figure.to_list() for figure in bootstrap(len(records), lambda rows: confusion_figures(counts[rows].sum(axis=0)))]
    result: dict[str, Any] = {"n": int(counts.sum()), "accuracy": listed[0], "macro_f1": listed[1]}
    for k, value in enumerate(values):
        if counts[:, k].any():
            result[value] = {"positives": int(counts[:, k].sum()), "f1": listed[4 + 3 * k]}
    return result


def _label(gold: Matrix, given: Matrix) -> dict[str, Any]:
    figures = bootstrap(len(gold), lambda rows: scores(gold[rows], given[rows]))
    return {"positives": int(gold.sum()), **dict(zip(("precision", "recall", "f1"), (f.to_list() for f in figures), strict=True))}


def system_answers(texts: Sequence[str], model: str | None = None, n_jobs: int = 1) -> Answers:
    """Answer with this library.

    How sure it is of a text is its own notion of that: the distance to the nearest offence threshold in log odds, in margins of that
    offence. Below 1 the library abstains. A text that is no ground for an answer (empty, not Dutch) has 0.
    """
    from smokkel_nlp.components.classify import case_of
    from smokkel_nlp.pipeline import load

    nlp = load(model=model)
    nlp.max_length = max(nlp.max_length, *map(len, texts), 0)
    labels, n = load_taxonomy().labels, len(OFFENCE_IDS)
    cases, cats = [], []
    for doc in nlp.pipe(texts, n_process=n_jobs):
        cases.append(case_of(doc))
        cats.append([doc.cats[label] for label in labels])
    probabilities = np.array(cats, dtype=float)
    core = nlp.get_pipe("smokkel_classify").classifier  # type: ignore[attr-defined]
    distance = (np.abs(log_odds(probabilities[:, :n]) - core.cuts[:n]) / np.maximum(core.margins[:n], _TINY)).min(axis=1)
    abstained = np.array([case.offence == "onzeker" for case in cases])
    held = [{mo.tag for mo in case.modi_operandi} for case in cases]
    return Answers(
        offences=np.array([[case.offences[offence].label for offence in OFFENCE_IDS] for case in cases], dtype=np.int64),
        tags=np.array([[int(tag in tags) for tag in load_taxonomy().tag_ids] for tags in held], dtype=np.int64),
        abstained=abstained,
        statuses=[[case.offences[offence].status for offence in OFFENCE_IDS] for case in cases],
        probabilities=probabilities,
        # Given up far from any threshold: the text itself is no ground.
        sureness=np.where(abstained & (distance >= 1), 0.0, distance),
        reasons=[case.reasons for case in cases],
        versions=asdict(cases[0].versions) if cases else None,
    )


def cell(figure: Sequence[float]) -> str:
    """Return a figure with its interval as it stands in a table."""
    return f"{figure[0]:.2f} [{figure[1]:.2f}-{figure[2]:.2f}]"
