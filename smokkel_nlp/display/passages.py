"""The passages of a record, numbered as a reader meets them, and a text cut up at their edges: what all ways to show a case build on."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

from smokkel_nlp.records import CaseAnalysis, Evidence
from smokkel_nlp.taxonomy import load_taxonomy

LONG = 2000
"""Characters from which a text is shown as its passages with some sentences around them."""
_AROUND, _REACH = 1, 240
_SENTENCE_END = re.compile(r"[.!?][\"')\]]*\s+|\n+")


@dataclass(frozen=True)
class Passage:
    """A passage that shows a label; ``placed`` tells that it stands at its offsets in the text that is shown."""

    number: int
    label: str
    evidence: Evidence
    placed: bool

    @property
    def start(self) -> int:
        """Where it begins."""
        return self.evidence.start

    @property
    def end(self) -> int:
        """Where it ends."""
        return self.evidence.end

    def told(self) -> str:
        """Return status and source, as far as they are not those of the writer who states a fact.

        Examples
        --------
        >>> Passage(1, "onderdak", Evidence(0, 3, "een", status="vermoed", source="slachtoffer_getuige"), True).told()
        'vermoed, slachtoffer/getuige'
        """
        if self.evidence.kind == "model":
            return "volgens het model"
        parts = (self.evidence.status, self.evidence.source)
        return ", ".join(part.replace("_", "/") for part in parts if part not in (None, "feitelijk", "overig"))


class Segment(NamedTuple):
    """A stretch of text that lies in the same passages from end to end."""

    start: int
    end: int
    passages: tuple[Passage, ...]


class ElementRow(NamedTuple):
    """A legal element: where it was found, or that it was not."""

    element: str
    name: str
    article: str
    status: str | None
    passages: tuple[Passage, ...]


def passages_of(case: CaseAnalysis, text: str | None = None) -> tuple[Passage, ...]:
    """Return the passages of a record in the order of the text: those of offences, tags, and elements that no tag shows.

    Parameters
    ----------
    case : CaseAnalysis
    text : str, optional
        The text that is shown; a passage that does not stand there word for word is not placed.

    Examples
    --------
    >>> from smokkel_nlp.records import EXAMPLE_JSON
    >>> passages_of(CaseAnalysis.from_json(EXAMPLE_JSON))
    ()
    """
    found = [(label, evidence) for label, result in case.offences.items() for evidence in result.evidence]
    found += [(mo.tag, evidence) for mo in case.modi_operandi for evidence in mo.evidence]
    shown = {(evidence.start, evidence.end) for _, evidence in found}
    found += [
        (result.element, evidence)
        for result in case.elements
        for evidence in result.evidence
        if (evidence.start, evidence.end) not in shown
    ]
    found = sorted(dict.fromkeys(found), key=lambda pair: (pair[1].start, -pair[1].end))
    return tuple(
        Passage(number, label, evidence, text is not None and 0 <= evidence.start < evidence.end and _stands(evidence, text))
        for number, (label, evidence) in enumerate(found, start=1)
    )


def _stands(evidence: Evidence, text: str) -> bool:
    return text[evidence.start : evidence.end] == evidence.text


def segments(start: int, end: int, passages: Iterable[Passage]) -> Iterator[Segment]:
    """Cut a range of the text at all edges of passages, which may lie in and across each other.

    Examples
    --------
    >>> one, two = (Passage(n, "x", Evidence(*at, ""), True) for n, at in enumerate([(0, 4), (2, 6)]))
    >>> [(part.start, part.end, [p.number for p in part.passages]) for part in segments(0, 8, [one, two])]
    [(0, 2, [0]), (2, 4, [0, 1]), (4, 6, [1]), (6, 8, [])]
    """
    waiting = sorted((p for p in passages if p.placed and p.start < end and p.end > start), key=lambda p: (p.start, p.number))
    edges = sorted({start, end, *(edge for p in waiting for edge in (p.start, p.end) if start < edge < end)})
    active: list[Passage] = []
    next_ = 0
    for left, right in pairwise(edges):
        active = [p for p in active if p.end > left]
        while next_ < len(waiting) and waiting[next_].start <= left:
            active.append(waiting[next_])
            next_ += 1
        yield Segment(left, right, tuple(active))


def excerpts(text: str, passages: Iterable[Passage], whole: bool = False) -> list[tuple[int, int]]:
    """Return the ranges of a text to show: all of a short one; of a long one the passages, each with a sentence before and after it.

    Examples
    --------
    >>> excerpts("Kort.", [])
    [(0, 5)]
    """
    if whole or len(text) <= LONG:
        return [(0, len(text))]
    ranges: list[tuple[int, int]] = []
    for passage in sorted((p for p in passages if p.placed), key=lambda p: p.start):
        start, end = _before(text, passage.start), _after(text, passage.end)
        if ranges and start <= ranges[-1][1]:
            ranges[-1] = ranges[-1][0], max(ranges[-1][1], end)
        else:
            ranges.append((start, end))
    return ranges or [(0, _after(text, min(_REACH, len(text))))]


def _before(text: str, place: int) -> int:
    """Return where the sentence before the one at ``place`` begins."""
    low = max(place - _REACH, 0)
    ends = [low + match.end() for match in _SENTENCE_END.finditer(text[low:place])]
    if low == 0:
        ends.insert(0, 0)
    return ends[-1 - _AROUND] if len(ends) > _AROUND else _blank(text, low, place)


def _after(text: str, place: int) -> int:
    """Return where the sentence after the one at ``place`` ends."""
    high = min(place + _REACH, len(text))
    ends = [match.end() for match in _SENTENCE_END.finditer(text, max(place - 1, 0), high) if match.end() > place]
    if len(ends) > _AROUND:
        return ends[_AROUND]
    return high if high == len(text) else max(text.rfind(" ", place, high), place)


def _blank(text: str, low: int, place: int) -> int:
    found = text.find(" ", low, place)
    return low if low == 0 or found < 0 else found + 1


def element_rows(case: CaseAnalysis, passages: Sequence[Passage]) -> dict[str, list[ElementRow] | None]:
    """Return the legal elements of each offence, found or missing; None for an offence that the text is not about.

    Elements are looked for only where the text is about their offence.
    """
    results = {result.element: result for result in case.elements}
    places: dict[tuple[int, int], list[Passage]] = {}
    for passage in passages:
        places.setdefault((passage.start, passage.end), []).append(passage)
    rows: dict[str, list[ElementRow] | None] = {}
    for offence in load_taxonomy().offences:
        if offence.id not in case.offences or not case.offences[offence.id].label:
            rows[offence.id] = None
            continue
        rows[offence.id] = own = []
        for element in offence.elements:
            result = results.get(element.id)
            shown: list[Passage] = []
            for evidence in result.evidence if result else ():
                at = places[evidence.start, evidence.end]
                fitting = [p for p in at if p.label == element.id or p.label in element.tags]
                shown.append((fitting or at)[0])
            own.append(
                ElementRow(element.id, element.name, element.article, result.status if result else None, tuple(dict.fromkeys(shown)))
            )
    return rows


@lru_cache(maxsize=1)
def _names() -> dict[str, str]:
    taxonomy = load_taxonomy()
    return {**{tag.id: tag.name for tag in taxonomy.tags}, **{element.id: element.name for element in taxonomy.elements}}


def name_of(label: str) -> str:
    """Return the Dutch name of a tag or element; an offence, or a tag that a user added, is its own name.

    Examples
    --------
    >>> name_of("transport_land"), name_of("mensenhandel")
    ('vervoer over land', 'mensenhandel')
    """
    return _names().get(label, label)


_CHANCES = (
    (0.05, "vrijwel zeker niet"), (0.3, "onwaarschijnlijk"), (0.5, "eerder niet"), (0.7, "eerder wel"), (0.95, "waarschijnlijk"),
)  # fmt: skip


def in_words(probability: float) -> str:
    """Return a probability in words.

    Examples
    --------
    >>> in_words(0.97), in_words(0.4)
    ('vrijwel zeker', 'eerder niet')
    """
    return next((words for limit, words in _CHANCES if probability < limit), "vrijwel zeker")
