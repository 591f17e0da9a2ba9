"""A Doc as the components read it: cleaned, in tokens, in sentences, with the way back to the original text."""

from __future__ import annotations

import gc
import operator
import threading
from bisect import bisect_left, bisect_right
from collections.abc import Hashable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain, groupby, pairwise
from operator import itemgetter
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray
from spacy.attrs import ORTH, SPACY
from spacy.tokenizer import Tokenizer
from spacy.tokens import Doc, Span

from smokkel_nlp.cue_table import CueTable
from smokkel_nlp.cues import CueMatcher, Match, Places
from smokkel_nlp.lexicon import Lexicon, Table, lexicon
from smokkel_nlp.ragged import distinct
from smokkel_nlp.text import ENDS, OPEN, STOP, CleanText, break_kind, clean_text

Key = TypeVar("Key", bound=Hashable)
_BREAKS = Table(lambda orth, lower: break_kind(orth), np.int8)
_LENGTH = Table(lambda orth, lower: len(orth), np.int64)
# A batch of so many tokens makes the fixed costs of a text small; memory stays what such a text takes.
_ENOUGH = 20_000
# So many sentences are searched for cues at once: a table of sentences by slots is made of them.
_ROWS = 5000


@dataclass(frozen=True, eq=False)
class Tokens:
    """The tokens of cleaned texts, one text after another, so that what is looked up is looked up for all of them at once.

    Parameters
    ----------
    words : Lexicon
        What the numbers stand for.
    numbers : array of int, shape (n_tokens,)
        The tokens as numbers of the lexicon.
    starts, ends : array of int, shape (n_tokens,)
        Half-open character offsets of the tokens in the cleaned text they stand in.
    edges : array of int, shape (n_texts + 1,)
        Where the texts begin, in tokens, and the end of the last.
    memo : dict
        What one component worked out for another one to use, by name.
    """

    words: Lexicon
    numbers: NDArray[np.int64]
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    edges: NDArray[np.int64]
    memo: dict[str, Any] = field(default_factory=dict, repr=False, kw_only=True)

    @property
    def texts(self) -> Sequence[Reading]:
        """The texts, each by itself."""
        raise NotImplementedError

    def original_span(self, start: int, end: int) -> tuple[int, int]:
        """Return the half-open character range of the tokens ``[start, end)`` in the original of their text."""
        raise NotImplementedError

    @cached_property
    def firsts(self) -> list[int]:
        """Where the texts begin, in tokens, and the end of the last."""
        return list(map(int, self.edges))

    def text_of(self, token: int) -> int:
        """Return the index of the text that holds a token."""
        return bisect_right(self.firsts, token) - 1

    @cached_property
    def opens(self) -> NDArray[np.bool_]:
        """Whether a token is the first of its text, shape (n_tokens,)."""
        first = np.zeros(len(self) + 1, dtype=bool)
        first[self.edges] = True
        return first[:-1]

    @cached_property
    def text_of_token(self) -> NDArray[np.int64]:
        """The text each token is part of, shape (n_tokens,)."""
        return np.repeat(np.arange(len(self.edges) - 1), np.diff(self.edges))

    @cached_property
    def text_of_sentence(self) -> NDArray[np.int64]:
        """The text each sentence is part of, shape (n_sentences,)."""
        return np.searchsorted(self.edges, self.sentence_bounds[:-1], side="right") - 1

    def __len__(self) -> int:
        return len(self.numbers)

    def look_up(self, table: Table) -> NDArray[np.generic]:
        """Return the values that a table holds for the tokens."""
        return table(self.words, self.numbers)

    @cached_property
    def lower(self) -> list[str]:
        """Lower-case tokens."""
        return list(map(self.words.lower.__getitem__, self.numbers.tolist()))

    @cached_property
    def sentence_bounds(self) -> NDArray[np.int64]:
        r"""Token positions at which sentences begin, and the end of the last, shape (n_sentences + 1,).

        Examples
        --------
        >>> import spacy
        >>> nlp = spacy.blank("nl")
        >>> read(nlp("zag busje. vt verb. reed weg\nArt. 3"), nlp.tokenizer).sentence_bounds.tolist()
        [0, 3, 9, 11]
        """
        if not len(self):
            return np.zeros(1, dtype=np.int64)
        kinds = np.asarray(self.look_up(_BREAKS), dtype=np.int8)
        before = np.concatenate([kinds[:1], kinds[:-1]])
        before[self.opens] = 0
        ends = ((kinds & ENDS) > 0) | (((kinds & STOP) > 0) & ((before & OPEN) == 0))
        ends[self.edges[self.edges > 0] - 1] = True
        return np.concatenate([[0], np.flatnonzero(ends) + 1])

    @cached_property
    def sentence_ends(self) -> list[int]:
        """Half-open token ends of the sentences."""
        ends: list[int] = self.sentence_bounds[1:].tolist()
        return ends

    @cached_property
    def sentences(self) -> list[tuple[int, int]]:
        """Half-open token ranges of the sentences."""
        bounds = self.sentence_bounds.tolist()
        return list(pairwise(bounds))

    def sentence_of(self, token: int) -> int:
        """Return the index of the sentence that holds a token."""
        return bisect_right(self.sentence_ends, token)


@dataclass(frozen=True, eq=False)
class Reading(Tokens):
    """The tokens of one cleaned text.

    Parameters
    ----------
    clean : CleanText
        The cleaned text with its map to the original.
    """

    clean: CleanText

    @property
    def texts(self) -> Sequence[Reading]:
        """Itself."""
        return (self,)

    @cached_property
    def _origins(self) -> list[int]:
        """Where each token starts in the original text."""
        return [self.clean.to_original(int(start), int(end))[0] for start, end in zip(self.starts, self.ends, strict=True)]

    def tokens_of(self, start: int, end: int) -> tuple[int, int]:
        """Return the half-open token range of a character range in the original text; at least one token."""
        first = max(bisect_right(self._origins, start) - 1, 0)
        return first, max(bisect_left(self._origins, end), first + 1)

    def original_span(self, start: int, end: int) -> tuple[int, int]:
        """Return the half-open character range of the tokens ``[start, end)`` in the original text."""
        return self.clean.to_original(int(self.starts[start]), int(self.ends[end - 1]))

    def span(self, doc: Doc, start: int, end: int, label: str, number: int = 0) -> Span | None:
        """Return the span of the Doc that was read which covers the tokens ``[start, end)``; None where none does."""
        if self.clean.unchanged:
            return Span(doc, start, end, label=label, span_id=number)
        found: Span | None = doc.char_span(*self.original_span(start, end), label=label, span_id=number, alignment_mode="expand")
        return found


@dataclass(frozen=True, eq=False)
class Batch(Tokens):
    """The tokens of several cleaned texts.

    Parameters
    ----------
    parts : list of Reading
    """

    parts: list[Reading]

    @property
    def texts(self) -> Sequence[Reading]:
        """The texts, each by itself."""
        return self.parts

    def original_span(self, start: int, end: int) -> tuple[int, int]:
        """Return the half-open character range of the tokens ``[start, end)`` in the original of their text."""
        text = self.text_of(start)
        first = self.firsts[text]
        return self.parts[text].original_span(start - first, end - first)


class Finder(Generic[Key]):
    """A cue matcher that looks only at the sentences of a reading that hold the key of a cue.

    Parameters
    ----------
    matcher : CueMatcher

    Examples
    --------
    >>> import spacy
    >>> from smokkel_nlp.cues import parse_cue
    >>> nlp = spacy.blank("nl")
    >>> finder = Finder(CueMatcher([("papers", parse_cue("paspoort* & afgenomen"))]))
    >>> [(match.key, match.start, match.end) for match in finder(read(nlp("Paspoort werd afgenomen."), nlp.tokenizer))]
    [('papers', 0, 3)]
    """

    def __init__(self, matcher: CueMatcher[Key]) -> None:
        self._matcher, self._table = matcher, CueTable(matcher)
        self._keys = Table(lambda orth, lower: matcher.is_key(lower), np.bool_)
        self._fits = Table(lambda orth, lower: bool(matcher.slots_of(lower)), np.bool_)
        self._slots = Table(lambda orth, lower: tuple(matcher.slots_of(lower)), object)

    def __call__(self, reading: Tokens, bounds: NDArray[np.int64] | None = None) -> list[Match[Key]]:
        """Return the matches of texts in order, none reaching over the end of a sentence, or over other bounds that are given."""
        keys = np.flatnonzero(reading.look_up(self._keys))
        if not len(keys):
            return []
        bounds = reading.sentence_bounds if bounds is None else bounds
        # Most words fit no slot, and most sentences hold no key: only words that fit, in sentences with a key, are looked at.
        wanted = distinct(np.searchsorted(bounds, keys, side="right") - 1)
        tokens = np.flatnonzero(reading.look_up(self._fits))
        sentences = np.searchsorted(bounds, tokens, side="right") - 1
        rows = np.minimum(np.searchsorted(wanted, sentences), len(wanted) - 1)
        kept = wanted[rows] == sentences
        tokens, rows = tokens[kept], rows[kept]
        found: list[Match[Key]] = []
        for first in range(0, len(wanted), _ROWS):
            part = slice(*np.searchsorted(rows, (first, first + _ROWS)))
            found += self._among(reading, tokens[part], rows[part] - first, bounds[wanted[first : first + _ROWS, None] + (0, 1)].tolist())
        return found

    def _among(
        self, reading: Tokens, tokens: NDArray[np.int64], rows: NDArray[np.int64], sentences: Sequence[Sequence[int]]
    ) -> list[Match[Key]]:
        """Return the matches in sentences, given the tokens that fit a slot and the sentence of each."""
        fitting = self._slots(reading.words, reading.numbers[tokens]).tolist()
        sizes = np.fromiter(map(len, fitting), np.int64, len(fitting))
        slots = np.fromiter(chain.from_iterable(fitting), np.int64, int(sizes.sum()))
        tokens, rows = np.repeat(tokens, sizes), np.repeat(rows, sizes)
        within, cues, asked = self._table(rows, slots)
        places: list[Places] = [{} for _ in sentences]
        for row, token, slot in zip(rows[asked].tolist(), tokens[asked].tolist(), slots[asked].tolist(), strict=True):
            places[row].setdefault(slot, {})[token] = None
        found: list[Match[Key]] = []
        for row, pairs in groupby(zip(within.tolist(), cues.tolist(), strict=True), key=itemgetter(0)):
            found += self._matcher.among((cue for _, cue in pairs), places[row], *sentences[row])
        return found


class _Last(threading.local):
    """The texts that a thread is working on, so that the components of one pipeline share them."""

    def __init__(self) -> None:
        self.docs: Sequence[Doc] = ()
        self.tokens: Tokens | None = None
        self.readings: dict[int, tuple[Doc, Reading]] = {}


_last = _Last()


def read(doc: Doc, tokenizer: Tokenizer) -> Reading:
    r"""Read a Doc; the tokens of the Doc itself serve where cleaning changes nothing.

    Examples
    --------
    >>> import spacy
    >>> nlp = spacy.blank("nl")
    >>> read(nlp.make_doc("in een vracht-\nwagen"), nlp.tokenizer).lower
    ['in', 'een', 'vrachtwagen']
    """
    known, reading = _last.readings.get(id(doc), (None, None))
    if known is not doc or reading is None:
        (reading,) = read_all([doc], tokenizer).texts
    return reading


def read_all(docs: Sequence[Doc], tokenizer: Tokenizer) -> Tokens:
    """Read Docs as one.

    Examples
    --------
    >>> import spacy
    >>> nlp = spacy.blank("nl")
    >>> read_all([nlp("Hij reed weg. Zij bleef"), nlp("Niets")], nlp.tokenizer).sentence_bounds.tolist()
    [0, 4, 6, 7]
    """
    if _last.tokens is not None and len(docs) == len(_last.docs) and all(map(operator.is_, docs, _last.docs)):
        return _last.tokens
    words = lexicon()
    cleaned, written = zip(*(_clean(doc, words, tokenizer) for doc in docs), strict=True)
    codes = np.concatenate(written)
    numbers = codes >> 1
    sizes = _LENGTH(words, numbers)
    edges = np.cumsum([0, *map(len, written)])
    ends = np.cumsum(sizes + (codes & 1))
    starts = np.concatenate([[0], ends])[: len(ends)]
    if len(docs) > 1:
        starts = starts - np.repeat(np.append(starts, 0)[edges[:-1]], np.diff(edges))
    ends = starts + sizes
    texts = []
    for clean, (first, last) in zip(cleaned, pairwise(edges.tolist()), strict=True):
        part = slice(first, last)
        texts.append(Reading(words, numbers[part], starts[part], ends[part], np.array([0, last - first]), clean))
    _last.docs, _last.tokens = docs, texts[0] if len(texts) == 1 else Batch(words, numbers, starts, ends, edges, texts)
    _last.readings = {id(doc): (doc, text) for doc, text in zip(docs, texts, strict=True)}
    return _last.tokens


def _clean(doc: Doc, words: Lexicon, tokenizer: Tokenizer) -> tuple[CleanText, NDArray[np.int64]]:
    """Clean the text of a Doc; also returns its tokens as codes of the lexicon."""
    rows = doc.to_array([ORTH, SPACY])
    codes = 2 * words.numbers(rows[:, 0], doc.vocab.strings) + rows[:, 1].astype(np.int64)
    # As ``doc.text``, which spaCy puts together several times as slowly.
    clean = clean_text("".join(map(words.written.__getitem__, codes.tolist())))
    return clean, codes if clean.unchanged else np.array(words.codes(clean.text, tokenizer), dtype=np.int64)


def forget() -> None:
    """Let go of the texts read last; the last component of the pipeline calls it."""
    _last.docs, _last.tokens, _last.readings = (), None, {}


@contextmanager
def _without_collection() -> Iterator[None]:
    """Hold Python's collection of cyclic garbage while a batch is worked on.

    A batch makes many objects at once and hardly a cycle, and every collection that they set off goes through all that the model holds.
    It holds for the whole process: of batches in several threads the first that ends lets collection go on.
    """
    held = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if held:
            gc.enable()


class Batched:
    """A component that reads several Docs at once."""

    def run(self, docs: Sequence[Doc]) -> None:
        """Work on Docs."""
        raise NotImplementedError

    def __call__(self, doc: Doc) -> Doc:
        """Work on a Doc."""
        with _without_collection():
            self.run([doc])
        return doc

    def pipe(self, stream: Iterable[Doc], *, batch_size: int = 1000) -> Iterator[Doc]:
        """Work on a stream of Docs."""
        for docs in batches(stream, batch_size):
            with _without_collection():
                self.run(docs)
            yield from docs


def batches(docs: Iterable[Doc], size: int) -> Iterator[list[Doc]]:
    """Yield Docs in lists, a list of as many as are read at once: at most ``size`` Docs, and no more once they hold enough tokens."""
    batch: list[Doc] = []
    tokens = 0
    for doc in docs:
        batch.append(doc)
        tokens += len(doc)
        if tokens >= _ENOUGH or len(batch) >= size:
            yield batch
            batch, tokens = [], 0
    if batch:
        yield batch
