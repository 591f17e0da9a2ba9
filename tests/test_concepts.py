"""Concepts are lists of fair words, matched as they are written down, and what meets is divided without loss."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from fnmatch import fnmatchcase

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_matrix

from smokkel_nlp.background import FILE, read_background
from smokkel_nlp.classifier import CaseClassifier
from smokkel_nlp.concepts import FIELD, REACHES, load_concepts, meetings, met, read_lists, shared
from smokkel_nlp.corpus import read_gold
from smokkel_nlp.errors import CorpusError, InputError, ModelError
from smokkel_nlp.masks import load_masks
from smokkel_nlp.model import read_model
from smokkel_nlp.store import CLASSIFIER_FILES, read_files

LISTS = read_lists()
FIRST = load_concepts().first_field
# Numbers on both sides of the first field.
HELD = st.lists(st.frozensets(st.integers(FIRST - 3, FIRST + 3), max_size=5), max_size=7)


@pytest.mark.parametrize("words", LISTS.values(), ids=LISTS)
def test_a_list_holds_each_word_once_and_none_that_is_masked(words: list[str]) -> None:
    assert words
    assert len(set(words)) == len(words)
    masks = load_masks()
    for word in words:
        assert word.strip("*")
        assert "*" not in word.strip("*")
        assert masks(word.strip("*")) == word.strip("*"), f"{word} never stands in a text: masks.toml takes it out or makes another of it"


@pytest.mark.parametrize("words", LISTS.values(), ids=LISTS)
def test_no_pattern_is_covered_by_another_of_its_list(words: list[str]) -> None:
    for one in words:
        for other in words:
            wider = one.startswith("*") <= other.startswith("*") and one.endswith("*") <= other.endswith("*")
            assert one == other or not (wider and fnmatchcase(one.strip("*"), other)), f"{one} is {other}"


def test_no_word_stands_in_two_lists_or_in_three_fields() -> None:
    concepts, fields = (
        Counter(word for name, words in LISTS.items() if name.startswith(FIELD) == wanted for word in words) for wanted in (False, True)
    )
    assert len(concepts) > 500
    assert len(fields) > 10_000
    assert [word for word, count in concepts.items() if count > 1] == []
    assert [word for word, count in fields.items() if count > 2] == []


# What a pattern that is too short would catch: other meanings, function words, places and names.
OTHERS = (
    "schuldig schuldige vervolgens slechts verkeerd klimaat boekhouder filmpje premier relatief invalide politiek werf trouwens weg vast reden"
    " moest mocht zou week dagen maanden kamer centrum ruimte isolatie geboden verboten helmond schijndel"
    " leiderdorp wervershoof schipperskwartier museumplein slavisch omgevingsvergunning referentiekader pleegplaats"
)


@pytest.mark.parametrize("word", OTHERS.split())
def test_words_of_another_meaning_have_a_field_at_most(word: str) -> None:
    concepts = load_concepts()
    assert [concepts.names[number] for number in concepts(word) if not concepts.names[number].startswith(FIELD)] == []


UNFAIR = (
    "vrouw man meisje jongen dochter zoon weduwe hoer moslim christen imam kerk moskee koran buitenlander allochtoon expat tolk"
    " huidskleur getint donker donkere blond hoofddoek amsterdam antwerpen polen syrisch zigeuner stamhoofd"
)


@pytest.mark.parametrize("word", UNFAIR.split())
def test_no_concept_holds_sex_origin_religion_or_place(word: str) -> None:
    assert load_concepts()(word) == []


def test_words_have_the_concepts_their_patterns_say(root) -> None:
    concepts = load_concepts()
    words = sorted({word for record in read_gold(root / "corpus" / "dev.jsonl")[:12] for word in record["text"].lower().split()})
    assert len(words) > 700
    found = 0
    for word in words:
        expected = [number for number, name in enumerate(LISTS) if any(fnmatchcase(word, pattern) for pattern in LISTS[name])]
        assert concepts(word) == expected, word
        found += bool(expected)
    assert found > 300


@given(HELD)
def test_what_meets_is_divided_without_loss(held: list[frozenset[int]]) -> None:
    for reach in REACHES.values():
        counts = met(held, reach)
        shares = shared(held, reach, counts)
        assert set(counts) == set(shares)
        for pair, places in shares.items():
            assert sum(places.values()) == pytest.approx(counts[pair])
            assert all(held[place] & set(pair) for place in places)


@given(HELD)
def test_concepts_meet_in_neighbouring_sentences(held: list[frozenset[int]]) -> None:
    runs = [held[place] | held[place + 1] for place in range(len(held) - 1)] or held
    expected = Counter((a, b) for run in runs for a in run for b in run if a < b and (a < FIRST) == (b < FIRST))
    assert met(held, 2) == expected
    whole = frozenset().union(*held)
    assert set(met(held, None)) == {(a, b) for a in whole for b in whole if a < b and (a < FIRST) == (b < FIRST)}
    assert set(met(held, None).values()) <= {1}


@given(HELD)
def test_pairs_meet_in_rows(held: list[frozenset[int]]) -> None:
    width = FIRST + 4
    rows = csr_matrix(np.array([[number in row for number in range(width)] for row in held], dtype=np.int32).reshape(-1, width))
    numbers = np.full((width, width), -1, dtype=np.int32)
    asked = [(FIRST - 3, FIRST - 1), (FIRST - 2, FIRST - 1), (FIRST, FIRST + 3), (FIRST + 1, FIRST + 2)]
    for number, pair in enumerate(asked):
        numbers[pair] = number
    one, _, pairs = meetings(rows, numbers)
    row = np.searchsorted(rows.indptr, one, side="right") - 1
    expected = [(place, number) for place, row in enumerate(held) for number, pair in enumerate(asked) if row.issuperset(pair)]
    assert sorted(zip(row.tolist(), pairs.tolist(), strict=True)) == expected


def test_what_was_made_with_other_lists_is_refused(root, tmp_path) -> None:
    background = read_background(root / "corpus")
    assert background is not None
    (tmp_path / FILE).write_bytes(replace(background, lists=background.lists[::-1].copy()).to_bytes())
    with pytest.raises(CorpusError, match="other lists of concepts; build it again"):
        read_background(tmp_path)
    raw = dict(read_files(None, CLASSIFIER_FILES))
    data = json.loads(raw["model.json"])
    raw["model.json"] = json.dumps({**data, "concepts": data["concepts"][::-1]}).encode()
    with pytest.raises(ModelError, match="a folder: made with other lists of concepts"):
        read_model(raw, "a folder")


def test_three_weights_are_told() -> None:
    with pytest.raises(InputError, match="weights holds 3 numbers; give four"):
        CaseClassifier(weights=(1.0, 0.7, 0.3)).fit(["a b", "c d"], [["mensensmokkel"], []])  # type: ignore[arg-type]
