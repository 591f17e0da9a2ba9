"""An explanation for a person to look at: a table and a picture of which passages moved which label, as HTML and inline SVG."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from smokkel_nlp.display.markup import escaped, percent, signed, table
from smokkel_nlp.display.passages import ElementRow, in_words, name_of
from smokkel_nlp.records import CaseAnalysis
from smokkel_nlp.shares import Explanation, PassageShare

_SHOWN = 6
_ROW, _BAR, _FOOT = 26, 14, 20
_SENTENCE = 240


def explanation_html(case: CaseAnalysis, text: str | None, elements: dict[str, list[ElementRow] | None], key: str) -> Iterator[str]:
    """Yield what moved each label of a record that holds an explanation; ``key`` begins the ids on the page."""
    for number, (label, told) in enumerate((case.explanation or {}).items()):
        held = "boven" if told.probability >= told.threshold else "onder"
        head = f"{name_of(label)}: kans {percent(told.probability)} ({in_words(told.probability)}), {held} de drempel van "
        yield f"<details{' open' if label in case.offences else ''}><summary>{escaped(head)}{percent(told.threshold)}</summary>"
        shares = sorted(told.top(_SHOWN), key=lambda share: share.start)
        if shares:
            yield _picture(name_of(label), shares, f"{key}-x{number}")
            yield table(f"passages voor {name_of(label)}", ("zin", "bijdrage", "plaats", "passage", "door"), _rows(shares, text))
            yield f'<p class="s-quiet">{_rest(told, shares)}</p>'
        else:
            yield "<p>Geen passage voegt iets toe.</p>"
        missing = [row.name for row in elements.get(label) or () if row.status is None]
        if missing:
            yield f"<p><strong>Niet gevonden bestanddelen:</strong> {escaped(', '.join(missing))}.</p>"
        yield "</details>"


def _rest(told: Explanation, shares: list[PassageShare]) -> str:
    rest = sum(share.value for share in told.passages) - sum(share.value for share in shares)
    others = len(told.passages) - len(shares)
    parts = [f"vooraf {signed(told.constant)}"]
    if others:
        parts.append(f"{others} andere zinnen samen {signed(rest)}")
    return f"Bijdragen in log odds, voor ijking. Daarbij: {'; '.join(parts)}; samen {signed(told.score)}."


def _rows(shares: list[PassageShare], text: str | None) -> Iterator[str]:
    for number, share in enumerate(shares, start=1):
        words = "" if text is None else " ".join(text[share.start : share.end].split())
        words = words if len(words) <= _SENTENCE else words[: _SENTENCE - 1] + "…"
        by = dict.fromkeys(name_of(item.label) for item in sorted(share.mentions, key=lambda item: -abs(item.value + item.gated)))
        reasons = ", ".join([*list(by)[:3], *(["woorden"] if share.wording else [])])
        yield (
            f'<tr><th scope="row">{number}</th><td class="s-number">{signed(share.value)}</td>'
            f'<td class="s-number">{share.start}–{share.end}</td><td class="s-words">{escaped(words) or "–"}</td>'
            f"<td>{escaped(reasons)}</td></tr>"
        )


def _picture(name: str, shares: list[PassageShare], key: str) -> str:
    """Return bars left and right of a line at 0: what speaks against a label and what for it."""
    most = max(max(abs(share.value) for share in shares), 1e-9)
    height = _ROW * len(shares) + _FOOT
    told = "; ".join(f"zin {number} {signed(share.value)}" for number, share in enumerate(shares, start=1))
    parts = [
        f'<svg class="s-bars" role="img" aria-labelledby="{key}t {key}d" width="100%" height="{height}">',
        f'<title id="{key}t">Bijdrage van zinnen aan {escape(name)}</title><desc id="{key}d">{told}</desc>',
    ]
    for row, share in enumerate(shares):
        wide = 32 * abs(share.value) / most
        speaks = share.value >= 0
        left, top = 52 if speaks else 52 - wide, row * _ROW + 4
        at, anchor = (52 + wide + 1, "start") if speaks else (52 - wide - 1, "end")
        parts += [
            f'<text class="s-quiet" x="0" y="{top + 12}">zin {row + 1}</text>',
            f'<rect class="s-{"for" if speaks else "against"}" x="{left:.2f}%" y="{top}" width="{max(wide, 0.3):.2f}%" height="{_BAR}"/>',
            f'<text x="{at:.2f}%" y="{top + 12}" text-anchor="{anchor}">{signed(share.value)}</text>',
        ]
    foot = height - 6
    parts += [
        f'<line x1="52%" y1="0" x2="52%" y2="{height - _FOOT}"/>',
        f'<text class="s-quiet" x="51%" y="{foot}" text-anchor="end">← ertegen</text>',
        f'<text class="s-quiet" x="53%" y="{foot}">ervoor →</text>',
    ]
    return "".join(parts) + "</svg>"
