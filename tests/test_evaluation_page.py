"""The page of an evaluation: well-formed and alone, its numbers those of the results, hostile text shown as text, no case text unasked."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest

pytest.importorskip("matplotlib", reason="matplotlib is not installed; pip install 'smokkel_nlp[plot]'")

from browser import start_browser

from smokkel_nlp import evaluation_plots as plots
from smokkel_nlp import extras
from smokkel_nlp.cli import main
from smokkel_nlp.display.markup import percent
from smokkel_nlp.errors import InputError
from smokkel_nlp.evaluation import Answers
from smokkel_nlp.evaluation_page import asked_page, to_html
from smokkel_nlp.evaluation_report import evaluate
from smokkel_nlp.taxonomy import load_taxonomy, read_text, resource

SECRET = "geheimwoord"
HOSTILE = "</script><script>alert(1)</script> $x_1$ <!-- & \u2028 \u202e \x00\x1b \ud800 \U0001f600"
TAGS = load_taxonomy().tag_ids
N = 60


@pytest.fixture(scope="module")
def records() -> list[dict[str, Any]]:
    labels = [(1, 0), (0, 1), (1, 1), (0, 0)] * (N // 4)
    return [
        {
            "id": f"t{k}" if k else HOSTILE, "text": f"{SECRET} <b>{k}</b> & meer.", "mensensmokkel": smokkel, "mensenhandel": handel,
            "mo": [TAGS[0]] * smokkel + [TAGS[3]] * handel + [TAGS[5]] * (k < 4), "genre": HOSTILE if k % 3 else "nieuws",
            "region": "NL" if k else "BE", "status": {"mensensmokkel": "vermoed" if smokkel else None, "mensenhandel": None},
        }
        for k, (smokkel, handel) in enumerate(labels)
    ]  # fmt: skip


def answers(records: list[dict[str, Any]], noise: float, tags: bool) -> Answers:
    rng = np.random.default_rng(3)
    gold = np.array([[record["mensensmokkel"], record["mensenhandel"], *(int(tag in record["mo"]) for tag in TAGS)] for record in records])
    probabilities = np.clip(0.15 + 0.7 * gold + rng.normal(0, noise, gold.shape), 0.001, 0.999)
    probabilities[0, :2] = 0.2, 0.1  # the hostile one is answered wrongly
    given = (probabilities >= 0.5).astype(int)
    sureness = np.abs(probabilities[:, :2] - 0.5).min(axis=1)
    return Answers(
        given[:, :2], given[:, 2:] if tags else None, sureness < 0.1,
        statuses=[["vermoed" if value else None for value in row] for row in given[:, :2].tolist()] if tags else None,
        probabilities=probabilities if tags else probabilities[:, :2], sureness=sureness,
        reasons=[("dicht bij de drempel",) if unsure else () for unsure in sureness < 0.1] if tags else None,
    )  # fmt: skip


@pytest.fixture(scope="module")
def results(records: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    systems = {"smokkel_nlp": answers(records, 0.25, True), "TF-IDF + LR": answers(records, 0.4, False)}
    measured = evaluate(records, systems, list_errors=True)
    for row in measured["smokkel_nlp"]["errors"]:
        share = {"start": 0, "end": 11, "value": 0.5, "wording": 0.2, "labels": ["onderdak"]}
        other = {"start": 12, "end": 20, "value": -1.25, "wording": 0.0, "labels": ["dwang_geweld"]}
        row["moved"] = {"mensensmokkel": {"constant": -1.0, "score": -1.5, "passages": [other, share]}}
    return measured


@pytest.fixture(scope="module")
def page(results: dict[str, dict[str, Any]]) -> str:
    return to_html("proef.jsonl", results)


def tree(page: str) -> ElementTree.Element:
    """The page read as XML, which forgives nothing."""
    return ElementTree.fromstring(page.removeprefix("<!DOCTYPE html>"))


def words(node: ElementTree.Element) -> str:
    return "".join(node.itertext())


def rows_of(page: ElementTree.Element, name: str) -> dict[str, list[str]]:
    """The rows of a table by the head of each."""
    frame = next(node for node in page.iter("div") if node.get("aria-label") == name)
    return {words(row[0]): [words(cell) for cell in row[1:]] for row in frame.iter("tr")}


def picture(page: ElementTree.Element, name: str) -> ElementTree.Element:
    return next(node for node in page.iter("svg") if node.get("aria-labelledby", "").startswith(f"{name}-"))


def cell(figure: list[float], digits: int = 2) -> str:
    value, low, high = (f"{number:.{digits}f}".replace(".", ",") for number in figure)
    return f"{value} [{low}–{high}]"


def test_it_is_well_formed_and_stands_alone(page: str) -> None:
    root = tree(page)
    ids = [node.get("id") for node in root.iter() if node.get("id")]
    assert len(ids) == len(set(ids))
    for node in root.iter():
        assert "style" not in node.attrib
        assert "src" not in node.attrib
        assert not any(key.startswith("on") for key in node.attrib)
        for value in (node.get("href", "#")[1:], *node.get("aria-labelledby", "").split()):
            assert value == "" or value in ids
        for key in re.findall(r"url\(#([^)]*)\)", " ".join(node.attrib.values())):
            assert key in ids
    assert all(node.get("href", "#").startswith("#") for node in root.iter())
    assert "://" not in page
    assert "<script" not in page
    assert "@import" not in page
    assert [node.tag for node in root.iter() if node.tag == "style"] == ["style"]
    assert "default-src 'none'; style-src 'sha256-" in page
    open_ = []

    class Checker(HTMLParser):
        def handle_starttag(self, tag: str, attrs: object) -> None:
            open_.append(tag)

        def handle_endtag(self, tag: str) -> None:
            assert open_.pop() == tag

    Checker().feed(page)
    assert open_ == []


def test_every_picture_tells_its_numbers_and_has_a_table(page: str, results: dict[str, dict[str, Any]]) -> None:
    root, main_ = tree(page), results["smokkel_nlp"]
    for figure in root.iter("figure"):
        assert list(figure.iter("svg"))
        assert list(figure.iter("table"))
    for svg in root.iter("svg"):
        assert svg.get("role") == "img"
        assert svg[0].tag == "title"
        assert re.search(r"\d", words(svg[1])), "desc without a number"
    told = words(picture(root, "vangst-labels")[1])
    assert cell(main_["precision_recall"]["mensensmokkel"]["average_precision"]) in told
    assert cell(main_["coverage_risk"]["error"]["75"]["wrong"]) in words(picture(root, "dekking")[1])
    assert cell(main_["macro_f1"]) in words(picture(root, "systemen")[1])
    assert cell(main_["slices"]["region"]["NL"]["exact"]) in words(picture(root, "delen-beeld")[1])
    assert f"Brier {cell(main_['calibration']['tags']['brier'], 3)}" in words(picture(root, "betrouwbaarheid")[1])


def test_numbers_of_the_tables_are_those_of_the_results(page: str, results: dict[str, dict[str, Any]]) -> None:
    root, main_ = tree(page), results["smokkel_nlp"]
    labels = rows_of(root, "Per label")
    for label, row in {**main_["offences"], **main_["tags"]}.items():
        caught = [cell(row[key]) if row["positives"] else "–" for key in ("recall", "f1")]
        assert labels[label] == [str(row["positives"]), cell(row["precision"]), *caught]
    assert labels[TAGS[7]][2:] == ["–", "–"]
    for row, told in zip(main_["errors"], next(root.iter("ol")), strict=True):
        chances = [percent(share) for share in row["probabilities"].values()]
        assert "kans smokkel {}, handel {}".format(*chances) in words(told)
    assert {percent(row["mean"]) for row in main_["calibration"]["mensensmokkel"]["bins"] if row["n"]} <= {
        cell for node in root.iter("figure") for cell in map(words, node.iter("td"))
    }
    confusion = rows_of(root, "Verwarring van de vier klassen")
    for gold, row in main_["confusion"].items():
        assert confusion[gold] == [str(count) for count in row.values()]
    means = rows_of(root, "Gemiddelde precisie")
    measured = main_["precision_recall"]
    assert set(measured["by_tag"]) == {TAGS[0], TAGS[3]}  # the third has four texts
    for label, part in {**measured["by_tag"], "mensenhandel": measured["mensenhandel"], "alle tags samen": measured["tags"]}.items():
        assert means[label][0] == str(part["positives"])
        assert means[label][2] == cell(part["average_precision"])
    compared = results["TF-IDF + LR"]["compared"]
    value, low, high = (f"{number:+.2f}".replace(".", ",").replace("-", "−") for number in compared["exact"]["difference"])
    assert rows_of(root, "Verschil: smokkel_nlp min de ander")["min TF-IDF + LR"][1] == (
        f"{value} [{low} tot {high}]; voor in {compared['exact']['ahead']:.0%}".replace("%", " %")
    )
    error = rows_of(root, "Fouten bij minder antwoorden")
    for system, result in results.items():
        assert error[system][:5] == [cell(row["wrong"]) for row in result["coverage_risk"]["error"].values()]
    kinds = rows_of(root, "Juiste klasse en macro-F1 per soort tekst")
    assert kinds["regio: BE"] == ["1", "–", "–"]
    assert kinds["delict genoemd: nee"] == [str(N), cell(main_["exact"]), cell(main_["slices"]["offence named"]["no"]["macro_f1"])]


def points(path: ElementTree.Element) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in re.findall(r"[ML] ([\d.]+) ([\d.]+)", path.get("d", ""))]


def test_a_curve_is_drawn_where_its_numbers_are(page: str, results: dict[str, dict[str, Any]]) -> None:
    svg, curve = picture(tree(page), "dekking"), results["smokkel_nlp"]["coverage_risk"]["curve"]
    drawn = next(
        points(path) for path in svg.iter("path") if path.get("stroke") == plots.BLUE and len(points(path)) == len(curve["coverage"])
    )
    x, y = (np.array(side) for side in zip(*drawn, strict=True))
    shape = np.polyfit(x, curve["coverage"], 1)
    assert np.abs(np.polyval(shape, x) - curve["coverage"]).max() < 0.002
    shape = np.polyfit(y, curve["wrong"], 1)
    assert shape[0] < 0
    assert np.abs(np.polyval(shape, y) - curve["wrong"]).max() < 0.002
    zero = next(float(node.get("x", "nan")) for node in svg.iter("text") if words(node) == "0,0" and node.get("text-anchor") == "middle")
    one = next(float(node.get("x", "nan")) for node in svg.iter("text") if words(node) == "1,0" and node.get("text-anchor") == "middle")
    assert np.abs((x - zero) / (one - zero) - curve["coverage"]).max() < 0.005


def test_the_confusion_matrix_shows_its_counts(page: str, results: dict[str, dict[str, Any]]) -> None:
    shown = [words(node) for node in picture(tree(page), "verwarring").iter("text")]
    counts = [str(count) for row in results["smokkel_nlp"]["confusion"].values() for count in row.values()]
    assert [text for text in shown if text.isdigit()] == counts


def test_the_same_results_give_the_same_page(page: str, results: dict[str, dict[str, Any]]) -> None:
    assert to_html("proef.jsonl", json.loads(json.dumps(results))) == page


def test_hostile_names_are_text(page: str, results: dict[str, dict[str, Any]]) -> None:
    shown = HOSTILE.replace("\x00\x1b", "\ufffd\ufffd").replace("\ud800", "\ufffd")
    root = tree(to_html(HOSTILE, results))
    assert shown in words(next(root.iter("h1")))
    assert shown in words(next(root.iter("title")))
    assert shown in words(next(node for node in root.iter("ol") if node.get("class") == "fouten"))
    assert f"genre: {shown}" in rows_of(root, "Juiste klasse en macro-F1 per soort tekst")
    assert not list(root.iter("script"))
    marks = [node for node in root.iter("bdi") if node.text == "\u202e"]
    assert (
        len(marks)
        == len(root.findall(".//bdi"))
        == words(root.find("body")).count("\u202e") - words(picture(root, "delen-beeld")).count("\u202e")
    )  # type: ignore[arg-type]
    assert HOSTILE[:20] in words(picture(root, "delen-beeld"))  # $ is no formula


def test_no_word_of_a_text_unless_asked(page: str, records: list[dict[str, Any]], results: dict[str, dict[str, Any]]) -> None:
    assert SECRET not in page
    assert "geen woorden uit de teksten" in page
    wrong = [record["text"] for record in records if str(record["id"]) in {row["id"] for row in results["smokkel_nlp"]["errors"]}]
    with_text = to_html("proef.jsonl", results, wrong)
    assert "woorden uit teksten" in with_text
    cells = [words(node) for node in tree(with_text).iter("td") if node.get("class") == "tekst"]
    assert cells[:2] == [wrong[0][12:20], SECRET]
    assert len(cells) == 2 * len(wrong)


def test_what_moved_a_label_adds_up(page: str) -> None:
    told = next(node for node in tree(page).iter("ol") if node.get("class") == "fouten")[0]
    assert "vooraf −1,00, de zinnen hieronder, andere zinnen samen +0,25; score −1,50" in words(told)
    assert [words(cell) for cell in told.iter("td")][:6] == ["−1,25", "12–20", "dwang_geweld", "+0,50", "0–11", "onderdak, woorden"]


def test_what_is_not_measured_is_not_shown() -> None:
    records = [{"id": "a", "text": SECRET, "mensensmokkel": 0, "mensenhandel": 0}] * 3
    bare = Answers(np.zeros((3, 2), dtype=int), None, np.zeros(3, dtype=bool))
    root = tree(to_html("leeg", evaluate(records, {"wij": bare}, list_errors=True)))
    assert [node.get("id") for node in root.iter("section")] == ["kern", "labels", "delen", "fouten"]
    assert "Geen: elke tekst" in words(root)
    full = Answers(bare.offences, None, np.ones(3, dtype=bool), probabilities=np.zeros((3, 2)), sureness=np.zeros(3))
    ids = [node.get("id") for node in tree(to_html("leeg", evaluate(records, {"wij": full}))).iter("section")]
    assert ids == ["kern", "labels", "kansen", "delen"]  # no curve without a positive


def luminance(colour: str) -> float:
    parts = [int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def mixed(colour: str, page: str, share: float) -> str:
    return "#" + "".join(f"{round(share * int(colour[k : k + 2], 16) + (1 - share) * int(page[k : k + 2], 16)):02x}" for k in (1, 3, 5))


def schemes() -> Iterator[tuple[dict[str, str], dict[str, str]]]:
    """The colours of the page and of the series, light and dark."""
    light, dark = (dict(re.findall(r"--(\w+): (#\w{6})", part)) for part in read_text(resource("evaluation.css")).split("@media", 2)[:2])
    yield light, {}
    yield dark, dict(re.findall(r'\[fill="(#\w+)"\] { fill: (#\w+); }', read_text(resource("evaluation.css"))))


def test_colours_can_be_told_from_the_page_and_read_on_it() -> None:
    for page, instead in schemes():
        assert set(page) == {"paper", "ink", "soft", "panel", "line", "accent"}
        for ground in ("paper", "panel"):
            for ink in ("ink", "soft", "accent"):
                assert contrast(page[ink], page[ground]) >= 4.5, (ink, ground)
        for look in plots.LOOKS:
            assert contrast(instead.get(look.color, look.color), page["paper"]) >= 3, look  # WCAG 2.2, 1.4.11
        assert contrast(page["ink"], mixed(instead.get(plots.BLUE, plots.BLUE), page["paper"], plots.SHADE)) >= 4.5
    for one, other in pairwise(sorted(plots.LOOKS)):
        assert one.line != other.line
        assert one.marker != other.marker


def test_wishes_are_checked_before_anything_is_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked_page(None, False, False, True)
    asked_page(tmp_path / "uit.html", True, True, False)
    with pytest.raises(InputError, match=r"give --html PAGE\.html and --errors"):
        asked_page(tmp_path / "uit.html", False, True, False)
    with pytest.raises(InputError, match="leave out --assertion"):
        asked_page(tmp_path / "uit.html", False, False, True)
    with pytest.raises(InputError, match="there is no folder"):
        asked_page(tmp_path / "weg" / "uit.html", False, False, False)
    monkeypatch.setattr(extras, "find_spec", lambda name: None)
    with pytest.raises(InputError, match=r"pip install 'smokkel_nlp\[plot\]'"):
        asked_page(tmp_path / "uit.html", False, False, False)


def test_evaluate_writes_a_page(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    texts = [
        f"Verdachte bracht zes migranten in een bestelbus over de grens. Zij betaalden hem {SECRET} euro.",
        "De winkelier verkocht een fiets aan zijn buurman. Het regende die dag in de stad.",
    ]
    path, out = tmp_path / "gold.jsonl", tmp_path / "uit.html"
    lines = [{"id": f"z{k}", "text": text, "mensensmokkel": 0, "mensenhandel": 0} for k, text in enumerate(texts)]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf8")
    common = ["evaluate", str(path), "--errors", "--html", str(out), "-o", str(tmp_path / "cijfers")]
    assert main(common) == 0
    results = json.loads((tmp_path / "cijfers.json").read_text(encoding="utf8"))
    [error] = results["smokkel_nlp"]["errors"]
    told = error["moved"]["mensensmokkel"]
    assert set(error["moved"]) == {"mensensmokkel"}
    assert told["constant"] + sum(share["value"] for share in told["passages"]) == pytest.approx(told["score"], abs=2e-3)
    assert texts[0][told["passages"][0]["start"] : told["passages"][0]["end"]] == texts[0].split(". ")[0] + "."
    page = out.read_text(encoding="utf8")
    assert page == to_html("gold.jsonl", results)
    assert f"model {results['smokkel_nlp']['versions']['model']}" in page
    assert SECRET not in page + capsys.readouterr().out + json.dumps(results)
    assert main([*common, "--with-text"]) == 0
    assert SECRET in out.read_text(encoding="utf8")
    assert SECRET not in capsys.readouterr().out + (tmp_path / "cijfers.json").read_text(encoding="utf8")
    assert main(["evaluate", str(path), "--with-text"]) == 2
    capsys.readouterr()
    gold = path.read_bytes()
    assert main(["evaluate", str(path), "--html", str(path)]) == 2
    assert "in place of the labelled texts" in capsys.readouterr().err
    assert path.read_bytes() == gold
    assert main(["evaluate", str(path), "--html", str(tmp_path)]) == 2
    assert "give another --html" in capsys.readouterr().err


def test_a_browser_shows_it(page: str, tmp_path: Path) -> None:
    path = tmp_path / "uit.html"
    path.write_text(page, encoding="utf8", newline="\n")
    with start_browser(tmp_path) as browser:
        browser.get("about:blank")
        browser.get_log("performance")  # of the browser's own first page
        browser.get(path.as_uri())
        assert [entry for entry in browser.get_log("browser") if entry["level"] in ("SEVERE", "WARNING")] == []
        asked = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
        urls = {message["params"]["request"]["url"] for message in asked if message["method"] == "Network.requestWillBeSent"}
        assert urls == {path.as_uri()}
        style = "return getComputedStyle(document.querySelector(arguments[0]))[arguments[1]]"
        assert browser.execute_script(style, "body", "maxWidth") == "1440px"  # the one style there is, is let through
        assert browser.execute_script(style, f'svg [stroke="{plots.BLUE}"]', "stroke") == "rgb(0, 114, 178)"
        first = browser.find_element("css selector", ".fouten summary")
        first.send_keys("\n")
        assert browser.find_element("css selector", ".fouten details").get_attribute("open")
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": "dark"}]})
        assert browser.execute_script(style, "body", "backgroundColor") == "rgb(24, 26, 31)"
        assert browser.execute_script(style, "svg text", "fill") == "rgb(230, 231, 234)"
        assert browser.execute_script(style, f'svg [stroke="{plots.BLUE}"]', "stroke") == "rgb(86, 180, 233)"
        narrow = {"width": 360, "height": 740, "deviceScaleFactor": 1, "mobile": True}
        browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", narrow)
        browser.execute_script("document.querySelectorAll('details').forEach(node => { node.open = true })")
        assert browser.execute_script("return document.documentElement.scrollWidth") == 360
