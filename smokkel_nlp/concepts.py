"""What meets what: pairs of concepts in neighbouring sentences, and anywhere in a text.

A sum of words cannot tell persons in a boat with a rescuer from persons in a boat with a payment; which two things meet can. The concepts
are lists of words (``concepts.toml``), so that a pair is known from few texts and in words that no text of the corpus has.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Collection, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import combinations, repeat

from smokkel_nlp.taxonomy import read_toml, resource, take

Pair = tuple[int, int]
# Letters of the longest word.
_LONGEST = 50
# How many sentences lie near each other; None for those of the whole text.
REACHES = {"+": 2, "&": None}


@dataclass(frozen=True)
class Concepts:
    """Words by concept.

    Parameters
    ----------
    names : tuple of str
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
        (['verblijf'], [])
        """
        if len(word) > _LONGEST:
            return []
        found = set(self.words.get(word, ()))
        for length in range(2, len(word) + 1):
            found.update(self.starts.get(word[:length], ()))
            found.update(self.ends.get(word[-length:], ()))
        for part, numbers in self.insides.items():
            if part in word:
                found.update(numbers)
        return sorted(found)

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
        one, other = sorted(map(self.names.index, name.split(sign)))
        return one, other


@lru_cache(maxsize=1)
def load_concepts() -> Concepts:
    """Load ``concepts.toml``."""
    lists = take(read_toml(resource("concepts.toml")), "concepts", dict, "concepts.toml")
    kinds: tuple[defaultdict[str, list[int]], ...] = tuple(defaultdict(list) for _ in range(4))
    for number, name in enumerate(lists):
        for word in take(lists, name, list, "concepts.toml"):
            kinds[word.endswith("*") + 2 * word.startswith("*")][word.strip("*")].append(number)
    whole, starts, ends, insides = ({word: tuple(numbers) for word, numbers in kind.items()} for kind in kinds)
    return Concepts(tuple(lists), whole, starts, ends, insides)


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
    return Counter(pair for places in _places(held, reach) for pair in combinations(sorted(places), 2))


def shared(held: Sequence[Collection[int]], reach: int | None, known: Container[Pair]) -> dict[Pair, dict[int, float]]:
    """Divide known pairs over the sentences that hold them: half for each concept, equally over the sentences of the run that hold it.

    Examples
    --------
    >>> shared([{1}, {1, 2}], 2, [(1, 2)])
    {(1, 2): {0: 0.25, 1: 0.75}}
    """
    shares: defaultdict[Pair, dict[int, float]] = defaultdict(dict)
    for places in _places(held, reach):
        for pair in combinations(sorted(places), 2):
            for number in pair if pair in known else ():
                for place in places[number]:
                    shares[pair][place] = shares[pair].get(place, 0.0) + 0.5 / len(places[number])
    return dict(shares)


def met_in(sentences: Iterable[Sequence[str | None]], sign: str) -> Iterable[str]:
    """Yield the names of the pairs of concepts that meet, as often as they do: in neighbouring sentences (``+``) or in all (``&``)."""
    concepts = load_concepts()
    for pair, count in met(held_by(sentences), REACHES[sign]).items():
        yield from repeat(concepts.name(pair, sign), count)
