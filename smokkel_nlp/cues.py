"""The cue language: one line of text -> a pattern over lower-case tokens.

``paspoort*/id-kaart* ... afgenomen`` reads: a token that starts with *paspoort* or *id-kaart*, then within five tokens
*afgenomen*. ``x & y`` asks for both, in either order and close together, in one sentence. A cue is data; nothing here
knows spaCy: a matcher walks over plain lists of lower-case words.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Generic, NamedTuple, TypeVar

GAP = "..."
MAX_GAP = 5
MAX_APART = 10
_WORD = re.compile(r"^(?:\*?[^\s*&/]+\*?)(?:/\*?[^\s*&/]+\*?)*$")
_CACHE_SIZE = 100_000

Key = TypeVar("Key", bound=Hashable)


class Slot(NamedTuple):
    """One token position: the words it accepts and how many tokens may stand before it."""

    alternatives: tuple[str, ...]
    gap: int

    def accepts(self, word: str) -> bool:
        """Tell whether a lower-case word fits.

        Examples
        --------
        >>> Slot(("paspoort*",), 0).accepts("paspoorten")
        True
        """
        return any(fits(alternative, word) for alternative in self.alternatives)


@dataclass(frozen=True)
class Cue:
    """A parsed cue: its text and its parts, each a sequence of slots; all parts must be there.

    Examples
    --------
    >>> [len(part) for part in parse_cue("valse paspoort* & bij/aan de grens").parts]
    [2, 3]
    """

    text: str
    parts: tuple[tuple[Slot, ...], ...]


def fits(pattern: str, word: str) -> bool:
    """Tell whether a lower-case word fits one alternative of a slot."""
    if pattern.endswith("*"):
        stem = pattern[:-1]
        return stem[1:] in word if stem.startswith("*") else word.startswith(stem)
    return word.endswith(pattern[1:]) if pattern.startswith("*") else word == pattern


def _parse_part(text: str) -> tuple[Slot, ...]:
    slots: list[Slot] = []
    gap = 0
    for token in text.split():
        if token == GAP:
            if not slots or gap:
                raise ValueError("a gap '...' must stand between two words")
            gap = MAX_GAP
            continue
        if not _WORD.match(token):
            raise ValueError(f"'{token}' is not a word, a/b alternatives or word*")
        for word in token.split("/"):
            if "*" in word and len(word.strip("*")) < 3:
                raise ValueError(f"'{word}' is too short for a '*'; give three letters or more")
        slots.append(Slot(tuple(token.split("/")), gap))
        gap = 0
    if not slots or gap:
        raise ValueError("a cue needs a word, and cannot end with a gap")
    return tuple(slots)


@lru_cache(maxsize=8192)
def parse_cue(text: str) -> Cue:
    """Parse one cue.

    Raises
    ------
    ValueError
        If the cue is empty, starts or ends with a gap, or holds a malformed word.

    Examples
    --------
    >>> parse_cue("valse/vervalste paspoort*").parts[0][0].alternatives
    ('valse', 'vervalste')
    """
    return Cue(text, tuple(_parse_part(part) for part in text.lower().split("&")))


class Match(NamedTuple, Generic[Key]):
    """A cue found: the key it was filed under, the cue, and half-open token positions."""

    key: Key
    cue: Cue
    start: int
    end: int


class CueMatcher(Generic[Key]):
    """Find many cues in token lists.

    Cost per token is one dictionary look-up: which cues a word can begin is worked out once per distinct word.

    Parameters
    ----------
    cues : iterable of (key, Cue)
        What to look for, and under which key to report it.

    Examples
    --------
    >>> matcher = CueMatcher([("papers", parse_cue("paspoort* & afgepakt/afgenomen"))])
    >>> words = "hij heeft haar paspoort en telefoon afgenomen".split()
    >>> [(match.key, match.start, match.end) for match in matcher(words)]
    [('papers', 3, 7)]
    """

    def __init__(self, cues: Iterable[tuple[Key, Cue]]) -> None:
        self._cues = list(cues)
        self._exact: dict[str, list[int]] = {}
        self._prefix: dict[str, list[tuple[str, int]]] = {}
        self._other: list[tuple[str, int]] = []
        for index, (_, cue) in enumerate(self._cues):
            for word in cue.parts[0][0].alternatives:
                if "*" not in word:
                    self._exact.setdefault(word, []).append(index)
                elif word.startswith("*"):
                    self._other.append((word, index))
                else:
                    self._prefix.setdefault(word[:3], []).append((word, index))
        self._anchored: dict[str, tuple[int, ...]] = {}

    def _anchors(self, word: str) -> tuple[int, ...]:
        found = self._anchored.get(word)
        if found is None:
            indices = set(self._exact.get(word, ()))
            indices.update(i for pattern, i in self._prefix.get(word[:3], ()) if fits(pattern, word))
            indices.update(i for pattern, i in self._other if fits(pattern, word))
            if len(self._anchored) >= _CACHE_SIZE:
                self._anchored.clear()
            found = self._anchored[word] = tuple(sorted(indices))
        return found

    def __call__(self, words: Sequence[str], start: int = 0, end: int | None = None) -> list[Match[Key]]:
        """Return the matches that begin in ``words[start:end]``, in order, none reaching outside it."""
        stop = len(words) if end is None else end
        matches = []
        for position in range(start, stop):
            for index in self._anchors(words[position]):
                key, cue = self._cues[index]
                span = _match(cue, words, position, start, stop)
                if span:
                    matches.append(Match(key, cue, *span))
        return matches


def _match(cue: Cue, words: Sequence[str], position: int, start: int, stop: int) -> tuple[int, int] | None:
    last = _part_end(cue.parts[0], words, position, stop)
    if last is None:
        return None
    first = position
    for part in cue.parts[1:]:
        span = _nearest(part, words, first, last, start, stop)
        if span is None:
            return None
        first, last = min(first, span[0]), max(last, span[1])
    return first, last


def _part_end(part: tuple[Slot, ...], words: Sequence[str], position: int, stop: int) -> int | None:
    """Return the position after the last slot of a part that begins at ``position``."""
    if not part[0].accepts(words[position]):
        return None
    for slot in part[1:]:
        for candidate in range(position + 1, min(position + slot.gap + 2, stop)):
            if slot.accepts(words[candidate]):
                position = candidate
                break
        else:
            return None
    return position + 1


def _nearest(part: tuple[Slot, ...], words: Sequence[str], first: int, last: int, start: int, stop: int) -> tuple[int, int] | None:
    """Find a part near the tokens ``[first, last)``, nearest first, after before before."""
    for distance in range(MAX_APART + 1):
        for candidate in (last + distance, first - 1 - distance):
            if start <= candidate < stop:
                end = _part_end(part, words, candidate, stop)
                if end is not None and (candidate >= last or end <= first):
                    return candidate, end
    return None
