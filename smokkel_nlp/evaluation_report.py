"""All figures of the labels of a set, of this library and of what it is compared with, as plain data and as a page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from smokkel_nlp.baselines import compare
from smokkel_nlp.breakdown import errors, slices
from smokkel_nlp.calibration import COVERAGES, measure_probabilities
from smokkel_nlp.curves import measure_curves
from smokkel_nlp.display.markup import percent
from smokkel_nlp.evaluation import CLASSES, Answers, cell, gold_offences, measure
from smokkel_nlp.taxonomy import OFFENCE_IDS

_COMPARED = {"macro_f1": "macro F1", "exact": "exact", "mensensmokkel": "smokkel F1", "mensenhandel": "handel F1"}
_PARTS = {"mensensmokkel": "smokkel", "mensenhandel": "handel", "tags": "tags"}


def evaluate(records: Sequence[Mapping[str, Any]], systems: Mapping[str, Answers], list_errors: bool = False) -> dict[str, dict[str, Any]]:
    """Measure all that there is to measure of the answers of some systems.

    Parameters
    ----------
    records : sequence of labelled texts
    systems : mapping of name to Answers
        The library first, then what it is compared with.
    list_errors : bool, default=False
        List the texts that the first system answers wrongly.

    Returns
    -------
    dict
        By system what :func:`smokkel_nlp.evaluation.measure`, :func:`smokkel_nlp.calibration.measure_probabilities` and
        :func:`smokkel_nlp.curves.measure_curves` return, ``slices`` (:func:`smokkel_nlp.breakdown.slices`), for all but the first
        ``compared`` (the first less this one, :func:`smokkel_nlp.baselines.compare`), and for the first, where asked, ``errors``
        (:func:`smokkel_nlp.breakdown.errors`).
    """
    gold, ours = gold_offences(records), next(iter(systems.values()))
    results = {}
    for name, answers in systems.items():
        result = {**measure(records, answers), **measure_probabilities(records, answers), **measure_curves(records, answers)}
        result["slices"] = slices(records, answers)
        if answers is not ours:
            result["compared"] = compare(gold, ours.offences, answers.offences)
        elif list_errors:
            result["errors"] = errors(records, answers)
        results[name] = result
    return results


def to_markdown(name: str, results: Mapping[str, Mapping[str, Any]]) -> str:
    """Return a page: the systems side by side, then what there is of the first one alone."""
    first, main = next(iter(results.items()))
    lines = [f"# {name}", "", f"{main['n']} texts; 95 % bootstrap intervals over texts; forced labels.", ""]
    parts = (
        _systems(results), _compared(first, results), _labels(first, main), _tags(main), _calibration(first, results),
        _coverage(results), _slices(first, main), _errors(first, main),
    )  # fmt: skip
    for part in parts:
        if block := list(part):
            lines += [*block, ""]
    return "\n".join(lines)


def _table(*head: str) -> list[str]:
    return [f"| {' | '.join(head)} |", "|---|" + "---|" * (len(head) - 1)]


def _systems(results: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    heads = [head for offence in ("smokkel", "handel") for head in (f"{offence} P", "R", "F1")]
    yield from _table("system", *heads, "macro F1", "exact", "geen given geen", "abstained")
    for system, result in results.items():
        cells = [cell(result["offences"][o][figure]) for o in OFFENCE_IDS for figure in ("precision", "recall", "f1")]
        geen = result["specificity"]
        cells += [cell(result["macro_f1"]), cell(result["exact"]), f"{cell(geen['share'])} ({geen['n']})" if geen else "-"]
        yield f"| {system} | {' | '.join(cells)} | {result['abstention']:.2f} |"


def _compared(first: str, results: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    others = {system: result["compared"] for system, result in results.items() if "compared" in result}
    if not others:
        return
    yield f"Differences on the same texts (paired bootstrap), and the share of resamples in which {first} is ahead:"
    yield ""
    yield from _table(f"{first} less", *(head for name in _COMPARED.values() for head in (name, "ahead")))
    for system, rows in others.items():
        cells = [f"{_signed(rows[name]['difference'])} | {rows[name]['ahead']:.2f}" for name in _COMPARED]
        yield f"| {system} | {' | '.join(cells)} |"


def _signed(figure: Sequence[float]) -> str:
    return f"{figure[0]:+.2f} [{figure[1]:+.2f} to {figure[2]:+.2f}]"


def _labels(first: str, main: Mapping[str, Any]) -> Iterator[str]:
    yield f"{first}, texts it answered: {main['answered']['n']}, exact {main['answered']['exact']}."
    yield ""
    yield from _table(f"gold \\ {first}", *CLASSES)
    for row in CLASSES:
        yield f"| {row} | {' | '.join(str(main['confusion'][row][column]) for column in CLASSES)} |"
    if "status" in main:
        status = main["status"]
        each = ", ".join(f"{value} {cell(row['f1'])} ({row['positives']})" for value, row in status.items() if isinstance(row, dict))
        figures = f"accuracy {cell(status['accuracy'])}, macro F1 {cell(status['macro_f1'])}"
        yield ""
        yield f"Status of the offences rightly given ({status['n']}): {figures}; {each}."


def _tags(main: Mapping[str, Any]) -> Iterator[str]:
    if "tags" not in main:
        return
    micro, frequent = main["tags_micro"], main["tags_frequent"]
    figures = [f"{name} {cell(micro[key])}" for name, key in (("micro P", "precision"), ("R", "recall"), ("F1", "f1"))]
    yield f"Tags: {', '.join(figures)}; macro F1 {main['tags_macro_f1']}."
    if frequent:
        yield f"Mean F1 of the {len(frequent['tags'])} tags with most positives ({', '.join(frequent['tags'])}): {cell(frequent['f1'])}."
    yield ""
    yield from _table("tag", "positives", "P", "R", "F1")
    for tag, row in main["tags"].items():
        yield f"| {tag} | {row['positives']} | {cell(row['precision'])} | {cell(row['recall'])} | {cell(row['f1'])} |"


def _calibration(first: str, results: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    measured = {system: result["calibration"] for system, result in results.items() if "calibration" in result}
    if first not in measured:
        return
    yield "Calibration: Brier score, in brackets after it that of a constant probability, and expected calibration error (ECE):"
    yield ""
    yield from _table("system", *(f"{part} {figure}" for part in _PARTS.values() for figure in ("Brier", "ECE")))
    for system, parts in measured.items():
        cells = [
            f"{_three(parts[part]['brier'])} ({parts[part]['constant']:.3f}) | {parts[part]['ece']:.3f}" if part in parts else "- | -"
            for part in _PARTS
        ]
        yield f"| {system} | {' | '.join(cells)} |"
    parts = {name: measured[first][part] for part, name in _PARTS.items() if part in measured[first]}
    yield ""
    yield f"Reliability of {first}: cells (texts, or texts times tags), mean probability and observed share by bin:"
    yield ""
    yield from _table("probability", *(f"{name} {head}" for name in parts for head in ("n", "mean", "observed")))
    for rows in zip(*(part["bins"] for part in parts.values()), strict=True):
        cells = [f"{row['n']} | {row['mean']:.2f} | {row['observed']:.2f}" if row["n"] else "0 | - | -" for row in rows]
        yield f"| {rows[0]['low']:.1f}-{rows[0]['high']:.1f} | {' | '.join(cells)} |"


def _three(figure: Sequence[float]) -> str:
    return f"{figure[0]:.3f} [{figure[1]:.3f}-{figure[2]:.3f}]"


def _coverage(results: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    measured = {system: result["coverage_risk"] for system, result in results.items() if "coverage_risk" in result}
    if not measured:
        return
    yield "Coverage and risk: error (exact match) of the texts a system is surest of, area under that curve, and error of what it answers:"
    yield ""
    yield from _table("system", *(f"{coverage:.0%}" for coverage in COVERAGES), "area", "with its own abstention")
    for system, figures in measured.items():
        shipped = figures["shipped"]
        error = "-" if shipped["wrong"] is None else cell(shipped["wrong"])
        cells = [*(cell(row["wrong"]) for row in figures["error"].values()), _three(figures["area"])]
        yield f"| {system} | {' | '.join(cells)} | {error} at {shipped['coverage']:.0%} |"


def _slices(first: str, main: Mapping[str, Any]) -> Iterator[str]:
    yield f"{first} by slice; macro F1 over the offences that occur in it; slices under ten texts with their number only:"
    yield ""
    yield from _table("slice", "texts", "exact", "macro F1")
    for key, values in main["slices"].items():
        for value, row in values.items():
            figures = (cell(row[name]) if row.get(name) else "-" for name in ("exact", "macro_f1"))
            yield f"| {key}: {value} | {row['n']} | {' | '.join(figures)} |"


def _errors(first: str, main: Mapping[str, Any]) -> Iterator[str]:
    if "errors" not in main:
        return
    yield f"{first}, texts answered otherwise than gold: {len(main['errors'])}."
    yield ""
    yield from _table("id", "gold", "given", "p smokkel", "p handel", "given up because")
    for row in main["errors"]:
        numbers = " | ".join(percent(row["probabilities"][offence]) for offence in OFFENCE_IDS) if row["probabilities"] else "- | -"
        id_ = row["id"].replace("|", "\\|")
        yield f"| {id_} | {row['gold']} | {row['given']} | {numbers} | {', '.join(row['reasons'] or ()) or '-'} |"
