"""Rows worked out for many texts and windows at once are the rows that were learnt from."""

from __future__ import annotations

import numpy as np
import pytest
from spacy.language import Language
from spacy.tokens import Doc

from smokkel_nlp.components.answer import outcome_features, sheet_of
from smokkel_nlp.components.outcome import OutcomeWeigher, setting
from smokkel_nlp.components.weighing import FILES, OFFENCES, unpack
from smokkel_nlp.content import Content
from smokkel_nlp.corpus import read_gold
from smokkel_nlp.features import lengths_of, material, own_columns
from smokkel_nlp.gate import standing
from smokkel_nlp.model import Model, load_model
from smokkel_nlp.platt import maps
from smokkel_nlp.reading import read_all
from smokkel_nlp.store import read_files
from smokkel_nlp.windows import cost, pooled, windows_of

ODD = ("", "\n", "Hij zweeg.", "1 2 3 ...", "Mensensmokkel.", "De vracht-\nwagen reed over de grens.")


@pytest.fixture(scope="module")
def docs(nlp: Language, root) -> list[Doc]:
    texts = [record["text"] for record in read_gold(root / "corpus" / "dev.jsonl")[:60]]
    # A text that names an offence at once, behind one that holds nothing, and long texts between short ones.
    texts = [*ODD, *texts, "", texts[0], "\n".join(texts[:12]), *ODD[::-1], "\n\n".join(texts[10:40])]
    return list(nlp.pipe(texts))


@pytest.fixture(scope="module")
def model() -> Model:
    return load_model()


def test_scores_and_mentions_are_those_of_the_rows(nlp: Language, docs: list[Doc], model: Model) -> None:
    sheet = sheet_of(docs, Content.of(read_all(docs, nlp.tokenizer)), model)
    items = [material(doc, nlp.tokenizer) for doc in docs]
    windows = [window.item for item in items for window in windows_of(item)]
    assert len(windows) > 20
    cues = len(model.vectorizer.cues)
    for stretches, parts, whole in ((sheet.texts, items, True), (sheet.windows, windows, False)):
        matrix = model.vectorizer.transform(parts)
        scores, values = sheet.scores(stretches, model.coef, whole)
        np.testing.assert_allclose(scores, matrix @ model.coef, atol=1e-9)
        np.testing.assert_allclose(values, matrix[:, -cues:].toarray(), atol=1e-12)


def test_decisions_are_those_of_the_rows(nlp: Language, docs: list[Doc], model: Model) -> None:
    decisions = model.decide(sheet_of(docs, Content.of(read_all(docs, nlp.tokenizer)), model))
    n, long = 2, 0
    for doc, decision in zip(docs, decisions, strict=True):
        item = material(doc, nlp.tokenizer)
        row = model.vectorizer.transform([item])
        (slopes,), (offsets,) = maps(model.calibration, lengths_of([item]))
        odds = (row @ model.coef + model.intercept)[0] * slopes + offsets
        windows = windows_of(item)
        if windows:
            long += 1
            scores = model.vectorizer.transform([window.item for window in windows]) @ model.coef[:, :n] + model.intercept[:n]
            each = scores * slopes[:n] + offsets[:n]
            odds[:n] = pooled(each)
            best = [windows[number] for number in each.argmax(axis=0)]
            assert decision.windows == tuple((window.first, window.first + len(window.item.sentences)) for window in best)
        else:
            assert decision.windows == (None, None)
        assert decision.cost == cost(max(len(windows), 1))
        own, stands = row.toarray()[0][own_columns(model.vectorizer)], standing(odds[None, :n])[0]
        kinds = own.shape[1]
        odds[n:] += (own @ model.gate[:kinds] * stands[0] + stands @ model.gate[kinds:]) * slopes[n:]
        np.testing.assert_allclose(decision.odds, odds, atol=1e-9)
    assert long >= 2


def test_a_sentence_that_adds_most_is_the_one_the_shares_tell(nlp: Language, docs: list[Doc], model: Model) -> None:
    sheet = sheet_of(docs, Content.of(read_all(docs, nlp.tokenizer)), model)
    held = [number for number, size in enumerate((sheet.texts.end - sheet.texts.first).tolist()) if size > 1]
    assert len(held) > 40
    stretches, labels = type(sheet.texts)(*(array[held] for array in sheet.texts)), [0, 1, 7]
    loudest = sheet.loudest(stretches, [labels] * len(held), model.coef)
    for number, first, found in zip(held, stretches.first.tolist(), loudest, strict=True):
        shares = model.vectorizer.sentence_shares(material(docs[number], nlp.tokenizer)) @ model.coef[:, labels]
        picked = shares[np.array(found) - first, range(len(labels))]
        np.testing.assert_allclose(picked, shares.max(axis=0), atol=1e-12)


def test_the_status_of_an_offence_is_weighed_as_it_is_learnt(nlp: Language, docs: list[Doc]) -> None:
    weights = unpack(read_files(None, FILES), OFFENCES)
    content = Content.of(read_all(docs, nlp.tokenizer))
    weigher = OutcomeWeigher(weights)
    texts = [number for number in range(len(docs)) for _ in range(2)]
    bare = [list(setting([], [], [])) for _ in texts]
    given = weigher(content, texts, bare)
    for number, status in zip(texts, given, strict=True):
        words = [
            feature
            for feature in outcome_features(docs[number], material(docs[number], nlp.tokenizer), "x")
            if feature.name[:2] in ("w=", "f=")
        ]
        scores = (weights.sums([[*words, *bare[0]]]) + weights.bias)[0]
        assert scores[weights.groups[0].index(status)] == pytest.approx(scores.max(), abs=1e-5)
    assert len(set(given)) > 1
    assert weigher(content, [], []) == []


@pytest.mark.parametrize("size", [1, 2, 3, 7])
def test_an_answer_is_the_same_to_the_last_bit_in_any_batch(nlp: Language, docs: list[Doc], size: int) -> None:
    texts = [doc.text for doc in docs]
    assert [(doc.cats, doc._.case) for doc in nlp.pipe(texts, batch_size=size)] == [(doc.cats, doc._.case) for doc in docs]


def test_other_settings_keep_what_was_looked_up(nlp: Language) -> None:
    model = nlp.get_pipe("smokkel_classify").classifier
    assert model.under(0.01, {}).columns is model.columns
