"""Weighing: status and source of a mention from all that stands around it, learnt from marked passages.

Rules find constructions; what a construction is worth beside others, and what the wording says where no rule fires, is learnt. The
weights are linear, so the word or rule that moved a decision most can be shown. They are data: a JSON and an npz file of the model.

What is looked at is a set of windows of words around the mention (:data:`WINDOWS`) and a few facts about its place. Learning names each
word of each window; weighing sums rows of a matrix over the windows of all mentions of a text in one go. Both take the windows from
:meth:`Surroundings.windows`, so they cannot differ.
"""

from __future__ import annotations

import json
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from smokkel_nlp.lexicon import Table
from smokkel_nlp.masks import load_masks
from smokkel_nlp.reading import Reading
from smokkel_nlp.store import pack_arrays, unpack_arrays

FILES = ("assertion.json", "assertion.npz")
MENTIONS, OFFENCES = "mentions", "offences"
# The windows: the sentences before (p, pp) and behind (n), the mention itself (in), the words before it by distance (l0 nearest), the
# words behind it (r0 nearest), those of its clause (lc, rc), and those of its clause where that holds a denial (ld, rd).
WINDOWS = ("p", "pp", "n", "in", "l0", "l1", "l2", "r0", "r1", "r2", "lc", "rc", "ld", "rd")
PAIR_WINDOWS = ("lb", "rb")
BAG = "d"
_NEAR, _MIDDLE = 2, 6
_LABEL = 14
_SHORT = 110
_BAG_WEIGHT = 0.15
# What is looked at around a mention has a limit, so that cost grows with the text and not with its square, and the words of a long
# judgment do not drown the sentence. No text or sentence of the corpus reaches it.
_BLOCK, _REACH = 2000, 500
Ints = NDArray[np.int64]
Floats = NDArray[np.float32]


def word_of(orth: str, lower: str) -> str | None:
    """Return the word a token counts as; signs count as themselves, a line break as one word."""
    if "\n" in lower:
        return "<nl>"
    masked = load_masks()(lower)
    return lower if masked is None and not lower.isalnum() else masked


_WORDS = Table(word_of, object)


class Feature(NamedTuple):
    """Something that speaks for a value: its name and its weight."""

    name: str
    value: float


@dataclass(frozen=True)
class Lists:
    """Word lists of ``assertion.toml``: who may speak, what denies, and what ends a clause."""

    actors: frozenset[str]
    negations: frozenset[str]
    stops: frozenset[str]

    @cached_property
    def tables(self) -> tuple[Table, Table, Table, Table]:
        """Tables of actors, of actors other than the writer, of negations and of stops."""
        return _among(self.actors), _among(self.actors - {"ik", "wij"}), _among(self.negations), _among(self.stops)


def _among(words: frozenset[str]) -> Table:
    return Table(lambda orth, lower: lower in words, np.bool_)


@dataclass
class Surroundings:
    """A reading prepared for weighing: what all mentions of one text share.

    Parameters
    ----------
    reading : Reading
    register : str
        Id of the register of the text.
    lists : Lists
    """

    reading: Reading
    register: str
    lists: Lists

    def __post_init__(self) -> None:
        self._actors, self._others, self._negations, self._stops = (
            np.flatnonzero(self.reading.look_up(table)) for table in self.lists.tables
        )
        self._quotes = (
            [place for place, letter in enumerate(self.reading.clean.text) if letter == '"'] if '"' in self.reading.clean.text else []
        )

    @cached_property
    def words(self) -> list[str | None]:
        """The words that tokens count as."""
        return list(self.reading.look_up(_WORDS))

    def block(self, token: int) -> tuple[int, int]:
        """Return the token range of the block of the text, or of a long text, whose words all count for a mention in it."""
        last = max(len(self.reading) // _BLOCK - 1, 0)
        number = min(token // _BLOCK, last)
        return number * _BLOCK, len(self.reading) if number == last else (number + 1) * _BLOCK

    def windows(self, spans: Sequence[tuple[int, int]]) -> tuple[Ints, Ints]:
        """Return the half-open token ranges of the windows of mentions, starts and ends of shape (n_mentions, n_windows + 2)."""
        start, end = np.array(spans, dtype=np.int64).reshape(-1, 2).T
        bounds = self.reading.sentence_bounds
        sentence = np.searchsorted(bounds, start, side="right") - 1
        first, last = np.maximum(bounds[sentence], start - _REACH), np.minimum(bounds[sentence + 1], end + _REACH)
        last = np.maximum(last, end)
        none = np.zeros_like(start)
        lows, highs = [], []
        for distance in (-1, -2, 1):
            beside = sentence + distance
            inside = (beside >= 0) & (beside < len(bounds) - 1)
            low = np.where(inside, bounds[np.clip(beside, 0, len(bounds) - 1)], none)
            high = np.where(inside, bounds[np.clip(beside + 1, 0, len(bounds) - 1)], none)
            lows.append(low)
            highs.append(np.minimum(high, low + _REACH))
        near, middle = np.maximum(first, start - _NEAR), np.maximum(first, start - _MIDDLE)
        close, far = np.minimum(last, end + _NEAR), np.minimum(last, end + _MIDDLE)
        stops = np.concatenate([[-1], self._stops, [len(self.reading)]])
        opened = np.maximum(first, stops[np.searchsorted(stops, start) - 1] + 1)
        closed = np.minimum(last, stops[np.searchsorted(stops, end)])
        denied = self.denials(opened, closed) > 0
        lows += [start, near, middle, first, end, close, far, opened, end, opened, end, first + 1, end + 1]
        denial = np.where(denied, start, opened), np.where(denied, closed, end)
        highs += [end, start, near, middle, close, far, last, start, closed, *denial, start, last]
        low, high = np.stack(lows, axis=1), np.stack(highs, axis=1)
        return low, np.maximum(low, high)

    def denials(self, low: Ints, high: Ints) -> Ints:
        """Count the negations in token ranges."""
        return np.searchsorted(self._negations, high) - np.searchsorted(self._negations, low)

    def facts(self, span: tuple[int, int], clause: tuple[int, int], section: str, rules: Iterable[str], source: str) -> list[Feature]:
        """Return what is known of the place of a mention: speakers, quotation, label of its line, section, the rules that reach it from
        near, and the source that the rules give. The status they give is left out: weighed beside its own rule it only misleads.
        """
        start, lower = span[0], self.reading.lower
        sentence = self.reading.sentence_of(start)
        first = max(self.reading.sentences[sentence][0], start - _REACH)
        found = [
            Feature(f"sec={section}", 1.0),
            Feature(f"reg={self.register}", 1.0),
            Feature(f"source={source}", 1.0),
        ]
        found += [Feature(f"rule={rule}", 1.0) for rule in sorted(set(rules))]
        low, high = np.searchsorted(self._negations, clause)
        found.append(Feature("nneg", float(min(high - low, 3))))
        found.append(Feature("quote", float(bisect_left(self._quotes, int(self.reading.starts[start])) % 2)))
        found.append(Feature("short", float(len(self.reading) < _SHORT)))
        place = int(self.reading.starts[start])
        line = self.reading.clean.text.rfind("\n", 0, place) + 1
        opening = self.reading.clean.text[line : min(line + 30, place)].split(":")[0].lower()
        if len(opening) < _LABEL:
            found.append(Feature(f"line={opening}", 1.0))
        low, high = np.searchsorted(self._actors, (first, start))
        if low < high:
            found += [Feature(f"lastwho={lower[self._actors[high - 1]]}", 1.0), Feature(f"firstwho={lower[self._actors[low]]}", 1.0)]
        begin = max(self.reading.sentences[max(0, sentence - 3)][0], first - 3 * _REACH)
        before, until = np.searchsorted(self._others, (begin, first))
        if before < until:
            who = lower[self._others[until - 1]]
            found += [Feature(f"prevwho={who}", 1.0), *([] if low < high else [Feature(f"nowho&prev={who}", 1.0)])]
        return found

    def describe(self, span: tuple[int, int], facts: Iterable[Feature]) -> Iterator[Feature]:
        """Yield by name all that is weighed for a mention, as it is learnt from."""
        lows, highs = self.windows([span])
        words = self.words
        for name, low, high in zip(WINDOWS, lows[0].tolist(), highs[0].tolist(), strict=False):
            yield from (Feature(f"{name}={word}", 1.0) for word in words[low:high] if word)
        for name, low, high in zip(PAIR_WINDOWS, lows[0, len(WINDOWS) :].tolist(), highs[0, len(WINDOWS) :].tolist(), strict=True):
            pairs = ((words[place - 1], words[place]) for place in range(low, high))
            yield from (Feature(f"{name}={one} {other}", 1.0) for one, other in pairs if one and other)
        low, high = self.block(span[0])
        yield from (Feature(f"{BAG}={word}", _BAG_WEIGHT) for word in sorted({word for word in words[low:high] if word}))
        yield from facts


@dataclass(frozen=True)
class Weights:
    """Linear weights of features, by value.

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
    >>> weights = Weights(("l0=geen",), (("ontkend", "feitelijk"),), np.array([[2, -2]], np.float32), np.array([-1, 1], np.float32))
    >>> weights([Feature("l0=geen", 1.0)]), weights([])
    (('ontkend',), ('feitelijk',))
    """

    names: tuple[str, ...]
    groups: tuple[tuple[str, ...], ...]
    matrix: Floats
    bias: Floats

    @cached_property
    def index(self) -> dict[str, int]:
        """Rows by name."""
        return {name: row for row, name in enumerate(self.names)}

    def sum(self, features: Iterable[Feature]) -> Floats:
        """Return what features add to the scores, shape (n_values,)."""
        known = [(self.index[feature.name], feature.value) for feature in features if feature.name in self.index]
        if not known:
            return np.zeros_like(self.bias)
        return np.asarray(np.array([value for _, value in known], dtype=np.float32) @ self.matrix[[row for row, _ in known]])

    def choose(self, scores: Floats) -> tuple[str, ...]:
        """Return the value of each group that scores best."""
        chosen, start = [], 0
        for group in self.groups:
            chosen.append(group[int(np.argmax(scores[start : start + len(group)]))])
            start += len(group)
        return tuple(chosen)

    def __call__(self, features: Iterable[Feature]) -> tuple[str, ...]:
        """Weigh features and choose."""
        return self.choose(self.sum(features) + self.bias)


class Spoken(NamedTuple):
    """What tokens add to the scores: the tokens of the windows of all mentions, their parts, and where each mention begins."""

    tokens: Ints
    parts: Floats
    edges: list[int]


class Weighed(NamedTuple):
    """What the words around the mentions of a text weigh.

    Parameters
    ----------
    scores : array of shape (n_mentions, n_values)
    clauses : list of (int, int)
        For each mention the half-open token range of its clause.
    spoken : tuple of Spoken
        What single words add, and what pairs do.
    """

    scores: Floats
    clauses: list[tuple[int, int]]
    spoken: tuple[Spoken, ...]

    def loudest(self, mention: int, column: int) -> int | None:
        """Return the token that spoke most for a value; None where none did."""
        sums: Counter[int] = Counter()
        for tokens, parts, edges in self.spoken:
            here = slice(edges[mention], edges[mention + 1])
            for token, part in zip(tokens[here].tolist(), parts[here, column].tolist(), strict=True):
                sums[token] += part
        best = max(sums, key=lambda token: (sums[token], -token), default=None)
        return best if best is not None and sums[best] > 0 else None


@dataclass
class Weigher:
    """Weights laid out by window, so that the windows of all mentions of a text are summed at once.

    Parameters
    ----------
    weights : Weights
    """

    weights: Weights

    def __post_init__(self) -> None:
        width = len(self.weights.bias)
        columns = {name: column for column, name in enumerate((*WINDOWS, BAG))}
        named = [(*name.partition("=")[::2], row) for row, name in enumerate(self.weights.names)]
        rows = {word: place for place, word in enumerate(sorted({word for name, word, _ in named if name in columns}))}
        self._matrix = np.zeros((len(rows) + 1, len(columns), width), dtype=np.float32)  # the last row stands for unknown words
        pairs: dict[tuple[str, str], int] = {}
        for name, word, row in named:
            if name in columns:
                self._matrix[rows[word], columns[name]] = self.weights.matrix[row]
            elif name in PAIR_WINDOWS:
                one, _, other = word.partition(" ")
                pairs.setdefault((one, other), len(pairs))
        forms = {word: place for place, word in enumerate(sorted({word for pair in pairs for word in pair}))}
        self._size = len(forms) + 1
        order = sorted((forms[one] * self._size + forms[other], place) for (one, other), place in pairs.items())
        self._keys = np.array([key for key, _ in order] or [-1], dtype=np.int64)
        place_of = {place: number for number, (_, place) in enumerate(order)}
        self._pairs = np.zeros((len(pairs) + 1, len(PAIR_WINDOWS), width), dtype=np.float32)
        for name, word, row in named:
            if name in PAIR_WINDOWS:
                one, _, other = word.partition(" ")
                self._pairs[place_of[pairs[one, other]], PAIR_WINDOWS.index(name)] = self.weights.matrix[row]
        self._number = Table(lambda orth, lower: rows.get(word_of(orth, lower) or "", len(rows)), np.int64)
        self._form = Table(lambda orth, lower: forms.get(word_of(orth, lower) or "", -1), np.int64)

    def __call__(self, around: Surroundings, spans: Sequence[tuple[int, int]]) -> Weighed:
        """Weigh the words around mentions given by their token ranges."""
        reading, n = around.reading, len(spans)
        numbers = np.asarray(reading.look_up(self._number), dtype=np.int64)
        lows, highs = around.windows(spans)
        tokens, windows, edges = _entries(lows[:, : len(WINDOWS)], highs[:, : len(WINDOWS)])
        parts = self._matrix[numbers[tokens], windows]
        paired, pair_windows, pair_edges = _entries(lows[:, len(WINDOWS) :], highs[:, len(WINDOWS) :])
        forms = np.asarray(reading.look_up(self._form), dtype=np.int64)
        one, other = forms[paired - 1], forms[paired]
        keys = np.where((one >= 0) & (other >= 0), one * self._size + other, -2)
        places = np.minimum(np.searchsorted(self._keys, keys), len(self._keys) - 1)
        pair_parts = self._pairs[np.where(self._keys[places] == keys, places, len(self._pairs) - 1), pair_windows]
        scores = np.tile(self.weights.bias, (n, 1)) + _sums(parts, edges) + _sums(pair_parts, pair_edges)
        bags: dict[tuple[int, int], Floats] = {}
        for mention, (start, _) in enumerate(spans):
            block = around.block(start)
            if block not in bags:
                bags[block] = _BAG_WEIGHT * self._matrix[np.unique(numbers[slice(*block)]), len(WINDOWS)].sum(axis=0)
            scores[mention] += bags[block]
        spoken = Spoken(tokens, parts, edges), Spoken(paired, pair_parts, pair_edges)
        return Weighed(scores, clauses_of(lows, highs), spoken)


def clauses_of(lows: Ints, highs: Ints) -> list[tuple[int, int]]:
    """Return the clauses of mentions from their windows, as half-open token ranges."""
    return list(zip(lows[:, WINDOWS.index("lc")].tolist(), highs[:, WINDOWS.index("rc")].tolist(), strict=True))


def _entries(lows: Ints, highs: Ints) -> tuple[Ints, Ints, list[int]]:
    """Return the tokens of windows one after another, the window of each, and where each mention begins."""
    sizes = (highs - lows).ravel()
    ends = np.cumsum(sizes)
    tokens = np.arange(int(ends[-1]) if len(ends) else 0) + np.repeat(lows.ravel() - (ends - sizes), sizes)
    windows = np.repeat(np.tile(np.arange(lows.shape[1]), lows.shape[0]), sizes)
    return tokens, windows, [0, *ends[lows.shape[1] - 1 :: lows.shape[1]].tolist()]


def _sums(parts: Floats, edges: Sequence[int]) -> Floats:
    """Return the sums of the rows of each mention."""
    padded = np.vstack([parts, np.zeros((1, parts.shape[1]), dtype=np.float32)])
    sums = np.add.reduceat(padded, edges[:-1], axis=0)
    sums[np.diff(edges) == 0] = 0.0
    return np.asarray(sums)


def pack(weights: Mapping[str, Weights]) -> dict[str, bytes]:
    """Return the content of the two files that hold weights by name; the same weights give the same bytes."""
    data = {name: {"names": item.names, "groups": item.groups} for name, item in weights.items()}
    arrays = {f"{name}.{part}": getattr(item, part) for name, item in weights.items() for part in ("matrix", "bias")}
    return dict(zip(FILES, (json.dumps(data, ensure_ascii=False).encode(), pack_arrays(arrays)), strict=True))


def unpack(raw: Mapping[str, bytes], name: str) -> Weights:
    """Build the weights of a name from the content of the two files."""
    data = json.loads(raw[FILES[0]])[name]
    stored = unpack_arrays(raw[FILES[1]])
    matrix, bias = (stored[f"{name}.{part}"].astype(np.float32) for part in ("matrix", "bias"))
    return Weights(tuple(data["names"]), tuple(map(tuple, data["groups"])), matrix, bias)
