"""Memory zones: the same records inside as outside, one after another, and nothing of the texts is kept."""

from __future__ import annotations

import gc
import json
import weakref
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from spacy.language import Language
from spacy.tokens import Doc
from spacy.vocab import Vocab

import smokkel_nlp
from smokkel_nlp import memory
from smokkel_nlp.batch import pipeline, source_of
from smokkel_nlp.components.classify import case_of
from smokkel_nlp.components.sections import load_section_rules
from smokkel_nlp.lexicon import lexicon
from smokkel_nlp.memory import zone
from smokkel_nlp.reading import Batched
from smokkel_nlp.records import CaseAnalysis
from smokkel_nlp.taxonomy import load_taxonomy


@pytest.fixture(scope="module")
def texts(root: Path) -> list[str]:
    with (root / "corpus" / "train.jsonl").open(encoding="utf8") as lines:
        known = [json.loads(line)["text"] for _, line in zip(range(40), lines, strict=False)]
    new = [f"Kwibus{n} bracht zes migranten naar Plofhoven{n}, in een bestel-\nbusje{n} van 40 euro." for n in range(40)]
    return [text for pair in zip(known, new, strict=True) for text in pair] + ["", "\n".join(known)]


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Open a zone from the first text on."""
    monkeypatch.setattr(memory, "_KNOWN", 0)


@pytest.fixture
def own() -> Language:
    """A pipeline that no other test has shown words to."""
    return smokkel_nlp.load()


def records(nlp: Language, texts: list[str]) -> list[CaseAnalysis]:
    return [doc._.case for doc in nlp.pipe(texts)]


def test_records_are_the_same_inside_and_one_zone_after_another(own: Language, nlp: Language, texts: list[str]) -> None:
    outside = records(nlp, texts)
    assert any(case.modi_operandi for case in outside)
    halves = [texts[:40], texts[40:]]
    for _ in range(2):
        inside = []
        for half in halves:
            with zone(own):
                inside += records(own, half)
        assert inside == outside
        assert [case.to_json() for case in inside] == [case.to_json() for case in outside]
    assert records(own, texts) == outside
    assert list(smokkel_nlp.classify(texts)) == outside


def test_nothing_is_kept_but_labels_and_known_words(own: Language, texts: list[str]) -> None:
    own("Mensensmokkel.")
    labels = [*load_taxonomy().labels, *load_section_rules().labels]
    strings, words = len(own.vocab.strings), len(own.vocab)
    for _ in range(2):
        with zone(own):
            assert len(records(own, texts)) == len(texts)
            assert "Kwibus7" in own.vocab.strings
        assert "Kwibus7" not in own.vocab.strings
        assert len(own.vocab.strings) == strings
    assert len(own.vocab) >= words
    assert all(label in own.vocab.strings for label in labels)
    assert "Mensensmokkel" in own.vocab
    doc = own(texts[1])
    assert [span.label_ for span in doc.spans["modus_operandi"]]


def test_a_zone_in_a_zone_changes_nothing(own: Language, texts: list[str]) -> None:
    with zone(own):
        with zone(own):
            inner = records(own, texts[:4])
        assert records(own, texts[:4]) == inner
        assert "Kwibus0" in own.vocab.strings


def test_words_are_learnt_before_the_first_zone(own: Language, texts: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "_KNOWN", len(own.vocab) + 20)
    for name, kept in (("Kwibus3", True), ("Kwibus5", False)):
        with zone(own):
            assert len(records(own, [f"{name} reed over de grens. {texts[0]}"])) == 1
        assert (name in own.vocab.strings) is kept


def test_an_error_inside_closes_the_zone(own: Language, texts: list[str]) -> None:
    def broken() -> None:
        with zone(own):
            records(own, texts[:4])
            raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        broken()
    assert "Kwibus0" not in own.vocab.strings
    with zone(own):
        assert len(records(own, texts[:4])) == 4


def test_threads_share_a_pipeline(texts: list[str]) -> None:
    wanted = list(smokkel_nlp.classify(texts))
    with ThreadPoolExecutor(3) as pool:
        for given in pool.map(lambda _: list(smokkel_nlp.classify(texts)), range(3)):
            assert given == wanted


def test_what_is_worked_out_for_words_holds_when_the_lexicon_begins_anew(
    nlp: Language, texts: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = records(nlp, texts)
    monkeypatch.setattr("smokkel_nlp.lexicon._LIMIT", 500)
    before = lexicon()
    assert [case for text in texts for case in records(nlp, [text])] == wanted
    assert lexicon() is not before
    assert len(lexicon()) < 5000


def test_a_worn_pipeline_is_loaded_anew_and_the_old_one_freed(texts: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    first = pipeline(*source_of())
    wanted, gone = [case_of(doc) for doc in first.pipe(texts)], weakref.ref(first)
    assert pipeline(*source_of()) is first
    monkeypatch.setattr(memory, "_WORN", len(first.vocab) - 1)
    del first
    assert [case_of(doc) for doc in pipeline(*source_of()).pipe(texts)] == wanted
    assert gone() is None


def test_what_is_freed_counts_as_wear(own: Language, texts: list[str]) -> None:
    before = len(own.vocab)
    with zone(own):
        records(own, ["Kwibus7 Kwibus8 Kwibus9"])
    assert "Kwibus7" not in own.vocab.strings
    assert len(own.vocab) >= before + 3


@pytest.mark.parametrize("collects", [True, False])
def test_garbage_collection_is_as_it_was_after_a_batch_even_one_that_failed(collects: bool) -> None:
    class Component(Batched):
        def run(self, docs: Sequence[Doc]) -> None:
            assert not gc.isenabled()
            if len(docs) > 1:
                raise ValueError("failed")

    docs = [Doc(Vocab(), words=["boot"]) for _ in range(2)]
    before = gc.isenabled()
    try:
        (gc.enable if collects else gc.disable)()
        assert Component()(docs[0]) is docs[0]
        assert gc.isenabled() == collects
        with pytest.raises(ValueError, match="failed"):
            list(Component().pipe(docs))
        assert gc.isenabled() == collects
    finally:
        (gc.enable if before else gc.disable)()
