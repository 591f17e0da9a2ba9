"""Distinct words, numbered as they are met, so that what is worked out once for a word is read for a text in one look-up.

A :class:`Table` holds a value for each word of the lexicon and fills itself as the lexicon grows; indexing it with the numbers of a
text is one step in numpy, whatever its length.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from spacy.attrs import ORTH, SPACY
from spacy.strings import StringStore
from spacy.tokenizer import Tokenizer

from smokkel_nlp.ragged import ranges
from smokkel_nlp.text import plain_word

# So many words and stretches between blanks are kept; with all that is worked out for a word that is some hundred megabytes at most.
_LIMIT = 60_000
_TOKENIZERS = 4
_LOCK = threading.RLock()
# A word with the space behind it, or blanks that are tokens.
_CHUNK = re.compile(r"\S+ ?|\s+")


class Lexicon:
    """The word forms met so far.

    Attributes
    ----------
    orth : list of str
        The forms as written, by number.
    lower : list of str
        The same in lower case, disguised letters undone.
    written : list of str
        The forms as they stand in a text, by code: twice the number, and one more where a space follows.
    """

    def __init__(self) -> None:
        self.orth: list[str] = []
        self.lower: list[str] = []
        self.written: list[str] = []
        self._numbers: dict[int, int] = {}
        self._chunks: dict[Tokenizer, dict[str, tuple[int, ...]]] = {}

    def __len__(self) -> int:
        return len(self.orth)

    def numbers(self, hashes: NDArray[Any], strings: StringStore) -> NDArray[np.int64]:
        """Return the numbers of words given by spaCy's hashes, shape (n_tokens,); new words get the next ones."""
        keys = hashes.tolist()
        try:
            return np.fromiter(map(self._numbers.__getitem__, keys), np.int64, len(keys))
        except KeyError:
            with _LOCK:
                return np.fromiter((self._number(key, strings) for key in keys), np.int64, len(keys))

    def codes(self, text: str, tokenizer: Tokenizer) -> list[int]:
        """Return the codes (see ``written``) of the tokens of a text.

        What stands between blanks is tokenized once: spaCy cuts a text at blanks before all else, and a text read twice, as it came and
        cleaned, holds the same words. A special case that is added to a tokenizer later is not seen for words already kept.

        Examples
        --------
        >>> import spacy
        >>> words = Lexicon()
        >>> codes = words.codes("naar zee, en terug", spacy.blank("nl").tokenizer)
        >>> [words.written[code] for code in codes]
        ['naar ', 'zee', ', ', 'en ', 'terug']
        """
        known = self._chunks.get(tokenizer)
        if known is None:
            with _LOCK:
                while len(self._chunks) >= _TOKENIZERS:  # a tokenizer that is held here outlives its pipeline
                    self._chunks.pop(next(iter(self._chunks)), None)
                known = self._chunks.setdefault(tokenizer, {})
        found: list[int] = []
        for chunk in _CHUNK.findall(text):
            codes = known.get(chunk)
            if codes is None:
                rows = tokenizer(chunk).to_array([ORTH, SPACY])
                codes = tuple((2 * self.numbers(rows[:, 0], tokenizer.vocab.strings) + rows[:, 1].astype(np.int64)).tolist())
                if len(known) > _LIMIT:
                    known.clear()
                known[chunk] = codes
            found += codes
        return found

    def _number(self, key: int, strings: StringStore) -> int:
        number = self._numbers.get(key)
        if number is None:
            form = strings[key]
            number = len(self.orth)
            self.lower.append(plain_word(form.lower()))
            self.written += (form, form + " ")
            self.orth.append(form)
            self._numbers[key] = number
        return number


_current = Lexicon()


def lexicon() -> Lexicon:
    """Return the lexicon of this process; a new one is begun when the old one is full, so that memory has a bound."""
    global _current
    if len(_current) > _LIMIT:
        _current = Lexicon()
    return _current


class Table:
    """A value for each word of a lexicon.

    Parameters
    ----------
    compute : callable
        Takes a word as written and in lower case, returns its value: a number, a row of numbers, or any object.
    dtype : numpy dtype
        Type of the values.
    width : int, optional
        Length of a row, where the value is one.

    Examples
    --------
    >>> import spacy
    >>> nlp, words = spacy.blank("nl"), lexicon()
    >>> doc = nlp("De boot en de kade")
    >>> numbers = words.numbers(doc.to_array("ORTH"), nlp.vocab.strings)
    >>> Table(lambda orth, lower: len(lower), np.int64)(words, numbers).tolist()
    [2, 4, 2, 2, 4]
    """

    def __init__(self, compute: Callable[[str, str], Any], dtype: Any, width: int | None = None) -> None:
        self._compute, self._dtype, self._width = compute, dtype, width
        # Read and replaced as one, so that a thread never looks up words of one lexicon in the values of another.
        self._state: tuple[Lexicon | None, int, NDArray[Any]] = (None, 0, self._empty(0))

    def _empty(self, size: int) -> NDArray[Any]:
        return np.zeros(size if self._width is None else (size, self._width), dtype=self._dtype)

    def __call__(self, words: Lexicon, numbers: NDArray[np.int64]) -> NDArray[Any]:
        """Return the values of words given by their numbers, shape (n_tokens,) or (n_tokens, width)."""
        return np.asarray(self.values(words)[numbers])

    def values(self, words: Lexicon) -> NDArray[Any]:
        """Return the values of all words of a lexicon by number; places behind the last word are empty."""
        known, filled, values = self._state
        if known is not words or filled < len(words):
            with _LOCK:
                values = self._fill(words)
        return values

    def _fill(self, words: Lexicon) -> NDArray[Any]:
        known, filled, values = self._state
        if known is not words:
            filled, values = 0, self._empty(0)
        size = len(words)
        if size > len(values):
            grown = self._empty(max(2 * size, 4096))
            grown[:filled] = values[:filled]
            values = grown
        for number in range(filled, size):
            values[number] = self._compute(words.orth[number], words.lower[number])
        self._state = (words, size, values)
        return values


class Runs:
    """A run of numbers for each word of a lexicon, of any length; the runs of all words lie in one array.

    Parameters
    ----------
    compute : callable
        Takes a word as written and in lower case, returns its numbers.

    Examples
    --------
    >>> import spacy
    >>> nlp, words = spacy.blank("nl"), lexicon()
    >>> numbers = words.numbers(nlp("zee en zee").to_array("ORTH"), nlp.vocab.strings)
    >>> values, sizes = Runs(lambda orth, lower: range(len(lower)))(words, numbers)
    >>> values.tolist(), sizes.tolist()
    ([0, 1, 2, 0, 1, 0, 1, 2], [3, 2, 3])
    """

    def __init__(self, compute: Callable[[str, str], Iterable[int]]) -> None:
        self._compute = compute
        self._state: tuple[Lexicon | None, NDArray[np.int64], NDArray[np.int32]] = (None, np.zeros(1, np.int64), np.zeros(0, np.int32))

    def __call__(self, words: Lexicon, numbers: NDArray[np.int64]) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
        """Return the runs of words given by their numbers, one after another, and how long each is."""
        known, edges, values = self._state
        if known is not words or len(edges) <= len(words):
            with _LOCK:
                edges, values = self._fill(words)
        starts = edges[numbers]
        sizes = edges[numbers + 1] - starts
        return values[ranges(starts, sizes)], sizes

    def _fill(self, words: Lexicon) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
        known, edges, values = self._state
        if known is not words:
            edges, values = np.zeros(1, np.int64), np.zeros(0, np.int32)
        new = [np.fromiter(self._compute(words.orth[n], words.lower[n]), np.int32) for n in range(len(edges) - 1, len(words))]
        if new:
            edges = np.concatenate([edges, edges[-1] + np.cumsum([len(run) for run in new])])
            values = np.concatenate([values, *new])
        self._state = (words, edges, values)
        return edges, values
