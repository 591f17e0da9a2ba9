"""Measuring: precision, recall, F1 with bootstrap intervals per label, exact match of the four classes, abstention apart.

Figures are of forced labels (an abstention counts as the label it would have given); the share of abstentions and the figures of
the texts that were answered stand beside them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from smokkel_nlp.errors import InputError
from smokkel_nlp.io import BadRecord, decode
from smokkel_nlp.taxonomy import OFFENCE_IDS, class_of, load_taxonomy
from smokkel_nlp.text import without_offence_names

RESAMPLES = 1000
CLASSES = ("mensensmokkel", "mensenhandel", "beide", "geen")
Matrix = NDArray[np.int64]


class Answers(NamedTuple):
    """What was predicted: forced labels and tags, texts given up, and offence statuses; None where a system gives none."""

    offences: Matrix
    tags: Matrix | None
    abstained: NDArray[np.bool_]
    statuses: Sequence[Sequence[str | None]] | None = None


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
    """Read labelled texts; texts with ``buiten_score`` 1 are left out.

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
    if not all("mo" in record for record in records):
        return None
    ids = load_taxonomy().tag_ids
    return np.array([[int(tag in record["mo"]) for tag in ids] for record in records], dtype=np.int64)


def scores(gold: Matrix, given: Matrix) -> tuple[float, float, float]:
    """Return precision, recall and F1 over all cells of two 0/1 arrays; 0 where undefined."""
    hit, given_n, gold_n = float((gold & given).sum()), float(given.sum()), float(gold.sum())
    return (hit / given_n if given_n else 0.0, hit / gold_n if gold_n else 0.0, 2 * hit / (given_n + gold_n) if given_n + gold_n else 0.0)


def bootstrap(n: int, measure: Callable[[NDArray[np.int64]], Sequence[float]], seed: int = 0) -> list[Estimate]:
    """Return figures with percentile intervals from resampling texts (Efron and Tibshirani 1993, ch. 13)."""
    values = np.asarray(measure(np.arange(n)), dtype=float)
    rng = np.random.default_rng(seed)
    samples = np.array([measure(rng.integers(0, n, n)) for _ in range(RESAMPLES)])
    low, high = np.quantile(samples, [0.025, 0.975], axis=0)
    return [Estimate(*row) for row in zip(values, low, high, strict=True)]


def classes(offences: Matrix) -> list[str]:
    """Return the class of each row of offence labels."""
    return [class_of(int(smokkel), int(handel)) for smokkel, handel in offences]


def measure(records: Sequence[Mapping[str, Any]], answers: Answers) -> dict[str, Any]:
    """Compare answers with gold.

    Returns
    -------
    dict
        Plain data: ``n``, per offence and tag precision, recall and F1 as [value, low, high] with ``positives``, ``exact``,
        ``confusion``, ``abstention`` and ``answered`` (exact match of the texts not given up).
    """
    gold, given, n = gold_offences(records), answers.offences, len(records)
    result: dict[str, Any] = {"n": n, "offences": {}}
    for k, offence in enumerate(OFFENCE_IDS):
        result["offences"][offence] = _label(gold[:, k], given[:, k])
    right = (gold == given).all(axis=1)
    result["exact"] = bootstrap(n, lambda rows: [float(right[rows].mean())])[0].to_list()
    macro = bootstrap(n, lambda rows: [sum(scores(gold[rows, k], given[rows, k])[2] for k in range(2)) / 2])[0]
    result["macro_f1"] = macro.to_list()
    pairs = list(zip(classes(gold), classes(given), strict=True))
    result["confusion"] = {row: {column: pairs.count((row, column)) for column in CLASSES} for row in CLASSES}
    kept = ~answers.abstained
    result["abstention"] = round(float(answers.abstained.mean()), 3)
    result["answered"] = {"n": int(kept.sum()), "exact": round(float(right[kept].mean()), 3) if kept.any() else None}
    if answers.statuses is not None and all("status" in record for record in records):
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
    return result


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


def keyword_rule(texts: Sequence[str]) -> Answers:
    """Answer by keyword: smokkel if "smokkel" or "197a"; handel if "mensenhandel", "uitbuiting" or "273f".

    Examples
    --------
    >>> keyword_rule(["verdacht van sigarettensmokkel"]).offences.tolist()
    [[1, 0]]
    """
    words = (("smokkel", "197a"), ("mensenhandel", "uitbuiting", "273f"))
    offences = [[int(any(word in text.lower() for word in group)) for group in words] for text in texts]
    return Answers(np.array(offences, dtype=np.int64), None, np.zeros(len(texts), dtype=bool))


def tfidf_baseline(train: Sequence[Mapping[str, Any]], texts: Sequence[str]) -> Answers:
    """Answer by TF-IDF (words 1-2, letters 3-5) and logistic regression, trained on the same corpus."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline, make_union

    features = make_union(TfidfVectorizer(ngram_range=(1, 2), min_df=2), TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 5), min_df=2))
    gold = gold_offences(train)
    matrix = features.fit_transform([record["text"] for record in train])
    wanted = features.transform(list(texts))
    columns = []
    for k in range(len(OFFENCE_IDS)):
        model = make_pipeline(LogisticRegression(max_iter=1000, class_weight="balanced")).fit(matrix, gold[:, k])
        columns.append(model.predict(wanted))
    return Answers(np.array(columns, dtype=np.int64).T, None, np.zeros(len(texts), dtype=bool))


def system_answers(texts: Sequence[str], model: str | None = None, n_jobs: int = 1) -> Answers:
    """Answer with this library."""
    from smokkel_nlp.batch import classify

    cases = list(classify(texts, model=model, n_jobs=n_jobs))
    offences = np.array([[case.offences[offence].label for offence in OFFENCE_IDS] for case in cases], dtype=np.int64)
    held = [{mo.tag for mo in case.modi_operandi} for case in cases]
    tags = np.array([[int(tag in tags) for tag in load_taxonomy().tag_ids] for tags in held], dtype=np.int64)
    statuses = [[case.offences[offence].status for offence in OFFENCE_IDS] for case in cases]
    return Answers(offences, tags, np.array([case.offence == "onzeker" for case in cases]), statuses)


def to_markdown(name: str, results: Mapping[str, Mapping[str, Any]]) -> str:
    """Return a table of the systems, then the labels and confusion of the first one."""
    first, main = next(iter(results.items()))
    lines = [f"# {name}", "", f"{main['n']} texts; 95 % bootstrap intervals over texts; forced labels.", ""]
    lines += ["| system | smokkel P | R | F1 | handel P | R | F1 | exact | abstained |", "|---|---|---|---|---|---|---|---|---|"]
    for system, result in results.items():
        cells = [cell(result["offences"][o][figure]) for o in OFFENCE_IDS for figure in ("precision", "recall", "f1")]
        lines.append(f"| {system} | {' | '.join(cells)} | {cell(result['exact'])} | {result['abstention']:.2f} |")
    answered = main["answered"]
    lines += ["", f"{first}, texts it answered: {answered['n']}, exact {answered['exact']}."]
    lines += ["", f"| gold \\ {first} | {' | '.join(CLASSES)} |", "|---|" + "---|" * len(CLASSES)]
    lines += [f"| {row} | {' | '.join(str(main['confusion'][row][column]) for column in CLASSES)} |" for row in CLASSES]
    if "status" in main:
        status = main["status"]
        each = ", ".join(f"{value} {cell(row['f1'])} ({row['positives']})" for value, row in status.items() if isinstance(row, dict))
        figures = f"accuracy {cell(status['accuracy'])}, macro F1 {cell(status['macro_f1'])}"
        lines += ["", f"Status of the offences rightly given ({status['n']}): {figures}; {each}."]
    if "tags" in main:
        micro = main["tags_micro"]
        lines += [
            "",
            f"Tags: micro P {cell(micro['precision'])}, R {cell(micro['recall'])}, F1 {cell(micro['f1'])}; "
            f"macro F1 {main['tags_macro_f1']}.",
            "",
        ]
        lines += ["| tag | positives | P | R | F1 |", "|---|---|---|---|---|"]
        for tag, row in main["tags"].items():
            lines.append(f"| {tag} | {row['positives']} | {cell(row['precision'])} | {cell(row['recall'])} | {cell(row['f1'])} |")
    return "\n".join(lines) + "\n"


def cell(figure: Sequence[float]) -> str:
    """Return a figure with its interval as it stands in a table."""
    return f"{figure[0]:.2f} [{figure[1]:.2f}-{figure[2]:.2f}]"
