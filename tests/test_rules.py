"""Assertion rules: what each key of the language does, what is refused, and what the lint finds."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import spacy

from smokkel_nlp.components.rule_lint import lint
from smokkel_nlp.components.rule_reader import RuleReader, Said
from smokkel_nlp.components.rules import compile_rules, load_assertion_rules, parse_rules, unmark
from smokkel_nlp.components.sections import PLAIN, Default, Section, find_sections, load_section_rules
from smokkel_nlp.errors import TaxonomyError
from smokkel_nlp.reading import read

NLP = spacy.blank("nl")
EXAMPLES = {"fires": "[[x]]", "spares": "[[x]]"}
DENIES = {"id": "ontkent", "status": "ontkend", "cues": ["niet gezien"]}
PROVES = {"id": "bewijst", "status": "bewezen", "source": "rechter", "cues": ["bewezen"]}
CLAIMS = {"id": "zegt", "status": "vermoed", "source": "om", "cues": ["officier"]}


def said(marked: str, *entries: dict[str, Any], default: Default = PLAIN, sections: bool = False) -> Said:
    rules = parse_rules([{**EXAMPLES, **entry} for entry in entries], "test.toml")
    text, start, end = unmark(marked, "test")
    reading = read(NLP.make_doc(text), NLP.tokenizer)
    found = find_sections(reading, load_section_rules()) if sections else [Section(0, len(reading.lower), default)]
    return RuleReader(reading, compile_rules(rules), found)(reading.tokens_of(start, end))


def by(marked: str, *entries: dict[str, Any], **options: Any) -> str | None:
    return said(marked, *entries, **options).decision.rule


def test_the_shipped_rules_pass_the_lint() -> None:
    assert lint(load_assertion_rules().rules) == []


@pytest.mark.parametrize(
    ("direction", "before", "around", "after"),
    [("before", "ontkent", "ontkent", None), ("after", None, "ontkent", "ontkent"), ("both", "ontkent", "ontkent", "ontkent")],
)
def test_direction(direction: str, before: str | None, around: str | None, after: str | None) -> None:
    rule = {**DENIES, "cues": ["is niet ~ gezien"], "direction": direction}
    assert by("Er is niet iets gezien, noemt hij [[de boot]].", rule) == before
    assert by("Er is niet op de steiger [[de boot]] gezien.", rule) == around
    assert by("[[De boot]] is niet gezien.", rule) == after


def test_a_word_inside_the_mention_denies_nothing_but_a_phrase_does() -> None:
    assert by("Er was [[geen loon]].", {**DENIES, "cues": ["geen"]}) is None
    assert by("Er was geen [[loon]].", {**DENIES, "cues": ["geen"]}) == "ontkent"
    assert by("[[De boot is niet gezien]].", DENIES) == "ontkent"
    assert by("[[Het feit is bewezen]].", PROVES) == "bewijst"


@pytest.mark.parametrize(
    ("keys", "reached"),
    [
        ({}, ["dat"]),
        ({"scope": "sentence"}, ["dat", "maar"]),
        ({"stops": ["dat"]}, ["maar"]),
        ({"scope": "sentence", "stops": ["maar"]}, ["dat"]),
        ({"reach": 1}, []),
        ({"scope": "section"}, ["dat", "maar", "zin"]),
        ({"scope": "section", "reach": 8}, ["dat", "maar"]),
    ],
)
def test_how_far_a_rule_reaches(keys: dict[str, Any], reached: list[str]) -> None:
    texts = {
        "dat": "Bewezen acht de rechtbank dat [[hij reed]].",
        "maar": "Bewezen is de rit maar [[hij sliep]].",
        "zin": "Bewezen is alles wat de getuigen daar zagen. Ook nam [[hij geld aan]].",
        "twee": "Bewezen is de rit. " + "Het regende en het woei en het werd laat die avond. " * 12 + "Ook nam [[hij geld aan]].",
    }
    assert [name for name, text in texts.items() if by(text, {**PROVES, **keys}) == "bewijst"] == reached


def test_a_section_rule_gives_way_ends_at_a_heading_and_at_the_next() -> None:
    claims, proves = {**CLAIMS, "scope": "section"}, {**PROVES, "scope": "section"}
    text = "De officier noemt de rit. {}[[Hij nam geld aan]]."
    assert by(text.format(""), claims) == "zegt"
    assert by(text.format("Niet gezien is dat "), claims, DENIES) == "ontkent"
    assert by(text.format("Bewezen is de rit. "), claims, proves) == "bewijst"
    assert by(text.format("\n5. De bewezenverklaring\n"), claims, sections=True) is None


def test_a_document_rule_holds_where_no_heading_and_nothing_near_does() -> None:
    whole = {**PROVES, "scope": "document"}
    assert said("[[Hij reed]]. Het feit is bewezen.", whole).decision[:3] == ("bewezen", "rechter", "bewijst")
    assert by("[[Hij reed]] maar is niet gezien. Het feit is bewezen.", whole, {**DENIES, "scope": "sentence"}) == "ontkent"
    assert by("Dat is bewezen.\n2. Standpunt van de verdediging\n[[Hij reed]].", whole, sections=True) is None


@pytest.mark.parametrize(
    ("text", "decides"),
    [
        ("[[Hij reed]]. Dat is bewezen.", True),
        ("[[Hij reed]].\n\nDat is bewezen.", True),
        ("[[Hij reed]]. Het was laat. Dat is bewezen.", False),
        ("Dat is bewezen, [[hij reed]].", False),
        ("Dat is bewezen. [[Hij reed]].", False),
    ],
)
def test_a_back_reference_reaches_the_sentence_before_only(text: str, decides: bool) -> None:
    assert (by(text, {**PROVES, "cues": ["dat is bewezen"], "back": 1}) == "bewijst") is decides


def test_rank_is_priority_then_the_order_of_the_contract_then_nearness() -> None:
    text = "De officier acht bewezen dat [[hij reed]]."
    assert by(text, PROVES, CLAIMS) == "bewijst"
    assert by(text, PROVES, {**CLAIMS, "priority": 1}) == "zegt"
    assert by(text, {**CLAIMS, "id": "ver"}, {**CLAIMS, "id": "dichtbij", "cues": ["acht"]}) == "dichtbij"


def test_status_and_source_are_decided_apart() -> None:
    names = {"id": "noemt", "source": "slachtoffer_getuige", "cues": ["getuige"]}
    assert said("De getuige zegt: niet gezien is [[de boot]].", names, DENIES).decision[:3] == ("ontkend", "slachtoffer_getuige", "ontkent")
    assert said("De getuige ziet dat bewezen is [[de rit]].", names, PROVES).decision[:3] == ("bewezen", "rechter", "bewijst")
    assert said("De getuige ziet [[de boot]].", names).decision[:3] == ("feitelijk", "slachtoffer_getuige", None)


@pytest.mark.parametrize("party", ["verdachte", "verdediging"])
def test_a_denial_by_a_party_is_a_suspicion(party: str) -> None:
    names = {"id": "noemt", "source": party, "cues": ["hij zegt"]}
    assert said("Hij zegt: niet gezien is [[de boot]].", names, DENIES).decision[:2] == ("vermoed", party)
    assert said("Niet gezien is [[de boot]].", DENIES, default=Default("kop", "vermoed", party)).decision[:2] == ("vermoed", party)


def test_a_flip_needs_a_denial_that_does_not_outrank_it() -> None:
    flip = {**PROVES, "id": "flip", "cues": ["verworpen"], "flip": True}
    assert by("Verworpen is dat niet gezien is [[de boot]].", flip, DENIES) == "flip"
    assert by("Verworpen is dat hij sliep in [[de boot]].", flip, DENIES) is None
    assert by("Verworpen is dat niet gezien is [[de boot]].", flip, {**DENIES, "priority": 1}) == "ontkent"


def test_a_soft_rule_gives_way_to_a_general_text() -> None:
    soft = {**CLAIMS, "soft": True}
    assert by("De officier noemt [[de boot]].", soft) == "zegt"
    assert by("De officier noemt [[de boot]].", soft, default=Default("beleid", "hypothetisch", "overig")) is None


def test_unless_excepts_where_it_overlaps_the_cue() -> None:
    rule = {**CLAIMS, "unless": ["anders dan de officier"]}
    assert by("Anders dan de officier ziet hij [[de boot]].", rule) is None
    assert by("Anders dan de officier zegt de andere officier: [[de boot]].", rule) == "zegt"


def test_the_deciding_words_are_shown() -> None:
    decision = said("De officier noemt [[de boot]].", CLAIMS).decision
    assert "De officier noemt"[decision.start : decision.end] == "officier"


def test_a_text_without_sentence_ends_is_read_in_parts() -> None:
    words = ["woord"] * 5000
    words[100], words[160], words[900] = "bewezen", "[[rit]]", "bewezen"
    assert len(said(" ".join(words), {**PROVES, "scope": "sentence"}).cues) == 1


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({**PROVES, "unles": ["x"]}, "key 'unles' is unknown; did you mean 'unless'?"),
        ({**PROVES, "status": "bewezne"}, "status 'bewezne' is unknown; did you mean 'bewezen'?"),
        ({**PROVES, "source": "rechtr"}, "did you mean 'rechter'?"),
        ({**PROVES, "spares": "Gezien is de rit."}, "spares: must mark one passage"),
        ({**PROVES, "scope": "zin"}, "use one of clause, sentence, section, document"),
        ({**PROVES, "direction": "befor"}, "did you mean 'before'?"),
        ({**PROVES, "cues": ["{rechtr} ziet"]}, "word class 'rechtr' is unknown; did you mean 'rechter'?"),
        ({**PROVES, "cues": "bewezen"}, "'cues' must be a list of strings"),
        ({**PROVES, "reach": "3"}, "'reach' must be of type int"),
        ({**PROVES, "cues": ["x", "x"]}, "stands twice"),
        ({"id": "x", "cues": ["x"]}, "says nothing; add status"),
        ({**PROVES, "scope": "document", "reach": 3}, "'reach' means nothing beside scope = 'document'"),
        ({**PROVES, "back": 1, "direction": "after"}, "'direction' means nothing beside back"),
        ({"status": "bewezen", "cues": ["x"]}, "rule no. 1: 'id' is missing"),
    ],
)
def test_errors_name_file_rule_and_mend(entry: dict[str, Any], message: str) -> None:
    with pytest.raises(TaxonomyError, match=r"eigen\.toml: rule ") as caught:
        parse_rules([{**EXAMPLES, **entry}], "eigen.toml")
    assert message in str(caught.value)


GOOD = {**PROVES, "fires": "Bewezen is [[de rit]].", "spares": "Gezien is [[de rit]]."}
HIGHER = {**GOOD, "id": "hoger", "priority": 1, "scope": "sentence"}


@pytest.mark.parametrize(
    ("entries", "problems"),
    [
        ([GOOD], []),
        ([GOOD, {**GOOD, "cues": ["staat vast"]}], ["rule bewijst: stands 2 times; ids must differ"]),
        ([GOOD, {**GOOD, "id": "ook"}], ["rule ook: cue 'bewezen' stands in rule bewijst too"]),
        ([{**GOOD, "cues": ["bewezen", "zeker bewezen"], "unless": ["zeker bewezen"]}], ["'zeker bewezen' excepts every 'zeker bewezen'"]),
        ([{**GOOD, "cues": ["bewezen", "is/was niet"], "unless": ["is/was"]}], ["'is/was' excepts every 'is/was niet'"]),
        ([{**GOOD, "cues": ["bewezen", "is/was niet"], "unless": ["is niet"]}], []),
        ([HIGHER, GOOD], ["rule bewijst: cue 'bewezen' never decides: rule hoger has it too and ranks higher"]),
        ([{**GOOD, "fires": "Gezien is [[de rit]]."}], ["rule bewijst: does not decide on its example 'fires'"]),
        ([{**GOOD, "spares": "Bewezen is [[de rit]]."}], ["rule bewijst: reaches its example 'spares'"]),
    ],
)
def test_lint(entries: list[dict[str, Any]], problems: list[str]) -> None:
    lines = lint(parse_rules(entries, "eigen.toml"))
    assert all(any(problem in line for line in lines) for problem in problems), lines
    assert bool(lines) is bool(problems)


@pytest.mark.parametrize("keys", [{"reach": 3}, {"unless": ["niet bewezen"]}, {"stops": ["dat"]}, {"flip": True}, {"direction": "after"}])
def test_a_higher_rule_that_does_not_reach_as_far_shadows_nothing(keys: dict[str, Any]) -> None:
    assert not any("never decides" in line for line in lint(parse_rules([{**HIGHER, **keys}, GOOD], "eigen.toml")))


def test_lint_reports_on_the_rules_asked_for_among_all() -> None:
    (own,) = parse_rules([{**GOOD, "id": "eigen", "cues": ["vermoedelijk"]}], "eigen.toml")
    lines = lint([*load_assertion_rules().rules, own], only={"eigen"})
    assert lines == ["rule eigen: does not decide on its example 'fires'; mend the example or the rule"]
    own = replace(own, fires="Vermoedelijk reed hij, [[de rit]].")
    assert lint([*load_assertion_rules().rules, own], only={"eigen"}) == []
