"""One self-contained HTML page: style, script and data stand in it, nothing is fetched, and nothing else may run.

The page forbids by its content security policy (W3C, CSP Level 3) all that is not its own: no network, no script or style but those
whose SHA-256 it names, so that no text of a case can become either.
"""

from __future__ import annotations

import hashlib
import json
import os
from base64 import b64encode
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from string import Template
from typing import Any

from smokkel_nlp.errors import InputError
from smokkel_nlp.taxonomy import read_text, resource

_MARKUP = {ord(sign): f"\\u{ord(sign):04x}" for sign in "<>&"}


def build_page(name: str, title: str, blocks: Mapping[str, Any], style: str = "", scripts: Sequence[str] = ()) -> str:
    """Return a page made of ``resources/NAME.html``, ``.css`` and ``.js``.

    Parameters
    ----------
    name : str
        The stem of the three files. The first has the places ``$policy``, ``$title``, ``$style``, ``$data`` and ``$script``.
    title : str
        The title; any text.
    blocks : mapping of str to data
        What the script reads, by the id of the element that holds it as JSON.
    style : str
        CSS that goes before that of the file.
    scripts : sequence of str
        Stems of other scripts of the resources, which go before that of the page.

    Examples
    --------
    >>> page = build_page("report", "Mijn <zaken>", {"gegevens": {}, "teksten": None})
    >>> "<title>Mijn &lt;zaken&gt;</title>" in page, "default-src 'none'" in page
    (True, True)
    """
    style += read_text(resource(f"{name}.css"))
    script = "".join(read_text(resource(f"{stem}.js")) for stem in (*scripts, name))
    data = "\n".join(f'<script type="application/json" id="{key}">{to_json(value)}</script>' for key, value in blocks.items())
    # A browser reads the end of a line as \n before it compares hashes; files of the package have no other.
    parts = {"policy": policy(style, script), "title": escape(title), "style": style, "script": script, "data": data}
    return Template(read_text(resource(f"{name}.html"))).substitute(parts)


def policy(style: str, script: str = "") -> str:
    """Return the content security policy of a page with this style and this script, or with none.

    Examples
    --------
    >>> policy("p { margin: 0 }").count("sha256-"), policy("p { margin: 0 }", "begin()").count("sha256-")
    (1, 2)
    """
    own = [*([f"script-src {_digest(script)}"] if script else []), f"style-src {_digest(style)}"]
    rest = ("base-uri 'none'", "form-action 'none'", "require-trusted-types-for 'script'", "trusted-types 'none'")
    return "; ".join(("default-src 'none'", *own, *rest))


def to_json(data: Any) -> str:
    r"""Return data as JSON that can stand in HTML: in ASCII, and without a sign that could begin or end markup.

    Raises
    ------
    ValueError
        If a number is not finite.

    Examples
    --------
    >>> to_json({"id": "</script>\u2028"})
    '{"id":"\\u003c/script\\u003e\\u2028"}'
    """
    return json.dumps(data, separators=(",", ":"), allow_nan=False).translate(_MARKUP)


def write_page(path: str | os.PathLike[str], page: str, option: str = "-o") -> None:
    """Write a page or a picture whole or not at all: under another name beside it, which then takes its place.

    Parameters
    ----------
    path : path
    page : str
    option : str
        How the user gave the path, for the error.

    Raises
    ------
    InputError
        If it cannot be written.
    """
    path = Path(path)
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        try:
            unfinished.write_bytes(page.encode("utf8", errors="replace"))
            os.replace(unfinished, path)
        finally:
            unfinished.unlink(missing_ok=True)
    except OSError as error:
        raise InputError(f"{path}: cannot be written ({error.strerror}); give another {option}") from error


def _digest(content: str) -> str:
    return f"'sha256-{b64encode(hashlib.sha256(content.encode()).digest()).decode()}'"
