"""Pieces of HTML that pages have in common: a table that scrolls where it is too wide, and numbers as Dutch writes them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from html import escape

_DIRECTION = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def escaped(text: str) -> str:
    r"""Return case text as HTML that shows it and does nothing else; without its tags it is the text.

    Characters that turn the direction of writing are told by name, each closed off from what follows: they could make a passage read as it
    does not stand. A browser would read a carriage return as a line feed, and drops NUL.

    Examples
    --------
    >>> escaped("<b> & \u202e")
    '&lt;b&gt; &amp; <bdi class="s-sign" title="U+202E">\u202e</bdi>'
    """
    safe = escape(text).replace("\r", "&#13;").replace("\0", "\ufffd")
    return _DIRECTION.sub(lambda match: f'<bdi class="s-sign" title="U+{ord(match[0]):04X}">{match[0]}</bdi>', safe)


def table(name: str, columns: Sequence[str], rows: Iterable[str]) -> str:
    """Return a table of finished rows, in a frame that can be scrolled by keyboard.

    Examples
    --------
    >>> table("prijzen", ["prijs"], ["<tr><td>5</td></tr>"]).count("<tr>")
    2
    """
    heads = "".join(f'<th scope="col">{escape(column)}</th>' for column in columns)
    frame = f'<div class="s-scroll" role="region" tabindex="0" aria-label="{escape(name)}">'
    return f"{frame}<table><thead><tr>{heads}</tr></thead><tbody>{''.join(rows)}</tbody></table></div>"


def signed(value: float) -> str:
    """Return a number with its sign, as Dutch writes it.

    Examples
    --------
    >>> signed(-1.256), signed(0.5)
    ('−1,26', '+0,50')
    """
    return f"{value:+.2f}".replace(".", ",").replace("-", "−")


def percent(probability: float, digits: int = 0) -> str:
    """Return a probability in per cent, never rounded to certainty: all that a person reads of how sure the model is goes by this.

    Examples
    --------
    >>> percent(0.9999), percent(0.373), percent(0.001), percent(0.9999, 1)
    ('> 99 %', '37 %', '< 1 %', '> 99,9 %')
    """
    least = 10 ** -(digits + 2)
    sign = "> " if probability > 1 - least else "< " if probability < least else ""
    return f"{sign}{min(max(probability, least), 1 - least):.{digits}%}".replace(".", ",").replace("%", " %")


def chance(probability: float | None) -> str:
    """Return how sure a label is, in per cent; of a tag that a user's own rule added, why no probability was worked out.

    Examples
    --------
    >>> chance(0.5), chance(None)
    ('50 %', 'niet berekend (eigen regel)')
    """
    return "niet berekend (eigen regel)" if probability is None else percent(probability)
