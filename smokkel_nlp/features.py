"""Docs -> sparse matrix.

Blocks: word n-grams, n-grams of letters inside words (Dutch compounds and inflections), pairs of concepts that meet in neighbouring
sentences, those that meet anywhere in the text (:mod:`smokkel_nlp.concepts`), and the mentions by label, strength and status. Words that
a text writes with a capital inside the sentence are names and never enter the vocabulary; origins, religions and words of sex are masked
(``masks.toml``); digits count as one word. What a distinct word contributes is worked out once.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Container, Iterable, Mapping, Sequence
from itertools import chain, pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_matrix
from spacy.tokenizer import Tokenizer
from spacy.tokens import Doc

from smokkel_nlp.components.mentions import SCORES
from smokkel_nlp.components.overlay import mentions_seen
from smokkel_nlp.concepts import FIELD, REACHES, Pair, held_by, load_concepts, met, met_in, shared
from smokkel_nlp.content import Content
from smokkel_nlp.platt import length_of
from smokkel_nlp.reading import Reading, read
from smokkel_nlp.taxonomy import OFFENCE_IDS, load_taxonomy
from smokkel_nlp.terms import built_of, grams, keep_frequent, letters_of, pairs, terms_of

_STATUS_GROUP = {"bewezen": "gesteld", "feitelijk": "gesteld", "vermoed": "gesteld"}
_CACHE_SIZE = 50_000
# Texts in which a pair of concepts must meet.
_LEAST_MET = 5


class Material(NamedTuple):
    """What the features of one text are made of.

    Words by sentence (None where masked), their ranges in the original, the mentions, names, and for each tag how much the passage that
    shows it best weighs.
    """

    sentences: list[list[str | None]]
    spans: list[tuple[int, int]]
    mentions: list[tuple[str, str, str, str, int]]
    names: frozenset[str] = frozenset()
    scores: tuple[float, ...] = ()


OFFENCE_KINDS = (
    "bewezen",
    "vermoed",
    "feitelijk",
    "hypothetisch",
    "ontkend",
    "ontkend_rechter",
    "historisch",
    "kop",
    "kwart",
    "helft",
    "hint_gesteld",
    "hint_hypothetisch",
    "hint_ontkend",
    "hint_historisch",
)
# In a text about an offence a described method makes the tag as an asserted one does, so the two are one kind.
# How much the best passage weighs counts beside the mentions, also where it is too little for one.
TAG_KINDS = ("geldt", "ontkend", "historisch", "zwak", "gewicht")
_WEIGHT_REACH = 4.0


def cue_names() -> tuple[str, ...]:
    """Return the names of the mention features, in a fixed order.

    An offence has one for each status in which it is named, a denial by the court apart, one for each kind of status of words that hint
    at it, and three that say how much of the text names it: its first sentence, a quarter or half of its sentences; a passing mention
    has none of these.
    """
    taxonomy = load_taxonomy()
    offences = [f"{offence}:{kind}" for offence in OFFENCE_IDS for kind in OFFENCE_KINDS]
    tags = [f"{tag}:{kind}" for tag in taxonomy.tag_ids for kind in TAG_KINDS]
    elements = [f"{element.id}:{group}" for element in taxonomy.elements for group in ("gesteld", "overig")]
    return (*offences, *tags, *elements)


def cue_of(mention: tuple[str, str, str, str, int], tags: Container[str]) -> str:
    """Return the feature that a mention counts for."""
    label, strength, status, source, _ = mention
    group = _STATUS_GROUP.get(status, status)
    if label in OFFENCE_IDS:
        by_court = status == "ontkend" and source == "rechter"
        return f"{label}:hint_{group}" if strength == "weak" else f"{label}:{'ontkend_rechter' if by_court else status}"
    if label in tags:
        kind = group if group in TAG_KINDS else "geldt"
        return f"{label}:zwak" if strength == "weak" else f"{label}:{kind}"
    return f"{label}:{'gesteld' if group == 'gesteld' else 'overig'}"


def named_at(item: Material, offence: str) -> list[int]:
    """Return the places in ``item.mentions`` at which an offence is named, hints left out."""
    return [row for row, (label, strength, *_) in enumerate(item.mentions) if label == offence and strength == "strong"]


def cue_counts(item: Material, tags: Container[str]) -> Counter[str]:
    """Count the mention features of a text."""
    counts = Counter(cue_of(mention, tags) for mention in item.mentions)
    full = sum(any(word is not None for word in sentence) for sentence in item.sentences)
    for offence in OFFENCE_IDS:
        sentences = {item.mentions[row][4] for row in named_at(item, offence)}
        share = len(sentences) / max(full, 1)
        counts.update(
            {f"{offence}:kop": int(0 in sentences), f"{offence}:kwart": int(share >= 0.25), f"{offence}:helft": int(share >= 0.5)}
        )
    return +counts


def tag_weights(scores: ArrayLike) -> NDArray[np.float64]:
    """Return how much the best passage of each tag weighs, from 0 (surely none) to 4 (surely one), given its score."""
    return np.asarray((np.clip(np.asarray(scores, dtype=float), -_WEIGHT_REACH, _WEIGHT_REACH) + _WEIGHT_REACH) / 2)


def material(doc: Doc, tokenizer: Tokenizer) -> Material:
    """Collect what the features of a Doc with mentions are made of."""
    return material_of(doc, read(doc, tokenizer))


def material_of(doc: Doc, reading: Reading) -> Material:
    """Collect what the features of a Doc with mentions are made of, given its reading."""
    content = Content.of(reading)
    mentions = [
        (
            data["label"],
            data["strength"],
            data.get("status") or "feitelijk",
            data.get("source") or "overig",
            reading.sentence_of(data["tokens"][0]),
        )
        for data in mentions_seen(doc)
    ]
    spans = [reading.original_span(start, end) for start, end in reading.sentences]
    sentences = [content.words[start:end] for start, end in reading.sentences]
    return Material(sentences, spans, mentions, content.named, tuple(doc.user_data.get(SCORES, ())))


class _Subwords(dict[str, NDArray[np.int64]]):
    """The columns of the letters inside each word, worked out when a word is first met."""

    def __init__(self, words: Container[str], index: Mapping[str, int]) -> None:
        super().__init__()
        self._words, self._index = words, index

    def __missing__(self, word: str) -> NDArray[np.int64]:
        if len(self) >= _CACHE_SIZE:
            self.clear()
        found = self[word] = np.array(letters_of(word, self._words, self._index), dtype=np.int64)
        return found


class Vectorizer:
    """Turn materials into a sparse matrix; its vocabulary is plain data.

    Parameters
    ----------
    words, subwords : list of str
        The vocabularies, in column order.
    idf : array of float
        Inverse document frequencies of words, of subwords, then of the pairs of concepts.
    weights : (float, float, float, float)
        Weights of the blocks: the length of the word and of the subword block, the factor of the mentions, and the length of each of the
        two blocks of concepts.
    floor : float
        Length below which a block is not stretched; twice as much for those of concepts, of which more meet than there are words.
    near, far : list of str, optional
        Names of the pairs of concepts that meet in neighbouring sentences, and of those that meet in a text; they follow the subwords.
    """

    def __init__(
        self,
        words: Sequence[str],
        subwords: Sequence[str],
        idf: NDArray[np.float64],
        weights: Sequence[float],
        floor: float = 30.0,
        near: Sequence[str] = (),
        far: Sequence[str] = (),
    ) -> None:
        self.words, self.subwords, self.idf, self.weights = list(words), list(subwords), np.asarray(idf, dtype=float), tuple(weights)
        self.near, self.far, self.floor = list(near), list(far), float(floor)
        self.cues = cue_names()
        self.word_index = {word: index for index, word in enumerate(self.words)}
        self.pair_index = {tuple(word.split(" ")): index for word, index in self.word_index.items() if " " in word}
        self.sub_index = {gram: len(self.words) + index for index, gram in enumerate(self.subwords)}
        concepts, offset = load_concepts(), len(self.words) + len(self.subwords)
        # For each sign of a pair the columns, by the numbers of its concepts.
        self.met_index: dict[str, dict[Pair, int]] = {}
        for sign, names in zip(REACHES, (self.near, self.far), strict=True):
            self.met_index[sign] = {concepts.pair(name, sign): offset + index for index, name in enumerate(names)}
            offset += len(names)
        self.cue_index = {name: offset + index for index, name in enumerate(self.cues)}
        self._tags = frozenset(load_taxonomy().tag_ids)
        self.weight_ids = np.array([self.cue_index[f"{tag}:gewicht"] for tag in load_taxonomy().tag_ids], dtype=np.int64)
        self._subs = _Subwords(self.word_index, self.sub_index)

    @classmethod
    def fit(
        cls,
        materials: Sequence[Material],
        least: int = 2,
        most: float = 0.6,
        weights: Sequence[float] = (1.0, 0.7, 0.3, 0.7),
        floor: float = 30.0,
    ) -> Vectorizer:
        """Choose the vocabulary: terms of at least ``least`` texts and at most a share ``most`` of them.

        N-grams of letters stand in one text more, and in half that share at most; pairs of concepts meet in five texts, however many.
        """
        # What is written with a capital inside sentences as often as without is a name, and no word, where it lacks one.
        names = Counter(name for m in materials for name in m.names)
        seen = Counter(word for m in materials for word in set(_words(m)))
        barred = {word for word, count in names.items() if count >= seen[word]}
        words = keep_frequent(([t for t in _terms(m) if barred.isdisjoint(t.split())] for m in materials), least, most)
        subwords = keep_frequent(([g for w in _words(m) if built_of(w, words) for g in grams(w)] for m in materials), least + 1, most / 2)
        near, far = (keep_frequent((met_in(m.sentences, sign) for m in materials), _LEAST_MET, 1.0) for sign in REACHES)
        counts = np.array([count for kept in (words, subwords, near, far) for _, count in kept.values()], dtype=float)
        idf = np.log((1 + len(materials)) / (1 + counts)) + 1
        return cls(list(words), list(subwords), idf, weights, floor, list(near), list(far))

    @property
    def n_features(self) -> int:
        """Number of columns."""
        return len(self.idf) + len(self.cues)

    @property
    def terms(self) -> list[str]:
        """What is counted in a background: words, pairs of words, and pairs of concepts."""
        return [*self.words, *self.near, *self.far]

    @property
    def field_columns(self) -> NDArray[np.int64]:
        """The columns of the pairs of fields."""
        first = len(self.words) + len(self.subwords)
        return first + np.flatnonzero([name.startswith(FIELD) for name in (*self.near, *self.far)])

    def row(self, item: Material) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Return column indices and values of one text."""
        cues = cue_counts(item, self._tags)
        cue_ids = np.array([self.cue_index[name] for name in cues], dtype=np.int64)
        words, two = self.word_index.get, self.pair_index.get
        # Words and pairs are looked up as they stand, a pair without being written out, and the unknown ones dropped together.
        columns: Counter[Any] = Counter(
            chain.from_iterable(chain(map(words, sentence), map(two, pairwise(sentence))) for sentence in item.sentences)  # type: ignore[arg-type]
        )
        columns.pop(None, None)
        blocks = [
            *self._wording(columns, [self._subs[word] for word in _words(item)]),
            *self._meetings(item),
            (cue_ids, self.weights[2] * (1 + np.log(np.array(list(cues.values()), dtype=float)))),
            self.weight_values(item),
        ]
        return _joined(blocks)

    def weight_values(self, item: Material) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Return columns and values of how much the best passage of each tag weighs, in the order of the tags."""
        values = tag_weights(item.scores)
        return self.weight_ids[: len(values)], self.weights[2] * values

    def _wording(
        self, columns: Mapping[int, int], subs: Sequence[NDArray[np.int64]]
    ) -> list[tuple[NDArray[np.int64], NDArray[np.float64]]]:
        """Return the blocks of words and of letters inside words, from counts of words and pairs and from the columns of the letters."""
        word_ids, counts = (np.fromiter(part, dtype=np.int64, count=len(columns)) for part in (columns.keys(), columns.values()))
        sub_ids, sub_counts = np.unique(np.concatenate(subs), return_counts=True) if subs else (np.array([], dtype=np.int64),) * 2
        return [
            self._scaled(word_ids, counts.astype(float), self.weights[0], self.floor),
            self._scaled(sub_ids, sub_counts.astype(float), self.weights[1], self.floor),
        ]

    def _meetings(self, item: Material) -> list[tuple[NDArray[np.int64], NDArray[np.float64]]]:
        """Return the blocks of pairs of concepts."""
        held = held_by(item.sentences)
        return [
            self._of_concepts({index[pair]: count for pair, count in met(held, reach).items() if pair in index})
            for reach, index in zip(REACHES.values(), self.met_index.values(), strict=True)
        ]

    def _of_concepts(self, columns: Mapping[int, int]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        ids, counts = (np.fromiter(part, dtype=np.int64, count=len(columns)) for part in (columns.keys(), columns.values()))
        return self._scaled(ids, counts.astype(float), self.weights[3], 2 * self.floor)

    def sentence_shares(self, item: Material) -> csr_matrix:
        """Return how the values of a text divide over its sentences: a row a sentence, summing to ``row`` without the mentions.

        What stands in several is divided by how often it stands in each, a pair of concepts as :func:`smokkel_nlp.concepts.shared` says.
        """
        ids, values = self.row(item)
        value = dict(zip(ids.tolist(), values.tolist(), strict=True))
        counts: list[dict[int, float]] = [dict(Counter(self._ids(sentence))) for sentence in item.sentences]
        held = held_by(item.sentences)
        for reach, index in zip(REACHES.values(), self.met_index.values(), strict=True):
            for pair, places in shared(held, reach, index).items():
                for place, share in places.items():
                    counts[place][index[pair]] = share
        total: defaultdict[int, float] = defaultdict(float)
        for count in counts:
            for column, number in count.items():
                total[column] += number
        return self._shares([{column: value[column] * number / total[column] for column, number in count.items()} for count in counts])

    def mention_shares(self, item: Material) -> csr_matrix:
        """Return how the counted mention features of a text divide over its mentions: a row a mention, summing to their block of ``row``.

        Mentions that count for one feature share it equally, and so do those that make an offence named in much of the text.
        """
        cues = cue_counts(item, self._tags)
        rows: list[dict[int, float]] = [{} for _ in item.mentions]
        sharers: dict[str, list[int]] = {}
        for number, mention in enumerate(item.mentions):
            sharers.setdefault(cue_of(mention, self._tags), []).append(number)
        for offence in OFFENCE_IDS:
            named = named_at(item, offence)
            sharers[f"{offence}:kop"] = [number for number in named if item.mentions[number][4] == 0]
            sharers[f"{offence}:kwart"] = sharers[f"{offence}:helft"] = named
        for name, count in cues.items():
            for number in sharers[name]:
                rows[number][self.cue_index[name]] = self.weights[2] * (1 + np.log(float(count))) / len(sharers[name])
        return self._shares(rows)

    def _shares(self, rows: Sequence[Mapping[int, float]]) -> csr_matrix:
        return self._stacked([(np.array(list(row), dtype=np.int64), np.array(list(row.values()), dtype=float)) for row in rows])

    def _ids(self, sentence: Sequence[str | None]) -> Iterable[int]:
        words = [word for word in sentence if word is not None]
        yield from (self.word_index[term] for term in (*words, *pairs(sentence)) if term in self.word_index)
        for word in words:
            yield from self._subs[word].tolist()

    def _scaled(
        self, ids: NDArray[np.int64], counts: NDArray[np.float64], length: float, floor: float
    ) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        values = (1 + np.log(counts)) * self.idf[ids] if len(ids) else counts
        # A text of a few words holds little evidence: it is not blown up to the length of a full one.
        return ids, values * (length / max(float(np.linalg.norm(values)), floor))

    def transform(self, materials: Sequence[Material]) -> csr_matrix:
        """Return the matrix of several texts, one a row."""
        return self._stacked([self.row(item) for item in materials])

    def transform_counts(self, texts: Iterable[Counter[str]]) -> csr_matrix:
        """Return the matrix of texts of which only the ``terms`` are known, with how often they occur; they have no mentions."""
        index, first = self.word_index, len(self.words) + len(self.subwords)
        near = {name: first + place for place, name in enumerate(self.near)}
        far = {name: first + len(near) + place for place, name in enumerate(self.far)}

        def columns(terms: Counter[str], index: Mapping[str, int]) -> dict[int, int]:
            return {index[term]: count for term, count in terms.items() if term in index}

        rows = []
        for terms in texts:
            letters = [np.repeat(self._subs[term], count) for term, count in terms.items() if term in index and " " not in term]
            blocks = [*self._wording(columns(terms, index), letters), *(self._of_concepts(columns(terms, pairs)) for pairs in (near, far))]
            rows.append(_joined(blocks))
        return self._stacked(rows)

    def _stacked(self, rows: Sequence[tuple[NDArray[np.int64], NDArray[np.float64]]]) -> csr_matrix:
        indptr = np.cumsum([0, *(len(ids) for ids, _ in rows)])
        if not rows:
            return csr_matrix((0, self.n_features))
        indices, values = (np.concatenate([row[part] for row in rows]) for part in (0, 1))
        return csr_matrix((values, indices, indptr), shape=(len(rows), self.n_features))

    def to_data(self) -> dict[str, Any]:
        """Return the vocabulary as plain data."""
        return {
            "words": self.words, "subwords": self.subwords, "near": self.near, "far": self.far,
            "concepts": load_concepts().digest, "weights": list(self.weights), "floor": self.floor,
        }  # fmt: skip


def _joined(blocks: Sequence[tuple[NDArray[np.int64], NDArray[np.float64]]]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    return np.concatenate([ids for ids, _ in blocks]), np.concatenate([values for _, values in blocks])


def _words(item: Material) -> Iterable[str]:
    return (word for sentence in item.sentences for word in sentence if word is not None)


def lengths_of(items: Iterable[Material]) -> NDArray[np.float64]:
    """Return the lengths of texts (:func:`smokkel_nlp.platt.length_of`), by the words that count."""
    return length_of([sum(1 for _ in _words(item)) for item in items])


def _terms(item: Material) -> Iterable[str]:
    return terms_of(item.sentences)


def own_columns(vectorizer: Vectorizer) -> NDArray[np.int64]:
    """Return the columns of each tag's own mentions, shape (n_tags, n_kinds)."""
    column = {name: vectorizer.n_features - len(vectorizer.cues) + index for index, name in enumerate(vectorizer.cues)}
    return np.array([[column[f"{tag}:{kind}"] for kind in TAG_KINDS] for tag in load_taxonomy().tag_ids])
