"""A Doc as the components read it: cleaned, in tokens, in sentences, with the way back to the original text."""

from __future__ import annotations

import threading
from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from spacy.attrs import IDX, LENGTH
from spacy.tokenizer import Tokenizer
from spacy.tokens import Doc

from smokkel_nlp.text import CleanText, clean_text, sentence_ends


@dataclass(frozen=True)
class Reading:
    """The tokens of a cleaned text.

    Parameters
    ----------
    clean : CleanText
        The cleaned text with its map to the original.
    lower : list of str
        Lower-case tokens.
    orth : list of str
        The same tokens, case as in the text.
    starts, ends : array of int
        Half-open character offsets of the tokens in the cleaned text.
    """

    clean: CleanText
    lower: list[str]
    orth: list[str]
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]

    @cached_property
    def sentence_ends(self) -> list[int]:
        """Half-open token ends of the sentences."""
        return sentence_ends(self.orth)

    @cached_property
    def sentences(self) -> list[tuple[int, int]]:
        """Half-open token ranges of the sentences."""
        return list(zip([0, *self.sentence_ends[:-1]], self.sentence_ends, strict=True)) if self.lower else []

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
    clean = clean_text(doc.text)
    shadow = doc if clean.unchanged else tokenizer(clean.text)
    starts, lengths = shadow.to_array([IDX, LENGTH]).T.astype(np.int64)
    lower, orth = [token.lower_ for token in shadow], [token.text for token in shadow]
    _last.doc, _last.reading = doc, Reading(clean, lower, orth, starts, starts + lengths)
    return _last.reading


def forget() -> None:
    """Let go of the text read last; the last component of the pipeline calls it."""
    _last.doc = _last.reading = None
