"""The figures of an evaluation as one self-contained Dutch page, with a picture for each and its numbers in a table under it.

The page is made of the same results as the Markdown (:func:`smokkel_nlp.evaluation_report.evaluate`). It fetches nothing and runs nothing:
its content security policy allows one style, by its hash.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any, NamedTuple

from smokkel_nlp.display.page import policy
from smokkel_nlp.errors import InputError
from smokkel_nlp.evaluation_plots import safe
from smokkel_nlp.evaluation_sections import compared, curves, errors, labels, name_of, probabilities, shown, slices, summary
from smokkel_nlp.extras import need
from smokkel_nlp.taxonomy import read_text, resource

_DRAWS = "matplotlib"
_VERSIONS = {"library": "smokkel_nlp", "model": "model", "taxonomy": "taxonomie", "guideline": "annotatierichtlijn"}


class _Section(NamedTuple):
    """A part of the page: its id, its heading and what stands in it."""

    id: str
    heading: str
    lines: list[str]


def to_html(name: str, results: Mapping[str, Mapping[str, Any]], texts: Sequence[str] | None = None) -> str:
    """Return the page.

    Parameters
    ----------
    name : str
        What was measured on; any text.
    results : mapping of str to dict
        What :func:`smokkel_nlp.evaluation_report.evaluate` returned. An error of the first system may hold ``moved``, as
        :func:`smokkel_nlp.breakdown.moved` tells it.
    texts : sequence of str, optional
        The texts of the errors, in their order. Without them the page holds no word of a text, only places.

    Raises
    ------
    InputError
        If matplotlib is not installed.
    """
    need(_DRAWS, "the page has pictures")
    first, main = next(iter(results.items()))
    parts = (
        _Section("kern", "In het kort", list(summary(main))),
        _Section("labels", "Labels en klassen", list(labels(main))),
        _Section("vangst", "Precisie en vangst", list(curves(main))),
        _Section("kansen", "Kansen en onthouding", list(probabilities(results))),
        _Section("delen", "Per soort tekst", list(slices(main))),
        _Section("vergelijking", "Naast eenvoudiger methoden", list(compared(first, results))),
        _Section("fouten", "Anders beantwoord dan goud", list(errors(main, texts))),
    )
    sections = [part for part in parts if part.lines]
    style = read_text(resource("evaluation.css"))
    links = "".join(f'<li><a href="#{part.id}">{part.heading}</a></li>' for part in sections)
    versions = ", ".join(f"{_VERSIONS.get(key, key)} {version}" for key, version in main.get("versions", {}).items())
    held = f"Deze pagina bevat {'woorden uit' if texts and 'errors' in main else 'geen woorden uit de'} teksten."
    return "\n".join([
        '<!DOCTYPE html>\n<html lang="nl">\n<head>\n<meta charset="utf-8"/>',
        f'<meta http-equiv="Content-Security-Policy" content="{policy(style)}"/>',
        '<meta name="viewport" content="width=device-width, initial-scale=1"/>\n<meta name="color-scheme" content="light dark"/>',
        f"<title>Evaluatie van {escape(safe(name))}</title>\n<style>{style}</style>\n</head>\n<body>",
        f"<header>\n<h1>Evaluatie van {shown(name)}</h1>",
        f'<p>{main["n"]} teksten, beantwoord door {name_of(first)} en gelegd naast de labels van een mens ("goud").</p>\n</header>',
        f'<nav aria-label="Op deze pagina"><ul>{links}</ul></nav>\n<main>',
        *(line for part in sections for line in (f'<section id="{part.id}"><h2>{part.heading}</h2>', *part.lines, "</section>")),
        "</main>\n<footer><p>Een label zegt waarover een tekst gaat, niet of iemand het deed. De cijfers gelden voor deze teksten en voor"
        f" wat erop lijkt. {held}{f' Versies: {shown(versions)}.' if versions else ''}</p></footer>",
        "</body>\n</html>\n",
    ])  # fmt: skip


def asked_page(path: Path | None, errors: bool, with_text: bool, passages: bool) -> None:
    """Check what a user asks of the page, before anything is measured.

    Parameters
    ----------
    path : Path or None
        Where the page goes.
    errors, with_text, passages : bool
        Whether errors are listed, with the words that moved them, and whether passages are measured instead of labels.

    Raises
    ------
    InputError
        If one wish needs another, the folder is not there, or matplotlib is not installed.

    Examples
    --------
    >>> asked_page(None, True, True, False)
    Traceback (most recent call last):
    smokkel_nlp.errors.InputError: --with-text shows words in the list of errors of a page; give --html PAGE.html and --errors too
    """
    if with_text and not (path and errors):
        raise InputError("--with-text shows words in the list of errors of a page; give --html PAGE.html and --errors too")
    if path is None:
        return
    if passages:
        raise InputError("--html shows the figures of the labels; leave it out, or leave out --assertion and --mentions")
    if not path.parent.is_dir():
        raise InputError(f"{path}: there is no folder '{path.parent}'; make it, or give another --html")
    need(_DRAWS, "--html")
