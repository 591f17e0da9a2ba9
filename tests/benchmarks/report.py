"""How long a report on many cases takes to build, to open, to filter and to search in headless Chromium, and how large it is.

Run: ``python tests/benchmarks/report.py [--cases 10000] [--with-text]``; needs selenium, chromium and chromium-driver. Asked of 10,000
cases: to build in under 20 s, to open and to filter in under 1 s each. The cases are drawn, not classified. Opening is the
time from the start of the navigation until the page was drawn and loaded, the middle of three; filtering that from the choice to
the frame that shows it, of a search with the wait for more letters.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from smokkel_nlp.records import CaseAnalysis, ElementResult, Evidence, ModusOperandi, OffenceResult, Versions
from smokkel_nlp.report import write_report
from smokkel_nlp.taxonomy import OFFENCE_IDS, class_of, load_taxonomy

sys.path.insert(0, str(Path(__file__).parent.parent))
from browser import start_browser

_WORDS = [
    "de",
    "bestuurder",
    "reed",
    "in",
    "een",
    "busje",
    "naar",
    "grens",
    "zij",
    "werkten",
    "lange",
    "dagen",
    "loods",
    "één",
    "zei",
    "hij",
]
_FRAME = "requestAnimationFrame(() => setTimeout(() => done(performance.now() - from)));"
_OPENED = (
    "const paint = performance.getEntriesByName('first-contentful-paint')[0], [page] = performance.getEntriesByType('navigation');"
    "return Math.max(page.loadEventEnd, paint ? paint.startTime : 0);"
)
_FILTERS = {
    "uncertain only": "const box = document.getElementById('zekerheid'); box.value = 'onzeker'; box.dispatchEvent(new Event('input', {bubbles: true}));",
    "a tag": "document.querySelector('#tags button').click();",
    "search": "const box = document.getElementById('zoek'); box.value = '77'; box.dispatchEvent(new Event('input', {bubbles: true}));",
    "all again": "document.getElementById('wis').click();",
    "sort": "document.querySelectorAll('#tabel th button')[2].click();",
}


def draw_cases(number: int, with_text: bool, seed: int = 0) -> Iterator[CaseAnalysis]:
    """Yield cases with one to eight tags, passages, a date of the last ten years and, where asked, a text of about 300 words."""
    draw, taxonomy = random.Random(seed), load_taxonomy()
    elements = [(element.id, offence.id) for offence in taxonomy.offences for element in offence.elements]
    for place in range(number):
        text = " ".join(draw.choices(_WORDS, k=300))
        shares = [round(draw.betavariate(0.4, 0.6), 4) for _ in OFFENCE_IDS]
        labels = [int(share >= 0.45) for share in shares]
        unsure = any(abs(share - 0.45) < 0.06 for share in shares)

        def passages(text: str = text) -> tuple[Evidence, ...]:
            starts = (draw.randrange(len(text) - 60) for _ in range(draw.randint(1, 3)))
            return tuple(Evidence(start, start + 40, text[start : start + 40], "mention", "feitelijk", "overig") for start in starts)

        offences = {
            name: OffenceResult(label, share, unsure, "vermoed" if label else None, passages() if label else ())
            for name, label, share in zip(OFFENCE_IDS, labels, shares, strict=True)
        }
        forced = class_of(*labels)
        tags = draw.sample(taxonomy.tag_ids, draw.randint(1, 8)) if any(labels) else []
        yield CaseAnalysis(
            id=f"zaak-{place:05}",
            offence="onzeker" if unsure else forced,
            offence_forced=forced,
            reasons=("dicht bij de drempel",) if unsure else (),
            offences=offences,
            modi_operandi=tuple(ModusOperandi(tag, round(draw.uniform(0.4, 1), 4), "vermoed", passages()) for tag in tags),
            elements=tuple(ElementResult(*draw.choice(elements), "feitelijk", passages()) for _ in range(2 * any(labels))),
            n_chars=len(text),
            versions=Versions("0", "0", "0", "0"),
            text=text if with_text else None,
            carried={
                "datum": f"{draw.randint(2015, 2024)}-{draw.randint(1, 12):02}-{draw.randint(1, 28):02}",
                "regio": draw.choice("NZOW"),
            },
        )


def main() -> None:
    """Print a table of figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=10_000)
    parser.add_argument("--with-text", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        results, page = Path(folder) / "uit.jsonl", Path(folder) / "rapport.html"
        with results.open("w", encoding="utf8") as lines:
            lines.writelines(case.to_json() + "\n" for case in draw_cases(options.cases, options.with_text))
        begun = time.perf_counter()
        write_report(results, page, with_text=options.with_text)
        print(f"| {options.cases} cases{', with text' if options.with_text else ''} | seconds |\n|---|---|")
        print(f"| build | {time.perf_counter() - begun:.2f} |")
        with start_browser(Path(folder)) as browser:
            opened = []
            for _ in range(3):
                browser.get("about:blank")
                browser.get(page.as_uri())
                opened.append(browser.execute_script(_OPENED))
            print(f"| open | {sorted(opened)[1] / 1000:.2f} |")
            for name, step in _FILTERS.items():
                script = f"const done = arguments[0], from = performance.now(); {step} setTimeout(() => {{ {_FRAME} }}, {130 if name == 'search' else 1});"
                print(f"| {name} | {browser.execute_async_script(script) / 1000:.2f} |")
            print(
                f"\n{browser.find_element('id', 'stand').text}; {page.stat().st_size / 1e6:.1f} MB; {json.dumps(browser.capabilities['browserVersion'])}"
            )


if __name__ == "__main__":
    main()
