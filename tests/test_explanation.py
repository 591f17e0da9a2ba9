"""Explanations: they sum to the score, are faithful to the model, show the parts of long texts, and travel."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import spacy
from benchmarks.faithfulness import measure
from spacy.language import Language
from spacy.tokens import DocBin

import smokkel_nlp
from smokkel_nlp.components.answer import sheet_of
from smokkel_nlp.content import Content
from smokkel_nlp.errors import InputError
from smokkel_nlp.explanation import _cued, _offsets, _stretches
from smokkel_nlp.features import lengths_of, material, material_of
from smokkel_nlp.model import load_model
from smokkel_nlp.platt import maps
from smokkel_nlp.reading import read
from smokkel_nlp.records import CaseAnalysis

TEXT = (
    "Op het strand vond de politie een rubberboot. Verdachte is veroordeeld voor mensensmokkel: hij bracht acht migranten in een bestelbus over de grens. "
    "Hij vroeg 2.000 euro per persoon.\nHet was die dag koud."
)
DRONES = '[[tag]]\nid = "drone_verkenning"\nname = "d"\ntitle = "d"\ndefinition = "Een drone."\nstrong = ["drone*"]\nfires = ["Een drone."]\nspares = ["Een boot."]\n'


@pytest.fixture(scope="module")
def explaining() -> Language:
    return smokkel_nlp.load(explain=True)


@pytest.fixture(scope="module")
def dev(root: Path) -> list[str]:
    return [json.loads(line)["text"] for line in (root / "corpus" / "dev.jsonl").read_text(encoding="utf8").splitlines()]


def test_parts_sum_to_the_score_before_calibration(explaining: Language, dev: list[str]) -> None:
    model = load_model()
    for text in dev:
        doc = explaining(text)
        reading = read(doc, explaining.tokenizer)
        [decision] = model.decide(sheet_of([doc], Content.of(reading), model))
        (slopes,), (offsets,) = maps(model.calibration, lengths_of([material(doc, explaining.tokenizer)]))
        paid = [decision.cost, decision.cost, *[0.0] * (len(model.labels) - 2)]
        case = doc._.case
        assert list(case.explanation) == [*case.offences, *(mo.tag for mo in case.modi_operandi)]
        for label, told in case.explanation.items():
            k = model.labels.index(label)
            score = (decision.odds[k] + paid[k] - offsets[k]) / slopes[k]
            assert told.score == pytest.approx(score, abs=1e-6)
            rounded = 1e-6 * (1 + sum(1 + len(share.mentions) for share in told.passages))  # every part is told with six decimals
            assert told.constant + sum(share.value for share in told.passages) == pytest.approx(score, abs=rounded)
            assert told.constant + sum(share.value for share in told.sections) == pytest.approx(score, abs=rounded)
            for share in told.passages:
                parts = share.wording + sum(item.value + item.gated for item in share.mentions)
                assert share.value == pytest.approx(parts, abs=1e-6 * (1 + len(share.mentions)))
            assert told.gated == pytest.approx(sum(item.gated for share in told.passages for item in share.mentions), abs=rounded)
            assert told.probability == pytest.approx(doc.cats[label], abs=1e-6)
            assert (told.about is None) == (label in case.offences)
            if label in case.offences:
                assert told.gated == 0


def test_without_its_mentions_a_tag_has_the_straight_score(explaining: Language) -> None:
    told = explaining(TEXT)._.case.explanation["transport_land"]
    own = [item for share in told.passages for item in share.mentions if item.gated]
    assert {item.label for item in own} == {"transport_land"}
    assert {item.kind for item in own} == {"mention", "weight"}
    assert told.gated > 0
    straight = told.constant + sum(share.wording + sum(item.value for item in share.mentions) for share in told.passages)
    assert told.score - told.gated == pytest.approx(straight, abs=1e-5)


def test_what_a_strong_cue_lifts_is_told_at_its_mention_and_not_at_those_found_by_weight(monkeypatch: pytest.MonkeyPatch) -> None:
    nlp = smokkel_nlp.load()
    found = {}
    for threshold in (-2.0, 99.0):  # the passage around the cue is a mention by its weight, or is none
        monkeypatch.setattr(nlp.get_pipe("smokkel_mentions").spotter, "threshold", threshold)  # type: ignore[attr-defined]
        doc = nlp("Verdachte bracht zes migranten met een vals paspoort over de grens.")
        assert any(span.label_ == "valse_documenten" for span in doc.spans["modus_operandi"])
        item, offsets = material_of(doc, read(doc, nlp.tokenizer)), _offsets(doc, read(doc, nlp.tokenizer))
        cued = _cued(doc, item, offsets).get("valse_documenten", [])
        found[threshold] = [doc.text[place.start : place.end] for place in cued]
    assert found == {-2.0: [], 99.0: ["vals paspoort"]}


def test_deleting_what_added_most_costs_a_label_more_than_deleting_another_passage(dev: list[str]) -> None:
    found = measure(dev)
    assert found.texts >= 100
    best, other = found.means
    assert best > 3 * max(other, 0.1)


def test_passages_are_sentences_and_hold_their_mentions(explaining: Language, dev: list[str]) -> None:
    for text in [TEXT, *dev[:40]]:
        for told in explaining(text)._.case.explanation.values():
            ends = [0]
            for share in told.passages:
                assert ends[-1] <= share.start < share.end <= len(text)
                assert text[share.start : share.end].strip() == text[share.start : share.end]
                assert all(share.start <= item.start < item.end <= share.end for item in share.mentions)
                ends.append(share.end)


def test_nothing_is_told_unasked(nlp: Language) -> None:
    case = nlp(TEXT)._.case
    assert case.explanation is None
    assert "explanation" not in case.to_dict()


def test_an_explanation_changes_no_answer(nlp: Language, explaining: Language, dev: list[str]) -> None:
    for text in dev[:20]:
        plain, told = nlp(text), explaining(text)
        assert plain.cats == told.cats
        assert {**told._.case.to_dict(), "explanation": None, "text": None} == {**plain._.case.to_dict(), "explanation": None, "text": None}


def test_a_record_round_trips_and_says_where_it_has_no_text() -> None:
    [bare], [kept] = smokkel_nlp.classify([TEXT], explain=True), smokkel_nlp.classify([TEXT], explain=True, keep_text=True)
    assert bare.explanation == kept.explanation
    for case in (bare, kept):
        assert CaseAnalysis.from_json(case.to_json()) == case
    stored = json.loads(bare.to_json())
    assert stored["text"] is None
    assert "koud" not in json.dumps(stored["explanation"])
    first = kept.explanation["mensensmokkel"].top(1)[0]
    assert kept.cut(first) == TEXT[first.start : first.end]
    assert "veroordeeld voor mensensmokkel" in kept.cut(first)
    with pytest.raises(InputError, match="keep_text=True"):
        bare.cut(first)


def test_explanations_survive_processes_files_and_jobs(explaining: Language, tmp_path: Path) -> None:
    texts = [TEXT, "", "Gewone dag."] * 2
    alone = [doc._.case for doc in map(explaining, texts)]
    assert all(case.explanation for case in alone)
    docs = list(explaining.pipe(texts, n_process=2, batch_size=2))
    assert [doc._.case for doc in docs] == alone
    box = DocBin(docs=docs, store_user_data=True)
    assert [doc._.case for doc in DocBin().from_bytes(box.to_bytes()).get_docs(spacy.blank("nl").vocab)] == alone
    assert list(smokkel_nlp.classify(texts, explain=True, n_jobs=2)) == alone
    explaining.to_disk(tmp_path / "een")
    (tmp_path / "een").rename(tmp_path / "twee")
    assert spacy.load(tmp_path / "twee")(TEXT)._.case == alone[0]
    copy = spacy.blank("nl")
    for name in explaining.pipe_names:
        copy.add_pipe(name)
    copy.from_bytes(explaining.to_bytes())
    assert copy(TEXT)._.case == alone[0]


def test_a_text_without_words_is_all_constant(explaining: Language) -> None:
    for text in ("", "  \n", "\u200b"):
        for told in explaining(text)._.case.explanation.values():
            assert told.passages == ()
            assert told.score == told.constant


def test_users_rules_move_no_explanation(tmp_path: Path, explaining: Language) -> None:
    (tmp_path / "eigen.toml").write_text(DRONES, encoding="utf8")
    own = smokkel_nlp.load(taxonomy=tmp_path / "eigen.toml", explain=True)
    text = TEXT + " Een drone vloog over de mensensmokkelaars."
    case = own(text)._.case
    assert "drone_verkenning" in [mo.tag for mo in case.modi_operandi]
    assert case.explanation == explaining(text)._.case.explanation


def test_an_explanation_needs_the_component_that_found_the_mentions(nlp: Language) -> None:
    alone = spacy.blank("nl")
    alone.add_pipe("smokkel_classify", config={"explain": True})
    with pytest.raises(InputError, match="add 'smokkel_mentions'"):
        alone(TEXT)


def test_a_long_text_without_headings_is_told_in_stretches(explaining: Language) -> None:
    filler = "De getuige liep naar de winkel en kocht daar een brood voor het avondeten. " * 350
    stretches = _stretches(material(explaining(filler), explaining.tokenizer), filler, [])
    words = [len(filler[start:end].split()) for start, end, *_ in stretches]
    assert len(words) == round(sum(words) / 500)
    assert all(450 <= number <= 550 for number in words)
    assert all(name is None for _, _, name, *_ in stretches)


def test_an_offence_in_a_long_text_is_explained_by_the_window_that_decided(explaining: Language) -> None:
    filler = "De getuige liep naar de winkel en kocht daar een brood voor het avondeten. " * 350
    text = filler + TEXT + " " + filler
    case = explaining(text)._.case
    start, end = case.offences["mensensmokkel"].window
    assert start <= text.index("veroordeeld voor mensensmokkel") < end
    told = case.explanation["mensensmokkel"]
    assert all(start <= share.start < share.end <= end for share in told.passages)
    assert text[told.top(1)[0].start : told.top(1)[0].end] in TEXT


def test_sections_are_those_of_the_headings(explaining: Language) -> None:
    text = (
        "Rechtbank Utrecht, vonnis in de strafzaak tegen de verdachte.\n\nTenlastelegging\n\nDe verdachte bracht migranten over de grens, mensensmokkel.\n\n"
        "Bewijsmiddelen\n\nDe verdachte reed met een bestelbus.\n\nStrafoplegging\n\nDe straf is drie maanden.\n"
    )
    doc = explaining(text)
    sections = doc._.case.explanation["mensensmokkel"].sections
    assert len(sections) > 1
    assert [part.name for part in sections] == [span.label_ for span in doc.spans["sections"]]
    best = max(sections, key=lambda part: part.value)
    assert best.start <= text.index("migranten") < best.end


def test_explaining_reads_a_text_once(explaining: Language, monkeypatch: pytest.MonkeyPatch) -> None:
    from smokkel_nlp.features import Vectorizer

    counted: list[int] = []
    shares = Vectorizer.sentence_shares
    monkeypatch.setattr(Vectorizer, "sentence_shares", lambda self, item: counted.append(1) or shares(self, item))
    case = explaining(TEXT)._.case
    assert len(case.explanation) > 2
    assert len(counted) == 1


def test_shares_of_mentions_sum_to_their_features(nlp: Language, dev: list[str]) -> None:
    vectorizer = load_model().vectorizer
    for text in dev[:30]:
        item = material(nlp(text), nlp.tokenizer)
        ids, values = vectorizer.row(item)
        whole = np.zeros(vectorizer.n_features)
        np.add.at(whole, ids, values)
        apart = (
            np.asarray(vectorizer.sentence_shares(item).sum(axis=0)).ravel()
            + np.asarray(vectorizer.mention_shares(item).sum(axis=0)).ravel()
        )
        ids, values = vectorizer.weight_values(item)
        np.add.at(apart, ids, values)
        assert np.allclose(whole, apart, atol=1e-12)
