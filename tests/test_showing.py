"""Cases for people to look at: in a notebook, in a terminal, as a picture."""

from __future__ import annotations

import copy
import io
import itertools
import json
import pickle
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest
from browser import start_browser
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console
from spacy.language import Language

import smokkel_nlp
from smokkel_nlp import CaseAnalysis, Evidence, ModusOperandi
from smokkel_nlp.cli import main
from smokkel_nlp.display.colours import load_palette
from smokkel_nlp.display.marked import case_html, marked_text
from smokkel_nlp.display.passages import LONG, Passage, element_rows, excerpts, passages_of, segments
from smokkel_nlp.display.terminal import clean, marked_line, picture, show
from smokkel_nlp.errors import TaxonomyError
from smokkel_nlp.records import EXAMPLE_JSON
from smokkel_nlp.tables import summary_table
from smokkel_nlp.taxonomy import load_taxonomy

TEXT = "Achter in de bestelbus zaten zes migranten. Hij bracht hen voor 500 euro per persoon over de grens naar Duitsland."
HOSTILE = (
    "\U0001f468‍\U0001f4bb <script>document.title='stuk'</script> </style><!-- \u202eomgekeerd \u2028 &lt; \" ' "
    "<img src=x onerror=\"document.title='stuk'\"> {title} [bold]"
)
VOID = {"br", "img", "meta", "hr"}


class Checker(HTMLParser):
    """Reads HTML strictly: every element is closed in order, no id stands twice, links find their mark."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.tags: set[str] = set()
        self.words: list[str] = []
        self.inside: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        names = [name for name, _ in attrs]
        assert len(set(names)) == len(names)
        assert not [name for name in names if name.startswith("on") or name in ("src", "srcset", "srcdoc")]
        self.ids += [value for name, value in attrs if name == "id" and value]
        self.links += [value for name, value in attrs if name == "href" and value]
        if tag not in VOID and not (self.rawdata[: self.getpos()[1]] and self.get_starttag_text().endswith("/>")):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "sup" not in self.open and "style" not in self.open:
            self.words.append(data)


def checked(page: str) -> Checker:
    checker = Checker()
    checker.feed(page)
    checker.close()
    assert not checker.open
    assert len(set(checker.ids)) == len(checker.ids)
    for link in checker.links:
        assert link.startswith("#")
        assert link[1:] in checker.ids
    return checker


def with_spans(text: str, spans: list[tuple[int, int, str]]) -> CaseAnalysis:
    modi = [ModusOperandi(tag, 0.8, "vermoed", (Evidence(a, b, text[a:b], status="vermoed", source="om"),)) for a, b, tag in spans]
    return replace(CaseAnalysis.from_json(EXAMPLE_JSON), text=text, modi_operandi=tuple(modi), n_chars=len(text))


TAGS = [*load_taxonomy().tag_ids, "eigen<tag>"]


@st.composite
def texts_with_spans(draw: st.DrawFn) -> tuple[str, list[tuple[int, int, str]]]:
    text = draw(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=60) | st.just(HOSTILE))
    place = st.integers(0, len(text))
    spans = draw(st.lists(st.tuples(place, place, st.sampled_from(TAGS)), max_size=8))
    return text, [(min(a, b), max(a, b), tag) for a, b, tag in spans if a != b]


@given(texts_with_spans())
@settings(max_examples=150, deadline=None)
def test_marked_text_without_tags_is_the_text(drawn: tuple[str, list[tuple[int, int, str]]]) -> None:
    text, spans = drawn
    case = with_spans(text, spans)
    passages = passages_of(case, text)
    page = marked_text(text, 0, len(text), passages, "k", anchors=False)
    assert "".join(checked(page).words) == text
    assert page.count("</sup>") == len(passages) == len(set(spans))
    covered = "".join(part for part in re.findall(r"<mark[^>]*>(.*?)</mark>", page, re.DOTALL))
    inside = "".join(sign for at, sign in enumerate(text) if any(a <= at < b for a, b, _ in spans))
    assert "".join(checked(covered).words) == inside
    whole = case_html(case)
    assert {"script", "img"}.isdisjoint(checked(whole).tags)
    for passage in passages:
        assert f'-p{passage.number}"' in whole
    plain = marked_line(text, 0, len(text), [], plain=True).plain
    assert len(plain) == len(text)
    assert "\x1b" not in plain


@given(texts_with_spans())
@settings(max_examples=100, deadline=None)
def test_segments_hold_all_of_the_text_and_of_each_passage(drawn: tuple[str, list[tuple[int, int, str]]]) -> None:
    text, spans = drawn
    passages = passages_of(with_spans(text, spans), text)
    parts = list(segments(0, len(text), passages))
    assert [part.start for part in parts] == [0, *(part.end for part in parts[:-1])]
    assert parts[-1].end == len(text)
    for part in parts:
        assert set(part.passages) == {p for p in passages if p.start <= part.start and part.end <= p.end}


def test_a_stretch_of_two_tags_shows_both() -> None:
    one, two = (
        Passage(n, tag, Evidence(*at, "x"), True) for n, (tag, at) in enumerate([("onderdak", (0, 4)), ("schuldbinding", (2, 6))], 1)
    )
    page = marked_text("abcdef", 0, 6, [one, two], "k")
    [middle] = re.findall(r"<mark[^>]*>cd</mark>|<mark[^>]*><span[^>]*></span>cd</mark>|<mark[^>]*>cd", page)
    assert "var(--vervoer)" in middle
    assert "var(--geld)" in middle
    assert 'title="1 onderdak; 2 schuldbinding"' in middle
    assert re.findall(r'id="k-p(\d)"', page) == ["1", "2"]
    assert marked_line("abcdef", 0, 6, [one, two], plain=True).plain == "[ab[cd](1 onderdak)ef](2 schuldbinding)"


def test_a_record_renders_in_the_text_of_its_doc(nlp: Language) -> None:
    doc = nlp(TEXT)
    case = doc._.case
    page = case._repr_html_()
    assert TEXT in "".join(checked(page).words)
    assert case.text is None
    [plain] = smokkel_nlp.classify([TEXT])
    assert case == plain
    assert case.to_dict() == plain.to_dict()
    assert TEXT.split(".")[1] not in "".join(checked(plain._repr_html_()).words)
    for other in (pickle.loads(pickle.dumps(case)), copy.deepcopy(case), replace(case)):
        assert other == case
        assert TEXT.split(".")[1] not in "".join(checked(other._repr_html_()).words)
    assert TEXT.encode() not in pickle.dumps(case)
    [kept] = smokkel_nlp.classify([TEXT], keep_text=True)
    assert TEXT in "".join(checked(kept._repr_html_()).words)


def test_a_page_tells_all_that_is_in_the_record(nlp: Language) -> None:
    case = nlp(TEXT)._.case
    page = "".join(checked(case._repr_html_()).words)
    assert case.offence == "mensensmokkel"
    assert "Gaat over: mensensmokkel" in page
    for mo in case.modi_operandi:
        assert load_taxonomy().tags[load_taxonomy().tag_ids.index(mo.tag)].name in page
        for evidence in mo.evidence:
            assert evidence.text in page
            assert f"{evidence.start}–{evidence.end}" in page
            assert evidence.cue in page
    assert case.note in page
    assert page.count("✗ niet gevonden") + page.count("✓ gevonden") == 5
    assert page.count("Niet gezocht") == 1
    unsure = replace(case, offence="onzeker", reasons=("dicht bij de drempel",))
    page = "".join(checked(unsure._repr_html_()).words)
    assert "onzeker: dicht bij de drempel. Als het moet: mensensmokkel" in page
    assert "De tekst is niet bewaard" in page


def test_how_sure_is_told_alike_everywhere() -> None:
    case = CaseAnalysis.from_json(EXAMPLE_JSON)
    for share, told in ((0.9999, "> 99 %"), (0.99, "99 %"), (0.374, "37 %"), (0.0001, "< 1 %")):
        sure = replace(case, offences={name: replace(result, probability=share) for name, result in case.offences.items()})
        assert f"{told} " in "".join(checked(case_html(sure)).words)
        file = io.StringIO()
        show(sure, Console(file=file, width=100))
        assert file.getvalue().count(told) == 2
        assert list(summary_table([sure], 1))[1].count(told) == 2
    own = replace(case, modi_operandi=(ModusOperandi("eigen", None, "vermoed", ()),))
    file = io.StringIO()
    show(own, Console(file=file, width=100))
    for shown in (file.getvalue(), "".join(checked(case_html(own)).words)):
        assert "niet berekend (eigen regel)" in shown


def test_elements_point_at_the_passages_that_show_them(nlp: Language) -> None:
    case = nlp(TEXT)._.case
    passages = passages_of(case)
    rows = element_rows(case, passages)
    assert rows["mensenhandel"] is None
    found = {row.element: row for row in rows["mensensmokkel"] or ()}
    assert [element.id for element in load_taxonomy().offences[0].elements] == list(found)
    for result in case.elements:
        assert {(e.start, e.end) for e in result.evidence} == {(p.start, p.end) for p in found[result.element].passages}
    assert {row.element for row in found.values() if row.status} == {result.element for result in case.elements}


def test_an_explanation_is_drawn_and_told() -> None:
    [case] = smokkel_nlp.classify([TEXT], explain=True, keep_text=True)
    page = case._repr_html_()
    checked(page)
    pictures = re.findall(r"<svg.*?</svg>", page, re.DOTALL)
    told = [one for one in (case.explanation or {}).values() if one.passages]
    assert len(pictures) == len(told)
    for drawn, one in zip(pictures, told, strict=True):
        root = ElementTree.fromstring(drawn)
        shares = sorted(one.top(6), key=lambda share: share.start)
        widths = [float(bar.attrib["width"].rstrip("%")) for bar in root.iter("rect")]
        assert len(widths) == len(shares)
        top = max(range(len(shares)), key=lambda k: abs(shares[k].value))
        assert widths[top] == max(widths)
        assert [bar.attrib["class"] for bar in root.iter("rect")] == ["s-for" if share.value >= 0 else "s-against" for share in shares]
        assert root.find("desc") is not None
    assert "Niet gevonden bestanddelen" in page
    checked(replace(case, text=None)._repr_html_())


def test_hostile_words_stay_words(nlp: Language) -> None:
    case = replace(nlp(f"{HOSTILE} {TEXT}")._.case.with_id(HOSTILE), text=f"{HOSTILE} {TEXT}", reasons=(HOSTILE,), offence="onzeker")
    page = case._repr_html_()
    checker = checked(page)
    assert {"script", "img"}.isdisjoint(checker.tags)
    assert "".join(checker.words).count(HOSTILE) >= 2
    assert re.sub(r'<bdi class="s-sign"[^>]*>\u202e</bdi>', "", page).count("\u202e") == 0
    assert "http" not in page
    assert "\u202e" not in marked_line(HOSTILE, 0, len(HOSTILE), [], plain=True).plain


def test_emoji_before_a_passage_do_not_move_it() -> None:
    text = "\U0001f468‍\U0001f469‍\U0001f467 in een busje"
    start = text.index("busje")
    case = with_spans(text, [(start, start + 5, "transport_land")])
    assert re.findall(r"<mark[^>]*>(.*?)</mark>", case._repr_html_()) == ["busje"]


def test_passages_that_do_not_fit_the_text_are_listed_unmarked() -> None:
    case = with_spans("in een busje", [(7, 12, "transport_land")])
    for text in ("in een", "een ander verhaal", ""):
        page = case_html(replace(case, text=None), text)
        assert "<mark" not in page
        assert "busje" in "".join(checked(page).words)


def test_long_texts_are_shown_in_excerpts() -> None:
    filler = "Dit is een zin zonder belang. "
    text = filler * 100 + "Zij zaten in een busje. " + filler * 100
    start = text.index("busje")
    case = with_spans(text, [(start, start + 5, "transport_land")])
    [(left, right)] = excerpts(text, passages_of(case, text))
    assert text[left:right] == f"{filler}Zij zaten in een busje. {filler}"
    page = case._repr_html_()
    assert page.count("<mark") == 2
    assert "De hele tekst</summary>" in page
    checked(page)
    assert len(excerpts(text, [])) == 1
    one_sentence = "a" * LONG + " busje " + "b" * LONG
    long = with_spans(one_sentence, [(LONG + 1, LONG + 6, "transport_land")])
    [(left, right)] = excerpts(one_sentence, passages_of(long, one_sentence))
    assert left <= LONG + 1
    assert right >= LONG + 6
    assert right - left < LONG
    huge = with_spans("a b. " * 50_000, [(0, 1, "transport_land")])
    assert len(huge._repr_html_()) < 50_000


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_colours_can_be_read(scheme: str) -> None:
    palette = load_palette()
    back, ink = getattr(palette.page, scheme)
    assert contrast(back, ink) >= 7
    assert contrast(back, palette.quiet[scheme == "dark"]) >= 4.5
    for group in palette.groups:
        own, own_ink = getattr(group, scheme)
        assert contrast(own, own_ink) >= 4.5, group.id
        assert contrast(own, ink) >= 4.5, group.id
        assert contrast(back, own_ink) >= 4.5, group.id


# Machado, Oliveira and Fernandes (2009), full deficiency, on linear RGB.
SIGHT = {
    "protan": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
    "deutan": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.011820, 0.042940, 0.968881)),
    "full": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
}


def lab(colour: str, sight: str) -> tuple[float, float, float]:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    red, green, blue = (min(1, max(0, sum(a * b for a, b in zip(row, linear, strict=True)))) for row in SIGHT[sight])
    xyz = (
        (0.4124 * red + 0.3576 * green + 0.1805 * blue) / 0.9505,
        0.2126 * red + 0.7152 * green + 0.0722 * blue,
        (0.0193 * red + 0.1192 * green + 0.9505 * blue) / 1.089,
    )
    x, y, z = (part ** (1 / 3) if part > 0.008856 else 7.787 * part + 16 / 116 for part in xyz)
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


@pytest.mark.parametrize("sight", SIGHT)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_groups_of_tags_look_different_to_every_eye(scheme: str, sight: str) -> None:
    groups = load_palette().groups[:7]
    for one, other in itertools.combinations(groups, 2):
        pair = [lab(getattr(group, scheme)[0], sight) for group in (one, other)]
        distance = sum((a - b) ** 2 for a, b in zip(*pair, strict=True)) ** 0.5
        assert distance >= 5, f"{one.id} and {other.id}"  # 2.3 is what a careful eye just sees


def test_every_label_has_one_group() -> None:
    listed = [label for group in load_palette().groups for label in group.labels]
    assert len(set(listed)) == len(listed)
    taxonomy = load_taxonomy()
    assert set(listed) == {*taxonomy.labels, *(element.id for element in taxonomy.elements)}
    assert load_palette().of("van_mij") == load_palette().groups[-1]


def test_damaged_colours_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    data = {"page": {"light": ["#fff"], "dark": ["#000", "#fff"], "quiet_light": "#555", "quiet_dark": "#aaa"}}
    monkeypatch.setattr("smokkel_nlp.display.colours.read_toml", lambda _: data)
    with pytest.raises(TaxonomyError, match=r"colours.toml: page: a pair of colours"):
        load_palette.__wrapped__()


def run(*arguments: object) -> int:
    return main([str(argument) for argument in arguments])


def test_show_prints_plain_lines_into_a_pipe(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = [{"id": "een", "text": f"{TEXT} \x1b[31mrood"}, {"id": "twee", "text": HOSTILE}]
    (tmp_path / "in.jsonl").write_text("\n".join(map(json.dumps, lines)) + '\n{"id": 3}\n', encoding="utf8")
    assert run("show", tmp_path / "in.jsonl") == 1
    printed = capsys.readouterr()
    assert "\x1b" not in printed.out
    assert "\u202e" not in printed.out
    assert "een: mensensmokkel" in printed.out
    assert "bestelbus" in printed.out
    assert "](1 transport_land" in printed.out
    assert "niet gezocht" in printed.out
    assert "[bold]" in printed.out
    assert "in.jsonl:3" in printed.err
    assert run("show", tmp_path / "in.jsonl", "--only", "twee") == 1
    assert "een: mensensmokkel" not in capsys.readouterr().out
    (tmp_path / "goed.jsonl").write_text(json.dumps(lines[0]), encoding="utf8")
    assert run("show", tmp_path / "goed.jsonl", "--only", "weg") == 2
    assert "no record to show has the id 'weg'" in capsys.readouterr().err
    assert run("show", tmp_path / "weg.jsonl") == 2
    capsys.readouterr()


@pytest.mark.parametrize("keep", [True, False])
def test_show_shows_stored_results_as_they_are(tmp_path: Path, capsys: pytest.CaptureFixture[str], keep: bool) -> None:
    [case] = smokkel_nlp.classify([TEXT], keep_text=keep)
    case = replace(case.with_id("x1"), offence="onzeker", reasons=("omdat",))
    (tmp_path / "uit.jsonl").write_text(f"{case.to_json()}\n{{stuk {TEXT}\n\n{case.to_json()}\n", encoding="utf8")
    assert run("show", tmp_path / "uit.jsonl") == 1
    printed = capsys.readouterr()
    assert printed.out.count("x1: onzeker (omdat); als het moet: mensensmokkel") == 2
    assert ("De tekst is niet bewaard" in printed.out) is not keep
    assert "bestelbus" in printed.out
    assert "uit.jsonl:2: not a result of this library" in printed.err
    assert TEXT not in printed.err


def test_a_stored_result_does_not_steer_the_terminal(nlp: Language, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    hostile = "\x1b]0;titel\x07\u202e"
    data = json.loads(replace(nlp(TEXT)._.case, text=TEXT).to_json())
    data |= {"id": hostile, "offence": "onzeker", "reasons": [hostile], "note": hostile}
    data["modi_operandi"][0]["tag"] = hostile
    for part in (*data["offences"].values(), *data["modi_operandi"], *data["elements"]):
        for evidence in part["evidence"]:
            evidence.update(cue=hostile, rule=hostile)
    (tmp_path / "uit.jsonl").write_text(json.dumps(data), encoding="utf8")
    assert run("show", tmp_path / "uit.jsonl") == 0
    printed = capsys.readouterr().out
    assert printed.count("]0;titel") > 5
    assert {"\x1b", "\x07", "\u202e"}.isdisjoint(printed)
    assert run("show", tmp_path / "uit.jsonl", "--svg", tmp_path / "uit.svg") == 0
    ElementTree.parse(tmp_path / "uit.svg")


def test_show_reads_results_after_a_byte_order_mark(nlp: Language, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "uit.jsonl").write_text(nlp(TEXT)._.case.with_id("x1").to_json(), encoding="utf-8-sig")
    assert run("show", tmp_path / "uit.jsonl") == 0
    assert "x1: mensensmokkel" in capsys.readouterr().out


@pytest.mark.parametrize("width", [40, 80, 160])
def test_show_fits_the_terminal_and_colours_the_passages(nlp: Language, width: int) -> None:
    doc = nlp(TEXT)
    case = replace(doc._.case.with_id("x"), text=TEXT)
    file = io.StringIO()
    show(case, Console(file=file, force_terminal=True, color_system="truecolor", width=width, legacy_windows=False))
    printed = file.getvalue()
    red, green, blue = (int(load_palette().of("transport_land").light[0][at : at + 2], 16) for at in (1, 3, 5))
    assert f"48;2;{red};{green};{blue}" in printed
    bare = re.sub(r"\x1b\[[0-9;]*m", "", printed)
    assert "\x1b" not in bare
    assert max(map(len, bare.splitlines())) <= width
    assert "transport_land" in "".join(bare.split())


def test_show_prints_a_long_text_whole_when_asked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.txt").write_text("De vergadering begon om negen uur. " * 200 + TEXT, encoding="utf8")
    assert run("show", tmp_path) == 0
    part = capsys.readouterr().out
    assert run("show", tmp_path, "--whole") == 0
    assert part.count("De vergadering begon om negen uur") < 10
    assert capsys.readouterr().out.count("De vergadering begon om negen uur") >= 200


def test_a_picture_stands_on_its_own(root: Path, tmp_path: Path, nlp: Language, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "in.jsonl").write_text(json.dumps({"id": "<&{0}", "text": f"{HOSTILE} {TEXT}"}), encoding="utf8")
    assert run("show", tmp_path / "in.jsonl", "--svg", tmp_path / "uit.svg") == 0
    assert capsys.readouterr().out == ""
    for path in (tmp_path / "uit.svg", root / "tests" / "data" / "voorbeeld.svg"):
        drawn = path.read_text(encoding="utf8")
        tree = ElementTree.fromstring(drawn)
        assert not {part.tag.rpartition("}")[2] for part in tree.iter()} & {"script", "image", "foreignObject", "a"}
        assert set(re.findall(r"https?://[^\"<]+", drawn)) == {"http://www.w3.org/2000/svg"}
        assert not re.findall(r"url\((?!#)|@import|@font-face", drawn)
    assert run("show", tmp_path / "in.jsonl", "--svg", tmp_path / "weg" / "uit.svg") == 2
    assert "give another --svg" in capsys.readouterr().err
    texts = (tmp_path / "in.jsonl").read_bytes()
    assert run("show", tmp_path / "in.jsonl", "--svg", tmp_path / "in.jsonl") == 2
    assert "in place of the texts" in capsys.readouterr().err
    assert (tmp_path / "in.jsonl").read_bytes() == texts
    case = replace(nlp(TEXT)._.case, text=TEXT)
    assert picture(case) == picture(case)


def test_clean_keeps_the_length() -> None:
    assert len(clean(HOSTILE)) == len(HOSTILE)


def test_a_browser_shows_a_case_in_light_and_dark(nlp: Language, tmp_path: Path) -> None:
    text = f"{HOSTILE} {TEXT}"
    page = tmp_path / "zaak.html"
    html = f"<!DOCTYPE html><html><head><meta charset='utf-8'><title>zaak</title></head><body><p id='buiten'>x</p>{nlp(text)._.case._repr_html_()}"
    page.write_text(html, encoding="utf8")
    with start_browser(tmp_path) as chrome:
        palette, seen = load_palette(), {}
        for scheme in ("light", "dark"):
            feature = {"name": "prefers-color-scheme", "value": scheme}
            chrome.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [feature]})
            for width in (360, 1600):
                size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
                chrome.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
                chrome.get(page.as_uri())
                assert chrome.execute_script("return document.documentElement.scrollWidth <= innerWidth")
            seen[scheme] = chrome.execute_script("return getComputedStyle(document.querySelector('.smokkel-case')).backgroundColor")
            assert seen[scheme] == "rgb({}, {}, {})".format(*(int(getattr(palette.page, scheme)[0][at : at + 2], 16) for at in (1, 3, 5)))
        assert chrome.title == "zaak"
        assert chrome.execute_script("return document.scripts.length + document.images.length") == 0
        assert chrome.execute_script("return getComputedStyle(document.getElementById('buiten')).fontSize") == "16px"
        chrome.execute_script("document.body.dataset.jpThemeLight = 'true'")
        back = chrome.execute_script("return getComputedStyle(document.querySelector('.smokkel-case')).backgroundColor")
        assert back == seen["light"]
        marks = chrome.execute_script(
            "return [...document.querySelectorAll('.s-text mark')].map(mark => mark.textContent.replace(/\\s+/g, ' '))"
        )
        assert "Achter in de bestelbus" in " ".join(marks)
        chrome.find_element("css selector", "tbody th a[href*='-p1']").send_keys("\n")
        assert chrome.execute_script("return document.querySelector('mark:target, mark :target') !== null")
        assert [entry for entry in chrome.get_log("browser") if entry["level"] == "SEVERE"] == []
