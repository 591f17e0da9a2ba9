"""The rows of features of many texts and windows at once, from the integer arrays of their reading.

:meth:`smokkel_nlp.features.Vectorizer.row` says what a row is, one text at a time, and is what is learnt from; here the same numbers are
worked out for all texts of a batch together, up to the order in which they are summed. What a sentence holds is looked up once; a text,
or a window of one, is a run of sentences. A test holds that both ways agree.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property, lru_cache
from itertools import zip_longest
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from smokkel_nlp.concepts import Meetings, load_concepts, meetings
from smokkel_nlp.content import Content
from smokkel_nlp.features import Vectorizer, cue_of, tag_weights
from smokkel_nlp.lexicon import Runs, Table
from smokkel_nlp.masks import load_masks
from smokkel_nlp.platt import length_of
from smokkel_nlp.ragged import Ints, ranges
from smokkel_nlp.taxonomy import OFFENCE_IDS, load_taxonomy
from smokkel_nlp.terms import letters_of
from smokkel_nlp.windows import ABSENT, cut

Floats = NDArray[np.float64]
# So many rows are filled at once: the windows of a very long text need not lie in memory together.
_ROWS = 1000


@lru_cache(maxsize=1)
def _tags() -> Mapping[str, int]:
    return {tag: number for number, tag in enumerate(load_taxonomy().tag_ids)}


class Stretches(NamedTuple):
    """Texts and windows: half-open ranges of sentences, counted over all texts, and the text of each.

    Parameters
    ----------
    first, end, text : array of int, shape (n_stretches,)
    """

    first: Ints
    end: Ints
    text: Ints


class Block(NamedTuple):
    """A block of features of stretches.

    Parameters
    ----------
    counts : sparse matrix of shape (n_stretches, n_terms)
        How often each term stands in each stretch.
    values : array of shape (n_counts,)
        The value of each count.
    offset : int
        The first column of the block.
    """

    counts: csr_matrix
    values: Floats
    offset: int


class Columns:
    """The columns of a vectorizer, to be looked up by the words of a lexicon.

    Parameters
    ----------
    vectorizer : Vectorizer
    """

    def __init__(self, vectorizer: Vectorizer) -> None:
        masks, index, letters = load_masks(), vectorizer.word_index, vectorizer.sub_index
        forms = {word: number for number, word in enumerate(sorted({word for pair in vectorizer.pair_index for word in pair}))}
        self.vectorizer = vectorizer
        self._forms = len(forms)
        keyed = sorted((forms[one] * len(forms) + forms[other], column) for (one, other), column in vectorizer.pair_index.items())
        self._keys, self._pairs = (np.array([item[part] for item in keyed], dtype=np.int64) for part in (0, 1))
        self._word = Table(lambda orth, lower: index.get(masks(lower) or "", -1), np.int32)
        self._form = Table(lambda orth, lower: forms.get(masks(lower) or "", -1), np.int64)
        shift = len(vectorizer.words)
        concepts = load_concepts()
        self._concepts, self._number = Runs(lambda orth, lower: concepts(masks(lower) or "")), len(concepts.names)
        # The column of a pair in its block, for each two concepts; -1 where the model has none.
        self._met = []
        for places in vectorizer.met_index.values():
            table = np.full((self._number, self._number), -1, dtype=np.int32)
            for place, pair in enumerate(places):
                table[pair] = place
            self._met.append((table, len(places)))
        self._letters = Runs(lambda orth, lower: [column - shift for column in letters_of(masks(lower) or "", index, letters)])
        self._cue = lru_cache(maxsize=4096)(self._cue_of)

    def terms(self, content: Content) -> csr_matrix:
        """Return which words and pairs of words sentences hold, a row a sentence; one that comes back stands there as often."""
        reading, counted = content.reading, content.counted
        found = np.full((len(reading), 2), -1, dtype=np.int32)
        found[:, 0] = np.where(counted, reading.look_up(self._word), -1)
        if len(self._keys) and len(reading) > 1:
            forms = np.where(counted, reading.look_up(self._form), -1)
            (at,) = np.nonzero((forms[:-1] >= 0) & (forms[1:] >= 0))
            keys = forms[at] * self._forms + forms[at + 1]
            places = np.minimum(np.searchsorted(self._keys, keys), len(self._keys) - 1)
            known = self._keys[places] == keys
            found[at[known], 1] = self._pairs[places[known]]
            found[reading.sentence_bounds[1:-1] - 1, 1] = -1  # no pair lies across the end of a sentence
        held = found.ravel() >= 0
        edges = np.concatenate([[0], np.cumsum(held)])[2 * reading.sentence_bounds]
        return _ones(found.ravel()[held], edges, len(self.vectorizer.words))

    def letters(self, content: Content) -> csr_matrix:
        """Return which letters inside words sentences hold, a row a sentence."""
        columns, edges = self._by_sentence(content, self._letters)
        return _ones(columns, edges, len(self.vectorizer.subwords))

    @staticmethod
    def _by_sentence(content: Content, runs: Runs) -> tuple[NDArray[np.int32], Ints]:
        """Return the runs of the words of sentences, one after another, and where each sentence begins."""
        reading, words = content.reading, np.flatnonzero(content.counted)
        values, sizes = runs(reading.words, reading.numbers[words])
        return values, np.concatenate([[0], np.cumsum(sizes)])[np.searchsorted(words, reading.sentence_bounds)]

    def concepts(self, content: Content) -> csr_matrix:
        """Return which concepts sentences hold, a row a sentence."""
        columns, edges = self._by_sentence(content, self._concepts)
        held = _ones(columns, edges, self._number)
        held.sum_duplicates()
        held.data[:] = 1  # however often a sentence holds it
        return held

    def meetings(self, held: csr_matrix, block: int) -> Meetings:
        """Return which pairs of concepts meet in the rows of ``held``, of those that one of the two blocks has columns for."""
        return meetings(held, self._met[block][0])

    def met(self, held: csr_matrix, block: int) -> csr_matrix:
        """Return how often pairs of concepts meet in the rows of ``held``, in the columns of one of the two blocks."""
        one, _, columns = self.meetings(held, block)
        return _ones(columns, np.searchsorted(one, held.indptr), self._met[block][1])

    def cue(self, data: Mapping[str, Any]) -> tuple[int, int, int]:
        """Return for the payload of a mention its column among the cues, the number of its tag, and that of the offence it names."""
        found: tuple[int, int, int] = self._cue(data["label"], data["strength"], data.get("status"), data.get("source"))
        return found

    def _cue_of(self, label: str, strength: str, status: str | None, source: str | None) -> tuple[int, int, int]:
        name = cue_of((label, strength, status or "feitelijk", source or "overig", 0), _tags())
        first = self.vectorizer.n_features - len(self.vectorizer.cues)
        named = OFFENCE_IDS.index(label) if label in OFFENCE_IDS and strength == "strong" else -1
        return self.vectorizer.cue_index[name] - first, _tags().get(label, -1), named


def _ones(columns: NDArray[np.int32], edges: Ints, width: int) -> csr_matrix:
    return csr_matrix((np.ones(len(columns), dtype=np.int32), columns, edges.astype(np.int32)), shape=(len(edges) - 1, width))


class Mentions(NamedTuple):
    """The mentions of several texts that the classifier sees, in the order of their sentences, and the weights of best passages.

    Parameters
    ----------
    sentences : array of int, shape (n_mentions,)
    cues, tags, offences : array of int, shape (n_mentions,)
        As :meth:`Columns.cue` tells them; -1 for no tag, or none that names an offence.
    scores : array of shape (n_texts, n_tags)
    """

    sentences: Ints
    cues: Ints
    tags: Ints
    offences: Ints
    scores: Floats

    @classmethod
    def of(
        cls, content: Content, seen: Sequence[Sequence[Mapping[str, Any]]], scores: Sequence[Sequence[float]], columns: Columns
    ) -> Mentions:
        """Collect the mentions of texts, given the payloads and the scores of each."""
        reading = content.reading
        tokens = [first + data["tokens"][0] for first, own in zip(reading.firsts, seen, strict=False) for data in own]
        kinds = np.array([columns.cue(data) for own in seen for data in own], dtype=np.int64).reshape(-1, 3)
        sentences = np.searchsorted(reading.sentence_bounds, np.array(tokens, dtype=np.int64), side="right") - 1
        order = np.argsort(sentences, kind="stable")
        weights = np.full((len(seen), len(_tags())), ABSENT)
        for row, own in zip(weights, scores, strict=True):
            row[: len(own)] = own
        cues, tags, offences = kinds[order].T
        return cls(sentences[order], cues, tags, offences, weights)


class Sheet:
    """Several texts, ready for their rows.

    Parameters
    ----------
    content : Content
    mentions : Mentions
    columns : Columns
    """

    def __init__(self, content: Content, mentions: Mentions, columns: Columns) -> None:
        self._content, self._mentions, self._columns = content, mentions, columns
        self._bounds = content.reading.sentence_bounds
        self._blocks = columns.terms(content), columns.letters(content)
        self._concepts = columns.concepts(content)
        self._words = np.concatenate([[0], np.cumsum(content.counted)])[self._bounds]

    @cached_property
    def texts(self) -> Stretches:
        """The texts as a whole."""
        edges = np.searchsorted(self._bounds, self._content.reading.edges)
        return Stretches(edges[:-1], edges[1:], np.arange(len(edges) - 1))

    @cached_property
    def lengths(self) -> Floats:
        """The lengths of the texts, as maps know them."""
        return length_of(self._words[self.texts.end] - self._words[self.texts.first])

    @cached_property
    def windows(self) -> Stretches:
        """The windows of the texts that are long."""
        found = []
        for text, first, end in zip(self.texts.text.tolist(), self.texts.first.tolist(), self.texts.end.tolist(), strict=True):
            low, high = cut(np.diff(self._words[first : end + 1]))
            if len(low):
                found.append((low + first, high + first, np.full(len(low), text)))
        return Stretches(*map(np.concatenate, zip(*found, strict=True))) if found else Stretches(*np.zeros((3, 0), dtype=np.int64))

    def scores(self, stretches: Stretches, coef: Floats, whole: bool) -> tuple[Floats, Floats]:
        """Return what stretches weigh, shape (n_stretches, n_labels), and the values of their mentions, (n_stretches, n_cues).

        Of a stretch that is no ``whole`` text the best passage of a tag counts where a mention of the tag stands.
        """
        parts = []
        for first in range(0, len(stretches.text), _ROWS):
            part = Stretches(*(array[first : first + _ROWS] for array in stretches))
            cues = self.cues(part, whole)
            sums = csr_matrix(cues) @ coef[len(coef) - cues.shape[1] :]
            for counts, values, offset in self._wording(part):
                counts.data = values
                sums += counts @ coef[offset : offset + counts.shape[1]]
            parts.append((sums, cues))
        if not parts:
            return np.zeros((0, coef.shape[1])), np.zeros((0, len(self._columns.vectorizer.cues)))
        sums, cues = map(np.concatenate, zip(*parts, strict=True))
        return sums, cues

    def _wording(self, stretches: Stretches) -> Iterator[Block]:
        """Yield the blocks before the mentions."""
        vectorizer, n = self._columns.vectorizer, len(stretches.text)
        which = self._sentences(stretches.first, stretches.end)
        lengths, offset = vectorizer.weights, 0
        for counts, length, floor in (
            *((which @ block, length, vectorizer.floor) for block, length in zip(self._blocks, lengths[:2], strict=True)),
            *((counts, lengths[3], 2 * vectorizer.floor) for counts in self._meetings(stretches)),
        ):
            values = (1 + np.log(counts.data)) * vectorizer.idf[counts.indices + offset]
            owners = np.repeat(np.arange(n), np.diff(counts.indptr))
            norms = np.sqrt(np.bincount(owners, weights=values * values, minlength=n))
            yield Block(counts, values * (length / np.maximum(norms, floor))[owners], offset)
            offset += counts.shape[1]

    def _sentences(self, first: Ints, end: Ints) -> csr_matrix:
        """Return which sentences lie in ranges of them."""
        sizes = end - first
        edges = np.concatenate([[0], np.cumsum(sizes)])
        return _ones(ranges(first, sizes).astype(np.int32), edges, len(self._bounds) - 1)

    def _runs(self, stretches: Stretches) -> Iterator[tuple[csr_matrix, Ints]]:
        """Yield, for what lies near and for the whole, which sentences each run of them holds, and where the runs of each stretch begin."""
        first, end = stretches.first, stretches.end
        sizes = np.maximum(end - first - 1, np.minimum(end - first, 1))
        begin = ranges(first, sizes)
        yield self._sentences(begin, np.minimum(begin + 2, np.repeat(end, sizes))), np.concatenate([[0], np.cumsum(sizes)])
        yield self._sentences(first, end), np.arange(len(first) + 1)

    def _meetings(self, stretches: Stretches) -> Iterator[csr_matrix]:
        """Yield how often concepts meet in neighbouring sentences of stretches, and which meet in stretches as a whole."""
        for block, (runs, edges) in enumerate(self._runs(stretches)):
            gather = _ones(np.arange(runs.shape[0], dtype=np.int32), edges, runs.shape[0])
            yield gather @ self._columns.met(runs @ self._concepts, block)

    def cues(self, stretches: Stretches, whole: bool) -> Floats:
        """Return the values of the mentions of stretches and of the best passages, shape (n_stretches, n_cues)."""
        mentions, vectorizer, n = self._mentions, self._columns.vectorizer, len(stretches.text)
        width, first = len(vectorizer.cues), vectorizer.n_features - len(vectorizer.cues)
        low, high = (np.searchsorted(mentions.sentences, edge) for edge in (stretches.first, stretches.end))
        owners, inside = np.repeat(np.arange(n), high - low), ranges(low, high - low)
        counts = np.bincount(owners * width + mentions.cues[inside], minlength=n * width).reshape(n, width)
        filled = np.concatenate([[0], np.cumsum(np.diff(self._words) > 0)])
        full = np.maximum(filled[stretches.end] - filled[stretches.first], 1)
        for number, offence in enumerate(OFFENCE_IDS):
            places = np.unique(mentions.sentences[mentions.offences == number])
            begin, end, second = (np.searchsorted(places, edge) for edge in (stretches.first, stretches.end, stretches.first + 1))
            share = (end - begin) / full
            for kind, held in (("kop", (second > begin) & (end > begin)), ("kwart", share >= 0.25), ("helft", share >= 0.5)):
                counts[:, vectorizer.cue_index[f"{offence}:{kind}"] - first] += held
        factor = vectorizer.weights[2]
        values = np.where(counts > 0, factor * (1 + np.log(np.maximum(counts, 1))), 0.0)
        scores = mentions.scores[stretches.text]
        if not whole:
            held = np.zeros((n, scores.shape[1] + 1), dtype=bool)  # the last column takes what is no tag
            held[owners, mentions.tags[inside]] = True
            scores = np.where(held[:, :-1], scores, ABSENT)
        values[:, vectorizer.weight_ids - first] = factor * tag_weights(scores)
        return values

    def loudest(self, stretches: Stretches, labels: Sequence[Sequence[int]], coef: Floats) -> list[list[int]]:
        """Return for each stretch and each of some labels the sentence that adds most to it, mentions apart."""
        *worded, near, far = self._wording(stretches)
        sums = self._by_words(stretches, worded, labels, coef) + self._by_meetings(stretches, (near, far), labels, coef)
        sizes = stretches.end - stretches.first
        places = zip((np.cumsum(sizes) - sizes).tolist(), sizes.tolist(), stretches.first.tolist(), labels, strict=True)
        return [(np.argmax(sums[start : start + size, : len(own)], axis=0) + first).tolist() for start, size, first, own in places]

    def _by_words(self, stretches: Stretches, wording: Sequence[Block], labels: Sequence[Sequence[int]], coef: Floats) -> Floats:
        """Return what words and letters add to labels, a row for each sentence of each stretch and a column for each of its labels."""
        sizes = stretches.end - stretches.first
        starts = np.cumsum(sizes) - sizes
        places = list(zip(stretches.first.tolist(), stretches.end.tolist(), starts.tolist(), labels, strict=True))
        sums = np.zeros((int(sizes.sum()), max(map(len, labels), default=0)))
        for (counts, values, offset), block in zip(wording, self._blocks, strict=True):
            place = np.zeros(block.shape[1], dtype=np.int64)
            shares = values / counts.data
            for row, (first, end, start, own) in enumerate(places):
                part, edges = slice(*counts.indptr[row : row + 2].tolist()), block.indptr[first : end + 1]
                columns = counts.indices[part]
                place[columns] = np.arange(len(columns))
                said = place[block.indices[edges[0] : edges[-1]]]
                sentences = np.repeat(np.arange(end - first), np.diff(edges))
                for number, label in enumerate(own):
                    weights = shares[part] * coef[columns + offset, label]
                    sums[start : start + end - first, number] += np.bincount(sentences, weights=weights[said], minlength=end - first)
        return sums

    def _by_meetings(self, stretches: Stretches, wording: Sequence[Block], labels: Sequence[Sequence[int]], coef: Floats) -> Floats:
        """Return what meetings add, likewise: half for each concept, equally over the sentences of a run that hold it."""
        sizes, asked = stretches.end - stretches.first, np.array(list(zip_longest(*labels, fillvalue=0)), dtype=np.int64)
        shift = np.cumsum(sizes) - sizes - stretches.first
        sums = np.zeros((int(sizes.sum()), len(asked)))
        for block, ((counts, values, offset), (runs, edges)) in enumerate(zip(wording, self._runs(stretches), strict=True)):
            held = runs @ self._concepts  # in how many of its sentences a run holds each concept
            one, other, pairs = self._columns.meetings(held, block)
            stretch = np.repeat(np.arange(len(sizes)), np.diff(edges))
            run, width = np.repeat(np.arange(runs.shape[0]), np.diff(held.indptr)), held.shape[1]
            row = stretch[run[one]]
            shares = csr_matrix((values / counts.data, counts.indices, counts.indptr), shape=counts.shape)
            worth = np.asarray(shares[row, pairs]).ravel() / 2
            # Each concept of each sentence of each run, and its place among the concepts of the run.
            numbers = np.diff(self._concepts.indptr)[runs.indices]
            owner = np.repeat(np.arange(runs.shape[0]), np.diff(runs.indptr))
            concept = self._concepts.indices[ranges(self._concepts.indptr[runs.indices].astype(np.int64), numbers)]
            place = np.searchsorted(run * width + held.indices, np.repeat(owner * width, numbers) + concept)
            sentence = np.repeat(runs.indices + shift[stretch[owner]], numbers)
            for number, wanted in enumerate(asked):
                adds = worth * coef[pairs + offset, wanted[row]]
                each = np.bincount(one, weights=adds, minlength=held.nnz) + np.bincount(other, weights=adds, minlength=held.nnz)
                sums[:, number] += np.bincount(sentence, weights=(each / held.data)[place], minlength=len(sums))
        return sums
