"""Measuring passages: which modi operandi are found where, and with what status and source.

A mention that is found hits where it overlaps a marked passage of the same tag. Gold marks most methods of a text once, so a second
passage that shows a marked method counts as a miss of precision; the share of mentions whose tag the text has stands beside it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import spacy
from spacy.language import Language

from smokkel_nlp.assertion_learning import gold_mentions
from smokkel_nlp.components.mentions import GROUPS
from smokkel_nlp.components.weighing import Weigher
from smokkel_nlp.evaluation import Matrix, bootstrap, cell, confusion_figures
from smokkel_nlp.taxonomy import load_taxonomy

_COUNTED = ("hits", "found", "caught", "gold", "in_tagged_text")


def measure_mentions(records: Sequence[Mapping[str, Any]], nlp: Language) -> dict[str, Any]:
    """Measure the mentions that a pipeline finds against the marked passages.

    Parameters
    ----------
    records : sequence of gold records
    nlp : Language
        With the components that find mentions.

    Returns
    -------
    dict
        ``texts``; ``micro`` over all tags with ``precision``, ``recall``, ``f1`` and ``tag_precision`` (mentions whose tag the text has),
        and ``tags`` with the same by tag and the numbers ``gold`` and ``found``; figures as [value, low, high] with 95 % bootstrap
        intervals over texts.
    """
    tags = load_taxonomy().tag_ids
    counts = np.zeros((len(records), len(tags), len(_COUNTED)), dtype=np.int64)
    for row, record in enumerate(records):
        doc = nlp(record["text"])
        gold = [(m["start"], m["end"], tags.index(m["tag"])) for m in record["mentions"]]
        found = [(s.start_char, s.end_char, tags.index(s.label_)) for s in doc.spans[GROUPS["tag"]] if s.label_ in tags]
        for here, there, counted in ((found, gold, (0, 1)), (gold, found, (2, 3))):
            for start, end, tag in here:
                counts[row, tag, counted[0]] += any(tag == other and start < e and s < end for s, e, other in there)
                counts[row, tag, counted[1]] += 1
        held = {tag for _, _, tag in gold}
        for _, _, tag in found:
            counts[row, tag, 4] += tag in held
    result: dict[str, Any] = {"texts": len(records), "micro": _figures(counts.sum(axis=1))}
    result["tags"] = {tag: _figures(counts[:, k]) for k, tag in enumerate(tags)}
    return result


def _figures(table: Matrix) -> dict[str, Any]:
    def figures(rows: Matrix) -> list[float]:
        hits, found, caught, gold, held = table[rows].sum(axis=0).tolist()
        precision, recall = hits / max(found, 1), caught / max(gold, 1)
        return [precision, recall, 2 * precision * recall / max(precision + recall, 1e-9), held / max(found, 1)]

    listed = [figure.to_list() for figure in bootstrap(len(table), figures)]
    total = dict(zip(_COUNTED, table.sum(axis=0).tolist(), strict=True))
    return {
        "gold": total["gold"],
        "found": total["found"],
        **dict(zip(("precision", "recall", "f1", "tag_precision"), listed, strict=True)),
    }


def mentions_markdown(name: str, result: Mapping[str, Any]) -> str:
    """Return a table of the mentions found, micro and by tag."""
    lines = [
        f"# {name}: mentions in {result['texts']} texts",
        "",
        "95 % bootstrap intervals over texts.",
        "",
        "| tag | marked | found | precision | recall | F1 | tag in text |",
        "|---|---|---|---|---|---|---|",
    ]
    for tag, row in (("all, micro", result["micro"]), *result["tags"].items()):
        cells = (cell(row[key]) for key in ("precision", "recall", "f1", "tag_precision"))
        lines.append(f"| {tag} | {row['gold']} | {row['found']} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def measure_assertion(records: Sequence[Mapping[str, Any]], weigher: Weigher | None) -> dict[str, Any]:
    """Measure status and source on gold mentions, given their passages.

    Parameters
    ----------
    records : sequence of gold records
    weigher : Weigher or None
        None measures the rules and section defaults alone.

    Returns
    -------
    dict
        ``n`` mentions; ``status`` and ``source``, each with ``accuracy``, ``macro_f1`` and per value ``positives``, precision, recall
        and F1, as [value, low, high] with intervals over texts.
    """
    words = load_taxonomy().vocabulary
    known = {"status": words["mention_statuses"], "source": words["sources"]}
    counts = {key: np.zeros((len(records), len(values), len(values)), dtype=np.int64) for key, values in known.items()}
    nlp = spacy.blank("nl")
    for row, record in enumerate(records):
        for mention, reader, span in gold_mentions([record], nlp):
            decision = reader.decide([span], weigher)[0] if weigher else reader.by_rule(span)
            for key, given in (("status", decision.status), ("source", decision.source)):
                counts[key][row, known[key].index(mention[key]), known[key].index(given)] += 1
    result: dict[str, Any] = {"n": int(counts["status"].sum()), "texts": len(records)}
    for key, values in known.items():
        figures = bootstrap(len(records), lambda rows, table=counts[key]: confusion_figures(table[rows].sum(axis=0)))  # type: ignore[misc]
        listed = [figure.to_list() for figure in figures]
        result[key] = {"accuracy": listed[0], "macro_f1": listed[1]}
        for k, value in enumerate(values):
            part = dict(zip(("precision", "recall", "f1"), listed[2 + 3 * k : 5 + 3 * k], strict=True))
            result[key][value] = {"positives": int(counts[key][:, k].sum()), **part}
    return result


def assertion_markdown(name: str, results: Mapping[str, Mapping[str, Any]]) -> str:
    """Return tables of status and source, a column block for each system."""
    first = next(iter(results.values()))
    lines = [
        f"# {name}: assertion of {first['n']} gold mentions in {first['texts']} texts",
        "",
        "F1 with 95 % bootstrap intervals over texts.",
        "",
    ]
    for key in ("status", "source"):
        lines += [f"| {key} | mentions | {' | '.join(results)} |", "|---|---|" + "---|" * len(results)]
        for figure in ("accuracy", "macro_f1"):
            lines.append(f"| {figure} | {first['n']} | {' | '.join(cell(result[key][figure]) for result in results.values())} |")
        for value, row in first[key].items():
            if isinstance(row, dict):
                lines.append(
                    f"| {value} | {row['positives']} | {' | '.join(cell(result[key][value]['f1']) for result in results.values())} |"
                )
        lines.append("")
    return "\n".join(lines)
