"""The matrix of features is what its description says, number for number, however it is worked out."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import numpy as np
import pytest

from smokkel_nlp.concepts import met_in
from smokkel_nlp.corpus import read_gold
from smokkel_nlp.features import Material, Vectorizer, cue_counts, material
from smokkel_nlp.model import load_model
from smokkel_nlp.taxonomy import load_taxonomy
from smokkel_nlp.terms import built_of, grams, terms_of


def plain_row(vectorizer: Vectorizer, item: Material) -> list[tuple[int, float]]:
    """Work out a row step by step: words and pairs in the order of the text, letters in order of column, mentions, weights of passages."""
    names = [*vectorizer.words, *vectorizer.subwords, *vectorizer.near, *vectorizer.far, *vectorizer.cues]
    columns = {term: index for index, term in enumerate(names)}
    known, subwords = set(vectorizer.words), set(vectorizer.subwords)
    terms, letters = Counter[str](), Counter[str]()
    for sentence in item.sentences:
        words = [word for word in sentence if word is not None]
        neighbours = [f"{a} {b}" for a, b in pairwise(sentence) if a is not None and b is not None]
        terms.update(term for term in (*words, *neighbours) if term in known)
        for word in words:
            letters.update(gram for gram in grams(word) if built_of(word, known) and gram in subwords)
    first = {word: index for index, word in enumerate(vectorizer.words)}
    second = {gram: len(first) + index for index, gram in enumerate(vectorizer.subwords)}
    meetings = []
    for sign, kept in (("+", vectorizer.near), ("&", vectorizer.far)):
        index = {name: columns[name] for name in kept}
        meetings.append((index, {name: count for name, count in Counter(met_in(item.sentences, sign)).items() if name in index}))
    row: list[tuple[int, float]] = []
    for index, counts, length, floor in (
        (first, terms, vectorizer.weights[0], vectorizer.floor),
        (second, dict(sorted(letters.items(), key=lambda pair: second[pair[0]])), vectorizer.weights[1], vectorizer.floor),
        *((index, counts, vectorizer.weights[3], 2 * vectorizer.floor) for index, counts in meetings),
    ):
        ids = [index[term] for term in counts]
        values = (1 + np.log(np.array(list(counts.values()), dtype=float))) * vectorizer.idf[ids]
        row += zip(ids, values * (length / max(float(np.linalg.norm(values)), floor)), strict=True)
    factor, tags = vectorizer.weights[2], load_taxonomy().tag_ids
    row += [(columns[name], factor * (1 + np.log(float(count)))) for name, count in cue_counts(item, frozenset(tags)).items()]
    row += [
        (columns[f"{tag}:gewicht"], factor * (min(max(score, -4.0), 4.0) + 4) / 2) for tag, score in zip(tags, item.scores, strict=False)
    ]
    return row


def test_rows_are_equal_to_the_plain_way(nlp, root) -> None:
    vectorizer = load_model().vectorizer
    items = [material(nlp(record["text"]), nlp.tokenizer) for record in read_gold(root / "corpus" / "dev.jsonl")[:60]]
    items += [material(nlp(text), nlp.tokenizer) for text in ("", "Hij zweeg.", "1 2 3 ...")]
    matrix = vectorizer.transform(items)
    for number, item in enumerate(items):
        expected = plain_row(vectorizer, item)
        ids, values = vectorizer.row(item)
        assert ids.tolist() == [column for column, _ in expected]
        assert values.tolist() == [value for _, value in expected]
        start, end = matrix.indptr[number : number + 2]
        assert matrix.indices[start:end].tolist() == ids.tolist()
        assert matrix.data[start:end].tolist() == values.tolist()


def test_counts_give_the_words_of_the_row(nlp) -> None:
    vectorizer = load_model().vectorizer
    item = material(nlp("De verdachte bracht vier mensen in een vrachtwagen over de grens. Zij betaalden de chauffeur."), nlp.tokenizer)
    counted = vectorizer.transform_counts(
        [Counter([*terms_of(item.sentences), *met_in(item.sentences, "+"), *met_in(item.sentences, "&")])]
    )
    own = vectorizer.n_features - len(vectorizer.cues)
    expected = vectorizer.transform([item])[:, :own].toarray()
    np.testing.assert_array_equal(counted[:, :own].toarray(), expected)
    assert counted[:, own:].nnz == 0
    assert expected.any()


@pytest.mark.parametrize("texts", [[], [""]])
def test_nothing_to_read_gives_no_words(nlp, texts) -> None:
    vectorizer = load_model().vectorizer
    matrix = vectorizer.transform([material(nlp(text), nlp.tokenizer) for text in texts])
    assert matrix.shape == (len(texts), vectorizer.n_features)
    assert matrix[:, : vectorizer.n_features - len(vectorizer.cues)].nnz == 0
