"""A record with its text as marked HTML, for a notebook: one element with its own style, no script, nothing from outside.

Where a notebook is not trusted its host leaves the style out; what is left still reads.

Each passage is a stretch of ``<mark>`` in the colour of its group, with number, label, status and source behind it; where passages lie in
or across each other, every stretch between two edges shows all of its own. Text is escaped and kept apart from the direction of the page.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from html import escape

from smokkel_nlp.display.colours import Colours, load_palette
from smokkel_nlp.display.contributions import explanation_html
from smokkel_nlp.display.markup import chance, escaped, percent, table
from smokkel_nlp.display.passages import (
    ElementRow,
    Passage,
    element_rows,
    excerpts,
    in_words,
    name_of,
    passages_of,
    segments,
)
from smokkel_nlp.records import CaseAnalysis, OffenceResult
from smokkel_nlp.taxonomy import load_taxonomy, read_text, resource

SCOPE = "smokkel-case"
_WHOLE = 200_000
_OPEN = 30


def case_html(case: CaseAnalysis, text: str | None = None) -> str:
    """Return a record as one HTML element.

    Parameters
    ----------
    case : CaseAnalysis
        A record without a text shows the words of its passages and their places.
    text : str, optional
        The text it was made of, where the record does not hold it.

    Examples
    --------
    >>> from smokkel_nlp.records import EXAMPLE_JSON
    >>> page = case_html(CaseAnalysis.from_json(EXAMPLE_JSON), "Een <b>fiets</b>")
    >>> "Een &lt;b&gt;fiets&lt;/b&gt;" in page
    True
    """
    text = case.text if text is None else text
    passages, key = passages_of(case, text), _key(case)
    elements = element_rows(case, passages)
    parts = [f'<div class="{SCOPE}" lang="nl"><style>{_style()}</style>', *_head(case), *_tags(case, passages, key)]
    if text is None:
        parts.append('<p class="s-quiet">De tekst is niet bewaard; de passages hieronder wel.</p>')
    else:
        parts += _text(text, passages, key)
    parts += [*_list(passages, key), *_elements(elements, key)]
    if case.explanation is not None:
        parts += [_heading("Wat de antwoorden bewoog"), *explanation_html(case, text, elements, key)]
    made = f"bibliotheek {case.versions.library}, model {case.versions.model}, taxonomie {case.versions.taxonomy}"
    parts.append(f'<p class="s-note"><strong>{escaped(case.note)}</strong> <span class="s-quiet">({escaped(made)})</span></p></div>')
    return "".join(parts)


def marked_text(text: str, start: int, end: int, passages: Sequence[Passage], key: str, anchors: bool = True) -> str:
    """Return a range of a text with its passages marked.

    Without ``<sup>...</sup>``, which tells the label of the passage that ends there, and without tags, it is the text again.

    Parameters
    ----------
    text : str
    start, end : int
        The range.
    passages : sequence of Passage
    key : str
        Begins the ids of the marks.
    anchors : bool, default=True
        Give the marks ids, so that the list of passages can point at them.

    Examples
    --------
    >>> from smokkel_nlp.records import Evidence
    >>> marked_text("in een busje", 0, 12, [Passage(1, "transport_land", Evidence(7, 12, "busje"), True)], "a", anchors=False)
    'in een <mark class="s-vervoer" title="1 vervoer over land">busje</mark><sup class="s-vervoer">1 vervoer over land</sup>'
    """
    begun: set[int] = set()
    parts = []
    for segment in segments(start, end, passages):
        words = escaped(text[segment.start : segment.end])
        if not segment.passages:
            parts.append(words)
            continue
        groups = list(dict.fromkeys(_group(passage).id for passage in segment.passages))
        layers = "" if len(groups) == 1 else f' style="background:{_layers(groups)}"'
        new = [passage.number for passage in segment.passages if passage.number not in begun]
        begun.update(new)
        ids = f' id="{key}-p{new[0]}"' if anchors and new else ""
        inner = "".join(f'<span id="{key}-p{number}"></span>' for number in new[1:]) if anchors else ""
        title = escape("; ".join(map(_label, segment.passages)))
        parts.append(f'<mark class="s-{groups[0]}"{ids}{layers} title="{title}">{inner}{words}</mark>')
        for passage in segment.passages:
            if passage.end == segment.end:
                shown = escaped(_label(passage))
                shown = f'<a href="#{key}-r{passage.number}">{shown}</a>' if anchors else shown
                parts.append(f'<sup class="s-{_group(passage).id}">{shown}</sup>')
    return "".join(parts)


def _layers(groups: Sequence[str]) -> str:
    """Return a background of as many bands, one below the other, as there are groups."""
    share = 100 / len(groups)
    bands = (f"var(--{group}) {k * share:.4g}% {(k + 1) * share:.4g}%" for k, group in enumerate(groups))
    return f"linear-gradient(180deg,{','.join(bands)})"


def _label(passage: Passage) -> str:
    told = passage.told()
    return f"{passage.number} {name_of(passage.label)}{f' ({told})' if told else ''}"


def _group(passage: Passage) -> Colours:
    return load_palette().of(passage.label)


def _key(case: CaseAnalysis) -> str:
    """Return what begins the ids of a record: the same for the same record, so that a notebook run anew does not change."""
    return "s" + hashlib.sha256(case.to_json().encode("utf8", "replace")).hexdigest()[:10]


def _heading(words: str) -> str:
    return f'<p class="s-heading" role="heading" aria-level="4">{words}</p>'


def _head(case: CaseAnalysis) -> Iterator[str]:
    answer = f"<strong>{escaped(case.offence)}</strong>"
    if case.offence == "onzeker":
        reasons = f": {'; '.join(case.reasons)}" if case.reasons else ""
        answer += escaped(f"{reasons}. Als het moet: ") + f"<strong>{escaped(case.offence_forced)}</strong>"
    name = f'<span class="s-quiet">{escaped(case.id)}</span> ' if case.id else ""
    yield f'<p class="s-title" role="heading" aria-level="3">{name}Gaat over: {answer}</p>'
    yield table("delicten", ("delict", "kans", "antwoord", "status"), map(_offence, case.offences.items()))
    if case.prior is not None:
        yield f'<p class="s-quiet">Kansen gerekend voor teksten waarvan {percent(case.prior)} over een delict gaat.</p>'


def _offence(item: tuple[str, OffenceResult]) -> str:
    offence, result = item
    said = f"{'ja' if result.label else 'nee'}{', onzeker' if result.uncertain else ''}"
    status = escaped(result.status or "–")
    return f'<tr><th scope="row">{escaped(offence)}</th><td>{_chance(result.probability)}</td><td>{said}</td><td>{status}</td></tr>'


def _chance(probability: float) -> str:
    bar = f'<span class="s-meter" aria-hidden="true"><span style="width:{100 * min(max(probability, 0), 1):.0f}%"></span></span>'
    return f'<span class="s-place">{bar}{percent(probability)} <span class="s-quiet">{in_words(probability)}</span></span>'


def _tags(case: CaseAnalysis, passages: Sequence[Passage], key: str) -> Iterator[str]:
    yield _heading("Modi operandi")
    if not case.modi_operandi:
        yield "<p>Geen gevonden.</p>"
        return
    rows = []
    for mo in case.modi_operandi:
        shown = chance(None) if mo.probability is None else _chance(mo.probability)
        links = _links([passage for passage in passages if passage.label == mo.tag], key)
        rows.append(f'<tr><th scope="row">{_chip(mo.tag)}</th><td>{shown}</td><td>{escaped(mo.status or "–")}</td><td>{links}</td></tr>')
    yield table("modi operandi", ("tag", "kans", "status", "passages"), rows)


def _chip(label: str) -> str:
    return f'<span class="s-chip s-{load_palette().of(label).id}">{escaped(name_of(label))}</span>'


def _text(text: str, passages: Sequence[Passage], key: str) -> Iterator[str]:
    yield _heading("Tekst")
    ranges = excerpts(text, passages)
    shortened = ranges != [(0, len(text))]
    if shortened:
        size = f"{len(text):,}".replace(",", ".")
        yield f'<p class="s-quiet">Passages met een zin ervoor en erna, uit {size} tekens.</p>'
    for start, end in ranges:
        left, right = ("… " if start else ""), (" …" if end < len(text) else "")
        yield f'<div class="s-text">{left}{marked_text(text, start, end, passages, key)}{right}</div>'
    if shortened and len(text) <= _WHOLE:
        whole = marked_text(text, 0, len(text), passages, key, anchors=False)
        yield f'<details><summary>De hele tekst</summary><div class="s-text">{whole}</div></details>'
    elif shortened:
        yield f'<p class="s-quiet">De hele tekst is te lang om hier te tonen (meer dan {_WHOLE // 1000}.000 tekens).</p>'


def _list(passages: Sequence[Passage], key: str) -> Iterator[str]:
    if not passages:
        return
    yield f"<details{' open' if len(passages) <= _OPEN else ''}><summary>Passages ({len(passages)})</summary>"
    columns = ("nr", "label", "passage", "status", "bron", "plaats", "aanwijzing")
    yield table("passages", columns, (_row(passage, key) for passage in passages)) + "</details>"


def _row(passage: Passage, key: str) -> str:
    evidence, number = passage.evidence, str(passage.number)
    link = f'<a href="#{key}-p{number}" aria-label="naar passage {number} in de tekst">{number}</a>' if passage.placed else number
    words = " ".join(evidence.text.split())
    cue = evidence.cue or ("zin die het meest bijdroeg" if evidence.kind == "model" else "–")
    cells = (
        _chip(passage.label),
        f'<div class="s-words">{escaped(words)}</div>',
        escaped(evidence.status or "–"),
        escaped((evidence.source or "–").replace("_", "/")),
        f'<span class="s-place">{evidence.start}–{evidence.end}</span>',
        f'<span class="s-cue">{escaped(cue)}</span>',
    )
    return f'<tr id="{key}-r{number}"><th scope="row">{link}</th>{"".join(f"<td>{cell}</td>" for cell in cells)}</tr>'


def _elements(elements: dict[str, list[ElementRow] | None], key: str) -> Iterator[str]:
    yield _heading("Bestanddelen")
    articles = {offence.id: offence.article for offence in load_taxonomy().offences}
    columns = list(elements.values())
    heads = "".join(f'<th scope="col">{articles[offence]} ({offence})</th>' for offence in elements)
    yield f'<table class="s-elements"><thead><tr>{heads}</tr></thead><tbody>'
    for k in range(max((len(rows) for rows in columns if rows), default=1)):
        cells = [_element(rows, k, key) for rows in columns]
        yield f"<tr>{''.join(cells)}</tr>"
    yield "</tbody></table>"


def _element(rows: list[ElementRow] | None, k: int, key: str) -> str:
    if rows is None:
        return '<td class="s-quiet">Niet gezocht: de tekst gaat er volgens het model niet over.</td>' if k == 0 else "<td></td>"
    if k >= len(rows):
        return "<td></td>"
    row = rows[k]
    name = f'<strong>{escaped(row.name)}</strong> <span class="s-quiet">({escaped(row.article)})</span><br>'
    if row.status is None:
        return f'<td class="s-missing">{name}✗ niet gevonden</td>'
    how = ", ".join(dict.fromkeys(_shown_by(passage) for passage in row.passages))
    return f"<td>{name}✓ gevonden, {escaped(row.status)}, door {escaped(how)}: {_links(row.passages, key)}</td>"


def _shown_by(passage: Passage) -> str:
    """Return the tag by which an element was found, which need not hold for the text, or that its own words stood there."""
    label = (passage.evidence.cue or passage.label).partition(".")[0]
    return name_of(label) if label in load_taxonomy().tag_ids else "eigen woorden"


def _links(passages: Sequence[Passage], key: str) -> str:
    return ", ".join(f'<a href="#{key}-r{passage.number}">{passage.number}</a>' for passage in passages) or "–"


@lru_cache(maxsize=1)
def _style() -> str:
    """Return the style sheet, with the colours of the palette, for nothing but our own element.

    A notebook says itself whether it is dark; elsewhere the reader's setting does.
    """
    palette = load_palette()
    sheet = read_text(resource("marked.css"))
    schemes: dict[str, Callable[[Colours], tuple[str, str]]] = {"light": lambda c: c.light, "dark": lambda c: c.dark}
    light, dark = (
        f"color-scheme:{name};--quiet:{quiet};"
        + "".join(f"--{group.id}:{pair(group)[0]};--{group.id}-ink:{pair(group)[1]};" for group in (palette.page, *palette.groups))
        for (name, pair), quiet in zip(schemes.items(), palette.quiet, strict=True)
    )
    told_light, told_dark = '[data-jp-theme-light="true"],.vscode-light', '[data-jp-theme-light="false"],.vscode-dark'
    rules = [
        f"&{{{light}}}",
        f"@media (prefers-color-scheme:dark){{&{{{dark}}}:is({told_light}) &{{{light}}}}}",
        f":is({told_dark}) &{{{dark}}}",
        *(f"& mark.s-{g.id}{{--ink:var(--{g.id}-ink);background:var(--{g.id})}}" for g in palette.groups),
        *(f"& sup.s-{g.id},& .s-chip.s-{g.id}{{--ink:var(--{g.id}-ink);--back:var(--{g.id})}}" for g in palette.groups),
    ]
    return ("".join(rules) + sheet).replace("&", f".{SCOPE}" * 3)
