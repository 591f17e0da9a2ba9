"""Passages are weighed as they were learnt, names and origins weigh nothing, and long texts are weighed as short ones."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import spacy
from hypothesis import given
from hypothesis import strategies as st
from spacy.language import Language
from spacy.tokens import Doc

from smokkel_nlp.components import spotting
from smokkel_nlp.components.assertion import Reader
from smokkel_nlp.components.mentions import Found, Label, by_weight, find_mentions, load_cues, longest
from smokkel_nlp.components.rescoring import Rescoring
from smokkel_nlp.components.spotting import FILES, Spotter, counts, pack, passages, unpack
from smokkel_nlp.components.weighing import FILES as WEIGHING_FILES
from smokkel_nlp.components.weighing import MENTIONS, Weigher
from smokkel_nlp.components.weighing import unpack as unpack_weights
from smokkel_nlp.concepts import load_concepts, pairs_of
from smokkel_nlp.content import Content
from smokkel_nlp.cues import CueMatcher, parse_cue
from smokkel_nlp.errors import ModelError
from smokkel_nlp.learning import fit_spotter, mark, vocabulary
from smokkel_nlp.lexicon import Lexicon, Table
from smokkel_nlp.passage_evaluation import measure_mentions, mentions_markdown
from smokkel_nlp.reading import Finder, Reading, read
from smokkel_nlp.store import read_files
from smokkel_nlp.taxonomy import load_taxonomy

CORPUS = Path(__file__).parents[1] / "corpus" / "train.jsonl"


@pytest.fixture(scope="module")
def blank() -> Language:
    return spacy.blank("nl")


@pytest.fixture(scope="module")
def spotter() -> Spotter:
    return unpack(read_files(None, FILES))


@pytest.fixture(scope="module")
def records() -> list[dict[str, object]]:
    with CORPUS.open(encoding="utf8") as lines:
        return [json.loads(line) for _, line in zip(range(25), lines, strict=False)]


def content_of(nlp: Language, text: str) -> Content:
    return Content(read(nlp.make_doc(text), nlp.tokenizer))


def test_passages_are_weighed_as_they_are_learnt(blank: Language, records: list[dict[str, object]]) -> None:
    marked = mark(records, blank.tokenizer)
    learnt = fit_spotter(marked)
    before, after = marked.blank.vocabulary, learnt.vocabulary
    kept = [row for terms, known, edge in zip(before, after, before.edges, strict=False) for row in _rows(terms, known, edge)]
    assert after.words == before.words
    assert 0 < len(after.met) < len(before.met) < len(vocabulary([], 1).met)
    first, width = 0, len(learnt.tags)
    for number, record in enumerate(records):
        _, scores = learnt(content_of(blank, str(record["text"])))
        rows = slice(first, first + len(scores))
        first += len(scores)
        wanted = marked.own[rows][:, kept] @ learnt.own + marked.sentence[rows] @ learnt.context[:, :width]
        wanted += marked.around[rows] @ learnt.context[:, width : 2 * width] + marked.text[number] @ learnt.context[:, 2 * width :]
        assert np.allclose(scores, wanted + learnt.bias, atol=1e-3)
    assert first == len(marked.gold)


def _rows(before: tuple[str, ...], after: tuple[str, ...], offset: int) -> list[int]:
    place = {term: number for number, term in enumerate(before)}
    return [offset + place[term] for term in after]


def test_mentions_are_weighed_at_once_as_one_by_one(blank: Language, records: list[dict[str, object]]) -> None:
    weigher = Weigher(unpack_weights(read_files(None, WEIGHING_FILES), MENTIONS))
    count = 0
    for record in records:
        reader = Reader.of(read(blank.make_doc(str(record["text"])), blank.tokenizer))
        spans = [reader.reading.tokens_of(m["start"], m["end"]) for m in record["mentions"]]  # type: ignore[attr-defined]
        if not spans:
            continue
        weighed = weigher(reader._around, spans)
        for span, clause, row in zip(spans, weighed.clauses, weighed.scores, strict=True):
            by_name = weigher.weights.sums([reader.features(span)])[0] + weigher.weights.bias
            (facts,) = reader.facts([span], [clause])
            assert np.allclose(row + weigher.weights.sums([facts.items()])[0], by_name, atol=1e-3)
            count += 1
    assert count > 50


def test_concepts_meet_inside_passages(blank: Language, spotter: Spotter, records: list[dict[str, object]]) -> None:
    concepts, met, total = load_concepts(), spotter.vocabulary.met, 0
    for record in records:
        content = content_of(blank, str(record["text"]))
        cut, words = passages(content), [word if kept else None for word, kept in zip(content.masked, counts(content), strict=True)]
        found = spotter.meetings(content, cut)
        for row, (start, end) in enumerate(zip(cut.starts, cut.ends, strict=True)):
            held = sorted({number for word in words[start:end] if word is not None for number in concepts(word)})
            expected = {f"{concepts.names[one]}+{concepts.names[other]}" for one, other in pairs_of(held)}
            assert {met[pair] for pair in found[row].indices} == expected & set(met)
            total += found[row].nnz
    assert set(found.data) == {1.0}
    assert total > 500


def test_a_spotter_that_was_made_with_other_concepts_is_refused() -> None:
    raw = dict(read_files(None, FILES))
    data = json.loads(raw[FILES[0]])
    raw[FILES[0]] = json.dumps({**data, "concepts": data["concepts"][::-1]}).encode()
    with pytest.raises(ModelError, match=r"spotting.json: made with other lists of concepts"):
        unpack(raw)


def test_a_long_text_is_weighed_by_blocks(blank: Language, spotter: Spotter, monkeypatch: pytest.MonkeyPatch) -> None:
    content = content_of(blank, "Hij bracht mensen in een bestelbus over de grens, en zij betaalden vooraf. " * 40)
    _, whole = spotter(content)
    monkeypatch.setattr(spotting, "_BLOCK", 7)
    _, parts = spotter(content)
    assert np.allclose(whole, parts, atol=1e-4)


def test_passages_cover_the_text_and_keep_inside_sentences(blank: Language) -> None:
    content = content_of(
        blank, "Zij sliepen in de loods, maar hij zei dat zij vrij waren. Kort.\nNog een regel, en een lange staart erachter"
    )
    cut = passages(content)
    assert cut.starts[0] == 0
    assert cut.ends[-1] == len(content.reading)
    assert (cut.starts[1:] == cut.ends[:-1]).all()
    assert set(content.reading.sentence_bounds[:-1].tolist()) <= set(cut.starts.tolist())


@pytest.mark.parametrize("text", ["", " ", "\n\n", ".", "boot"])
def test_texts_without_words(blank: Language, spotter: Spotter, text: str) -> None:
    cut, scores = spotter(content_of(blank, text))
    assert scores.shape == (len(cut.starts), len(load_taxonomy().tag_ids))


@pytest.mark.parametrize(
    ("one", "other"), [("Syrische", "Nederlandse"), ("Ahmed", "Willem"), ("islamitische", "katholieke"), ("man", "vrouw")]
)
def test_origin_name_and_sex_weigh_nothing(blank: Language, spotter: Spotter, one: str, other: str) -> None:
    text = "Zij moest haar geld afgeven aan de {} verdachte, en hij sloeg haar."
    found = [spotter(content_of(blank, text.format(word)))[1] for word in (one, other)]
    assert np.allclose(found[0], found[1])


def test_a_name_of_an_organisation_is_no_mention(blank: Language, spotter: Spotter) -> None:
    content = content_of(blank, "Het Expertisecentrum Mensenhandel en Mensensmokkel gaf een toelichting.")
    assert content.organisations
    [(mentions, _)] = find_mentions(content, load_cues(), spotter)
    assert [item for item in mentions if item.label.kind == "offence"] == []


def test_company_makes_mentions_and_does_not_change_what_a_text_scores(blank: Language, spotter: Spotter) -> None:
    content = content_of(blank, "Zij betaalden vooraf 500 euro per persoon. Daarna reden zij weg, en de zon scheen.")
    _, scores = spotter(content)
    own = np.eye(8, dtype=np.float32)[0]
    found = []
    for intercept in (-50.0, 50.0):
        other = replace(spotter, rescoring=Rescoring(np.zeros((8, 8), np.float32), own, intercept), floor=-9.0)
        [(mentions, told)] = find_mentions(content, Finder(CueMatcher([])), other)
        assert told == pytest.approx(scores.max(axis=0), abs=1e-3)
        found.append(len(mentions))
    assert found[0] == 0 < found[1]


def test_a_strong_cue_lifts_its_tag_to_the_floor_also_inside_a_weighed_mention(blank: Language, spotter: Spotter) -> None:
    content = content_of(blank, "De zon scheen op het dak.")
    cues = Finder(CueMatcher([(Label("tag", "onderdak", "strong", 1), parse_cue("dak"))]))
    column = spotter.tags.index("onderdak")
    for intercept in (-50.0, 50.0):  # the passage is no mention by its weight, or is one around the cue
        company = Rescoring(np.zeros((8, 8), np.float32), np.zeros(8, np.float32), intercept)
        other = replace(spotter, rescoring=company, bias=spotter.bias + 9, floor=99.0)
        [(mentions, told)] = find_mentions(content, cues, other)
        assert told[column] == 99.0
        assert {by_weight(item.cue) for item in mentions if item.label.id == "onderdak"} == {intercept > 0}
        assert max(score for number, score in enumerate(told) if number != column) < 99.0


def test_disguised_words_are_read(blank: Language) -> None:
    assert read(blank.make_doc("via t3l3gram en ✈"), blank.tokenizer).lower == ["via", "telegram", "en", "vliegtuig"]


def test_spotter_is_the_same_bytes_and_comes_back(blank: Language, spotter: Spotter) -> None:
    raw = pack(spotter)
    back = unpack(raw)
    assert pack(back) == raw
    content = content_of(blank, "Zij betaalden vooraf en werden in een koelwagen naar de haven gebracht.")
    cut, scores = spotter(content)
    assert (back(content)[1] == scores).all()
    assert (back.beside(cut, scores, content) == spotter.beside(cut, scores, content)).all()
    assert (back.threshold, back.floor) == (spotter.threshold, spotter.floor)


def test_finder_finds_what_the_matcher_finds(blank: Language, records: list[dict[str, object]]) -> None:
    lines = ["geld ... betaald*/afgegeven", "paspoort*/document*", "in een/de *wagen/busje", "grens & gebracht/vervoerd", "spreekt ~ vrij"]
    matcher = CueMatcher([(line, parse_cue(line)) for line in lines])
    finder, total = Finder(matcher), 0
    for record in records:
        reading = read(blank.make_doc(str(record["text"])), blank.tokenizer)
        wanted = [match for start, end in reading.sentences for match in matcher(reading.lower, start, end)]
        assert finder(reading) == wanted
        total += len(wanted)
    assert total  # else nothing was compared


def test_a_table_fills_as_the_lexicon_grows(blank: Language) -> None:
    words, table = Lexicon(), Table(lambda orth, lower: len(orth), np.int64)
    for text in ("De boot", "Een andere boot voer uit"):
        doc = blank.make_doc(text)
        numbers = words.numbers(doc.to_array("ORTH"), blank.vocab.strings)
        assert table(words, numbers).tolist() == [len(token.text) for token in doc]
    assert len(words) == 6
    other = Lexicon()
    assert table(other, other.numbers(blank.make_doc("zee").to_array(["ORTH"]).ravel(), blank.vocab.strings)).tolist() == [3]


def test_reading_puts_the_text_together_as_spacy_does(blank: Language, records: list[dict[str, object]]) -> None:
    for record in records:
        doc = blank.make_doc(str(record["text"]))
        reading: Reading = read(doc, blank.tokenizer)
        assert reading.clean.original == doc.text


def test_measured_mentions_are_counted_by_overlap_and_tag(nlp: Language) -> None:
    text = "Hij sloeg haar. De zon scheen op het water en op de kade."
    doc = nlp.make_doc(text)
    found = [doc.char_span(0, 14, label="dwang_geweld"), doc.char_span(16, 29, label="misleiding")]

    class Found:
        def __call__(self, text: str) -> Doc:
            doc.spans["modus_operandi"] = [span for span in found if span is not None]
            return doc

    gold = [{"start": 4, "end": 9, "tag": "dwang_geweld"}, {"start": 30, "end": 40, "tag": "onderdak"}]
    result = measure_mentions([{"text": text, "mentions": gold}], Found())  # type: ignore[arg-type]
    assert [result["micro"][key] for key in ("gold", "found")] == [2, 2]
    assert [result["micro"][key][0] for key in ("precision", "recall", "tag_precision")] == [0.5, 0.5, 0.5]
    assert result["tags"]["dwang_geweld"]["f1"][0] == 1.0
    assert result["tags"]["onderdak"]["recall"][0] == 0.0
    assert "| all, micro | 2 | 2 | 0.50" in mentions_markdown("x.jsonl", result)


@given(st.lists(st.tuples(st.sampled_from("ab"), st.booleans(), st.integers(0, 40), st.integers(1, 8)), max_size=40))
def test_the_longest_of_overlapping_mentions_stays(spans: list[tuple[str, bool, int, int]]) -> None:
    found = [Found(Label("tag", tag, "strong" if strong else "weak", 0), start, start + size, "") for tag, strong, start, size in spans]
    kept: list[Found] = []
    for item in sorted(found, key=lambda f: (f.label.strength == "weak", f.start - f.end)):
        if not any(o.label.id == item.label.id and o.start < item.end and item.start < o.end for o in kept):
            kept.append(item)
    assert longest(found) == sorted(kept, key=lambda f: (f.start, f.end, f.label))
