"""The cue language: one line of text -> a pattern over lower-case tokens.

``paspoort*/id-kaart* ... afgenomen`` reads: a token that starts with *paspoort* or *id-kaart*, then within five tokens
*afgenomen*. ``spreekt ~ vrij`` lets the rest of the sentence stand between, as Dutch does with the parts of a verb. ``x & y`` asks for
both, in either order and close together, in one sentence. A cue is data; nothing here knows spaCy: a matcher walks over plain lists of
lower-case words.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Generic, NamedTuple, TypeVar

# How many tokens may stand in a gap. A limit on the wide one keeps cost linear in a text without sentence ends.
GAPS = {"...": 5, "~": 60}
MAX_APART = 10
SHORTEST = 3
"""Letters that a word with a ``*`` has at least."""
_WORD = re.compile(r"^(?:\*?[^\s*&/]+\*?)(?:/\*?[^\s*&/]+\*?)*$")
_CACHE_SIZE = 20_000

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
        if token in GAPS:
            if not slots or gap:
                raise ValueError(f"a gap '{token}' must stand between two words")
            gap = GAPS[token]
            continue
        if not _WORD.match(token):
            raise ValueError(f"'{token}' is not a word, a/b alternatives or word*")
        for word in token.split("/"):
            if "*" in word and len(word.strip("*")) < SHORTEST:
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


# A slot by number, and how many tokens may stand before it.
_Step = tuple[int, int]
# For each slot the positions of the words that fit it; a dictionary keeps their order and finds one at once.
Places = dict[int, dict[int, None]]


class CueMatcher(Generic[Key]):
    """Find many cues in token lists.

    Which slots a word fits is worked out once per distinct word. Of each cue one slot is its key, the one with the longest words, since
    those are rare; a sentence that holds no key of a cue, or lacks another of its slots, is not looked at for it. So cost hardly
    grows with the number of cues.

    Parameters
    ----------
    cues : iterable of (key, Cue)
        What to look for, and under which key to report it.

    Attributes
    ----------
    needs : list of frozenset of int
        The slots of each cue, by number.
    by_key : dict of int to list of int
        The cues of which a slot is the key.
    n_slots : int

    Examples
    --------
    >>> matcher = CueMatcher([("papers", parse_cue("paspoort* & afgepakt/afgenomen"))])
    >>> words = "hij heeft haar paspoort en telefoon afgenomen".split()
    >>> [(match.key, match.start, match.end) for match in matcher(words)]
    [('papers', 3, 7)]
    """

    def __init__(self, cues: Iterable[tuple[Key, Cue]]) -> None:
        self._cues = list(cues)
        numbers: dict[tuple[str, ...], int] = {}
        self._parts: list[tuple[tuple[_Step, ...], ...]] = []
        self.needs: list[frozenset[int]] = []
        self.by_key: dict[int, list[int]] = {}
        for index, (_, cue) in enumerate(self._cues):
            parts = tuple(tuple((numbers.setdefault(slot.alternatives, len(numbers)), slot.gap) for slot in part) for part in cue.parts)
            self._parts.append(parts)
            self.needs.append(frozenset(number for part in parts for number, _ in part))
            slots = {numbers[slot.alternatives]: slot for part in cue.parts for slot in part}
            key = max(slots, key=lambda number: (min(len(word.strip("*")) for word in slots[number].alternatives), -number))
            self.by_key.setdefault(key, []).append(index)
        self.n_slots = len(numbers)
        self._exact: dict[str, list[int]] = {}
        self._begins: dict[str, list[int]] = {}
        self._ends: dict[str, list[int]] = {}
        self._inside: dict[str, list[tuple[str, int]]] = {}  # by the first letters
        for alternatives, number in numbers.items():
            for word in alternatives:
                stem = word.strip("*")
                if word.startswith("*") and word.endswith("*"):
                    self._inside.setdefault(stem[:SHORTEST], []).append((stem, number))
                else:
                    kind = self._ends if word.startswith("*") else self._begins if word.endswith("*") else self._exact
                    kind.setdefault(stem, []).append(number)
        self._longest = max(map(len, (*self._begins, *self._ends)), default=0)  # a word may be a whole text
        self._known: dict[str, frozenset[int]] = {}
        self._sets: dict[frozenset[int], frozenset[int]] = {}

    def slots_of(self, word: str) -> frozenset[int]:
        """Return the numbers of the slots that a lower-case word fits."""
        found = self._known.get(word)
        if found is None:
            numbers = self._look_up(word)
            if len(self._known) >= _CACHE_SIZE:
                self._known.clear()
                self._sets.clear()
            # One set serves all words that fit the same slots: the collector of garbage walks over every set there is.
            found = frozenset(numbers)
            found = self._known[word] = self._sets.setdefault(found, found)
        return found

    def _look_up(self, word: str) -> set[int]:
        """Return the slots that a word fits, found by the parts of the word, so that the number of patterns costs nothing."""
        numbers, lengths = set(self._exact.get(word, ())), range(SHORTEST, min(len(word), self._longest) + 1)
        for length in lengths:
            if begun := self._begins.get(word[:length]):
                numbers.update(begun)
        if self._ends:
            for length in lengths:
                numbers.update(self._ends.get(word[-length:], ()))
        if self._inside:
            for start in range(len(word) - SHORTEST + 1):
                if stems := self._inside.get(word[start : start + SHORTEST]):
                    numbers.update(number for stem, number in stems if word.startswith(stem, start))
        return numbers

    def is_key(self, word: str) -> bool:
        """Tell whether a lower-case word is the key of a cue: a stretch of text without one holds no match."""
        return not self.by_key.keys().isdisjoint(self.slots_of(word))

    def __call__(self, words: Sequence[str], start: int = 0, end: int | None = None) -> list[Match[Key]]:
        """Return the matches that begin in ``words[start:end]``, in order, none reaching outside it."""
        stop = len(words) if end is None else end
        places: Places = {}
        for position in range(start, stop):
            for number in self.slots_of(words[position]):
                places.setdefault(number, {})[position] = None
        present = places.keys()
        cues = {index for number in present for index in self.by_key.get(number, ()) if self.needs[index] <= present}
        return self.among(cues, places, start, stop)

    def among(self, cues: Iterable[int], places: Places, start: int, stop: int) -> list[Match[Key]]:
        """Return the matches of some cues in a stretch of words that holds a word for each of their slots.

        Given for each slot the positions of the words that fit it, in order.
        """
        found = []
        for index in cues:
            parts = self._parts[index]
            if len(parts) == 1 and len(parts[0]) == 1:  # one word, as most cues are
                found += [(position, index, (position, position + 1)) for position in places[parts[0][0][0]]]
                continue
            for position in places[parts[0][0][0]]:
                if span := _match(parts, places, position, start, stop):
                    found.append((position, index, span))
        return [Match(*self._cues[index], first, last) for _, index, (first, last) in sorted(found)]


def _match(parts: Sequence[Sequence[_Step]], places: Places, position: int, start: int, stop: int) -> tuple[int, int] | None:
    last = _part_end(parts[0], places, position, stop)
    if last is None:
        return None
    first = position
    for part in parts[1:]:
        span = _nearest(part, places, first, last, start, stop)
        if span is None:
            return None
        first, last = min(first, span[0]), max(last, span[1])
    return first, last


def _part_end(part: Sequence[_Step], places: Places, position: int, stop: int) -> int | None:
    """Return the position after the last slot of a part that begins at ``position``."""
    if position not in places[part[0][0]]:
        return None
    for number, gap in part[1:]:
        fitting = places[number]
        for candidate in range(position + 1, min(position + gap + 2, stop)):
            if candidate in fitting:
                position = candidate
                break
        else:
            return None
    return position + 1


def _nearest(part: Sequence[_Step], places: Places, first: int, last: int, start: int, stop: int) -> tuple[int, int] | None:
    """Find a part near the tokens ``[first, last)``, nearest first, after before before."""
    for distance in range(MAX_APART + 1):
        for candidate in (last + distance, first - 1 - distance):
            if start <= candidate < stop:
                end = _part_end(part, places, candidate, stop)
                if end is not None and (candidate >= last or end <= first):
                    return candidate, end
    return None
