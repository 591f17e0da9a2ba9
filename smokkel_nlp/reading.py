"""A Doc as the components read it: cleaned, in tokens, in sentences, with the way back to the original text."""

from __future__ import annotations

import threading
from bisect import bisect_left, bisect_right
from collections.abc import Hashable
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray
from spacy.attrs import IDX, LENGTH, ORTH, SPACY
from spacy.tokenizer import Tokenizer
from spacy.tokens import Doc

from smokkel_nlp.cues import CueMatcher, Match, Places
from smokkel_nlp.lexicon import Lexicon, Table, lexicon
from smokkel_nlp.text import ENDS, OPEN, STOP, CleanText, break_kind, clean_text

Key = TypeVar("Key", bound=Hashable)
_BREAKS = Table(lambda orth, lower: break_kind(orth), np.int8)


@dataclass(frozen=True)
class Reading:
    """The tokens of a cleaned text.

    Parameters
    ----------
    clean : CleanText
        The cleaned text with its map to the original.
    words : Lexicon
        What the numbers stand for.
    numbers : array of int, shape (n_tokens,)
        The tokens as numbers of the lexicon.
    starts, ends : array of int, shape (n_tokens,)
        Half-open character offsets of the tokens in the cleaned text.
    memo : dict
        What one component worked out for another one to use, by name.
    """

    clean: CleanText
    words: Lexicon
    numbers: NDArray[np.int64]
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    memo: dict[str, Any] = field(default_factory=dict, repr=False)

    def __len__(self) -> int:
        return len(self.numbers)

    def look_up(self, table: Table) -> NDArray[np.generic]:
        """Return the values that a table holds for the tokens."""
        return table(self.words, self.numbers)

    @cached_property
    def lower(self) -> list[str]:
        """Lower-case tokens."""
        forms = self.words.lower
        return [forms[number] for number in self.numbers.tolist()]

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
        kinds = np.asarray(self.look_up(_BREAKS), dtype=np.int8)
        ends = (kinds & ENDS) > 0
        stops = np.flatnonzero(kinds & STOP)
        ends[stops] = (stops == 0) | ((kinds[stops - 1] & OPEN) == 0)
        bounds = np.flatnonzero(ends) + 1
        last = [len(kinds)] if len(kinds) and (not len(bounds) or bounds[-1] != len(kinds)) else []
        return np.concatenate([[0], bounds, last]).astype(np.int64) if len(kinds) else np.zeros(1, dtype=np.int64)

    @cached_property
    def sentence_ends(self) -> list[int]:
        """Half-open token ends of the sentences."""
        return list(map(int, self.sentence_bounds[1:]))

    @cached_property
    def sentences(self) -> list[tuple[int, int]]:
        """Half-open token ranges of the sentences."""
        bounds = self.sentence_bounds.tolist()
        return list(pairwise(bounds))

    def sentence_of(self, token: int) -> int:
        """Return the index of the sentence that holds a token."""
        return bisect_right(self.sentence_ends, token)

    @cached_property
    def _origins(self) -> list[int]:
        """Where each token starts in the original text."""
        return [self.clean.to_original(int(start), int(end))[0] for start, end in zip(self.starts, self.ends, strict=True)]

    def tokens_of(self, start: int, end: int) -> tuple[int, int]:
        """Return the half-open token range of a character range in the original text; at least one token."""
        first = max(bisect_right(self._origins, start) - 1, 0)
        return first, max(bisect_left(self._origins, end), first + 1)

    def original_span(self, start: int, end: int) -> tuple[int, int]:
        """Return the half-open character range in the original text of the tokens ``[start, end)``."""
        return self.clean.to_original(int(self.starts[start]), int(self.ends[end - 1]))


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
        self._matcher = matcher
        self._keys = Table(lambda orth, lower: matcher.is_key(lower), np.bool_)
        self._fits = Table(lambda orth, lower: bool(matcher.slots_of(lower)), np.bool_)
        self._slots = Table(lambda orth, lower: tuple(matcher.slots_of(lower)), object)

    def __call__(self, reading: Reading) -> list[Match[Key]]:
        """Return the matches of a text in order, none reaching over the end of a sentence."""
        keys = np.flatnonzero(reading.look_up(self._keys))
        if not len(keys):
            return []
        bounds = reading.sentence_bounds
        wanted = np.zeros(len(bounds) - 1, dtype=bool)
        wanted[np.searchsorted(bounds, keys, side="right") - 1] = True
        # Most words fit no slot: only those that do are walked over, sentence by sentence.
        tokens = np.flatnonzero(reading.look_up(self._fits))
        sentences = np.searchsorted(bounds, tokens, side="right") - 1
        kept = wanted[sentences]
        tokens, sentences = tokens[kept], sentences[kept]
        slots = self._slots(reading.words, reading.numbers[tokens])
        found: list[Match[Key]] = []
        places: Places = {}
        current = -1
        for token, sentence, numbers in zip(tokens.tolist(), sentences.tolist(), slots.tolist(), strict=True):
            if sentence != current:
                if places:
                    found += self._matcher.among(places, *reading.sentences[current])
                places, current = {}, sentence
            for number in numbers:
                places.setdefault(number, {})[token] = None
        return found + self._matcher.among(places, *reading.sentences[current]) if places else found


class _Last(threading.local):
    """The reading of the Doc that a thread is working on, so that the components of one pipeline share it."""

    doc: Doc | None = None
    reading: Reading | None = None


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
    if _last.doc is doc and _last.reading is not None:
        return _last.reading
    words = lexicon()
    rows = doc.to_array([ORTH, SPACY, IDX, LENGTH])
    numbers = words.numbers(rows[:, 0], doc.vocab.strings)
    clean = clean_text(_text(words, numbers, rows[:, 1]))
    if not clean.unchanged:
        shadow = tokenizer(clean.text)
        rows = shadow.to_array([ORTH, SPACY, IDX, LENGTH])
        numbers = words.numbers(rows[:, 0], shadow.vocab.strings)
    starts = rows[:, 2].astype(np.int64)
    _last.doc, _last.reading = doc, Reading(clean, words, numbers, starts, starts + rows[:, 3].astype(np.int64))
    return _last.reading


def _text(words: Lexicon, numbers: NDArray[np.int64], spaces: NDArray[np.generic]) -> str:
    """Return ``doc.text``, which spaCy puts together five times as slowly."""
    forms = words.orth
    return "".join(
        [forms[number] + " " if space else forms[number] for number, space in zip(numbers.tolist(), spaces.tolist(), strict=True)]
    )


def forget() -> None:
    """Let go of the text read last; the last component of the pipeline calls it."""
    _last.doc = _last.reading = None
