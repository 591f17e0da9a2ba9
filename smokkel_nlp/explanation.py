"""What the parts of a text add to the scores of the labels.

The classifier is linear, so a score falls apart into a constant and what each part of the text adds to it. Words that stand in several
sentences, and mentions that count for one feature, share what that adds equally; so do the sentences in which the concepts of a pair
stand. Two parts are no sums over the text, both of a tag: its own mentions count once more as surely as the text is about an offence,
which is told apart, at its mentions, with that sureness as a given; and what the odds of the offences add is told with the constant.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, vstack
from spacy.tokens import Doc, Span

from smokkel_nlp.components.mentions import by_weight
from smokkel_nlp.components.overlay import mentions_seen
from smokkel_nlp.components.sections import SECTIONS
from smokkel_nlp.components.spotting import Spotter
from smokkel_nlp.content import Content
from smokkel_nlp.features import Material, lengths_of, material_of
from smokkel_nlp.gate import standing
from smokkel_nlp.model import LabelOdds, Model
from smokkel_nlp.platt import maps
from smokkel_nlp.reading import Reading
from smokkel_nlp.shares import Explanation, MentionShare, PassageShare, SectionShare
from smokkel_nlp.taxonomy import OFFENCE_IDS, load_taxonomy
from smokkel_nlp.windows import window

_STRETCH = 500
_DECIMALS = 6
_OFFENCES = len(OFFENCE_IDS)
Floats = NDArray[np.float64]


class Item(NamedTuple):
    """A mention, or the passage that shows a tag best: its range in the original text and the sentence it stands in."""

    start: int
    end: int
    label: str
    kind: str
    sentence: int


class Parts(NamedTuple):
    """A text in parts.

    Parameters
    ----------
    items : list of Item
        Its mentions, then for each tag the passage or the mentions that show it best.
    matrix : sparse matrix of shape (n_sentences + n_items, n_features)
        What of the features of the text is due to the wording of each sentence, and to each item; the rows sum to those features.
    """

    items: list[Item]
    matrix: csr_matrix


def explain(
    doc: Doc, reading: Reading, decision: LabelOdds, model: Model, spotter: Spotter, labels: Sequence[str]
) -> dict[str, Explanation]:
    """Explain the scores of some labels for one read Doc.

    Parameters
    ----------
    doc : Doc
    reading : Reading
        Of the Doc.
    decision : LabelOdds
        What the labels of the Doc weigh.
    model : Model
    spotter : Spotter
        The weights that found the mentions.
    labels : sequence of str

    Returns
    -------
    dict of str to Explanation
        By label, in the order given.
    """
    item, offsets = material_of(doc, reading), _offsets(doc, reading)
    stands = standing(decision.odds[None, :_OFFENCES])[0]
    chart = np.concatenate(maps(model.calibration, lengths_of([item]))).T  # slope and offset of each label at this length
    found: dict[tuple[int, int] | None, list[str]] = {}
    for label in labels:
        found.setdefault(decision.window_of(label), []).append(label)
    explanations = {}
    for place, own in found.items():
        if place is None:
            told = take_apart(item, model, offsets, _shown(item, reading, spotter, _cued(doc, item, offsets)))
            explanations.update(_explained(doc, item, told, model, stands, chart, own))
            continue
        part, _, inside = window(item, *place)
        held = [offsets[number] for number in inside]
        told = take_apart(part, model, held, _at_mentions(_items(part, held)))
        explanations.update(_explained(doc, part, told, model, stands, chart - np.array([0.0, decision.cost]), own))
    return {label: explanations[label] for label in labels}


def _explained(
    doc: Doc, item: Material, parts: Parts, model: Model, stands: Floats, chart: Floats, labels: Sequence[str]
) -> dict[str, Explanation]:
    """Explain labels by the parts of a text or of a window of it.

    Given are how the text stands to the offences, and slope and offset of each label, shape (n_labels, 2).
    """
    text = doc.text  # spaCy puts it together anew each time
    sentences = [_trimmed(text, *span) for span in item.spans]
    items = [place._replace(start=start, end=end) for place in parts.items for start, end in [_trimmed(text, place.start, place.end)]]
    # Only the rows of the features at hand are looked at: the model has a hundred times as many.
    active, places = np.unique(parts.matrix.indices, return_inverse=True)
    dense = csr_matrix((parts.matrix.data, places, parts.matrix.indptr), shape=(parts.matrix.shape[0], len(active)))
    coef = model.coef[active]
    scores = np.asarray(dense.sum(axis=0)).ravel() @ coef
    columns = [model.labels.index(label) for label in labels]
    straight = dense @ coef[:, columns]
    stretches = _stretches(item, text, list(doc.spans.get(SECTIONS, ())))
    explanations = {}
    for label, column, values in zip(labels, columns, straight.T, strict=True):
        gated, constant = np.zeros(len(values)), float(model.intercept[column])
        if column >= _OFFENCES:
            kinds = model.own.shape[1]
            gated = parts.matrix[:, model.own[column - _OFFENCES]].toarray() @ model.gate[:kinds] * stands[0]
            constant += float(stands @ model.gate[kinds:])
        score, (slope, offset) = float(constant + scores[column] + gated.sum()), chart[column]
        passages = _passages(sentences, items, values, gated)
        explanations[label] = Explanation(
            probability=_told(1 / (1 + np.exp(-np.clip(slope * score + offset, -35, 35)))),
            threshold=float(model.thresholds[column]),
            score=_told(score),
            slope=float(slope),
            offset=float(offset),
            constant=_told(constant),
            about=_told(stands[0]) if column >= _OFFENCES else None,
            gated=_told(gated.sum()),
            passages=tuple(share for share in passages if share.value or share.mentions),
            sections=tuple(
                SectionShare(start, end, name, _told(sum(share.value for share in passages[first:last])))
                for start, end, name, first, last in stretches
            ),
        )
    return explanations


def _told(value: float) -> float:
    """Return a sum as the record tells it: without the last bits, which depend on the order in which it was added up."""
    return round(float(value), _DECIMALS) + 0.0  # of -0.0 comes 0.0


def _items(item: Material, offsets: Sequence[tuple[int, int]]) -> list[Item]:
    return [Item(*span, mention[0], "mention", mention[4]) for span, mention in zip(offsets, item.mentions, strict=True)]


def take_apart(item: Material, model: Model, offsets: Sequence[tuple[int, int]], shown: Mapping[str, list[Item]]) -> Parts:
    """Divide the features of a text, or of a window of it, over its sentences, its mentions and what shows its tags best."""
    vectorizer = model.vectorizer
    items = _items(item, offsets)
    blocks = [vectorizer.sentence_shares(item), vectorizer.mention_shares(item)]
    ids, values = vectorizer.weight_values(item)
    rows, columns, data = [], [], []
    for tag, column, value in zip(load_taxonomy().tag_ids, ids.tolist(), values.tolist(), strict=False):
        for place in shown[tag] if value else ():
            rows.append(len(items) - len(item.mentions))
            columns.append(column)
            data.append(value / len(shown[tag]))
            items.append(place)
    blocks.append(csr_matrix((data, (rows, columns)), shape=(len(rows), vectorizer.n_features)))
    return Parts(items, vstack(blocks).tocsr())


def _at_mentions(mentions: Sequence[Item]) -> dict[str, list[Item]]:
    """Return for each tag of a window its mentions: how much a tag weighs counts there where one stands."""
    shown: dict[str, list[Item]] = {}
    for place in mentions:
        shown.setdefault(place.label, []).append(place._replace(kind="weight"))
    return shown


def _cued(doc: Doc, item: Material, offsets: Sequence[tuple[int, int]]) -> dict[str, list[Item]]:
    """Return for each tag the mentions that a strong cue showed."""
    cued: dict[str, list[Item]] = {}
    for data, place in zip(mentions_seen(doc), _items(item, offsets), strict=True):
        if data["strength"] == "strong" and not by_weight(data.get("cue")):
            cued.setdefault(place.label, []).append(place._replace(kind="weight"))
    return cued


def _shown(item: Material, reading: Reading, spotter: Spotter, cued: Mapping[str, list[Item]]) -> Mapping[str, list[Item]]:
    """Return for each tag what shows it best: the passage that weighs most, or mentions where a cue showed more than any weighs."""
    cut, scores = spotter(Content.of(reading))
    if not len(scores):
        return {}
    shown = {}
    for tag, best in zip(load_taxonomy().tag_ids, item.scores, strict=False):
        column = spotter.tags.index(tag)
        row = int(np.argmax(scores[:, column]))
        if tag in cued and best > round(float(scores[row, column]), 3):
            shown[tag] = cued[tag]
        else:
            span = reading.original_span(int(cut.starts[row]), int(cut.ends[row]))
            shown[tag] = [Item(*span, tag, "weight", int(cut.sentence[row]))]
    return shown


def _offsets(doc: Doc, reading: Reading) -> list[tuple[int, int]]:
    """Return the ranges in the original text of the mentions that the classifier sees."""
    return [reading.original_span(*data["tokens"]) for data in mentions_seen(doc)]


def _trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    """Return a range without the white space at its edges, unless there is nothing else."""
    part = text[start:end]
    if not part.strip():
        return start, end
    return start + len(part) - len(part.lstrip()), end - len(part) + len(part.rstrip())


def _passages(sentences: Sequence[tuple[int, int]], items: Sequence[Item], values: Floats, gated: Floats) -> list[PassageShare]:
    """Return what each sentence adds to one score."""
    n = len(sentences)
    inside: list[list[MentionShare]] = [[] for _ in sentences]
    for item, value, extra in zip(items, values[n:].tolist(), gated[n:].tolist(), strict=True):
        share = MentionShare(item.start, item.end, item.label, item.kind, _told(value), _told(extra))
        if share.value or share.gated:
            inside[item.sentence].append(share)
    return [
        PassageShare(start, end, _told(wording + sum(share.value + share.gated for share in shares)), _told(wording), tuple(shares))
        for (start, end), wording, shares in zip(sentences, values[:n].tolist(), inside, strict=True)
    ]


def _stretches(item: Material, text: str, sections: Sequence[Span]) -> list[tuple[int, int, str | None, int, int]]:
    """Return the sections, each with its range, its name and the half-open range of its sentences; without headings, stretches of words."""
    starts = [start for start, _ in item.spans]
    if not starts:
        return []
    if len(sections) > 1:
        names: list[str | None] = [section.label_ for section in sections]
        firsts = [0, *(bisect_right(starts, section.start_char - 1) for section in sections[1:])]
    else:
        lengths = np.cumsum([sum(word is not None for word in sentence) for sentence in item.sentences])
        number = max(1, round(lengths[-1] / _STRETCH))
        cuts = np.searchsorted(lengths, lengths[-1] / number * np.arange(1, number), side="left") + 1
        firsts = [0, *cuts.tolist()]
        names = [None] * len(firsts)
    found = []
    for (first, last), name in zip(pairwise([*firsts, len(starts)]), names, strict=True):
        if last > first:
            found.append((*_trimmed(text, starts[first], item.spans[last - 1][1]), name, first, last))
    return found
