"""How the weights of passages are learnt (:mod:`smokkel_nlp.components.spotting`): one logistic regression for each tag, fitted together.

The matrix of passages is shared by all tags, so one descent over all of them takes a tenth of the time that one regression a tag takes.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import compress, pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.sparse import csr_matrix, hstack, vstack
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import PolynomialFeatures, StandardScaler
from spacy.tokenizer import Tokenizer

from smokkel_nlp.components.rescoring import Rescoring, company
from smokkel_nlp.components.spotting import (
    AROUND,
    OWN,
    SENTENCE,
    SUBWORD,
    TEXT,
    Passages,
    Spotter,
    Vocabulary,
    counts,
    passages,
    subwords,
    telling_names,
)
from smokkel_nlp.concepts import load_concepts, pairs_of
from smokkel_nlp.content import Content
from smokkel_nlp.reading import read
from smokkel_nlp.taxonomy import load_taxonomy
from smokkel_nlp.telling import scale_of
from smokkel_nlp.terms import keep_frequent, pairs

Floats = NDArray[np.float32]
_POSITIVE_WEIGHT = 2.0
_PENALTY = 2e-6
_STEPS = 100
_KEPT = 0.6
# Passages in which two concepts must meet.
_LEAST_MET = 5
_OVERLAP = 0.5


def vocabulary(contents: Sequence[Content], least: int) -> Vocabulary:
    """Choose words, what they share, and pairs of words that stand in ``least`` texts or more, and all pairs of concepts; no names."""
    texts = [[word if kept else None for word, kept in zip(c.masked.tolist(), counts(c).tolist(), strict=True)] for c in contents]
    distinct = [{word for word in words if word is not None} for words in texts]
    named = Counter(name for content in contents for name in content.named)
    # What is written with a capital inside sentences as often as without is a name, and no word, where it lacks one.
    seen = keep_frequent(distinct, least, 1.0).items()
    words = [word for word, (_, count) in seen if named[word] < count or word in telling_names()]
    grams = keep_frequent(({gram for word in text for gram in subwords(word)} for text in distinct), least, 1.0)
    paired = (
        [pair for start, end in content.reading.sentences for pair in pairs(text[start:end])]
        for content, text in zip(contents, texts, strict=True)
    )
    kept = frozenset(words)
    known = (pair for pair in keep_frequent(paired, least, 1.0) if kept.issuperset(pair.split(" ")))
    concepts = load_concepts()
    met = (concepts.name(pair, "+") for pair in pairs_of(range(len(concepts.names))))
    return Vocabulary(tuple(words), tuple(grams), tuple(known), tuple(met))


@dataclass
class Marked:
    """Passages of marked texts as numbers.

    Parameters
    ----------
    blank : Spotter
        The vocabulary, its weights zero.
    own, sentence, around : sparse matrix, a row for each passage
    text : sparse matrix, a row for each text
    of_text : array of int, shape (n_passages,)
        The text each passage is part of.
    gold : array of bool, shape (n_passages, n_tags)
    """

    blank: Spotter
    own: csr_matrix
    sentence: csr_matrix
    around: csr_matrix
    text: csr_matrix
    of_text: NDArray[np.int64]
    gold: NDArray[np.bool_]


def mark(records: Sequence[Mapping[str, Any]], tokenizer: Tokenizer, least: int = 3) -> Marked:
    """Turn gold records into numbers, with the vocabulary they share."""
    contents = [Content(read(tokenizer(record["text"]), tokenizer)) for record in records]
    tags = load_taxonomy().tag_ids
    chosen = vocabulary(contents, least)
    blank = _blank(chosen)
    rows: list[list[list[Mapping[int, float]]]] = [[], [], [], []]
    meetings, of_text, gold = [], [], []
    for number, (content, record) in enumerate(zip(contents, records, strict=True)):
        found = passages(content)
        own, sentence, around, text = _rows(blank, content, found)
        for block, part in zip(rows, (own, sentence, around, [text]), strict=True):
            block.append(part)
        meetings.append(blank.meetings(content, found).multiply(OWN(found.ends - found.starts)[:, None]))
        of_text += [number] * len(found.starts)
        gold.append(_gold(content, record, found, tags))
    meeting = vstack(meetings).tocsr()
    frequent = np.flatnonzero(np.bincount(meeting.indices, minlength=len(chosen.met)) >= _LEAST_MET)
    blank = _blank(chosen._replace(met=tuple(chosen.met[column] for column in frequent)))
    widths = (chosen.edges[-2], *[len(chosen.words)] * 3)
    own_rows, sentence, around, text = (
        _matrix([row for part in block for row in part], width) for block, width in zip(rows, widths, strict=True)
    )
    own_rows = hstack([own_rows, meeting[:, frequent]], dtype=np.float32).tocsr()
    return Marked(blank, own_rows, sentence, around, text, np.array(of_text, dtype=np.int64), np.concatenate(gold))


def _blank(vocabulary: Vocabulary) -> Spotter:
    """Return a spotter with a vocabulary, its weights zero."""
    tags = load_taxonomy().tag_ids
    context = np.zeros((len(vocabulary.words), 3 * len(tags)), np.float32)
    return Spotter(tags, vocabulary, np.zeros((vocabulary.edges[-1], len(tags)), np.float32), context, np.zeros(len(tags), np.float32))


def _rows(blank: Spotter, content: Content, found: Passages) -> tuple[Any, ...]:
    """Return the features of the passages of a text by block, as :class:`Spotter` weighs them, but what meets in them."""
    parts, counted = blank.parts(content), counts(content)
    masked = content.masked.tolist()
    grams = blank.sub_index
    known = [[w for w in parts.words[start:end].tolist() if w >= 0] for start, end in content.reading.sentences]
    own, sentence, around = [], [], []
    wide = np.diff(content.reading.sentence_bounds)
    for start, end, number in zip(found.starts.tolist(), found.ends.tolist(), found.sentence.tolist(), strict=True):
        row: defaultdict[int, float] = defaultdict(float)
        factor = float(OWN(np.array([end - start]))[0])
        for token in range(start, end):
            if counted[token] and masked[token] is not None:
                for gram in subwords(masked[token]):
                    if gram in grams:
                        row[grams[gram]] += factor * SUBWORD
            for value in (parts.words[token], parts.pairs[token]):
                if value >= 0:
                    row[int(value)] += factor
        own.append(row)
        first, last = content.reading.sentences[number]
        rest = Counter(w for w in (*parts.words[first:start].tolist(), *parts.words[end:last].tolist()) if w >= 0)
        factor = float(SENTENCE(wide[number : number + 1])[0])
        sentence.append({w: factor * count for w, count in rest.items()})
        beside = Counter([*(known[number - 1] if number else ()), *(known[number + 1] if number + 1 < len(known) else ())])
        factor = float(AROUND(np.array([beside.total()]))[0])
        around.append({w: factor * count for w, count in beside.items()})
    distinct = {w for words in known for w in words}
    factor = float(TEXT(np.array([len(distinct)]))[0])
    return own, sentence, around, dict.fromkeys(distinct, factor)


def _gold(content: Content, record: Mapping[str, Any], found: Passages, tags: Sequence[str]) -> NDArray[np.bool_]:
    """Tell which passages show which tag: those that overlap half of a marked one, or lie half inside it."""
    gold = np.zeros((len(found.starts), len(tags)), dtype=bool)
    for mention in record["mentions"]:
        start, end = content.reading.texts[0].tokens_of(mention["start"], mention["end"])
        shared = np.minimum(found.ends, end) - np.maximum(found.starts, start)
        least = _OVERLAP * np.minimum(found.ends - found.starts, end - start)
        gold[(shared > 0) & (shared >= least), tags.index(mention["tag"])] = True
    return gold


def _matrix(rows: Sequence[Mapping[int, float]], width: int) -> csr_matrix:
    indptr = np.cumsum([0, *map(len, rows)])
    indices = np.array([column for row in rows for column in row], dtype=np.int32)
    values = np.array([value for row in rows for value in row.values()], dtype=np.float32)
    matrix = csr_matrix((values, indices, indptr), shape=(len(rows), width))
    matrix.sort_indices()  # sums in one order, whatever order the words of a set came in
    return matrix


def fit_spotter(marked: Marked, texts: NDArray[np.int64] | None = None) -> Spotter:
    """Learn the weights from the passages of some texts (default: all).

    Parameters
    ----------
    marked : Marked
    texts : array of int, optional
        Numbers of the texts to learn from.

    Returns
    -------
    Spotter
        Without rescoring, and with threshold and floor zero: they are found on texts that were not learnt from.
    """
    rows = np.arange(len(marked.gold)) if texts is None else np.flatnonzero(np.isin(marked.of_text, texts))
    gold, of_text = marked.gold[rows], marked.of_text[rows]
    blocks = [marked.own[rows], marked.sentence[rows], marked.around[rows]]
    turned = [block.T.tocsr() for block in (*blocks, marked.text)]
    edges = np.cumsum([0, *(block.shape[0] for block in turned)])
    size, n_tags = int(edges[-1]), gold.shape[1]
    gather = csr_matrix((np.ones(len(rows), np.float32), (of_text, np.arange(len(rows)))), shape=(marked.text.shape[0], len(rows)))
    sides = [
        np.concatenate([block.astype(bool) @ part for block, part in zip(turned, (side, side, side, gather @ side), strict=True)])
        for side in (gold.astype(np.float32), (~gold).astype(np.float32))
    ]
    scale = np.vstack([scale_of(*(side[low:high] for side in sides)) for low, high in pairwise(edges)]).astype(np.float32)
    sign = np.where(gold, 1, -1).astype(np.float32)
    weight = np.where(gold, _POSITIVE_WEIGHT, 1.0).astype(np.float32)

    def loss(flat: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        weights, bias = scale * flat[: size * n_tags].reshape(size, n_tags).astype(np.float32), flat[size * n_tags :].astype(np.float32)
        scores = bias + (marked.text @ weights[edges[3] :])[of_text]
        for block, low, high in zip(blocks, edges[:3], edges[1:4], strict=True):
            scores += block @ weights[low:high]
        margins = sign * scores
        slope = (-sign * weight / (1 + np.exp(np.clip(margins, -30, 30)))).astype(np.float32)
        gradient = np.concatenate([block @ part for block, part in zip(turned, (slope, slope, slope, gather @ slope), strict=True)]) * scale
        penalised = flat[: size * n_tags]
        total = float((weight * np.logaddexp(0, -margins)).sum(dtype=np.float64)) / len(rows) + 0.5 * _PENALTY * float(
            penalised @ penalised
        )
        parts = (gradient.ravel() / len(rows) + _PENALTY * penalised, slope.sum(axis=0) / len(rows))
        return total, np.concatenate(parts).astype(np.float64)

    share = np.clip(gold.mean(axis=0), 1e-5, 0.5)
    begin = np.concatenate([np.zeros(size * n_tags), np.log(_POSITIVE_WEIGHT * share / (1 - share))])
    found = minimize(loss, begin, jac=True, method="L-BFGS-B", options={"maxiter": _STEPS, "maxcor": 8}).x
    weights = scale * found[: size * n_tags].reshape(size, n_tags).astype(np.float32)
    own, *others = (weights[low:high] for low, high in pairwise(edges))
    return pruned(marked.blank, own, np.hstack(others), found[size * n_tags :].astype(np.float32))


def pruned(blank: Spotter, own: Floats, context: Floats, bias: Floats) -> Spotter:
    """Return a spotter without the n-grams, pairs and meetings that weigh least, rounded as it is stored."""
    size = np.abs(own).max(axis=1, initial=0.0)
    kept = size >= np.quantile(size, 1 - _KEPT) if len(size) else np.zeros(0, dtype=bool)
    words, *others = blank.vocabulary
    kept[: len(words)] = True
    own, context, bias = (array.astype(np.float16).astype(np.float32) for array in (own[kept], context, bias))
    shorter = (tuple(compress(terms, kept[first:])) for terms, first in zip(others, blank.vocabulary.edges[1:], strict=False))
    return Spotter(blank.tags, Vocabulary(words, *shorter), own, context, bias)


def fit_rescoring(scores: Sequence[Floats], gold: Sequence[NDArray[np.bool_]]) -> Rescoring:
    """Learn how passages are weighed in their company.

    Parameters
    ----------
    scores : sequence of arrays of shape (n_passages, n_tags), one a text
        From weights that were not learnt from the text.
    gold : sequence of arrays of bool of the same shapes

    Returns
    -------
    Rescoring
    """
    edges = np.cumsum([0, *map(len, scores)])
    passages, tags, figures = company(np.concatenate(scores), edges)
    terms = PolynomialFeatures(2, include_bias=False)
    scaler = StandardScaler()
    design = scaler.fit_transform(terms.fit_transform(figures.astype(np.float64)))
    model = LogisticRegression(C=1.0, max_iter=1000).fit(design, np.concatenate(gold)[passages, tags])
    weights = model.coef_[0] / scaler.scale_
    n = figures.shape[1]
    square = np.zeros((n, n))
    square[np.triu_indices(n)] = weights[n:]  # the order of PolynomialFeatures
    intercept = float(model.intercept_[0] - weights @ scaler.mean_)
    return Rescoring(square.astype(np.float32), weights[:n].astype(np.float32), intercept)


def best_threshold(scores: Floats, gold: NDArray[np.bool_]) -> float:
    """Return the score from which on passages have the best F1 over all tags together; they should not be those that were learnt from.

    Examples
    --------
    >>> best_threshold(np.array([[-2.0], [-0.4], [1.0]]), np.array([[False], [True], [True]]))
    -1.2
    """
    grid = np.linspace(-2.0, 1.0, 31)
    hits = [2 * (given & gold).sum() / max(given.sum() + gold.sum(), 1) for given in (scores >= cut for cut in grid)]
    best = np.flatnonzero(np.array(hits) >= max(hits) - 1e-9)
    return round(float(grid[best[len(best) // 2]]), 2)
