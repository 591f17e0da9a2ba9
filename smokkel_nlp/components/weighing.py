"""Weighing: status and source of a mention from all that stands around it, learnt from marked passages.

Rules find constructions; what a construction is worth beside others, and what the wording says where no rule fires, is learnt. The
weights are linear, so the word or rule that moved a decision most can be shown. They are data: a JSON and an npz file of the model.

What is looked at is a set of windows of words around the mention (:data:`WINDOWS`) and a few facts about its place. Learning names each
word of each window; weighing sums rows of a matrix over the windows of all mentions of a text in one go. Both take the windows from
:meth:`Surroundings.windows`, so they cannot differ.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import starmap
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from smokkel_nlp.lexicon import Table
from smokkel_nlp.masks import load_masks
from smokkel_nlp.ragged import distinct, first_maxima, ranges
from smokkel_nlp.reading import Tokens
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
_QUOTES = Table(lambda orth, lower: orth.count('"'), np.int64)


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
    """Texts prepared for weighing: what all their mentions share.

    Parameters
    ----------
    reading : Tokens
    registers : list of str
        Id of the register of each text.
    lists : Lists
    """

    reading: Tokens
    registers: Sequence[str]
    lists: Lists

    def __post_init__(self) -> None:
        self._actors, self._others, self._negations, self._stops = (
            np.flatnonzero(self.reading.look_up(table)) for table in self.lists.tables
        )

    @cached_property
    def words(self) -> list[str | None]:
        """The words that tokens count as."""
        return list(self.reading.look_up(_WORDS))

    def texts(self, tokens: Ints) -> Ints:
        """Return the texts that tokens stand in."""
        return np.searchsorted(self.reading.edges, tokens, side="right") - 1

    def blocks(self, tokens: Ints) -> tuple[Ints, Ints]:
        """Return the token ranges of the texts, or of the blocks of long texts, whose words all count for mentions in them."""
        texts, edges = self.texts(tokens), self.reading.edges
        begin, end = edges[texts], edges[texts + 1]
        last = np.maximum((end - begin) // _BLOCK - 1, 0)
        number = np.minimum((tokens - begin) // _BLOCK, last)
        low = begin + number * _BLOCK
        return low, np.where(number == last, end, low + _BLOCK)

    def windows(self, spans: Sequence[tuple[int, int]]) -> tuple[Ints, Ints]:
        """Return the half-open token ranges of the windows of mentions, starts and ends of shape (n_mentions, n_windows + 2)."""
        start, end = np.array(spans, dtype=np.int64).reshape(-1, 2).T
        bounds = self.reading.sentence_bounds
        sentence = np.searchsorted(bounds, start, side="right") - 1
        first, last = np.maximum(bounds[sentence], start - _REACH), np.minimum(bounds[sentence + 1], end + _REACH)
        last = np.maximum(last, end)
        lows, highs = [], []
        text_of = self.reading.text_of_sentence
        for distance in (-1, -2, 1):
            beside = np.clip(sentence + distance, 0, len(bounds) - 2)
            inside = (beside == sentence + distance) & (text_of[beside] == text_of[sentence])
            low, high = bounds[beside] * inside, bounds[beside + 1] * inside
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

    def facts(
        self,
        spans: Sequence[tuple[int, int]],
        clauses: Sequence[tuple[int, int]],
        said: Iterable[tuple[str, str, Iterable[str]]],
    ) -> list[dict[str, float]]:
        """Return what is known of the place of each mention: speakers, quotation, label of its line; and what is ``said``: section, the
        source that the rules give, and the rules that reach it from near. The status they give is left out: weighed beside its own rule
        it only misleads.
        """
        reading, forms = self.reading, self.reading.words.lower
        start = np.array([start for start, _ in spans], dtype=np.int64)
        low, high = np.array(clauses, dtype=np.int64).reshape(-1, 2).T
        bounds, text = reading.sentence_bounds, self.texts(start)
        sentence = np.searchsorted(bounds, start, side="right") - 1
        edge = reading.edges[text]
        first = np.maximum(bounds[sentence], start - _REACH)
        opening = np.searchsorted(bounds, edge, side="right") - 1
        begin = np.maximum(bounds[np.maximum(opening, sentence - 3)], first - 3 * _REACH)
        quotes = np.concatenate([[0], np.cumsum(reading.look_up(_QUOTES))])
        known = (
            text,
            reading.starts[start],
            np.minimum(self.denials(low, high), 3),
            (quotes[start] - quotes[edge]) % 2,
            (reading.edges[text + 1] - edge) < _SHORT,
            *self._between(self._actors, first, start),
            *self._between(self._others, begin, first),
        )
        found = []
        for (section, source, rules), *numbers in zip(said, *(array.tolist() for array in known), strict=True):
            text_, place, denials, quoted, short, who, last, _, prev = numbers
            features = {
                f"sec={section}": 1.0,
                f"reg={self.registers[text_]}": 1.0,
                f"source={source}": 1.0,
                **dict.fromkeys([f"rule={rule}" for rule in sorted(set(rules))], 1.0),
                "nneg": float(denials),
                "quote": float(quoted),
                "short": float(short),
            }
            whole = reading.texts[text_].clean.text
            line = whole.rfind("\n", 0, place) + 1
            label = whole[line : min(line + 30, place)].split(":")[0].lower()
            if len(label) < _LABEL:
                features[f"line={label}"] = 1.0
            if who >= 0:
                features[f"lastwho={forms[last]}"] = features[f"firstwho={forms[who]}"] = 1.0
            if prev >= 0:
                features[f"prevwho={forms[prev]}"] = 1.0
                if who < 0:
                    features[f"nowho&prev={forms[prev]}"] = 1.0
            found.append(features)
        return found

    def _between(self, places: Ints, low: Ints, high: Ints) -> tuple[Ints, Ints]:
        """Return the first and the last of some tokens in each range, as numbers of the lexicon, -1 where there is none."""
        one, other = np.searchsorted(places, low), np.searchsorted(places, high)
        numbers = np.append(self.reading.numbers[places], -1)
        return np.where(one < other, numbers[one], -1), np.where(one < other, numbers[other - 1], -1)

    def describe(self, span: tuple[int, int], facts: Mapping[str, float]) -> Iterator[Feature]:
        """Yield by name all that is weighed for a mention, as it is learnt from."""
        lows, highs = self.windows([span])
        words = self.words
        for name, low, high in zip(WINDOWS, lows[0].tolist(), highs[0].tolist(), strict=False):
            yield from (Feature(f"{name}={word}", 1.0) for word in words[low:high] if word)
        for name, low, high in zip(PAIR_WINDOWS, lows[0, len(WINDOWS) :].tolist(), highs[0, len(WINDOWS) :].tolist(), strict=True):
            pairs = ((words[place - 1], words[place]) for place in range(low, high))
            yield from (Feature(f"{name}={one} {other}", 1.0) for one, other in pairs if one and other)
        low, high = (int(edge[0]) for edge in self.blocks(np.array(span[:1])))
        yield from (Feature(f"{BAG}={word}", _BAG_WEIGHT) for word in sorted({word for word in words[low:high] if word}))
        yield from starmap(Feature, facts.items())


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

    def sums(self, rows: Iterable[Iterable[tuple[str, float]]]) -> Floats:
        """Return what the features of each row add to the scores, shape (n_rows, n_values)."""
        places: list[int] = []
        values: list[float] = []
        ends = [0]
        for features in rows:
            for name, value in features:
                place = self.index.get(name)
                if place is not None:
                    places.append(place)
                    values.append(value)
            ends.append(len(places))
        which = csr_matrix((np.array(values, dtype=np.float32), places, ends), shape=(len(ends) - 1, len(self.names)))
        return np.asarray(which @ self.matrix)

    def choices(self, scores: Floats) -> list[tuple[str, ...]]:
        """Return for each row of scores the value of each group that scores best."""
        chosen, start = [], 0
        for group in self.groups:
            chosen.append([group[place] for place in np.argmax(scores[:, start : start + len(group)], axis=1).tolist()])
            start += len(group)
        return list(zip(*chosen, strict=True))

    def __call__(self, features: Iterable[tuple[str, float]]) -> tuple[str, ...]:
        """Weigh features and choose."""
        return self.choices(self.sums([features]) + self.bias)[0]


class Spoken(NamedTuple):
    """What tokens add to the scores: the tokens of the windows of all mentions, their parts, and where each mention begins."""

    tokens: Ints
    parts: Floats
    edges: Ints


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

    def loudest(self, mentions: Ints, columns: Ints) -> list[int | None]:
        """Return for each mention the token that spoke most for a value; None where none did."""
        if not len(mentions):
            return []
        picked = []
        for tokens, parts, edges in self.spoken:
            sizes = edges[mentions + 1] - edges[mentions]
            places = ranges(edges[mentions], sizes)
            picked.append((np.repeat(np.arange(len(mentions)), sizes), tokens[places], parts[places, np.repeat(columns, sizes)]))
        owners, tokens, parts = map(np.concatenate, zip(*picked, strict=True))
        # A row of places for each mention, as long as the tokens that spoke lie apart.
        lows, highs = np.full(len(mentions), np.iinfo(np.int64).max), np.full(len(mentions), -1)
        np.minimum.at(lows, owners, tokens)
        np.maximum.at(highs, owners, tokens)
        sizes = np.maximum(highs - lows, 0) + 1
        firsts = np.cumsum(sizes) - sizes
        sums = np.bincount((firsts - lows)[owners] + tokens, weights=parts, minlength=int(sizes.sum()))
        best = first_maxima(sums, sizes)
        return [token if most > 0 else None for token, most in zip((best - firsts + lows).tolist(), sums[best].tolist(), strict=True)]


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
        self._bag = np.ascontiguousarray(self._matrix[:, columns[BAG]])
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
        begins, ends = around.blocks(np.array(spans, dtype=np.int64).reshape(-1, 2)[:, 0])
        scores += self._bags(numbers, begins, ends)
        spoken = Spoken(tokens, parts, edges), Spoken(paired, pair_parts, pair_edges)
        return Weighed(scores, clauses_of(lows, highs), spoken)

    def _bags(self, numbers: Ints, begins: Ints, ends: Ints) -> Floats:
        """Return what the distinct words of the blocks add that mentions stand in, shape (n_mentions, n_values)."""
        begins, first, which = np.unique(begins, return_index=True, return_inverse=True)
        sizes = ends[first] - begins
        size = len(self._matrix)
        owners, words = np.divmod(distinct(np.repeat(np.arange(len(begins)), sizes) * size + numbers[ranges(begins, sizes)]), size)
        indptr = np.searchsorted(owners, np.arange(len(begins) + 1))
        bags = csr_matrix((np.full(len(words), _BAG_WEIGHT, dtype=np.float32), words, indptr), shape=(len(begins), size))
        return np.asarray((bags @ self._bag)[which])


def clauses_of(lows: Ints, highs: Ints) -> list[tuple[int, int]]:
    """Return the clauses of mentions from their windows, as half-open token ranges."""
    return list(zip(lows[:, WINDOWS.index("lc")].tolist(), highs[:, WINDOWS.index("rc")].tolist(), strict=True))


def _entries(lows: Ints, highs: Ints) -> tuple[Ints, Ints, Ints]:
    """Return the tokens of windows one after another, the window of each, and where each mention begins."""
    sizes = (highs - lows).ravel()
    windows = np.repeat(np.tile(np.arange(lows.shape[1]), lows.shape[0]), sizes)
    return ranges(lows.ravel(), sizes), windows, np.append(0, np.cumsum((highs - lows).sum(axis=1)))


def _sums(parts: Floats, edges: Ints) -> Floats:
    """Return the sums of the rows of each mention."""
    which = csr_matrix((np.ones(len(parts), dtype=np.float32), np.arange(len(parts)), edges), shape=(len(edges) - 1, len(parts)))
    return np.asarray(which @ parts)


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
