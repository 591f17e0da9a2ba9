"""A record in a terminal: offences, the marked text, passages and elements, in colours, or in plain signs where there are none."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from html import escape

from rich.console import Console
from rich.style import Style
from rich.table import Table
from rich.terminal_theme import TerminalTheme
from rich.text import Text

from smokkel_nlp.display.colours import load_palette
from smokkel_nlp.display.markup import chance, percent
from smokkel_nlp.display.passages import ElementRow, Passage, element_rows, excerpts, in_words, passages_of, segments
from smokkel_nlp.records import CaseAnalysis
from smokkel_nlp.taxonomy import load_taxonomy

_PIPED = 10_000
_BAR = 20
_PICTURE = 110
_SVG = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" aria-labelledby="{unique_id}-title">
<title id="{unique_id}-title">TITLE</title>
<style>
.{unique_id}-matrix {{ font-family: ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace; font-size: {char_height}px;
line-height: {line_height}px; font-variant-east-asian: full-width; }}
{styles}
</style>
<defs>{lines}</defs>
<rect fill="PAGE" stroke="QUIET" width="100%" height="100%"/>
<g transform="translate({terminal_x}, {terminal_y})">{backgrounds}
<g class="{unique_id}-matrix">{matrix}</g></g></svg>
"""


def show(case: CaseAnalysis, console: Console, whole: bool = False) -> None:
    """Print a record.

    Parameters
    ----------
    case : CaseAnalysis
        Without its text only its passages are shown.
    console : rich.console.Console
        Where; see :func:`terminal`.
    whole : bool, default=False
        Print all of a long text, not only its passages with a sentence before and after each.
    """
    passages = passages_of(case, case.text)
    console.print(_head(case))
    console.print(_offences(case))
    if case.text is None:
        console.print(Text("\nDe tekst is niet bewaard; de passages wel.\n", style="italic"))
    else:
        plain = console.color_system is None or console.no_color
        for start, end in excerpts(case.text, passages, whole):
            marked = marked_line(case.text, start, end, passages, plain)
            marked = Text.assemble("… " if start else "", marked, " …" if end < len(case.text) else "")
            console.print()
            console.print(marked, soft_wrap=plain)
        console.print()
    for table in (_tags(case), _list(passages), _elements(case, passages)):
        if table.row_count:
            console.print(table)
            console.print()
    console.print(Text(clean(case.note), style="italic"))


def terminal(width: int | None = None) -> Console:
    """Return where to print: as wide and as colourful as the terminal; where that is a file or a pipe, plain lines that are not cut."""
    console = Console(highlight=False, markup=False, emoji=False, width=width, soft_wrap=False)
    return console if console.is_terminal else Console(highlight=False, markup=False, emoji=False, width=width or _PIPED, color_system=None)


def picture(case: CaseAnalysis) -> str:
    """Return what a terminal shows of a record as an SVG, with fonts of the reader's own and nothing from outside."""
    palette = load_palette()
    console = Console(
        record=True, file=io.StringIO(), force_terminal=True, color_system="truecolor", width=_PICTURE, highlight=False, markup=False,
        emoji=False, legacy_windows=False, _environ={},
    )  # fmt: skip
    show(case, console)
    back, ink = (_rgb(colour) for colour in palette.page.light)
    title = escape(clean(case.id or "tekst")).replace("{", "{{").replace("}", "}}")
    template = _SVG.replace("PAGE", palette.page.light[0]).replace("QUIET", palette.quiet[0]).replace("TITLE", title)
    return console.export_svg(theme=TerminalTheme(back, ink, [ink] * 8), code_format=template, unique_id="smokkel")


def _rgb(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def clean(text: str) -> str:
    r"""Return a text of the same length without the characters that steer a terminal or turn the direction of writing.

    Examples
    --------
    >>> clean("een\x1b[31m\ttwee\r\n")
    'een [31m\ttwee \n'
    """
    return "".join(sign if sign.isprintable() or sign in "\n\t" else " " for sign in text)


def marked_line(text: str, start: int, end: int, passages: Sequence[Passage], plain: bool) -> Text:
    """Return a range of a text with its passages marked: in colours, or in brackets where there are none.

    Examples
    --------
    >>> from smokkel_nlp.records import Evidence
    >>> marked_line("in een busje", 0, 12, [Passage(1, "transport_land", Evidence(7, 12, "busje"), True)], plain=True).plain
    'in een [busje](1 transport_land)'
    """
    line = Text()
    for segment in segments(start, end, passages):
        if plain:
            line.append("[" * sum(passage.start == segment.start for passage in segment.passages))
        # Of several passages the shortest gives the ground, the next one the line under it.
        inner = sorted(segment.passages, key=lambda passage: passage.end - passage.start)
        line.append(clean(text[segment.start : segment.end]), _style(inner) if inner else None)
        for passage in inner:
            if passage.end == segment.end:
                told = passage.told()
                label = clean(f"{passage.number} {passage.label}{f', {told}' if told else ''}")
                line.append(f"]({label})" if plain else f" {label} ", Style(color=_light(passage)[1], bgcolor=_page(), bold=True))
    return line


def _style(inner: Sequence[Passage]) -> Style:
    return Style(color=load_palette().page.light[1], bgcolor=_light(inner[0])[0], underline=len(inner) > 1)


def _light(passage: Passage) -> tuple[str, str]:
    return load_palette().of(passage.label).light


def _page() -> str:
    return load_palette().page.light[0]


def _head(case: CaseAnalysis) -> Text:
    head = Text(f"{clean(case.id)}: " if case.id else "").append(clean(case.offence), "bold")
    if case.offence == "onzeker":
        head.append(clean(f" ({'; '.join(case.reasons)}); als het moet: ")).append(clean(case.offence_forced), "bold")
    return head


def _table(*columns: str, title: str | None = None) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), title=title, title_justify="left", title_style="bold", header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold", no_wrap=column in ("nr", "kans", "plaats"))
    return table


def _offences(case: CaseAnalysis) -> Table:
    table = _table("delict", "kans", "", "status")
    for offence, result in case.offences.items():
        doubt = ", onzeker" if result.uncertain else ""
        table.add_row(
            Text(clean(offence)), Text(_chance(result.probability)), in_words(result.probability) + doubt, clean(result.status or "-")
        )
    return table


def _chance(probability: float) -> str:
    filled = round(min(max(probability, 0), 1) * _BAR)
    return f"{'█' * filled}{'░' * (_BAR - filled)} {percent(probability):>6}"


def _tags(case: CaseAnalysis) -> Table:
    table = _table("tag", "kans", "status")
    for mo in case.modi_operandi:
        shown = chance(None) if mo.probability is None else _chance(mo.probability)
        table.add_row(_label(mo.tag), Text(shown), clean(mo.status or "-"))
    return table


def _label(label: str) -> Text:
    return Text(clean(label), Style(color=load_palette().page.light[1], bgcolor=load_palette().of(label).light[0]))


def _list(passages: Sequence[Passage]) -> Table:
    # Words that stand marked in the text above need no second place.
    worded = not all(passage.placed for passage in passages)
    table = _table("nr", "label", "status", "bron", "plaats", "aanwijzing", *(["passage"] if worded else []))
    for passage in passages:
        evidence = passage.evidence
        cue = evidence.cue or ("model" if evidence.kind == "model" else "-")
        told = (evidence.status or "-", (evidence.source or "-").replace("_", "/"))
        words = [Text(" ".join(clean(evidence.text).split()))] if worded else []
        table.add_row(
            str(passage.number),
            _label(passage.label),
            *map(Text, map(clean, told)),
            f"{passage.start}-{passage.end}",
            Text(clean(cue)),
            *words,
        )
    return table


def _elements(case: CaseAnalysis, passages: Sequence[Passage]) -> Table:
    rows = element_rows(case, passages)
    offences = {offence.id: offence.article for offence in load_taxonomy().offences}
    table = _table(*(f"{article} ({offence})" for offence, article in offences.items()))
    columns = [list(_column(rows[offence])) for offence in offences]
    for k in range(max(map(len, columns))):
        table.add_row(*(Text(column[k] if k < len(column) else "") for column in columns))
    return table


def _column(rows: Sequence[ElementRow] | None) -> Iterator[str]:
    if rows is None:
        yield "niet gezocht: de tekst gaat er niet over"
    for row in rows or ():
        numbers = ", ".join(str(passage.number) for passage in row.passages)
        yield f"- {row.name}: niet gevonden" if row.status is None else clean(f"+ {row.name}: {row.status} ({numbers})")
