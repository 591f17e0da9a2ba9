"""Weighing: status and source of a mention from all that stands around it, learnt from marked passages.

Rules find constructions; what a construction is worth beside others, and what the wording says where no rule fires, is learnt. The
weights are linear, so the word or rule that moved a decision most can be shown. They are data: a JSON and an npz file of the model.
"""

from __future__ import annotations

import io
import json
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from smokkel_nlp.components.sections import Section
from smokkel_nlp.masks import Masks, load_masks
from smokkel_nlp.reading import Reading

FILES = ("assertion.json", "assertion.npz")
MENTIONS, OFFENCES = "mentions", "offences"
_NEAR, _MIDDLE = 2, 6
_OPENING = 4
_NEIGHBOUR_PAIRS = 8
_LABEL = 14
_SHORT = 110
_BAG = 0.15
# What is looked at around a mention has a limit, so that cost grows with the text and not with its square, and the words of a long
# judgment do not drown the sentence. No text or sentence of the corpus reaches it.
_BLOCK, _REACH = 2000, 500


class Feature(NamedTuple):
    """Something that speaks for a status or source: its name, its value, and the token it stands at (None where it has no one place)."""

    name: str
    value: float
    token: int | None


@dataclass(frozen=True)
class Lists:
    """Word lists of ``assertion.toml``: who may speak, what denies, and what ends a clause."""

    actors: frozenset[str]
    negations: frozenset[str]
    stops: frozenset[str]


@dataclass
class Surroundings:
    """A reading prepared for weighing: its words, masked, and what all mentions of one text or sentence share."""

    reading: Reading
    register: str
    lists: Lists
    masks: Masks = field(default_factory=load_masks)

    def __post_init__(self) -> None:
        self.words = [self._word(word) for word in self.reading.lower]
        self._quotes = [place for place, letter in enumerate(self.reading.clean.text) if letter == '"']
        self._bags: dict[int, list[Feature]] = {}
        self._around: dict[int, list[Feature]] = {}

    def _word(self, word: str) -> str | None:
        if "\n" in word:
            return "<nl>"
        masked = self.masks(word)
        return word if masked is None and not word.isalnum() else masked

    def bag(self, token: int) -> list[Feature]:
        """Return the words of the text, or of the block of a long text, that holds a token."""
        last = max(len(self.words) // _BLOCK - 1, 0)
        block = min(token // _BLOCK, last)
        if block not in self._bags:
            held = self.words[block * _BLOCK : None if block == last else (block + 1) * _BLOCK]
            found = [Feature(f"d={word}", _BAG, None) for word in sorted({word for word in held if word})]
            self._bags[block] = [*found, Feature("short", float(len(self.words) < _SHORT), None)]
        return self._bags[block]

    def quoted(self, token: int) -> bool:
        """Tell whether an odd number of quotation marks stands before a token."""
        return bisect_left(self._quotes, int(self.reading.starts[token])) % 2 == 1

    def around(self, sentence: int) -> list[Feature]:
        """Return what the sentences before and behind one say."""
        if sentence not in self._around:
            found = []
            for name, distance in (("p", -1), ("pp", -2), ("n", 1)):
                if 0 <= sentence + distance < len(self.reading.sentences):
                    start, end = self.reading.sentences[sentence + distance]
                    end = min(end, start + _REACH)
                    found += _each(name, self.words[start:end], start)
                    found += _pairs(f"{name}b", self.words[start:end][:_NEIGHBOUR_PAIRS], start)
            self._around[sentence] = found
        return self._around[sentence]


def _each(name: str, words: Sequence[str | None], start: int | None) -> list[Feature]:
    """Return one feature for each distinct word, at its first place."""
    places: dict[str, int] = {}
    for place, word in enumerate(words):
        if word:
            places.setdefault(word, place)
    return [Feature(f"{name}={word}", 1.0, None if start is None else start + place) for word, place in places.items()]


def _pairs(name: str, words: Sequence[str | None], start: int) -> list[Feature]:
    places: dict[str, int] = {}
    for place, (one, other) in enumerate(pairwise(words)):
        if one and other:
            places.setdefault(f"{one} {other}", place)
    return [Feature(f"{name}={pair}", 1.0, start + place) for pair, place in places.items()]


def describe(
    span: tuple[int, int], around: Surroundings, section: Section, rules: Iterable[str], said: tuple[str, str]
) -> Iterator[Feature]:
    """Yield the features of the mention at the token range ``span``.

    Parameters
    ----------
    span : (int, int)
        Half-open token range.
    around : Surroundings
        The text it stands in.
    section : Section
        The section it stands in.
    rules : iterable of str
        Ids of the rules that reach it.
    said : (str, str)
        Status and source that the rules alone give.
    """
    reading, words, lists = around.reading, around.words, around.lists
    start, end = span
    sentence = reading.sentence_of(start)
    first, last = reading.sentences[sentence]
    first, last = max(first, start - _REACH), min(last, end + _REACH)
    left, inside, right = words[first:start], words[start:end], words[end:last]
    yield from around.bag(start)
    yield from around.around(sentence)
    for name, side, begin in (("l", left, first), ("r", right, end)):
        yield from _each(name, side, begin)
        yield from _pairs(f"{name}b", side, begin)
        for place, word in enumerate(side):
            distance = len(side) - 1 - place if name == "l" else place
            if word:
                yield Feature(f"{name}{0 if distance < _NEAR else 1 if distance < _MIDDLE else 2}={word}", 1.0, begin + place)
    yield from _each("in", inside, start)
    yield from _pairs("inb", inside, start)
    yield from _each("b", (left + inside)[:_OPENING], first)
    opened = max((place + 1 for place, word in enumerate(left) if word in lists.stops), default=0)
    closed = next((place for place, word in enumerate(right) if word in lists.stops), len(right))
    yield from _each("lc", left[opened:], first + opened)
    yield from _each("rc", right[:closed], end)
    clause = [*left[opened:], *inside, *right[:closed]]
    denials = sum(word in lists.negations for word in clause)
    yield Feature("nneg", float(min(denials, 3)), None)
    if denials:
        yield from _each("neg&", [*left[opened:], *right[:closed]], None)
    yield from _speakers(left, first, around, sentence)
    yield Feature("quote", float(around.quoted(start)), None)
    place = int(reading.starts[start])
    line = reading.clean.text.rfind("\n", 0, place) + 1
    opening = reading.clean.text[line : min(line + 30, place)].split(":")[0].lower()
    if len(opening) < _LABEL:
        yield Feature(f"line={opening}", 1.0, None)
    yield Feature(f"sec={section.default.id}", 1.0, None)
    yield Feature(f"reg={around.register}", 1.0, None)
    for rule in set(rules):
        yield Feature(f"rule={rule}", 1.0, None)
    yield Feature(f"dec={said[0]}", 1.0, None)
    yield Feature(f"decs={said[1]}", 1.0, None)


def _speakers(left: Sequence[str | None], first: int, around: Surroundings, sentence: int) -> Iterator[Feature]:
    """Yield who is named before the mention: first and last in its sentence, last in the three sentences before."""
    actors = around.lists.actors
    here = [(word, place) for place, word in enumerate(left) if word in actors]
    if here:
        yield Feature(f"lastwho={here[-1][0]}", 1.0, first + here[-1][1])
        yield Feature(f"firstwho={here[0][0]}", 1.0, first + here[0][1])
    earlier_from = max(around.reading.sentences[max(0, sentence - 3)][0], first - 3 * _REACH)
    earlier = [word for word in around.words[earlier_from:first] if word in actors and word not in ("ik", "wij")]
    if earlier:
        yield Feature(f"prevwho={earlier[-1]}", 1.0, None)
        if not here:
            yield Feature(f"nowho&prev={earlier[-1]}", 1.0, None)


class Weighed(NamedTuple):
    """A decision: a value of each group, and the token that spoke most for the first one (None where none has a place)."""

    values: tuple[str, ...]
    token: int | None


@dataclass(frozen=True)
class Weights:
    """Learnt weights.

    Parameters
    ----------
    names : tuple of str
        Features, in row order.
    groups : tuple of tuple of str
        What the columns of ``matrix`` speak for, by group; of each group one value is chosen.
    matrix : array of shape (n_features, n_values)
    bias : array of shape (n_values,)

    Examples
    --------
    >>> weights = Weights(("l=geen",), (("ontkend", "feitelijk"),), np.array([[2, -2]], np.float32), np.array([-1, 1], np.float32))
    >>> weights([Feature("l=geen", 1.0, 3)]), weights([])
    (Weighed(values=('ontkend',), token=3), Weighed(values=('feitelijk',), token=None))
    """

    names: tuple[str, ...]
    groups: tuple[tuple[str, ...], ...]
    matrix: NDArray[np.float32]
    bias: NDArray[np.float32]

    @cached_property
    def _index(self) -> dict[str, int]:
        return {name: row for row, name in enumerate(self.names)}

    def __call__(self, features: Iterable[Feature]) -> Weighed:
        """Weigh features."""
        index = self._index
        known = [(index[f.name], f.value, f.token) for f in features if f.name in index and f.value]
        rows = np.array([row for row, _, _ in known], dtype=np.int64)
        values = np.array([value for _, value, _ in known], dtype=np.float32)
        parts = self.matrix[rows] * values[:, None]
        scores = parts.sum(axis=0) + self.bias
        chosen, start = [], 0
        for group in self.groups:
            chosen.append(start + int(np.argmax(scores[start : start + len(group)])))
            start += len(group)
        speaks: Counter[int] = Counter()
        for part, (_, _, token) in zip(parts[:, chosen[0]].tolist(), known, strict=True):
            if token is not None:
                speaks[token] += part
        best = max((token for token, part in speaks.items() if part > 0), key=lambda token: (speaks[token], -token), default=None)
        every = [value for group in self.groups for value in group]
        return Weighed(tuple(every[column] for column in chosen), best)


def pack(weights: Mapping[str, Weights]) -> dict[str, bytes]:
    """Return the content of the two files that hold weights by name; the same weights give the same bytes."""
    data = {name: {"names": item.names, "groups": item.groups} for name, item in weights.items()}
    arrays = {f"{name}.{part}": getattr(item, part) for name, item in weights.items() for part in ("matrix", "bias")}
    buffer = io.BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, **arrays)
    return dict(zip(FILES, (json.dumps(data, ensure_ascii=False).encode(), buffer.getvalue()), strict=True))


def unpack(raw: Mapping[str, bytes], name: str) -> Weights:
    """Build the weights of a name from the content of the two files."""
    data = json.loads(raw[FILES[0]])[name]
    with np.load(io.BytesIO(raw[FILES[1]]), allow_pickle=False) as stored:
        matrix, bias = (stored[f"{name}.{part}"].astype(np.float32) for part in ("matrix", "bias"))
    return Weights(tuple(data["names"]), tuple(map(tuple, data["groups"])), matrix, bias)
