"""A user's own tags, cues and rules: the file, what it does to results, what it never does, and its check."""

from __future__ import annotations

import configparser
import json
import re
from dataclasses import replace
from importlib import import_module
from pathlib import Path

import pytest
import spacy
from hypothesis import given, settings
from hypothesis import strategies as st
from spacy.language import Language
from spacy.tokens import Doc, DocBin

import smokkel_nlp
from smokkel_nlp import userlint
from smokkel_nlp.classifier import reader
from smokkel_nlp.cli import main
from smokkel_nlp.components.overlay import FILE, note_of
from smokkel_nlp.components.rules import load_assertion_rules
from smokkel_nlp.cues import Cue, parse_cue
from smokkel_nlp.errors import TaxonomyError
from smokkel_nlp.features import material
from smokkel_nlp.pipeline import add_rules
from smokkel_nlp.taxonomy import load_taxonomy
from smokkel_nlp.userlint import lint
from smokkel_nlp.userrules import parse_user_rules

EXAMPLE = Path(__file__).parent / "data" / FILE
DRONE = """
[[tag]]
id = "drone_verkenning"
name = "verkenning met drones"
title = "scouting with drones"
definition = "Een drone verkent een route."
strong = ["drone* & grens*"]
weak = ["vluchtplan*", "accu*"]
fires = ["Een drone hing bij de grens."]
spares = ["Een drone hing bij de kerk."]
"""
RULE = """
[[rule]]
id = "eigen.{status}"
status = "{status}"
source = "{source}"
direction = "both"
scope = "sentence"
cues = ["{cue}"]
fires = "Zij zeiden {cue} dat [[het zo was]]."
spares = "Zij zeiden dat [[het zo was]]."
"""
# A file that adds, replaces and removes something of every kind.
ALL = DRONE + RULE.format(status="ontkend", source="rechter", cue="de/het") + """
[[tag]]
id = "transport_land"
replace = true
strong = ["auto*", "verdachte*"]

[[change]]
id = "financiele_constructie"
strong = ["geld*", "rekening*"]
weak = ["bank*"]
remove = ["contant*"]

[[rule]]
id = "ontkend.nee"
replace = true
status = "bewezen"
direction = "both"
scope = "sentence"
cues = ["een"]
fires = "Er was een [[boot]]."
spares = "Er waren [[boten]]."

[remove]
tags = ["onderdak", "dwang_geweld"]
rules = ["bewezen.slot", "vermoed.verdenking", "bron.om"]

[names]
organisations = ["van/voor/aan mensensmokkel/mensenhandel"]
"""  # fmt: skip
SMUGGLING = "De rechtbank heeft verdachte veroordeeld voor mensensmokkel. Hij bracht zes migranten in een bestelbus over de grens. "


def by_cues_alone(nlp: Language) -> Language:
    """Let the shipped tags be found by their cues alone, so that what a cue does can be told."""
    pipe = nlp.get_pipe("smokkel_mentions")
    pipe.spotter = replace(pipe.spotter, threshold=99.0)  # type: ignore[attr-defined]
    return nlp


def with_rules(text: str) -> Language:
    nlp = smokkel_nlp.load()
    add_rules(nlp, text, "eigen.toml")
    return nlp


def found(doc: Doc, tag: str) -> list[str]:
    return [span.text for span in doc.spans["modus_operandi"] if span.label_ == tag]


def summary(doc: Doc) -> list[tuple[str, str, str, str, str]]:
    return [(s.text, s.label_, s._.status, s._.source, s._.cue) for name in ("modus_operandi", "offences") for s in doc.spans[name]]


@pytest.fixture(scope="module")
def texts(root: Path) -> list[str]:
    lines = (root / "corpus" / "train.jsonl").read_text(encoding="utf8").splitlines()
    return [json.loads(line)["text"] for line in lines[::30]]


@pytest.fixture(scope="module")
def every() -> Language:
    text = ALL.replace(
        "contant*", next(cue.text for tag in load_taxonomy().tags if tag.id == "financiele_constructie" for cue in tag.strong)
    )
    return with_rules(text)


# --- the worked example ---------------------------------------------------------------------------------------------------------


def test_readme_shows_the_example_file_and_what_it_prints(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    section = (root / "README.md").read_text(encoding="utf8").split("## Your own tags")[1].split("\n## ")[0]
    blocks = re.findall(r"```(\w*)\n(.*?)```", section, re.DOTALL)
    assert [kind for kind, _ in blocks] == ["toml", "", "python", ""]
    (_, toml), (_, check), (_, code), (_, output) = blocks
    assert toml == EXAMPLE.read_text(encoding="utf8")
    (tmp_path / FILE).write_text(toml, encoding="utf8")
    monkeypatch.chdir(tmp_path)
    command, wanted = check.split("\n", 1)
    assert main(command.removeprefix("$ smokkel-nlp ").split()) == 0
    assert capsys.readouterr().out == wanted
    exec(code, {})
    assert capsys.readouterr().out == output


def test_every_component_is_an_entry_point(root: Path) -> None:
    config = configparser.ConfigParser()
    config.read(root / "setup.cfg", encoding="utf8")
    lines = config["options.entry_points"]["spacy_factories"].split("\n")
    entries = dict(line.split(" = ") for line in lines if line)
    assert set(with_rules(DRONE).pipe_names) == set(entries)
    for name, place in entries.items():
        module, function = place.split(":")
        assert Language.get_factory_meta(name).factory == name
        assert callable(getattr(import_module(module), function))


# --- what a file does -----------------------------------------------------------------------------------------------------------


def test_merging(every: Language) -> None:
    rules = parse_user_rules(EXAMPLE.read_text(encoding="utf8"), FILE)
    assert rules.added == ("drone_verkenning",)
    assert rules.taxonomy.tag_ids == (*load_taxonomy().tag_ids, "drone_verkenning")
    assert rules.taxonomy.tags[-1].family == "eigen"
    assert [tag.id for tag in rules.touched] == ["transport_land", "drone_verkenning"]
    shipped, changed = (next(tag for tag in t.tags if tag.id == "transport_land") for t in (load_taxonomy(), rules.taxonomy))
    assert [cue.text for cue in changed.strong] == [c.text for c in shipped.strong if c.text != "van hotel naar hotel"] + ["personenbusje*"]
    assert (changed.weak, changed.definition) == (shipped.weak, shipped.definition)
    both = parse_user_rules(ALL.replace('remove = ["contant*"]', ""), "eigen.toml")
    assert both.replaced == {"transport_land"}
    assert both.removed == ("onderdak", "dwang_geweld")
    assert both.own_rules == {"eigen.ontkend", "ontkend.nee"}
    order = [rule.id for rule in load_assertion_rules().rules if rule.id not in ("bewezen.slot", "vermoed.verdenking", "bron.om")]
    assert [rule.id for rule in both.rules] == [*order, "eigen.ontkend"]
    assert not {"bewezen.slot", "vermoed.verdenking", "bron.om"} & {rule.id for rule in both.rules}


def test_version_tells_the_content(nlp: Language) -> None:
    one, other = (parse_user_rules(text, "e.toml").taxonomy.version for text in (DRONE, DRONE + "# \n"))
    assert re.fullmatch(re.escape(load_taxonomy().version) + r"\+eigen\.[0-9a-f]{8}", one)
    assert one != other
    assert with_rules(DRONE)("Niets.")._.case.versions.taxonomy == one
    assert nlp("Niets.")._.case.versions.taxonomy == load_taxonomy().version


def test_a_new_tag_is_found_numbered_and_asserted() -> None:
    doc = with_rules(DRONE)(SMUGGLING + "Een drone hing bij de grens, met een tweede accu en een vluchtplan.")
    spans = [span for span in doc.spans["modus_operandi"] if span.label_ == "drone_verkenning"]
    assert [(span.text, span._.cue) for span in spans] == [
        ("drone hing bij de grens", "drone_verkenning.strong.1"),
        ("accu", "drone_verkenning.weak.2"),
        ("vluchtplan", "drone_verkenning.weak.1"),
    ]
    assert all(span._.status and span._.source for span in spans)
    ids = [span.id for name in ("offences", "modus_operandi", "elements") for span in doc.spans[name]]
    assert len(ids) == len(set(ids))


def test_a_weak_cue_alone_is_no_mention() -> None:
    assert found(with_rules(DRONE)("De accu was leeg."), "drone_verkenning") == []


def test_cues_added_and_removed() -> None:
    text = "Er stonden drie rubberboten op het strand. Het kaaigat lag vol. Zij kwamen met een dinghy."
    change = '[[change]]\nid = "transport_water"\nstrong = ["kaaigat", "drie rubberboten op het strand"]\nremove = ["{}"]'
    cue = next(cue.text for tag in load_taxonomy().tags if tag.id == "transport_water" for cue in tag.strong if "rubberboot*" in cue.text)
    assert found(by_cues_alone(smokkel_nlp.load())(text), "transport_water") == ["rubberboten", "dinghy"]
    doc = by_cues_alone(with_rules(change.format(cue)))(text)
    assert found(doc, "transport_water") == ["drie rubberboten op het strand", "kaaigat"]
    n = len(next(tag for tag in load_taxonomy().tags if tag.id == "transport_water").strong)
    numbers = [span._.cue for span in doc.spans["modus_operandi"] if span.label_ == "transport_water"]
    assert numbers == [f"transport_water.strong.{n + 2}", f"transport_water.strong.{n + 1}"]


def test_where_a_removed_cue_and_another_fit_the_other_stays() -> None:
    text = "Er lagen zwemvesten bij de rubberboten. Er lagen zwemvesten op het strand."
    cue = next(cue.text for tag in load_taxonomy().tags if tag.id == "transport_water" for cue in tag.strong if "zwemvest*" in cue.text)
    assert found(by_cues_alone(smokkel_nlp.load())(text), "transport_water") == [
        "zwemvesten bij de rubberboten",
        "zwemvesten op het strand",
    ]
    doc = by_cues_alone(with_rules(f'[[change]]\nid = "transport_water"\nremove = ["{cue}"]'))(text)
    assert [(span.text, span._.cue) for span in doc.spans["modus_operandi"]] == [
        ("zwemvesten", "transport_water.weak.2"),
        ("rubberboten", "transport_water.strong.1"),
        ("zwemvesten", "transport_water.weak.2"),
    ]


def test_the_longest_of_one_tag_stays() -> None:
    text = "Er lagen rubberboten op het strand voor een overtocht."
    change = '[[change]]\nid = "transport_water"\nstrong = ["{}"]'
    shipped = found(by_cues_alone(smokkel_nlp.load())(text), "transport_water")
    assert found(
        by_cues_alone(with_rules(change.format("lagen rubberboten op het strand voor een overtocht")))(text), "transport_water"
    ) == ["lagen rubberboten op het strand voor een overtocht"]
    assert found(by_cues_alone(with_rules(change.format("rubberboten")))(text), "transport_water") == shipped


def test_a_replaced_tag_is_found_by_its_new_cues_alone() -> None:
    doc = with_rules('[[tag]]\nid = "transport_water"\nreplace = true\nstrong = ["vlot*", "small boats/boat"]')(
        "Zij kwamen met een vlot, met small boats en met rubberboten."
    )
    assert found(doc, "transport_water") == ["vlot", "small boats"]
    assert [span._.cue for span in doc.spans["modus_operandi"]][1] == "transport_water.strong.2"


def test_a_removed_tag_goes_from_spans_and_record_and_keeps_its_score(nlp: Language) -> None:
    text = SMUGGLING * 3
    before, after = nlp(text), with_rules('[remove]\ntags = ["transport_land"]')(text)
    assert "transport_land" in {mo.tag for mo in before._.case.modi_operandi}
    assert "transport_land" not in {mo.tag for mo in after._.case.modi_operandi}
    assert found(after, "transport_land") == []
    assert after.cats == before.cats


def test_a_tag_left_without_mention_shows_a_sentence() -> None:
    text = SMUGGLING * 3
    doc = with_rules('[[tag]]\nid = "transport_land"\nreplace = true\nstrong = ["komt nergens voor"]')(text)
    [mo] = [mo for mo in doc._.case.modi_operandi if mo.tag == "transport_land"]
    assert [evidence.kind for evidence in mo.evidence] == ["model"]
    assert mo.status is None


def test_names_are_no_evidence(nlp: Language) -> None:
    text = "De Vriendenkring Mensensmokkel vergaderde. Een drone hing boven de drone grensclub."
    shipped = nlp(text)
    assert [span.text for span in shipped.spans["offences"]] == ["Mensensmokkel"]
    doc = with_rules(DRONE + '[names]\norganisations = ["vriendenkring mensensmokkel", "drone grensclub"]')(text)
    assert len(doc.spans["offences"]) == 0
    assert found(doc, "drone_verkenning") == []
    assert doc.cats == shipped.cats


# --- when a user's tag holds ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "source", "about", "holds"),
    [
        ("bewezen", "rechter", False, True),
        ("feitelijk", "overig", False, True),
        ("vermoed", "om", False, True),
        ("vermoed", "verdediging", True, False),
        ("hypothetisch", "overig", True, True),
        ("hypothetisch", "overig", False, False),
        ("hypothetisch", "wet", True, False),
        ("historisch", "overig", True, False),
        ("ontkend", "rechter", True, False),
    ],
)
def test_a_users_tag_holds_by_its_mentions(status: str, source: str, about: bool, holds: bool) -> None:
    nlp = with_rules(DRONE + RULE.format(status=status, source=source, cue="naar wij aannemen"))
    text = (
        "Naar wij aannemen hing er een drone bij de grens." if not about else SMUGGLING + "Naar wij aannemen hing een drone bij de grens."
    )
    doc = nlp(text)
    case = doc._.case
    assert any(result.label for result in case.offences.values()) is about
    [span] = [span for span in doc.spans["modus_operandi"] if span.label_ == "drone_verkenning"]
    assert (span._.status, span._.source, span._.rule) == (status, source, f"eigen.{status}")
    own = [mo for mo in case.modi_operandi if mo.tag == "drone_verkenning"]
    assert bool(own) is holds
    for mo in own:
        assert (mo.probability, mo.status, mo.evidence[0].text) == (None, status, span.text)
    assert "drone_verkenning" not in doc.cats


def test_an_own_rule_for_the_source_has_the_last_word() -> None:
    rule = RULE.format(status="x", source="wet", cue="naar wij aannemen").replace('status = "x"\n', "")
    doc = with_rules(rule)("Naar wij aannemen kwamen zij met een rubberboot.")
    assert {(span._.source, span._.rule) for span in doc.spans["modus_operandi"]} == {("wet", "eigen.x")}


# --- what a file never does -------------------------------------------------------------------------------------------------------


def test_scores_labels_and_offence_status_never_move(nlp: Language, every: Language, texts: list[str]) -> None:
    tokenizer, moved, restated, renamed = reader().tokenizer, 0, 0, 0
    assert len(texts) >= 36
    for text in texts:
        before, after = nlp(text), every(text)
        assert after.cats == before.cats
        one, other = before._.case, after._.case
        assert (one.offence, one.offence_forced, one.reasons) == (other.offence, other.offence_forced, other.reasons)
        for offence, result in one.offences.items():
            changed = other.offences[offence]
            assert (result.label, result.probability, result.uncertain, result.status) == (
                changed.label, changed.probability, changed.uncertain, changed.status,
            )  # fmt: skip
            assert bool(changed.evidence) is bool(result.evidence)
        assert [(mo.tag, mo.probability) for mo in one.modi_operandi if mo.tag not in ("onderdak", "dwang_geweld")] == [
            (mo.tag, mo.probability) for mo in other.modi_operandi if mo.probability is not None
        ]
        assert material(after, tokenizer) == material(before, tokenizer)
        shown, now = summary(before), summary(after)
        moved += {item[:2] for item in shown} != {item[:2] for item in now}
        restated += any(a[:2] == b[:2] and a[2] != b[2] for a in shown for b in now)
        renamed += len(before.spans["offences"]) != len(after.spans["offences"])
    assert min(moved, restated, renamed) > 3  # the rules did much to what a reader sees


def test_without_rules_the_component_does_nothing(nlp: Language, tmp_path: Path) -> None:
    empty = smokkel_nlp.load()
    empty.add_pipe("smokkel_overlay", before="smokkel_classify")
    empty.to_disk(tmp_path / "leeg")
    for pipeline in (empty, spacy.load(tmp_path / "leeg")):
        doc, shipped = pipeline(SMUGGLING), nlp(SMUGGLING)
        assert (doc.cats, doc._.case, summary(doc)) == (shipped.cats, shipped._.case, summary(shipped))
        assert note_of(doc).taxonomy is None


def test_a_doc_may_be_read_again(nlp: Language) -> None:
    own, text = with_rules(ALL.replace('remove = ["contant*"]', "")), SMUGGLING + "Een drone hing bij de grens."
    wanted, shipped = own(text), nlp(text)
    assert summary(own(own(nlp(text)))) == summary(wanted)
    again = nlp(own(text))
    assert (again._.case, summary(again), again.cats) == (shipped._.case, summary(shipped), shipped.cats)


# --- what survives ----------------------------------------------------------------------------------------------------------------


def test_survives_processes_docbin_and_bytes(every: Language, texts: list[str]) -> None:
    some = [*texts[:6], SMUGGLING + "Een drone hing bij de grens."]
    alone = [every(text) for text in some]
    assert any("drone_verkenning" in {span.label_ for span in doc.spans["modus_operandi"]} for doc in alone)
    processes = list(every.pipe(some, n_process=2, batch_size=2))
    box = DocBin().from_bytes(DocBin(docs=alone, store_user_data=True).to_bytes())
    stored = list(box.get_docs(spacy.blank("nl").vocab))
    tokenizer = reader().tokenizer
    for doc, other, third in zip(alone, processes, stored, strict=True):
        again = Doc(every.vocab).from_bytes(doc.to_bytes())
        for copy in (other, third, again):
            assert summary(copy) == summary(doc)
            assert copy._.case == doc._.case
            assert material(copy, tokenizer).mentions == material(doc, tokenizer).mentions
        assert other.cats == third.cats == doc.cats


def test_survives_a_move_and_holds_the_content_not_the_path(tmp_path: Path) -> None:
    (tmp_path / "mijn.toml").write_text(DRONE, encoding="utf8")
    nlp = smokkel_nlp.load(taxonomy=str(tmp_path / "mijn.toml"))
    text = SMUGGLING + "Een drone hing bij de grens."
    wanted = nlp(text)._.case
    nlp.to_disk(tmp_path / "een")
    (tmp_path / "een").rename(tmp_path / "twee")
    (tmp_path / "mijn.toml").unlink()
    assert (tmp_path / "twee" / "smokkel_overlay" / FILE).read_text(encoding="utf8") == DRONE
    assert "mijn" not in nlp.config.to_str()
    assert spacy.load(tmp_path / "twee")(text)._.case == wanted
    copy = spacy.blank("nl")
    for name in nlp.pipe_names:
        copy.add_pipe(name)
    assert copy.from_bytes(nlp.to_bytes())(text)._.case == wanted
    (tmp_path / "ander.toml").write_text(DRONE.replace("drone_verkenning", "verkenning"), encoding="utf8")
    other = smokkel_nlp.load(base=tmp_path / "twee", taxonomy=tmp_path / "ander.toml")
    assert other.pipe_names == nlp.pipe_names
    assert found(other(text), "verkenning")
    assert not found(other(text), "drone_verkenning")


def test_a_model_of_your_own_serves_the_overlay_too(root: Path, tmp_path: Path) -> None:
    (tmp_path / FILE).write_text(DRONE, encoding="utf8")
    manifest = json.loads((root / "models" / "manifest.json").read_text(encoding="utf8"))
    (tmp_path / "model").mkdir()
    for path in (root / "models").iterdir():
        (tmp_path / "model" / path.name).write_bytes(path.read_bytes())
    (tmp_path / "model" / "manifest.json").write_text(json.dumps({**manifest, "version": "eigen"}), encoding="utf8")
    nlp = smokkel_nlp.load(model=tmp_path / "model", taxonomy=tmp_path / FILE)
    nlp.to_disk(tmp_path / "uit")
    assert json.loads((tmp_path / "uit" / "smokkel_overlay" / "manifest.json").read_text(encoding="utf8"))["version"] == "eigen"


def test_classify_takes_the_file_and_reads_it_anew(tmp_path: Path) -> None:
    path, texts = tmp_path / FILE, [f"Naar wij aannemen hing een drone bij de grens, paal {n}." for n in range(70)]
    content = DRONE + RULE.format(status="vermoed", source="om", cue="naar wij aannemen")
    path.write_text(content, encoding="utf8")
    cases = list(smokkel_nlp.classify(texts, taxonomy=path))
    assert all([mo.tag for mo in case.modi_operandi][-1:] == ["drone_verkenning"] for case in cases)
    assert list(smokkel_nlp.classify(texts, taxonomy=path, n_jobs=2)) == cases
    path.write_text(content.replace("drone_verkenning", "verkenning"), encoding="utf8")
    [case] = smokkel_nlp.classify(texts[:1], taxonomy=path)
    assert [mo.tag for mo in case.modi_operandi][-1:] == ["verkenning"]


# --- mistakes ---------------------------------------------------------------------------------------------------------------------


def edited(old: str, new: str) -> str:
    assert old in DRONE
    return DRONE.replace(old, new)


WRONG_RULE = RULE.format(status="vermoed", source="om", cue="naar wij aannemen")
MISTAKES = {
    "empty": ("", "eigen.toml: holds nothing; add a [[tag]]"),
    "unknown table": ("[[tags]]\nid = 'x'", "eigen.toml: key 'tags' is unknown; did you mean 'tag'?"),
    "unknown key": (edited("strong", "stong"), "eigen.toml: tag drone_verkenning: key 'stong' is unknown; did you mean 'strong'?"),
    "single brackets": ("[tag]\nid = 'x'", "eigen.toml: 'tag' must be entries under [[tag]], not dict; double the brackets"),
    "double brackets": ("[[remove]]\ntags = []", "eigen.toml: 'remove' must be one table [remove], not list; use single brackets"),
    "no id": ("[[tag]]\nname = 'x'", "eigen.toml: tag no. 1: 'id' is missing; add id = ..."),
    "odd id": (edited('"drone_verkenning"', '"Drone verkenning"'), "id 'Drone verkenning' is no id; choose another, of small letters"),
    "taken id": (edited('"drone_verkenning"', '"mensenhandel"'), "id 'mensenhandel' is an offence or a legal element; choose another"),
    "shipped id": (edited('"drone_verkenning"', '"onderdak"'), "tag onderdak: id 'onderdak' is shipped; choose another, or set replace = true"),
    "id twice": (DRONE + DRONE, "tag drone_verkenning: id 'drone_verkenning' stands twice (also in tag drone_verkenning); keep one entry"),
    "no name": (edited("name =", "# name ="), "tag drone_verkenning: 'name' is missing; add name = ..."),
    "no cue": (edited("strong =", "# strong =").replace("weak =", "# weak ="), "tag drone_verkenning: has no cue; add strong = [...]"),
    "bad cue": (edited("drone* & grens*", "drone* &"), "tag drone_verkenning: cue 'drone* &': a cue needs a word"),
    "no list": (edited('["drone* & grens*"]', '"drone*"'), "tag drone_verkenning: 'strong' must be a list of strings, not str"),
    "no fires": (edited("fires =", "# fires ="), "tag drone_verkenning: 'fires' is missing; add fires = [...] with a sentence"),
    "no spares": (edited("spares =", "# spares ="), "tag drone_verkenning: 'spares' is missing; add spares = [...] with a sentence"),
    "replace what": (DRONE + "replace = true", "tag drone_verkenning: replace, but 'drone_verkenning' is not shipped;"),
    "replace how": (DRONE + "replace = 'ja'", "tag drone_verkenning: 'replace' must be of type bool, not str"),
    "change what": ("[[change]]\nid = 'transport_lnd'", "change transport_lnd: id 'transport_lnd' is not shipped; did you mean 'transport_land'?"),
    "change nothing": ("[[change]]\nid = 'onderdak'", "change onderdak: changes nothing; add strong, weak or remove"),
    "remove what cue": (
        "[[change]]\nid = 'transport_water'\nremove = ['small boat/boats']",
        "change transport_water: remove: cue 'small boat/boats' is not there; quote a cue of transport_water exactly, the nearest is 'small boats/boat'",
    ),
    "shipped cue": ("[[change]]\nid = 'transport_water'\nweak = ['small boats/boat']", "cue 'small boats/boat' is shipped; leave it out"),
    "both strengths": ("[[change]]\nid = 'transport_water'\nweak = ['vlot']\nstrong = ['vlot']", "cue 'vlot' is both strong and weak; keep one"),
    "cue twice": ("[[change]]\nid = 'transport_water'\nweak = ['vlot', 'vlot']", "change transport_water: cue 'vlot' stands twice; remove one"),
    "changed and removed": (
        "[[change]]\nid = 'onderdak'\nstrong = ['vlot']\n[remove]\ntags = ['onderdak']",
        "change onderdak: id 'onderdak' is also under [remove]; keep one of the two",
    ),
    "remove what tag": ("[remove]\ntags = ['ondrdak']", "remove tags: 'ondrdak' is not there; did you mean 'onderdak'?"),
    "remove twice": ("[remove]\ntags = ['onderdak', 'onderdak']", "remove tags: 'onderdak' is not there; remove it once"),
    "remove what rule": ("[remove]\nrules = ['bron.on']", "remove rules: 'bron.on' is not there; did you mean 'bron.om'?"),
    "remove what kind": ("[remove]\nwoorden = ['x']", "eigen.toml: remove: key 'woorden' is unknown; use one of tags, rules"),
    "rule key": (WRONG_RULE + "richting = 'x'", "rule eigen.vermoed: key 'richting' is unknown;"),
    "rule status": (WRONG_RULE.replace('status = "vermoed"', 'status = "zeker"'), "rule eigen.vermoed: status 'zeker' is unknown; use one of ontkend,"),
    "rule says nothing": (re.sub(r"(?m)^(status|source) = .*$", "", WRONG_RULE), "rule eigen.vermoed: says nothing; add status = ... or source = ..."),
    "rule reach": (WRONG_RULE + "reach = '6'", "rule eigen.vermoed: 'reach' must be of type int, not str"),
    "rule unmarked": (WRONG_RULE.replace("[[het", "het").replace("was]]", "was"), "rule eigen.vermoed: fires: must mark one passage; put [[ and ]]"),
    "shipped rule": (WRONG_RULE.replace("eigen.vermoed", "bron.om"), "rule bron.om: id 'bron.om' is shipped; choose another, or set replace = true"),
    "names key": ("[names]\norganisaties = ['x']", "eigen.toml: names: key 'organisaties' is unknown; did you mean 'organisations'?"),
    "names cue": ("[names]\norganisations = ['a*']", "eigen.toml: names organisations: cue 'a*': 'a*' is too short"),
}  # fmt: skip


@pytest.mark.parametrize("name", MISTAKES)
def test_mistakes_name_file_entry_and_mend(name: str) -> None:
    text, message = MISTAKES[name]
    with pytest.raises(TaxonomyError) as caught:
        parse_user_rules(text, "eigen.toml")
    assert message in str(caught.value)
    assert all(line.startswith("eigen.toml: ") for line in str(caught.value).splitlines())


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    (tmp_path / "e.toml").write_text("[remove]\ntags = ['a']\nrules = ['b']\n[[tag]]\nid = 'x'\n[[change]]\nid = 'y'\n", encoding="utf8")
    with pytest.raises(TaxonomyError) as caught:
        smokkel_nlp.load(taxonomy=tmp_path / "e.toml")
    assert [line.split(":")[1].strip() for line in str(caught.value).splitlines()] == ["remove tags", "tag x", "change y", "remove rules"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "weg.toml: cannot be read"),
        (b"a = ", "weg.toml: not valid TOML"),
        (b"a = '\xff'", "weg.toml: not UTF-8 (invalid start byte at byte 5)"),
    ],
)
def test_a_file_that_cannot_be_read(tmp_path: Path, content: bytes | None, message: str) -> None:
    if content is not None:
        (tmp_path / "weg.toml").write_bytes(content)
    for call in (lambda path: smokkel_nlp.load(taxonomy=path), lambda path: list(smokkel_nlp.classify(["x"], taxonomy=path))):
        with pytest.raises(TaxonomyError, match=re.escape(message)):
            call(tmp_path / "weg.toml")


# --- the check --------------------------------------------------------------------------------------------------------------------

LINT = {
    "cue of another tag": ('"drone* & grens*"', '"drone* & grens*", "Small  boats/boat"', "strong: cue 'Small  boats/boat' stands under transport_water too"),
    "words of a wider cue": ('"drone* & grens*"', '"drone*", "grote/kleine drones"', "strong: cue 'grote/kleine drones' fits only where 'drone*' does; remove it"),
    "both parts wider": ('"drone* & grens*"', '"drone* & grens*", "drones & grenspost/grens"', "cue 'drones & grenspost/grens' fits only where 'drone* & grens*' does"),
    "weak under strong": ('"vluchtplan*"', '"drone ... grens"', None),
    "weak under weak": ('"vluchtplan*"', '"accupakket"', "tag drone_verkenning: weak: cue 'accupakket' fits only where 'accu*' does; remove it"),
    "letters inside": ('"drone* & grens*"', '"drone*", "*dronevlucht*"', None),
    "two tokens": ('"drone* & grens*"', '"drone* & grens*", "drone(s)/uav"', "cue 'drone(s)/uav' never matches with 'drone(s)', which a text holds as 'drone ( s )'"),
    "typographic": ('"drone* & grens*"', '"drone* & grens*", "foto’s van boven"', "never matches with 'foto’s', which a text holds as 'foto's'"),
    "a name": ('"drone* & grens*"', '"drone* & grens*", "taskforce mensenhandel"', "cue 'taskforce mensenhandel' never matches: it is a name to leave alone"),
    "fires not": ("Een drone hing bij de grens.", "Een vlieger hing bij de grens.", "tag drone_verkenning: fires no. 1: the tag is not found; add or widen a cue"),
    "spares not": ("bij de kerk", "bij de grenskerk", "tag drone_verkenning: spares no. 1: the tag is found by drone_verkenning.strong.1; narrow that cue"),
}  # fmt: skip


@pytest.mark.parametrize("name", LINT)
def test_lint(name: str) -> None:
    old, new, message = LINT[name]
    problems = [line for line in lint(edited(old, new), "eigen.toml").problems if "spares" not in line or name == "spares not"]
    assert [line for line in problems if message is None or message not in line] == []
    assert bool(problems) is (message is not None)


WORDS = st.sampled_from(["boot", "boot*", "*boot", "*boot*", "rubberboot", "boten", "strand*", "strand", "strandtent"])
SLOTS = st.lists(WORDS, min_size=1, max_size=2, unique=True).map("/".join)
CUES = st.lists(SLOTS, min_size=1, max_size=3).flatmap(
    lambda slots: st.sampled_from([" ", " ... ", " & ", " ~ "]).map(lambda gap: gap.join(slots))
)


@given(st.lists(CUES, min_size=2, max_size=12, unique=True), st.integers(0, 12))
@settings(max_examples=200, deadline=None)
def test_a_wider_cue_is_the_first_of_all_that_cover(texts: list[str], strong: int) -> None:
    cues = [parse_cue(text) for text in texts]
    tag = replace(load_taxonomy().tags[0], strong=tuple(cues[:strong]), weak=tuple(cues[strong:]))
    indexed = userlint._Cues(tag)
    kinds = ["strong"] * len(tag.strong) + ["weak"] * len(tag.weak)
    for place, (kind, cue) in enumerate(zip(kinds, cues, strict=True)):
        wider = [
            wide
            for other, (strength, wide) in enumerate(zip(kinds, cues, strict=True))
            if other != place and (kind, strength) != ("strong", "weak") and userlint._covers(wide, cue)
            if other < place or strength != kind or not userlint._covers(cue, wide)
        ]
        assert indexed.wider(kind, cue) == next(iter(wider), None)


@pytest.mark.parametrize("form", ["woord{0}", "woord{0}*", "samen & woord{0}", "samen woord{0} ... en", "*{0}woord", "woord{0}/naam{0}"])
def test_a_cue_is_held_against_few_others(form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    compared, covers = [0], userlint._covers

    def counted(wide: Cue, narrow: Cue) -> bool:
        compared[0] += 1
        return covers(wide, narrow)

    monkeypatch.setattr(userlint, "_covers", counted)
    letters = [f"{one}{two}q{three}" for one in "abcdefghij" for two in "abcdefghij" for three in "abcdef"]
    tag = replace(load_taxonomy().tags[0], strong=tuple(parse_cue(form.format(each)) for each in letters), weak=())
    indexed = userlint._Cues(tag)
    assert all(indexed.wider("strong", cue) is None for cue in tag.strong)
    assert compared[0] <= 2 * len(letters)


def test_lint_of_rules_and_names() -> None:
    text = (
        DRONE + WRONG_RULE.replace("Zij zeiden dat [[", "Zij zeiden naar wij aannemen dat [[") + '[names]\norganisations = ["club (oost)"]'
    )
    assert lint(text, "eigen.toml").problems == (
        "eigen.toml: names: organisations: 'club (oost)' never matches with '(oost)', which a text holds as '( oost )'; write it as texts hold it",
        "eigen.toml: rule eigen.vermoed: reaches its example 'spares'; mend the example or the rule",
    )
    (problem,) = lint(WRONG_RULE.replace("aannemen dat [[", "menen dat [["), "e.toml").problems
    assert problem == "e.toml: rule eigen.vermoed: does not decide on its example 'fires'; mend the example or the rule"


def test_lint_never_quotes_a_sentence() -> None:
    found = lint(edited("Een drone hing bij de grens.", "Geheimwoord vloog weg."), "eigen.toml")
    assert found.problems
    assert "geheimwoord" not in " ".join(found.problems).lower()


def test_cli(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good, bad, broken = (tmp_path / name for name in ("goed.toml", "fout.toml", "stuk.toml"))
    good.write_text(DRONE, encoding="utf8")
    bad.write_text(edited("strong", "stong"), encoding="utf8")
    broken.write_text("[[tag]", encoding="utf8")
    assert main(["taxonomy", "check", str(good)]) == 0
    assert re.fullmatch(r"OK: tags 1 new, .* cues 3, rules 0, names 0, examples 2; version 1\S+\+eigen\.\w{8}\n", capsys.readouterr().out)
    assert main(["taxonomy", "check", str(bad)]) == 1
    assert capsys.readouterr().out == "fout.toml: tag drone_verkenning: key 'stong' is unknown; did you mean 'strong'?\n"
    for arguments, message in (
        ([str(broken)], "stuk.toml: not valid TOML"),
        (["weg.toml"], "weg.toml: cannot be read"),
        ([], "give its path"),
    ):
        assert main(["taxonomy", "check", *arguments]) == 2
        assert message in capsys.readouterr().err


def test_cli_lists_and_classifies(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["taxonomy", "list"]) == 0
    shipped = capsys.readouterr().out.splitlines()
    assert len(shipped) == len(load_taxonomy().tags) + 1
    assert main(["taxonomy", "list", str(EXAMPLE)]) == 0
    listed = capsys.readouterr().out.splitlines()
    assert listed[-2].split() == ["drone_verkenning", "verkenning", "met", "drones", "2", "strong", "2", "weak"]
    assert listed[:3] == shipped[:3]
    (tmp_path / "a.txt").write_text("Een drone hing boven het strand.", encoding="utf8")
    assert main(["classify", str(tmp_path / "a.txt"), "--taxonomy", str(EXAMPLE)]) == 0
    record = json.loads(capsys.readouterr().out)
    assert record["modi_operandi"][-1]["tag"] == "drone_verkenning"
    assert record["modi_operandi"][-1]["probability"] is None
    assert main(["classify", str(tmp_path / "a.txt"), "--taxonomy", str(tmp_path / "weg.toml")]) == 2
    assert "weg.toml: cannot be read" in capsys.readouterr().err
