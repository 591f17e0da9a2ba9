"""Sections: headings with the default status and source that hold below them, and the register of the whole text."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from operator import itemgetter
from typing import NamedTuple

from spacy.language import Language
from spacy.tokens import Doc, Span, SpanGroup

from smokkel_nlp.cues import CueMatcher, Match
from smokkel_nlp.errors import TaxonomyError
from smokkel_nlp.reading import Batched, Finder, Tokens, read_all
from smokkel_nlp.taxonomy import load_taxonomy, parse_cues, read_toml, resource, take

SECTIONS = "sections"
_MAX_HEADING = 9
FILE = "sections.toml"


class Default(NamedTuple):
    """Status and source that hold where no cue says otherwise, and the id of what set them."""

    id: str
    status: str
    source: str


PLAIN = Default("geen", "feitelijk", "overig")


@dataclass(frozen=True)
class SectionRules:
    """The headings and registers of ``sections.toml``, compiled."""

    headings: Finder[Default]
    registers: Finder[Default]
    register_order: tuple[tuple[Default, int], ...]
    labels: frozenset[str]


@lru_cache(maxsize=1)
def load_section_rules() -> SectionRules:
    """Load and check ``sections.toml``.

    Raises
    ------
    TaxonomyError
        If an entry is wrong; the message names it and the mend.
    """
    data, words = read_toml(resource(FILE)), load_taxonomy().vocabulary
    headings, registers, order = [], [], []
    for kind in ("section", "register"):
        for entry in data.get(kind, []):
            where = f"{FILE}: {kind} {entry.get('id', '?')}"
            default = Default(*(take(entry, key, str, where) for key in ("id", "status", "source")))
            if default.status not in words["mention_statuses"] or default.source not in words["sources"]:
                raise TaxonomyError(f"{where}: unknown status or source; use those of vocabulary.toml")
            if kind == "section":
                headings += [(default, cue) for cue in parse_cues(take(entry, "headings", list, where), where)]
            else:
                registers += [(default, cue) for cue in parse_cues(take(entry, "cues", list, where), where)]
                order.append((default, take(entry, "least", int, where, 1)))
    labels = frozenset(default.id for default, _ in (*headings, *registers)) | {PLAIN.id}
    return SectionRules(Finder(CueMatcher(headings)), Finder(CueMatcher(registers)), tuple(order), labels)


class Section(NamedTuple):
    """A stretch of tokens under one default."""

    start: int
    end: int
    default: Default


def find_sections(reading: Tokens, rules: SectionRules) -> list[Section]:
    """Split texts into sections; the first one of a text, before any heading, has the default of its register."""
    counts: list[Counter[Default]] = [Counter() for _ in reading.texts]
    for match in rules.registers(reading):
        counts[reading.text_of(match.start)][match.key] += 1
    longest: dict[int, Match[Default]] = {}
    for match in rules.headings(reading):
        known = longest.get(match.start)
        if match.end - match.start <= _MAX_HEADING and (known is None or match.end > known.end) and _opens(reading, match.start):
            longest[match.start] = match
    marks = [
        (edge, next((key for key, least in rules.register_order if count[key] >= least), PLAIN))
        for edge, count in zip(reading.firsts, counts, strict=False)
    ]
    marks += [(reading.sentences[reading.sentence_of(start)][0], match.key) for start, match in sorted(longest.items())]
    marks.sort(key=itemgetter(0))
    ends = [start for start, _ in marks[1:]] + [len(reading)]
    return [Section(start, end, key) for (start, key), end in zip(marks, ends, strict=True) if end > start]


def _opens(reading: Tokens, token: int) -> bool:
    """Tell whether a token is the first word of a line that can be a heading: a numbered or a short one."""
    start, end = reading.sentences[reading.sentence_of(token)]
    before = reading.lower[start:token]
    numbered = any(word[:1].isdigit() for word in before)
    return len(before) <= _MAX_HEADING and not any(word[:1].isalpha() for word in before) and (numbered or end - token <= _MAX_HEADING)


def sections_of(reading: Tokens) -> list[Section]:
    """Return the sections of a reading by the shipped rules, worked out once."""
    if SECTIONS not in reading.memo:
        reading.memo[SECTIONS] = find_sections(reading, load_section_rules())
    found: list[Section] = reading.memo[SECTIONS]
    return found


def section_at(sections: list[Section], token: int) -> Section:
    """Return the section that holds a token."""
    return sections[bisect_right(sections, token, key=itemgetter(0)) - 1]


class SectionsComponent(Batched):
    """Write the sections of a Doc to ``doc.spans["sections"]``, labelled with the id of the heading or register."""

    def __init__(self, nlp: Language) -> None:
        self._tokenizer = nlp.tokenizer
        for label in load_section_rules().labels:  # a label first met inside a memory zone would be lost with it
            nlp.vocab.strings.add(label)

    def run(self, docs: Sequence[Doc]) -> None:
        """Find the sections of Docs."""
        reading = read_all(docs, self._tokenizer)
        spans: list[list[Span]] = [[] for _ in docs]
        for start, end, default in sections_of(reading):
            text = reading.text_of(start)
            first = reading.firsts[text]
            span = reading.texts[text].span(docs[text], start - first, end - first, default.id)
            if span is not None:
                spans[text].append(span)
        for doc, found in zip(docs, spans, strict=True):
            doc.spans[SECTIONS] = SpanGroup(doc, name=SECTIONS, spans=found)


@Language.factory("smokkel_sections", assigns=["doc.spans"])
def create_sections(nlp: Language, name: str) -> SectionsComponent:
    """Create the component that finds sections."""
    return SectionsComponent(nlp)
