"""The report on a batch: one Dutch page that opens offline, to look over, filter and read what ``classify`` said of many texts.

It holds ids, labels, probabilities, counts and carried fields; texts and passages only where they are asked for. What is
counted follows what is filtered, so the counting is done in the page (``resources/report.js``); this module gives it the cases.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from smokkel_nlp.display.colours import load_palette
from smokkel_nlp.display.page import build_page, write_page
from smokkel_nlp.errors import InputError
from smokkel_nlp.io import BadRecord
from smokkel_nlp.records import CaseAnalysis
from smokkel_nlp.report_rows import Rows
from smokkel_nlp.results import read_each

TITLE = "Overzicht van zaken"
_TOLD_ON_PAGE = 20


@dataclass(frozen=True)
class Report:
    """What became of a report.

    Parameters
    ----------
    cases : int
        How many cases it shows.
    texts : int
        How many of them with their text.
    date_field : str or None
        The carried field that the time line was made of.
    failed : tuple of BadRecord
        The lines or records that could not be shown.
    """

    cases: int
    texts: int
    date_field: str | None
    failed: tuple[BadRecord, ...]


def write_report(
    results: str | os.PathLike[str],
    output: str | os.PathLike[str],
    *,
    title: str = TITLE,
    date_field: str | None = None,
    with_text: bool = False,
    with_ids: bool = True,
) -> Report:
    """Write the report on results; a record that cannot be shown is told and left out.

    Parameters
    ----------
    results : path
        What was written of a batch: a ``.jsonl``, ``.parquet`` or ``.spacy`` file, or a folder of part files.
    output : path
        The page.
    title : str
        Its title.
    date_field : str or None
        The carried field that holds the date (ISO 8601); None for the first that is named like one and holds one.
    with_text : bool
        Whether the page holds the texts and passages of the records that have them.
    with_ids : bool
        Whether it holds ids and carried fields; else the cases are numbered, and only the date stays.

    Raises
    ------
    InputError
        If the file cannot be read, no record of it can be shown, no record carries a date under the name that was given, or the page
        cannot be written.

    Examples
    --------
    >>> write_report("uit.jsonl", "uit.jsonl")
    Traceback (most recent call last):
    smokkel_nlp.errors.InputError: uit.jsonl: the report would stand in place of the results; give another -o
    """
    if Path(results).resolve() == Path(output).resolve():
        raise InputError(f"{os.fspath(output)}: the report would stand in place of the results; give another -o")
    rows, failed = Rows(with_text, with_ids), list[BadRecord]()
    for place, case in read_each(results):
        if isinstance(case, CaseAnalysis):
            rows.add(case)
        else:
            failed.append(BadRecord(place, str(case)))
    if failed and not rows.cases:
        raise InputError(f"{failed[0].place}: {failed[0].reason}; no record can be shown, give what 'smokkel-nlp classify' wrote")
    data = rows.finish(date_field)
    # Places hold the name of the file, which may tell as much as an id.
    data["failed"] = {
        "number": len(failed),
        "lines": [bad.place.rpartition(":")[2] for bad in failed[:_TOLD_ON_PAGE]],
    }
    page = build_page("report", title, {"gegevens": {"title": title, **data}, "teksten": rows.texts}, _style(), ["marked"])
    write_page(output, page)
    return Report(
        len(rows.cases), sum(text is not None and text["text"] is not None for text in rows.texts), data["date_field"], tuple(failed)
    )


def _style() -> str:
    """Return the colours as CSS: those of the page as variables, those of each group as a class ``g-ID``."""
    palette = load_palette()
    schemes = []
    for number, scheme in enumerate(("light", "dark")):
        paper, ink = getattr(palette.page, scheme)
        page = f":root{{--paper:{paper};--ink:{ink};--soft:{palette.quiet[number]}}}"
        pairs = ((group.id, *getattr(group, scheme)) for group in palette.groups)
        schemes.append(page + "".join(f".g-{name}{{background-color:{back};color:{front}}}" for name, back, front in pairs))
    return f"{schemes[0]}@media screen and (prefers-color-scheme:dark){{{schemes[1]}}}\n"
