"""What a text says once names are taken out: the words a decision may rest on.

Origins, religions and words of sex are masked (``masks.toml``); words written with a capital inside a sentence are names; nothing inside
the name of an organisation, committee or act counts (``names.toml``).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

from smokkel_nlp.cues import Cue, CueMatcher
from smokkel_nlp.lexicon import Table
from smokkel_nlp.masks import load_masks
from smokkel_nlp.reading import Finder, Tokens
from smokkel_nlp.taxonomy import parse_cues, read_toml, resource, take

_MASKED = Table(lambda orth, lower: load_masks()(lower), object)
_WORD = Table(lambda orth, lower: load_masks()(lower) is not None, np.bool_)
_CAPITAL = Table(lambda orth, lower: orth[:1].isupper() and not orth.isupper(), np.bool_)
# After these a capital says nothing.
_OPENS = Table(lambda orth, lower: not orth[-1:].isalnum() and orth not in (",", "-", "(", "/", "["), np.bool_)


def shipped_names() -> list[tuple[str, Cue]]:
    """Return the names to leave alone of ``names.toml``, each under the key of its list."""
    data = read_toml(resource("names.toml"))
    return [(key, cue) for key in data for cue in parse_cues(take(data, key, list, "names.toml"), "names.toml")]


@lru_cache(maxsize=1)
def load_names() -> Finder[str]:
    """Compile ``names.toml``."""
    return Finder(CueMatcher(shipped_names()))


@dataclass(frozen=True)
class Content:
    """A reading without its names.

    Parameters
    ----------
    reading : Tokens
        Of one text, or of several.
    """

    reading: Tokens

    @classmethod
    def of(cls, reading: Tokens) -> Content:
        """Return the content of a reading, worked out once."""
        found: Content = reading.memo.setdefault("content", cls(reading))
        return found

    @cached_property
    def organisations(self) -> list[tuple[int, int]]:
        """Token ranges of names that hold label words."""
        return [(match.start, match.end) for match in load_names()(self.reading)]

    @cached_property
    def in_organisation(self) -> NDArray[np.bool_]:
        """Whether a token stands in one of them, shape (n_tokens,)."""
        inside = np.zeros(len(self.reading), dtype=bool)
        for start, end in self.organisations:
            inside[start:end] = True
        return inside

    @cached_property
    def capital(self) -> NDArray[np.bool_]:
        """Whether a token is written as a name: with a capital where nothing opens, shape (n_tokens,)."""
        capital = np.asarray(self.reading.look_up(_CAPITAL), dtype=bool)
        opens = np.asarray(self.reading.look_up(_OPENS), dtype=bool)
        before = np.concatenate([[True], opens[:-1]])[: len(capital)]
        return np.asarray(capital & ~(before | self.reading.opens))

    @cached_property
    def masked(self) -> NDArray[np.object_]:
        """The words that tokens count as, None where for nothing, names of persons and places not yet taken out."""
        return np.asarray(self.reading.look_up(_MASKED), dtype=object)

    @cached_property
    def words(self) -> list[str | None]:
        """The words that tokens count as, None where masked or part of a name."""
        words = self.masked.copy()
        words[~self.counted] = None
        return list(words)

    @cached_property
    def counted(self) -> NDArray[np.bool_]:
        """Whether a token counts as a word, shape (n_tokens,)."""
        return np.asarray(self.reading.look_up(_WORD), dtype=bool) & ~(self.capital | self.in_organisation)

    @cached_property
    def named(self) -> frozenset[str]:
        """The words that are written as names."""
        return frozenset(word for word in self.masked[self.capital] if word is not None)
