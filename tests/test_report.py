"""The report on a batch: what the page holds, what it leaves out, and what a browser makes of it."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import json
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from browser import start_browser

from smokkel_nlp.cli import main
from smokkel_nlp.display.markup import percent
from smokkel_nlp.display.page import build_page, to_json, write_page
from smokkel_nlp.errors import InputError
from smokkel_nlp.records import EXAMPLE_JSON, CaseAnalysis, Evidence, ModusOperandi, OffenceResult
from smokkel_nlp.report import write_report
from smokkel_nlp.report_rows import LONGEST_CARRIED

HOSTILE = "<img src=x onerror='window.hacked=1'></script><script>window.hacked=1</script><!--\u2028\u202e&amp;"
TEXT = f"😀😀 Hij reed met een busje {HOSTILE} over de grens. Zij sliepen in een loods."


def found(text: str, words: str, status: str = "feitelijk") -> Evidence:
    start = text.index(words)
    return Evidence(start, start + len(words), words, "mention", status, "overig")


def case(
    id_: str | None, smokkel: float = 0.1, handel: float = 0.1, *, tags: dict[str, tuple[Evidence, ...]] | None = None, **more: Any
) -> CaseAnalysis:
    """A record with labels from 0.5 on, uncertain from 0.4 to 0.6."""
    unsure = any(0.4 < share < 0.6 for share in (smokkel, handel))
    forced = {(0, 0): "geen", (0, 1): "mensenhandel", (1, 0): "mensensmokkel", (1, 1): "beide"}[smokkel >= 0.5, handel >= 0.5]
    return replace(
        CaseAnalysis.from_json(EXAMPLE_JSON),
        id=id_,
        offence="onzeker" if unsure else forced,
        offence_forced=forced,
        reasons=("dicht bij de drempel",) if unsure else (),
        offences={
            name: OffenceResult(int(share >= 0.5), share, unsure, "vermoed" if share >= 0.5 else None, ())
            for name, share in (("mensensmokkel", smokkel), ("mensenhandel", handel))
        },
        modi_operandi=tuple(
            ModusOperandi(tag, None if tag == "eigen_tag" else 0.8, "feitelijk", parts) for tag, parts in (tags or {}).items()
        ),
        note="Suggestie.",
        **more,
    )


BUS, SLEPT = found(TEXT, "met een busje"), found(TEXT, "Zij sliepen in een loods", "ontkend")
NESTED = found(TEXT, "busje")
CASES = [
    case(
        "zaak-1",
        0.9,
        tags={"transport_land": (BUS, NESTED), "onderdak": (SLEPT, BUS)},
        text=TEXT,
        carried={"datum": "2024-03-01", "regio": "Noord"},
    ),
    case("zaak-2", 0.1, 0.8, tags={"arbeidsuitbuiting": (), "onderdak": ()}, carried={"datum": "2024-05-31", "regio": "Zuid"}),
    case(HOSTILE, 0.2, 0.3, text="Niets: financiële zaken.", carried={"datum": "geen", "regio": "=1+1", "aantal": 3}),
    case("zaak-4", 0.58, tags={"eigen_tag": ()}, carried={"datum": "2023-12-31T23:00:00Z", "regio": '+31 "6", Oost'}),
    case("zaak-5", 0.48, 0.2),
    case("zaak-10", 0.99, 0.97, tags={"transport_land": ()}),
]


def write(path: Path, lines: list[CaseAnalysis | str]) -> Path:
    path.write_text("".join((line if isinstance(line, str) else line.to_json()) + "\n" for line in lines), encoding="utf8")
    return path


@pytest.fixture
def results(tmp_path: Path) -> Path:
    return write(tmp_path / "uit.jsonl", list(CASES))


class Page(HTMLParser):
    """The elements of a page, and what stands in them."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None], list[str]]] = []
        self.html = path.read_text(encoding="utf8")
        self.feed(self.html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs), []))

    def handle_data(self, data: str) -> None:
        if self.elements:
            self.elements[-1][2].append(data)

    def handle_endtag(self, tag: str) -> None:
        self.elements.append(("", {}, []))

    def all(self, tag: str) -> list[tuple[dict[str, str | None], str]]:
        return [(attributes, "".join(parts)) for name, attributes, parts in self.elements if name == tag]

    def block(self, key: str) -> Any:
        return next(json.loads(text) for attributes, text in self.all("script") if attributes.get("id") == key)


def test_policy_names_what_stands_in_the_page_and_nothing_else(results: Path, tmp_path: Path) -> None:
    write_report(results, tmp_path / "r.html", with_text=True, title=HOSTILE)
    page = Page(tmp_path / "r.html")
    policy = next(attributes["content"] for attributes, _ in page.all("meta") if attributes.get("http-equiv") == "Content-Security-Policy")
    assert policy is not None
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    for tag in ("style", "script"):
        [content] = [text for attributes, text in page.all(tag) if "type" not in attributes]
        assert f"'sha256-{base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()}'" in policy
    names = {name for _, attributes, _ in page.elements for name in attributes}
    assert not {name for name in names if name.startswith("on")} | names & {"style", "src"}
    assert [attributes["href"] for _, attributes, _ in page.elements if "href" in attributes] == ["#zaken"]
    assert not page.all("img")
    assert page.all("title") == [({}, HOSTILE)]


def test_no_text_and_no_passage_without_asking(results: Path, tmp_path: Path) -> None:
    long = "De bestuurder verklaarde dat hij niets wist. " * 3
    assert len(long) > LONGEST_CARRIED
    secret = case(
        "z",
        0.9,
        tags={"transport_land": (found("met een vrachtauto", "vrachtauto"),)},
        carried={"verslag": long, "text": "kort verhaal", "nr": 7},
    )
    write(results, [*CASES, secret])
    write_report(results, tmp_path / "r.html")
    page = Page(tmp_path / "r.html")
    assert page.block("teksten") == [None] * len(page.block("gegevens")["cases"])
    for words in ("busje", "loods", "vrachtauto", "verklaarde", "kort verhaal"):
        assert words not in page.html
    assert page.block("gegevens")["left_out"] == 2
    write_report(results, tmp_path / "t.html", with_text=True)
    assert "vrachtauto" in Page(tmp_path / "t.html").html


def test_numbers_in_place_of_ids_leave_only_the_date(results: Path, tmp_path: Path) -> None:
    write_report(results, tmp_path / "r.html", with_ids=False)
    page = Page(tmp_path / "r.html")
    assert not re.search(r"zaak-\d|Noord|uit\.jsonl", page.html)
    data = page.block("gegevens")
    assert [row[0] for row in data["cases"]] == [None] * len(CASES)
    assert [row[16] for row in data["cases"]] == ["2024-03-01", "2024-05-31", None, "2023-12-31", None, None]


def test_date_field_is_the_one_asked_or_the_first_that_holds_dates(results: Path, tmp_path: Path) -> None:
    assert write_report(results, tmp_path / "r.html").date_field == "datum"
    write(results, [case("a", carried={"datum": "gisteren", "date": "2020-01-02", "pv": "2021-01-02"})])
    assert write_report(results, tmp_path / "r.html").date_field == "date"
    assert write_report(results, tmp_path / "r.html", date_field="pv").date_field == "pv"
    with pytest.raises(InputError, match=r"'datum'.*--date-field \(carried: date, datum, pv\)"):
        write_report(results, tmp_path / "r.html", date_field="datum")


def test_threshold_is_read_off_the_cases_or_given(results: Path, tmp_path: Path) -> None:
    def thresholds() -> list[str]:
        write_report(results, tmp_path / "r.html")
        return list(Page(tmp_path / "r.html").block("gegevens")["thresholds"])

    assert thresholds() == ["53 %", "55 %"]  # between 0.48 and 0.58, 0.3 and 0.8
    write(results, [case("a", 0.2), case("b", 0.1)])
    assert thresholds() == ["50 %", "50 %"]
    write(results, [case("a", 0.2, thresholds={"mensensmokkel": 0.7})])
    assert thresholds() == ["70 %", "50 %"]


def test_bad_lines_are_told_and_the_rest_goes_on(results: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good = CASES[0].to_dict()
    wrong = [
        '{"id": "geheim',
        '["geheim"]',
        json.dumps({**good, "offences": {}}),
        json.dumps({**good, "text": "geheim" + TEXT}),
        json.dumps({**good, "n_chars": "geheim"}),
        CASES[1].to_json().replace("0.8", "NaN"),
        json.dumps({**good, "carried": ["geheim"]}),
        json.dumps({**CASES[1].to_dict(), "text": ["geheim"]}),
    ]
    write(results, [CASES[0], *wrong, "", CASES[1]])
    assert main(["report", str(results), "-o", str(tmp_path / "r.html"), "--with-text"]) == 1
    told = capsys.readouterr().err
    assert re.findall(r"uit\.jsonl:(\d+)", told) == ["2", "3", "4", "5", "6", "7", "8", "9"]
    assert "uit.jsonl:6: not a result of this library: record 'zaak-1', field 'n_chars' is a str, not a whole number from 0" in told
    assert "geheim" not in told
    assert main(["show", str(results)]) == 1  # which tells the same of the same lines
    shown = capsys.readouterr()
    assert shown.err.splitlines() == [line for line in told.splitlines() if line.startswith("skipped")]
    assert "geheim" not in shown.out
    data = Page(tmp_path / "r.html").block("gegevens")
    assert [row[0] for row in data["cases"]] == ["zaak-1", "zaak-2"]
    assert data["failed"] == {"number": 8, "lines": ["2", "3", "4", "5", "6", "7", "8", "9"]}


@pytest.mark.parametrize(
    ("content", "arguments", "told"),
    [
        ('{"text": "een invoer"}\n', [], "no record can be shown"),
        (None, [], "no such file"),
        ("", ["-o", "weg/r.html"], "cannot be written"),
        ("", ["-o", "uit.jsonl"], "in place of the results"),
        ("", ["--date-field", "dag"], None),
    ],
)
def test_what_cannot_be_done_is_told(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    content: str | None,
    arguments: list[str],
    told: str | None,
) -> None:
    monkeypatch.chdir(tmp_path)
    if content is not None:
        Path("uit.jsonl").write_text(content, encoding="utf8")
    assert main(["report", "uit.jsonl", "-o", "r.html", *arguments]) == (2 if told else 0)
    assert (told or "0 cases") in capsys.readouterr().err
    assert Path("r.html").exists() is (told is None)


def test_a_folder_of_parquet_is_read(results: Path, tmp_path: Path) -> None:
    pytest.importorskip("pyarrow", reason="pyarrow is not installed")
    from pyarrow import parquet

    from smokkel_nlp.arrow import to_table

    (tmp_path / "uit.parquet").mkdir()
    for number, part in enumerate((CASES[:2], CASES[2:])):
        parquet.write_table(to_table(part), tmp_path / "uit.parquet" / f"deel-{number}.parquet")
    blocks = []
    for path in (results, tmp_path / "uit.parquet"):
        assert write_report(path, tmp_path / "r.html", with_text=True).failed == ()
        page = Page(tmp_path / "r.html")
        blocks.append([page.block(key) for key in ("gegevens", "teksten")])
    assert blocks[0] == blocks[1]


def test_a_page_that_cannot_be_finished_leaves_the_old_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = tmp_path / "r.html"
    page.write_text("oud", encoding="utf8")

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.replace", fail)
    with pytest.raises(InputError, match="No space left"):
        write_page(page, "nieuw")
    assert [path.read_text(encoding="utf8") for path in tmp_path.iterdir()] == ["oud"]


def test_scripts_of_the_package_end_no_element() -> None:
    page = build_page("report", "", {}, scripts=["marked"])
    script = page[page.index("<script>") + 8 : page.rindex("</script>")]
    assert "</" not in script
    assert "<!--" not in script
    assert "innerHTML" not in script
    assert to_json({"a": HOSTILE}).isascii()
    assert not set("<>&") & set(to_json(HOSTILE))


# ---- in a browser ----


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    folder = tmp_path_factory.mktemp("browser")
    with start_browser(folder) as started:
        started.folder = folder
        started.get("about:blank")  # away from the browser's own first page
        yield started


@pytest.fixture
def opened(browser: Any, results: Path, tmp_path: Path) -> Iterator[Callable[..., Any]]:
    """Open a report; afterwards nothing may have been complained of, and nothing asked of a network."""

    def open_(**asked: Any) -> Any:
        write_report(results, tmp_path / "r.html", **asked)
        browser.get((tmp_path / "r.html").as_uri())
        return browser

    browser.get_log("browser"), browser.get_log("performance")
    yield open_
    assert browser.get_log("browser") == []
    events = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    urls = {event["params"]["request"]["url"] for event in events if event["method"] == "Network.requestWillBeSent"}
    assert urls
    assert {url.split(":")[0] for url in urls} <= {"file", "blob", "data"}  # data: the icons of the browser's own fields
    assert browser.execute_script("return window.hacked") is None


def ids(browser: Any) -> list[str]:
    return list(browser.execute_script("return [...document.querySelectorAll('.open')].map(node => node.textContent)"))


def click(browser: Any, selector: str) -> None:
    browser.find_element("css selector", selector).click()


def choose(browser: Any, **values: str) -> None:
    """Set fields of the filter, and wait until it is worked out."""
    for key, value in values.items():
        script = "const field = document.getElementById(arguments[0]); field.value = arguments[1]; field.dispatchEvent(new Event('input', {bubbles: true}))"
        browser.execute_script(script, key.replace("_", "-"), value)
    browser.execute_async_script("setTimeout(arguments[0], 200)")


def press(browser: Any, *keys: str) -> None:
    for key in keys:
        browser.switch_to.active_element.send_keys(key)


def count_of(browser: Any, list_: str, name: str) -> str:
    script = "return [...document.querySelectorAll(arguments[0])].find(node => node.querySelector('.naam').textContent === arguments[1]).querySelector('.aantal').textContent"
    return str(browser.execute_script(script, f"#{list_} button", name))


def test_uncertain_cases_come_first_and_counts_follow_the_filter(opened: Callable[..., Any]) -> None:
    browser = opened()
    assert ids(browser) == ["zaak-4", "zaak-5", "zaak-2", HOSTILE, "zaak-1", "zaak-10"]
    assert count_of(browser, "klassen", "onzeker") == "2"
    assert count_of(browser, "tags", "onderdak") == "2"
    choose(browser, zoek="ZUID")
    assert ids(browser) == ["zaak-2"]
    assert count_of(browser, "tags", "arbeidsuitbuiting") == "1"
    assert count_of(browser, "tags", "vervoer over land") == "0"
    assert 'met "ZUID"' in browser.find_element("id", "stand").text


@pytest.mark.parametrize(
    ("asked", "left"),
    [
        ({"zekerheid": "onzeker"}, ["zaak-4", "zaak-5"]),
        ({"zekerheid": "zeker", "zoek": "zaak-1"}, ["zaak-1", "zaak-10"]),
        ({"kans_van": "50", "kans_tot": "95"}, ["zaak-4", "zaak-1"]),
        ({"kans": "1", "kans_van": "25", "kans_tot": "30"}, [HOSTILE]),
        ({"datum_van": "2024-01-01", "datum_tot": "2024-05-30"}, ["zaak-1"]),
        ({"status": "2"}, ["zaak-4", "zaak-2", "zaak-1", "zaak-10"]),
        ({"zoek": "financiele"}, [HOSTILE]),
        ({"zoek": "noord busje"}, ["zaak-1"]),
        ({"zoek": "nergens"}, []),
    ],
)
def test_filter(opened: Callable[..., Any], asked: dict[str, str], left: list[str]) -> None:
    browser = opened(with_text=True)
    choose(browser, **asked)
    assert ids(browser) == left
    assert browser.find_element("id", "stand").text.startswith(f"{len(left)} van 6 zaken; ")
    click(browser, "#wis")
    assert len(ids(browser)) == len(CASES)


def test_how_sure_is_told_as_everywhere(opened: Callable[..., Any], results: Path) -> None:
    shares = (0.9999, 0.9901, 0.99, 0.125, 0.0123, 0.01, 0.0099, 0.0)
    write(results, [case(f"zaak-{number}", share, 0.5, tags={"eigen_tag": ()}) for number, share in enumerate(shares)])
    browser = opened()
    click(browser, "#tabel th:nth-child(1) button")
    cells = browser.find_elements("css selector", "#tabel tbody td:nth-child(3)")
    assert [cell.text for cell in cells] == [percent(share) for share in shares]
    assert [cell.text for cell in cells][:3] == ["> 99 %", "> 99 %", "99 %"]
    click(browser, ".open")
    told = browser.find_element("id", "zaak-inhoud").text
    assert "> 99 %" in told
    assert "niet berekend (eigen regel)" in told
    click(browser, "#sluit")
    choose(browser, kans_van="1", kans_tot="12.5")
    assert ids(browser) == ["zaak-3", "zaak-4", "zaak-5"]
    assert browser.find_element("id", "stand").text.endswith("; kans op mensensmokkel van 1 tot en met 12.5 %")


def test_classes_tags_matrix_and_time_line_filter(opened: Callable[..., Any]) -> None:
    browser = opened()
    click(browser, "#klassen li:nth-child(1) button")
    click(browser, "#klassen li:nth-child(3) button")
    assert ids(browser) == ["zaak-1", "zaak-10"]
    click(browser, "#wis")
    cell = browser.find_element("css selector", "#matrix td[aria-label^='vervoer over land en onderdak']")
    assert cell.get_attribute("aria-label") == "vervoer over land en onderdak: 1 zaak; 50 % van vervoer over land, 50 % van onderdak"
    browser.execute_script("arguments[0].focus()", cell)
    assert browser.find_element("id", "samen-toelichting").text == cell.get_attribute("aria-label")
    press(browser, "\ue007")
    assert ids(browser) == ["zaak-1"]
    press(browser, "\ue015")
    assert browser.switch_to.active_element.get_attribute("aria-label").startswith("onderdak: 1 zaak")
    click(browser, "#wis")
    bars = browser.find_elements("css selector", "#tijdlijn button")
    assert [bar.get_attribute("aria-label") for bar in bars][::5] == [
        "december 2023: 1 zaak (1 onzeker)",
        "mei 2024: 1 zaak (1 mensenhandel)",
    ]
    assert "'datum'; 3 zaken zonder datum" in browser.find_element("id", "tijd-uitleg").text
    bars[-1].click()
    assert ids(browser) == ["zaak-2"]


def test_reading_order_goes_by_nearness_to_the_threshold(opened: Callable[..., Any], results: Path) -> None:
    write(
        results,
        [
            case("zeker", 0.7),
            case("ver", 0.42),
            case("dichtbij", 0.52),
            case("geen", 0.01, 0.01),
            case("tussen", 0.45),
            case("andere", 0.01, 0.62),
        ],
    )
    assert ids(opened()) == ["dichtbij", "tussen", "ver", "zeker", "andere", "geen"]


def test_sort(opened: Callable[..., Any]) -> None:
    browser = opened()
    click(browser, "#tabel th:nth-child(1) button")
    assert ids(browser) == [HOSTILE, "zaak-1", "zaak-2", "zaak-4", "zaak-5", "zaak-10"]
    click(browser, "#tabel th:nth-child(3) button")
    assert ids(browser)[:3] == ["zaak-10", "zaak-1", "zaak-4"]
    assert browser.find_element("css selector", "#tabel th:nth-child(3)").get_attribute("aria-sort") == "descending"
    press(browser, "\ue007")
    assert ids(browser)[-1] == "zaak-10"


def test_case_opens_by_mouse_and_keyboard_and_shows_its_marked_text(opened: Callable[..., Any]) -> None:
    browser = opened(with_text=True)
    click(browser, "#tabel tbody tr:nth-child(5) td:nth-child(2)")
    assert browser.find_element("id", "zaak-kop").text == "zaak-1"
    text = browser.find_element("css selector", ".tekst")
    assert text.get_property("textContent") == TEXT
    marks = browser.execute_script(
        "return [...document.querySelectorAll('mark')].map(mark => [mark.dataset.nr, mark.textContent, mark.className])"
    )
    assert marks == [
        ["1", "met een ", "g-vervoer"],
        ["2", "busje", "g-vervoer meer"],
        ["3", "Zij sliepen in een loods", "g-vervoer"],
    ]
    passages = [item.text for item in browser.find_elements("css selector", ".passages li")]
    assert passages[0].split("\n") == ["1 vervoer over landonderdak feitelijk, overig; plaats 12–25"] or passages[0].endswith(
        "plaats 12–25"
    )
    assert "ontkend, overig" in passages[2]
    press(browser, "\ue00c")
    assert not browser.find_element("id", "zaak").is_displayed()
    assert browser.switch_to.active_element.text == "zaak-1"
    press(browser, "\ue007")
    assert browser.find_element("id", "zaak").is_displayed()
    click(browser, "#zaak-volgende")
    assert browser.find_element("id", "zaak-kop").text == "zaak-10"
    assert "geen tekst" in browser.find_element("id", "zaak-inhoud").text
    click(browser, "#sluit")
    assert not browser.find_element("id", "zaak").is_displayed()


def test_passages_are_shown_where_the_text_was_not_kept(opened: Callable[..., Any], results: Path) -> None:
    write(results, [replace(CASES[0], text=None)])
    browser = opened(with_text=True)
    click(browser, ".open")
    assert "Zij sliepen in een loods" in browser.find_element("css selector", ".passages").text
    browser = opened()
    click(browser, ".open")
    assert "Deze pagina bevat geen tekst van zaken." in browser.find_element("id", "zaak-inhoud").text


def test_hostile_text_is_shown_as_text(opened: Callable[..., Any]) -> None:
    browser = opened(with_text=True, title=HOSTILE)
    assert browser.title.startswith("<img src=x")
    assert browser.find_element("tag name", "h1").get_property("textContent") == HOSTILE
    browser.execute_script("[...document.querySelectorAll('.open')].find(node => node.textContent.startsWith('<img')).click()")
    assert browser.find_element("id", "zaak-kop").get_property("textContent") == HOSTILE
    assert browser.execute_script("return document.images.length") == 0
    assert [sign.get_attribute("data-teken") for sign in browser.find_elements("css selector", "#zaak-kop .teken")] == ["U+2028", "U+202E"]


def test_csv_holds_what_is_filtered_and_no_formula(opened: Callable[..., Any]) -> None:
    browser = opened()
    choose(browser, kans_tot="60")
    click(browser, "#csv")
    path = browser.folder / "zaken.csv"
    deadline = time.monotonic() + 20
    while not path.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    raw = path.read_bytes()
    path.unlink()
    assert raw.startswith(b"\xef\xbb\xbf")
    rows = list(csv.DictReader(io.StringIO(raw.decode("utf-8-sig"), newline=""), strict=True))
    assert [row["id"] for row in rows] == ["zaak-4", "zaak-5", "zaak-2", HOSTILE]
    assert [row["regio"] for row in rows] == ['\'+31 "6", Oost', "", "Zuid", "'=1+1"]
    assert rows[0] == {
        "id": "zaak-4", "offence": "onzeker", "offence_forced": "mensensmokkel", "uncertain": "true", "probability_mensensmokkel": "0.58",
        "probability_mensenhandel": "0.1", "status_mensensmokkel": "vermoed", "status_mensenhandel": "", "tags": "eigen_tag",
        "reasons": "dicht bij de drempel", "n_chars": "12", "datum": "2023-12-31T23:00:00Z", "regio": "'+31 \"6\", Oost", "aantal": "",
    }  # fmt: skip
    assert raw.count(b"\r\n") == len(rows) + 1


def test_pages_of_the_table(opened: Callable[..., Any], results: Path) -> None:
    write(results, [case(f"zaak-{number}") for number in range(120)])
    browser = opened()
    click(browser, "#volgende")
    click(browser, "#volgende")
    assert ids(browser) == [f"zaak-{number}" for number in range(100, 120)]
    assert browser.find_element("id", "blad").text == "101–120 van 120"
    assert not browser.find_element("id", "volgende").is_enabled()
    assert not browser.find_element("id", "samen").is_displayed()
    assert not browser.find_element("id", "tijd").is_displayed()


def test_an_empty_input_makes_a_page_that_says_so(opened: Callable[..., Any], results: Path) -> None:
    write(results, [])
    browser = opened()
    assert browser.find_element("id", "samenvatting").text == "Er zijn geen zaken: de invoer was leeg."
    assert not browser.find_element("id", "pagina").is_displayed()


def luminance(colour: str) -> float:
    parts = [int(part) / 255 for part in re.findall(r"\d+", colour)[:3]]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


# Where text stands on what colour: the nearest background that is not transparent, with those between laid over it.
COLOURS = """
const numbers = colour => colour.match(/[\\d.]+/g).map(Number);
const over = (top, under) => { const a = top[3] ?? 1; return [0, 1, 2].map(k => Math.round(a * top[k] + (1 - a) * under[k])); };
const behind = node => node ? over(numbers(getComputedStyle(node).backgroundColor), behind(node.parentElement)) : [255, 255, 255];
return [...document.querySelectorAll('*')].filter(node => [...node.childNodes].some(child => child.nodeType === 3 && child.data.trim()) && node.checkVisibility() && !node.disabled)
  .map(node => [node.className || node.tagName, getComputedStyle(node).color, String(behind(node))]);
"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1600])
def test_text_can_be_read_in_light_dark_narrow_and_wide(opened: Callable[..., Any], scheme: str, width: int) -> None:
    browser = opened(with_text=True)
    media = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", media)
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": False})
    try:
        assert browser.execute_script("return document.documentElement.scrollWidth <= innerWidth")
        assert (luminance(browser.execute_script("return getComputedStyle(document.body).backgroundColor")) < 0.1) is (scheme == "dark")
        browser.execute_script("[...document.querySelectorAll('.open')].find(node => node.textContent === 'zaak-1').click()")
        for name, front, back in browser.execute_script(COLOURS):
            low, high = sorted((luminance(front), luminance(back)))
            assert (high + 0.05) / (low + 0.05) >= 4.5, f"{name}: {front} on {back}"
    finally:
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
