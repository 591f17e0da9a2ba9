"""What meets what: pairs of concepts in neighbouring sentences, and anywhere in a text.

A sum of words cannot tell persons in a boat with a rescuer from persons in a boat with a payment; which two things meet can. The concepts
are lists of words, so that a pair is known from few texts and in words that no text of the corpus has: what plays a part in cases of this
kind (``concepts.toml``), and the fields that nearly all words of content belong to (``fields.toml``), finer and wider. The former meet
each other, and so do the latter; a pair of one of each would say in other words what these say.
"""

from __future__ import annotations

import hashlib
import json
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Collection, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import chain, combinations, repeat
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from smokkel_nlp.ragged import Ints, ranges
from smokkel_nlp.taxonomy import read_toml, resource, take

Pair = tuple[int, int]
# Letters of the longest word.
_LONGEST = 50
FIELD = "veld."
# How many sentences lie near each other; None for those of the whole text.
REACHES = {"+": 2, "&": None}


@dataclass(frozen=True)
class Concepts:
    """Words by concept.

    Parameters
    ----------
    names : tuple of str
        The fields come last.
    words, starts, ends, insides : mapping of str to tuple of int
        Whole words, beginnings, endings and parts of words, each with the numbers of its concepts.
    """

    names: tuple[str, ...]
    words: Mapping[str, tuple[int, ...]]
    starts: Mapping[str, tuple[int, ...]]
    ends: Mapping[str, tuple[int, ...]]
    insides: Mapping[str, tuple[int, ...]]

    def __call__(self, word: str) -> list[int]:
        """Return the numbers of the concepts of a word in lower case, ascending; none of a string too long to be a word.

        Examples
        --------
        >>> concepts = load_concepts()
        >>> [concepts.names[number] for number in concepts("visumvrije")], concepts("tafel")
        (['verblijf', 'veld.verblijfsrecht'], [])
        """
        if len(word) > _LONGEST:
            return []
        found = set(self.words.get(word, ()))
        for length in range(2, len(word) + 1):
            found.update(self.starts.get(word[:length], ()))
            found.update(self.ends.get(word[-length:], ()))
        for length in self._inside_lengths:
            for start in range(len(word) - length + 1):
                found.update(self.insides.get(word[start : start + length], ()))
        return sorted(found)

    @cached_property
    def _inside_lengths(self) -> list[int]:
        return sorted({len(part) for part in self.insides})

    @cached_property
    def first_field(self) -> int:
        """The number of the first field."""
        return sum(not name.startswith(FIELD) for name in self.names)

    @cached_property
    def digest(self) -> str:
        """The SHA-256 of the lists: what was counted by other lists means something else."""
        lists = [self.names, *(sorted(kind.items()) for kind in (self.words, self.starts, self.ends, self.insides))]
        return hashlib.sha256(json.dumps(lists).encode()).hexdigest()

    def name(self, pair: Pair, sign: str) -> str:
        """Return the name of a pair: with ``+`` for one that meets in neighbouring sentences, with ``&`` for one of a whole text."""
        return f"{self.names[pair[0]]}{sign}{self.names[pair[1]]}"

    def pair(self, name: str, sign: str) -> Pair:
        """Return the pair of a name."""
        one, other = sorted(map(self._numbers.__getitem__, name.split(sign)))
        return one, other

    @cached_property
    def _numbers(self) -> dict[str, int]:
        return {name: number for number, name in enumerate(self.names)}


@lru_cache(maxsize=1)
def load_concepts() -> Concepts:
    """Load ``concepts.toml`` and ``fields.toml``."""
    kinds: tuple[defaultdict[str, list[int]], ...] = tuple(defaultdict(list) for _ in range(4))
    lists = read_lists()
    for number, words in enumerate(lists.values()):
        for word in words:
            kinds[word.endswith("*") + 2 * word.startswith("*")][word.strip("*")].append(number)
    whole, starts, ends, insides = ({word: tuple(numbers) for word, numbers in kind.items()} for kind in kinds)
    return Concepts(tuple(lists), whole, starts, ends, insides)


def read_lists() -> dict[str, list[str]]:
    """Return the words and patterns of each concept by name; those of the fields come last, under ``veld.`` and theirs.

    Examples
    --------
    >>> read_lists()["veld.verdachte"][:2]
    ['aanrander*', 'aanvaller']
    """
    found: dict[str, list[str]] = {}
    for kind, prefix in (("concepts", ""), ("fields", FIELD)):
        lists = take(read_toml(resource(f"{kind}.toml")), kind, dict, f"{kind}.toml")
        found |= {prefix + name: take(lists, name, str, f"{kind}.toml").split() for name in lists}
    return found


class Meetings(NamedTuple):
    """Pairs that meet in rows: the places in the rows at which the one and the other stand, ascending, and the number of each pair."""

    one: Ints
    other: Ints
    pairs: NDArray[np.int32]


def meetings(held: csr_matrix, numbers: NDArray[np.int32]) -> Meetings:
    """Return which pairs of concepts meet in rows.

    Parameters
    ----------
    held : sparse matrix of shape (n_rows, n_concepts)
        Which concepts each row holds; it is put in order.
    numbers : array of shape (n_concepts, n_concepts)
        The number of each pair at the place of its lower and its higher concept, -1 for one that is not asked for.

    Examples
    --------
    >>> held = csr_matrix([[1, 0, 1], [0, 1, 0]])
    >>> meetings(held, np.array([[-1, 5, 6], [-1, -1, 7], [-1, -1, -1]])).pairs.tolist()
    [6]
    """
    held.sum_duplicates()  # ascending, and each concept of a row once
    places, first = np.arange(len(held.indices)), load_concepts().first_field
    fields = held.indices >= first
    before = np.concatenate([[0], np.cumsum(~fields)])[held.indptr]
    sizes = np.diff(held.indptr)
    ends = np.where(fields, np.repeat(held.indptr[1:], sizes), np.repeat(held.indptr[:-1] + np.diff(before), sizes)).astype(np.int64)
    following = ends - places - 1
    one, other = np.repeat(places, following), ranges(places + 1, following)
    pairs = numbers[held.indices[one], held.indices[other]]
    known = pairs >= 0
    return Meetings(one[known], other[known], pairs[known])


@lru_cache(maxsize=50_000)
def _of(word: str) -> tuple[int, ...]:
    return tuple(load_concepts()(word))


def held_by(sentences: Iterable[Sequence[str | None]]) -> list[frozenset[int]]:
    """Return the concepts of each sentence."""
    return [
        frozenset(number for word in sentence if word is not None and len(word) <= _LONGEST for number in _of(word))
        for sentence in sentences
    ]


def _places(held: Sequence[Collection[int]], reach: int | None) -> Iterator[dict[int, list[int]]]:
    """Yield for each run of neighbouring sentences which of them hold each concept; one run where there are no more sentences."""
    reach = len(held) if reach is None else min(reach, len(held))
    for first in range(len(held) - reach + 1 if held else 0):
        places: defaultdict[int, list[int]] = defaultdict(list)
        for place in range(first, first + reach):
            for number in held[place]:
                places[number].append(place)
        yield places


def pairs_of(numbers: Iterable[int]) -> Iterator[Pair]:
    """Yield the pairs of concepts, and those of fields.

    Examples
    --------
    >>> first = load_concepts().first_field
    >>> list(pairs_of([0, 1, first, first + 1])) == [(0, 1), (first, first + 1)]
    True
    """
    ordered = sorted(numbers)
    first = bisect_left(ordered, load_concepts().first_field)
    return chain(combinations(ordered[:first], 2), combinations(ordered[first:], 2))


def met(held: Sequence[Collection[int]], reach: int | None) -> Counter[Pair]:
    """Count in how many runs of neighbouring sentences two concepts meet.

    Parameters
    ----------
    held : sequence of collections of int
        The concepts of each sentence.
    reach : int or None
        Sentences of a run; None for the whole text as one run.

    Examples
    --------
    >>> sorted(met([{1}, {2}, {1}, {5}], 2).items())
    [((1, 2), 2), ((1, 5), 1)]
    """
    return Counter(pair for places in _places(held, reach) for pair in pairs_of(places))


def shared(held: Sequence[Collection[int]], reach: int | None, known: Container[Pair]) -> dict[Pair, dict[int, float]]:
    """Divide known pairs over the sentences that hold them: half for each concept, equally over the sentences of the run that hold it.

    Examples
    --------
    >>> shared([{1}, {1, 2}], 2, [(1, 2)])
    {(1, 2): {0: 0.25, 1: 0.75}}
    """
    shares: defaultdict[Pair, dict[int, float]] = defaultdict(dict)
    for places in _places(held, reach):
        for pair in pairs_of(places):
            for number in pair if pair in known else ():
                for place in places[number]:
                    shares[pair][place] = shares[pair].get(place, 0.0) + 0.5 / len(places[number])
    return dict(shares)


def met_in(sentences: Iterable[Sequence[str | None]], sign: str) -> Iterable[str]:
    """Yield the names of the pairs of concepts that meet, as often as they do: in neighbouring sentences (``+``) or in all (``&``)."""
    concepts = load_concepts()
    for pair, count in met(held_by(sentences), REACHES[sign]).items():
        yield from repeat(concepts.name(pair, sign), count)
