"""The data files: taxonomy, cues, sections."""

from __future__ import annotations

from pathlib import Path

import pytest
import spacy
from hypothesis import given, settings
from hypothesis import strategies as st

from smokkel_nlp.components.sections import find_sections, load_section_rules
from smokkel_nlp.cues import CueMatcher, parse_cue
from smokkel_nlp.errors import TaxonomyError
from smokkel_nlp.reading import read
from smokkel_nlp.taxonomy import load_taxonomy, parse_offences, parse_tags, read_toml, resource

TAG = {"id": "x", "family": "A", "name": "n", "title": "t", "definition": "d"}


def test_taxonomy_is_complete() -> None:
    taxonomy = load_taxonomy()
    assert len(taxonomy.labels) == 26
    assert len(taxonomy.elements) == 9
    assert all(tag.strong and tag.definition for tag in taxonomy.tags)
    covered = {tag for element in taxonomy.elements for tag in element.tags}
    assert covered | {"drugssmokkel", "wapensmokkel"} == set(taxonomy.tag_ids)


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({**TAG, "strong": ["boot & kust &"]}, "eigen.toml: tag x: cue 'boot & kust &'"),
        ({**TAG, "strong": ["a*"]}, "too short"),
        ({**TAG, "strong": ["... boot"]}, "gap"),
        ({**TAG, "strong": ["boot ~"]}, "gap"),
        ({**TAG, "strong": ["boot"], "weak": ["boot"]}, "both strong and weak"),
        ({**TAG, "strong": ["boot", "boot"]}, "stands twice"),
        ({**TAG, "strong": "boot"}, "must be a list of strings"),
        ({"id": "x"}, "'family' is missing"),
    ],
)
def test_lint_names_file_entry_and_mend(entry: dict[str, object], message: str) -> None:
    with pytest.raises(TaxonomyError, match=r"eigen\.toml") as caught:
        parse_tags({"tag": [entry]}, "eigen.toml")
    assert message in str(caught.value)


def test_lint_finds_double_ids_and_unknown_tags() -> None:
    with pytest.raises(TaxonomyError, match="id 'x' stands twice"):
        parse_tags({"tag": [TAG, TAG]}, "eigen.toml")
    data = read_toml(resource("offences.toml"))
    with pytest.raises(TaxonomyError, match=r"is unknown; use an id of tags\.toml"):
        parse_offences(data, ("onderdak",), "offences.toml")


def test_toml_errors_name_the_file(tmp_path: Path) -> None:
    (tmp_path / "stuk.toml").write_text("a = ", encoding="utf8")
    with pytest.raises(TaxonomyError, match=r"stuk.toml: not valid TOML"):
        read_toml(tmp_path / "stuk.toml")
    with pytest.raises(TaxonomyError, match=r"weg.toml: cannot be read"):
        read_toml(tmp_path / "weg.toml")


@pytest.mark.parametrize(
    ("cue", "text", "found"),
    [
        ("paspoort* & afgepakt", "hij had haar paspoort afgepakt", "paspoort afgepakt"),
        ("paspoort* & afgepakt", "afgepakt was het paspoort van hem", "afgepakt was het paspoort"),
        ("valse paspoort*", "een vals paspoort", None),
        ("over ... grens", "over de eerste grens", "over de eerste grens"),
        ("over ... grens", "over een twee drie vier vijf zes grens", None),
        ("over ~ grens", "over een twee drie vier vijf zes grens", "over een twee drie vier vijf zes grens"),
        ("*smokkel", "het was sigarettensmokkel", "sigarettensmokkel"),
        ("boot & kust & nacht", "bij nacht lag een boot aan de kust", "nacht lag een boot aan de kust"),
    ],
)
def test_cue_language(cue: str, text: str, found: str | None) -> None:
    words = text.split()
    matches = CueMatcher([("k", parse_cue(cue))])(words)
    assert [" ".join(words[m.start : m.end]) for m in matches[:1]] == ([found] if found else [])


@given(
    st.lists(st.from_regex(r"(\*?[abé]{3,5}\*?)(/\*?[abé]{3,4}\*?)?", fullmatch=True), min_size=1, max_size=15, unique=True),
    st.text("abé", max_size=8),
)
@settings(max_examples=300, deadline=None)
def test_the_slots_of_a_word_are_those_that_accept_it(texts: list[str], word: str) -> None:
    cues = [parse_cue(text) for text in texts]
    matcher = CueMatcher(enumerate(cues))
    assert matcher.slots_of(word) == {
        number for cue, slots in zip(cues, matcher.needs, strict=True) for number in slots if cue.parts[0][0].accepts(word)
    }


def test_a_word_of_a_million_letters_is_looked_up() -> None:
    matcher = CueMatcher((text, parse_cue(text)) for text in ("xxx*", "*boot", "*xboo*", "*boten", "*vlot*", "boot"))
    assert [match.key for match in matcher(["x" * 1_000_000 + "boot"])] == ["xxx*", "*boot", "*xboo*"]


def test_section_examples() -> None:
    nlp, rules, data = spacy.blank("nl"), load_section_rules(), read_toml(resource("sections.toml"))
    for kind in ("section", "register"):
        for entry in data[kind]:
            reading = read(nlp.make_doc(entry["example"] + ("\nIets anders staat hier." if kind == "section" else "")), nlp.tokenizer)
            found = [section.default.id for section in find_sections(reading, rules)]
            assert entry["id"] in found, entry["id"]


def test_headings_set_the_default_until_the_next() -> None:
    nlp = spacy.blank("nl")
    text = "1. De tenlastelegging\nHij bracht mensen weg.\n2. Het standpunt van de verdediging\nEr was niets.\n3. De bewezenverklaring\nHij deed het."
    reading = read(nlp.make_doc(text), nlp.tokenizer)
    sections = find_sections(reading, load_section_rules())
    assert [s.default.id for s in sections][-3:] == ["tenlastelegging", "standpunt_verdediging", "bewezenverklaring"]
    assert sections[-1].end == len(reading.lower)
