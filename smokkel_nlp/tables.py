"""Tables of records for a person to read: in a terminal as wide as it is, piped plain and uncut."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence

from smokkel_nlp.display.markup import percent
from smokkel_nlp.records import CaseAnalysis
from smokkel_nlp.shares import Explanation, PassageShare, SectionShare

_BOLD, _PLAIN = "\x1b[1m", "\x1b[0m"
_PASSAGES, _SECTIONS = 5, 3


def summary_table(cases: Sequence[CaseAnalysis], total: int) -> Iterator[str]:
    """Yield the lines of a table with a row for each record, of ``total`` that there are."""
    width = max(shutil.get_terminal_size((120, 24)).columns, 80)
    names = [case.id or "" for case in cases]
    left = min(max((len(name) for name in names), default=2), 24)
    rest = width - left - 38
    tags_width = max(rest // 2, 16)
    yield f"{'tekst':<{left}}  {'gaat over':<14} {'smok':>6} {'hand':>6}  {'modi operandi':<{tags_width}}  eerste passage"
    for name, case in zip(names, cases, strict=True):
        smokkel, handel = (case.offences[offence].probability for offence in case.offences)
        tags = " ".join(mo.tag for mo in case.modi_operandi)
        first = next((mo.evidence[0].text for mo in case.modi_operandi if mo.evidence), None)
        first = first or next((result.evidence[0].text for result in case.offences.values() if result.evidence), "")
        label = case.offence if case.offence != "onzeker" else f"? {case.offence_forced}"
        passage = fit(first, max(rest - tags_width, 20)).rstrip()
        yield f"{fit(name, left, True)}  {label:<14} {percent(smokkel):>6} {percent(handel):>6}  {fit(tags, tags_width)}  {passage}"
    if total > len(cases):
        yield f"... and {total - len(cases)} more, see the output file"
    yield "? = onzeker. Suggesties van een model: lees de passage."


def explanation_table(case: CaseAnalysis, width: int | None) -> Iterator[str]:
    """Yield the lines of a table of what moved each label of a record that holds its text and an explanation.

    For each label: its probability, the five passages that moved its score most, either way, and, in a text of several sections, the three
    sections that did.

    Parameters
    ----------
    case : CaseAnalysis
    width : int or None
        Columns of the terminal; None for lines that are not cut and hold no codes of a terminal.
    """
    explained = case.explanation or {}
    label = f"{'? ' if case.offence == 'onzeker' else ''}{case.offence_forced}"
    title = _one_line(f"{case.id or 'tekst'}: {label}")
    yield title if width is None else f"{_BOLD}{_cut(title, width)}{_PLAIN}"
    left = max(map(len, ("label", *explained)))
    table = {name: list(_rows(case, result, _windowed(case, name))) for name, result in explained.items()}
    places = max((len(place) for rows in table.values() for _, place, _ in rows), default=6)
    yield f"{'label':<{left}}  {'kans':>6}  {'bijdrage':>8}  {'plaats':<{places}}  passage"
    for name, result in explained.items():
        head = f"{name:<{left}}  {percent(result.probability):>6}"
        for value, place, words in table[name] or [(0.0, "", "")]:
            line = f"{head:<{left + 8}}  {value:+8.2f}  {place:<{places}}  {words}".rstrip()
            yield line if width is None else _cut(line, width)
            head = ""


def _rows(case: CaseAnalysis, result: Explanation, window: bool) -> Iterator[tuple[float, str, str]]:
    for share in result.top(_PASSAGES):
        yield share.value, _place(share), _one_line(case.cut(share))
    numbered = list(enumerate(result.sections, start=1))
    if len(numbered) > 1:
        for number, section in sorted(numbered, key=lambda pair: -abs(pair[1].value))[:_SECTIONS]:
            whole = f"{len(numbered)}{' van het venster' if window else ''}"
            yield section.value, _place(section), f"[deel {number} van {whole}{f', {section.name}' if section.name else ''}]"


def _windowed(case: CaseAnalysis, label: str) -> bool:
    """Tell whether a label was decided by a window of a long text."""
    return label in case.offences and case.offences[label].window is not None


def _place(share: PassageShare | SectionShare) -> str:
    return f"{share.start}-{share.end}"


def fit(text: str, width: int, tail: bool = False) -> str:
    """Cut or pad one line of text to a width.

    Examples
    --------
    >>> fit("een twee", 6), fit("een twee", 6, tail=True), fit("een", 4)
    ('een t…', '… twee', 'een ')
    """
    text = _one_line(text)
    if len(text) <= width:
        return f"{text:<{width}}"
    return "…" + text[-(width - 1) :] if tail else text[: width - 1] + "…"


def _cut(line: str, width: int) -> str:
    return line if len(line) <= width else line[: width - 1] + "…"


def _one_line(text: str) -> str:
    """Return a text on one line, without the characters that steer a terminal."""
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())
