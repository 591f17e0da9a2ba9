"""Spotting: which passages show a modus operandi, by weights learnt from marked passages.

A sentence is cut into passages at commas, conjunctions and the like. A passage is weighed, for each tag, by its words, their letters, the
concepts they stand for, its pairs of words and the pairs of concepts that meet in it; by the other words of its sentence; by
the sentences around it; and by what the text is about. For a mention, what that sums up to is weighed again beside the other passages of
the text (:mod:`smokkel_nlp.components.rescoring`). The weights are data: a JSON and an npz file of the model.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from smokkel_nlp.components.rescoring import Rescoring
from smokkel_nlp.concepts import load_concepts, meetings
from smokkel_nlp.content import Content
from smokkel_nlp.errors import ModelError
from smokkel_nlp.lexicon import Runs, Table
from smokkel_nlp.masks import load_masks
from smokkel_nlp.ragged import distinct, first_maxima, ranges
from smokkel_nlp.store import RETRAIN, pack_arrays, unpack_arrays
from smokkel_nlp.taxonomy import load_taxonomy, read_toml, resource, take
from smokkel_nlp.text import letter_grams

FILES = ("spotting.json", "spotting.npz")
Floats = NDArray[np.float32]
Ints = NDArray[np.int64]


class Scale(NamedTuple):
    """How a block of features is scaled: by the root of its size, so that long and short passages compare.

    Examples
    --------
    >>> Scale(4, 0.5)(np.array([1, 4, 16])).tolist()
    [0.25, 0.25, 0.125]
    """

    least: int
    weight: float

    def __call__(self, sizes: NDArray[Any]) -> Floats:
        """Return the factors of blocks of a size."""
        return np.asarray(self.weight / np.sqrt(np.maximum(sizes, self.least)), dtype=np.float32)


# The blocks: the words of the passage itself, the others of its sentence, those of the sentences around it, and those of the text.
OWN, SENTENCE, AROUND, TEXT = Scale(4, 0.5), Scale(8, 0.5), Scale(16, 0.35), Scale(20, 0.7)
SUBWORD = 0.4
# The arrays that are stored in half precision.
_HALVES = ("own", "context", "bias")
_LETTERS = range(5, 41)
_GRAMS = (4, 5)
# A passage without a cut counts as passages of this many tokens, and so many tokens are weighed at once: a text of a million words without
# a comma would fill the memory. No passage of the corpus is that long.
_LONGEST, _BLOCK = 1000, 50_000


class Boundaries(NamedTuple):
    """What cuts a sentence into passages (``spotting.toml``)."""

    words: frozenset[str]
    least: int


@lru_cache(maxsize=1)
def load_boundaries() -> Boundaries:
    """Load ``spotting.toml``."""
    data = read_toml(resource("spotting.toml"))
    return Boundaries(frozenset(take(data, "boundaries", list, "spotting.toml")), take(data, "least", int, "spotting.toml"))


@lru_cache(maxsize=1)
def telling_names() -> frozenset[str]:
    """Return the words that stand in cues of a tag as they are: a platform is written with a capital and tells all the same."""
    slots = (slot for tag in load_taxonomy().tags for cue in (*tag.strong, *tag.weak) for part in cue.parts for slot in part)
    return frozenset(word for slot in slots for word in slot.alternatives if "*" not in word)


_BOUNDARY = Table(lambda orth, lower: lower in load_boundaries().words, np.bool_)
_TELLING = Table(lambda orth, lower: lower in telling_names(), np.bool_)


def subwords(word: str) -> set[str]:
    """Return what a word shares with others: the n-grams of its letters, its edges marked, and the concepts it stands for.

    Examples
    --------
    >>> sorted(subwords("kelder"))[:3]
    ['#veld.schuur', '<kel', '<keld']
    """
    return {*letter_grams(word, _LETTERS, _GRAMS), *(f"#{load_concepts().names[number]}" for number in load_concepts()(word))}


class Passages(NamedTuple):
    """The passages of a text.

    Parameters
    ----------
    starts, ends : array of int, shape (n_passages,)
        Half-open token ranges.
    sentence : array of int, shape (n_passages,)
        The sentence each is part of.
    """

    starts: Ints
    ends: Ints
    sentence: Ints


def passages(content: Content) -> Passages:
    """Cut texts into passages."""
    reading, least = content.reading, load_boundaries().least
    bounds = reading.sentence_bounds
    cuts = np.flatnonzero(reading.look_up(_BOUNDARY))
    sentence_of = np.searchsorted(bounds, cuts, side="right") - 1
    starts = bounds[:-1].tolist()
    last = -1
    # A cut stands where enough words lie before it, since the last cut, and behind it, up to the end of the sentence.
    for cut, begin, end in zip(cuts.tolist(), bounds[sentence_of].tolist(), bounds[sentence_of + 1].tolist(), strict=True):
        last = max(last, begin)
        if cut - last >= least and end - cut >= least:
            starts.append(cut)
            last = cut
    begins = np.sort(np.array(starts, dtype=np.int64))
    sizes = np.diff(begins, append=len(reading))
    if len(sizes) and sizes.max() > _LONGEST:
        pieces = [np.arange(begin, begin + size, _LONGEST) for begin, size in zip(begins, sizes, strict=True)]
        begins = np.concatenate(pieces)
    return Passages(begins, np.append(begins[1:], len(reading))[: len(begins)], np.searchsorted(bounds, begins, side="right") - 1)


class Parts(NamedTuple):
    """What of a text is weighed, by token: the numbers of words in the vocabulary (-1 where none), and of pairs with the word before."""

    words: Ints
    pairs: Ints


class Vocabulary(NamedTuple):
    """What has weights of its own.

    Parameters
    ----------
    words : tuple of str
    subwords : tuple of str
        See :func:`subwords`.
    pairs : tuple of str
        Neighbouring words, a space between them.
    met : tuple of str
        Concepts that meet in a passage, a plus between them.
    """

    words: tuple[str, ...]
    subwords: tuple[str, ...]
    pairs: tuple[str, ...]
    met: tuple[str, ...]

    @property
    def edges(self) -> list[int]:
        """The rows at which the four begin, and the end of the last."""
        return [0, *accumulate(map(len, self))]


@dataclass
class Spotter:
    """Weights of passages.

    Parameters
    ----------
    tags : tuple of str
    vocabulary : Vocabulary
    own : array of shape (n_words + n_subwords + n_pairs + n_met, n_tags)
        Weights of what stands in the passage itself.
    context : array of shape (n_words, 3 * n_tags)
        Weights of the words of its sentence, of the sentences around it, and of the text.
    bias : array of shape (n_tags,)
    rescoring : Rescoring, optional
        Learnt after the other weights; until then the company of a passage does not count.
    threshold : float
        Score (log odds) in its company from which a passage is a mention.
    floor : float
        What a tag scores at least of which a strong cue was found: the score by itself from which passages are best told.
    """

    tags: tuple[str, ...]
    vocabulary: Vocabulary
    own: Floats
    context: Floats
    bias: Floats
    rescoring: Rescoring | None = None
    threshold: float = 0.0
    floor: float = 0.0

    def __post_init__(self) -> None:
        masks, concepts = load_masks(), load_concepts()
        words, grams, pairs, met = self.vocabulary
        size = len(words)
        self._index = index = {word: row for row, word in enumerate(words)}
        self.sub_index = {gram: size + row for row, gram in enumerate(grams)}
        keyed = sorted((index[one] * size + index[other], row) for row, (one, other) in enumerate(pair.split(" ") for pair in pairs))
        self._pair_keys = np.array([key for key, _ in keyed], dtype=np.int64)
        self._pair_rows = np.array([row for _, row in keyed], dtype=np.int64) + size + len(grams)
        self._beside = np.vstack([self.context[:, : 2 * len(self.tags)], np.zeros((1, 2 * len(self.tags)), dtype=np.float32)])
        self._of_text = np.ascontiguousarray(self.context[:, 2 * len(self.tags) :])
        self._number = Table(lambda orth, lower: index.get(masks(lower) or "", -1), np.int64)
        self._share = Table(lambda orth, lower: self.share(masks(lower)), np.float32, len(self.tags))
        self._concepts = Runs(lambda orth, lower: concepts(masks(lower) or ""))
        self._meetings = np.full((len(concepts.names), len(concepts.names)), -1, dtype=np.int32)
        for number, name in enumerate(met):
            self._meetings[concepts.pair(name, "+")] = number

    def share(self, word: str | None) -> Floats:
        """Return what a word and its letters add to a passage they stand in, shape (n_tags,)."""
        total = np.zeros(len(self.tags), dtype=np.float32)
        if word is not None:
            if word in self._index:
                total += self.own[self._index[word]]
            rows = [self.sub_index[gram] for gram in sorted(subwords(word)) if gram in self.sub_index]
            total += SUBWORD * self.own[rows].sum(axis=0)
        return total

    def parts(self, content: Content) -> Parts:
        """Return what of a text is weighed."""
        words = np.asarray(content.reading.look_up(self._number), dtype=np.int64).copy()
        words[~counts(content)] = -1
        if len(words) < 2 or not len(self._pair_keys):
            return Parts(words, np.full(len(words), -1, dtype=np.int64))
        keys = words[:-1] * len(self._index) + words[1:]
        keys[(words[:-1] < 0) | (words[1:] < 0)] = -1
        keys[content.reading.sentence_bounds[1:-1] - 1] = -1  # no pair lies across the end of a sentence
        places = np.minimum(np.searchsorted(self._pair_keys, keys), len(self._pair_keys) - 1)
        return Parts(words, np.concatenate([[-1], np.where(self._pair_keys[places] == keys, self._pair_rows[places], -1)]))

    def meetings(self, content: Content, found: Passages) -> csr_matrix:
        """Return which pairs of concepts meet in passages, shape (n_passages, n_met)."""
        words = np.flatnonzero(counts(content))
        values, sizes = self._concepts(content.reading.words, content.reading.numbers[words])
        edges = np.append(found.starts, len(content.reading))
        edges = np.concatenate([[0], np.cumsum(sizes)])[np.searchsorted(words, edges)]
        held = csr_matrix((np.ones(len(values), dtype=np.int32), values, edges), shape=(len(found.starts), len(self._meetings)))
        one, _, pairs = meetings(held, self._meetings)
        edges = np.searchsorted(one, held.indptr)
        return csr_matrix((np.ones(len(pairs), dtype=np.float32), pairs, edges), shape=(len(found.starts), len(self.vocabulary.met)))

    def __call__(self, content: Content) -> tuple[Passages, Floats]:
        """Weigh the passages of texts; returns them and their scores, log odds of shape (n_passages, n_tags)."""
        found, bounds = passages(content), content.reading.sentence_bounds
        n, width = len(found.starts), len(self.tags)
        if not n:
            return found, np.zeros((0, width), dtype=np.float32)
        parts, counted = self.parts(content), counts(content)
        own, context = np.empty((n, width), dtype=np.float32), np.empty((n, 2 * width), dtype=np.float32)
        known = np.where(parts.words >= 0, parts.words, len(self._index))
        first = 0
        while first < n:
            last = max(first + 1, int(np.searchsorted(found.ends, found.starts[first] + _BLOCK, side="right")))
            low, high = int(found.starts[first]), int(found.ends[last - 1])
            rows = np.asarray(self._share(content.reading.words, content.reading.numbers[low:high]), dtype=np.float32)
            rows *= counted[low:high, None]
            paired = np.flatnonzero(parts.pairs[low:high] >= 0)
            rows[paired] += self.own[parts.pairs[low:high][paired]]
            own[first:last] = np.add.reduceat(rows, found.starts[first:last] - low, axis=0)
            context[first:last] = np.add.reduceat(self._beside[known[low:high]], found.starts[first:last] - low, axis=0)
            first = last
        begins = np.searchsorted(found.starts, bounds[:-1])
        sentences = np.add.reduceat(context, begins, axis=0)
        numbers = np.add.reduceat((parts.words >= 0).astype(np.float32), bounds[:-1])
        around, beside = np.zeros((len(sentences), width), dtype=np.float32), np.zeros(len(sentences), dtype=np.float32)
        text_of = content.reading.text_of_sentence
        (joined,) = np.nonzero(text_of[1:] == text_of[:-1])  # sentences that another one of the same text follows
        around[joined + 1] += sentences[joined, width:]
        around[joined] += sentences[joined + 1, width:]
        beside[joined + 1] += numbers[joined]
        beside[joined] += numbers[joined + 1]
        texts, many = self._texts(content, parts.words)
        lengths, wide = found.ends - found.starts, np.diff(bounds)
        own += self.meetings(content, found) @ self.own[self.vocabulary.edges[-2] :]
        scores = own * OWN(lengths)[:, None]
        scores += (sentences[found.sentence, :width] - context[:, :width]) * SENTENCE(wide)[found.sentence, None]
        scores += (around * AROUND(beside)[:, None])[found.sentence]
        scores += (texts * TEXT(many)[:, None] + self.bias)[text_of[found.sentence]]
        return found, scores

    def beside(self, found: Passages, scores: Floats, content: Content) -> Floats:
        """Return what passages score beside the others of their text, by which mentions are told, given what they score by themselves."""
        if self.rescoring is None or not len(scores):
            return scores
        return self.rescoring(scores, np.searchsorted(found.starts, content.reading.edges))

    def _texts(self, content: Content, words: Ints) -> tuple[Floats, Ints]:
        """Return what the distinct words of each text add, shape (n_texts, n_tags), and how many there are."""
        edges = content.reading.edges
        known = np.flatnonzero(words >= 0)
        owners = np.repeat(np.arange(len(edges) - 1), np.diff(edges))[known]
        owners, rows = np.divmod(distinct(owners * len(self._index) + words[known]), max(len(self._index), 1))
        sizes = np.bincount(owners, minlength=len(edges) - 1)
        which = csr_matrix((np.ones(len(rows), dtype=np.float32), rows, np.cumsum([0, *sizes])), shape=(len(sizes), len(self._index)))
        sums: Floats = which @ self._of_text
        return sums, sizes

    def words_of(self, content: Content, spans: Sequence[tuple[int, int]], tags: Ints) -> list[str | None]:
        """Return the words of passages that say most for a tag each, lower-case; None where none does."""
        starts, ends = np.array(spans, dtype=np.int64).reshape(-1, 2).T
        tokens = ranges(starts, ends - starts)
        words, numbers = content.reading.words, content.reading.numbers[tokens]
        shares = self._share.values(words)[numbers, np.repeat(tags, ends - starts)] * counts(content)[tokens]
        best = first_maxima(shares, ends - starts)
        said = zip(numbers[best].tolist(), shares[best].tolist(), strict=True)
        return [words.lower[number] if share > 0 else None for number, share in said]


# What may not stand at the edge of a mention: a word that cuts a sentence at its begin, a sign at either end.
_CUT, _SIGN = 1, 2
_EDGE = Table(lambda orth, lower: _CUT * (lower in load_boundaries().words) + _SIGN * (not any(map(str.isalnum, lower))), np.uint8)


def trimmed(content: Content, starts: Iterable[int], ends: Iterable[int]) -> list[tuple[int, int]]:
    """Return token ranges without the conjunctions and signs at their edges; none is empty."""
    edge = np.asarray(content.reading.look_up(_EDGE), dtype=np.uint8).tobytes()
    found = []
    for first, last in zip(starts, ends, strict=True):
        while last - first > 1 and edge[last - 1] & _SIGN:
            last -= 1
        while last - first > 1 and edge[first]:
            first += 1
        found.append((first, last))
    return found


def counts(content: Content) -> NDArray[np.bool_]:
    """Tell which tokens are weighed: none inside a name, but the name of a platform, shape (n_tokens,)."""
    telling = np.asarray(content.reading.look_up(_TELLING), dtype=bool)
    return np.asarray(~(content.capital & ~telling) & ~content.in_organisation)


def pack(spotter: Spotter) -> dict[str, bytes]:
    """Return the content of the two files that hold a spotter, its rescoring included; the same spotter gives the same bytes."""
    assert spotter.rescoring is not None, "learn the rescoring first"
    data = {
        "tags": spotter.tags, **spotter.vocabulary._asdict(), "concepts": load_concepts().digest,
        "threshold": spotter.threshold, "floor": spotter.floor,
    }  # fmt: skip
    arrays = {name: getattr(spotter, name).astype(np.float16) for name in _HALVES} | spotter.rescoring.to_arrays()
    return dict(zip(FILES, (json.dumps(data, ensure_ascii=False).encode(), pack_arrays(arrays)), strict=True))


def unpack(raw: Mapping[str, bytes]) -> Spotter:
    """Build a spotter from the content of the two files.

    Raises
    ------
    ModelError
        If it was learnt with other lists of concepts.
    """
    data, arrays = json.loads(raw[FILES[0]]), unpack_arrays(raw[FILES[1]])
    if data["concepts"] != load_concepts().digest:
        raise ModelError(f"{FILES[0]}: made with other lists of concepts than this version of the library has; {RETRAIN}")
    vocabulary = Vocabulary(*(tuple(data[name]) for name in Vocabulary._fields))
    own, context, bias = (arrays[name].astype(np.float32) for name in _HALVES)
    rescoring = Rescoring.from_arrays(arrays)
    return Spotter(tuple(data["tags"]), vocabulary, own, context, bias, rescoring, data["threshold"], data["floor"])
