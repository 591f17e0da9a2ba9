"""What the rules say of a mention by themselves.

Status and source are decided apart. The status is that of the rule that ranks first, the source that of the same rule, or of the first
that names one. A denial by suspect or defence is ``vermoed``: only the writer or the court denies. A word that denies inside a mention
belongs to what it names ("geen loon") and does not count; a phrase ("is niet gebleken") does.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import NamedTuple

import numpy as np

from smokkel_nlp.components.rules import AssertionRules, Rule, status_order
from smokkel_nlp.components.sections import Section, section_at
from smokkel_nlp.cues import Match
from smokkel_nlp.lexicon import Table
from smokkel_nlp.ragged import ranges
from smokkel_nlp.reading import Tokens

_PARTY = ("verdachte", "verdediging")
# A text without sentence ends counts as sentences of this many tokens, and a rule holds on for at most so many: cost grows with the
# text, not with its square. No sentence of the corpus is that long.
_SENTENCE, _HOLD = 500, 100
_BLANK = Table(lambda orth, lower: lower.isspace(), np.bool_)


class Decision(NamedTuple):
    """What is decided of one mention, and the rule and the characters that decided; ``rule`` is None where a default holds."""

    status: str
    source: str
    rule: str | None
    start: int | None
    end: int | None


class Said(NamedTuple):
    """What rules say of a mention: status and source, the cue that gave the status, the cues that reach the mention from near, and the
    one that holds on from further away.
    """

    reading: Tokens
    status: str
    source: str
    shown: Match[Rule] | None
    near: tuple[Match[Rule], ...]
    held: Match[Rule] | None

    @property
    def decision(self) -> Decision:
        """What is decided by rules and defaults alone."""
        if self.shown is None:
            return Decision(self.status, self.source, None, None, None)
        return Decision(self.status, self.source, self.shown.key.id, *self.reading.original_span(self.shown.start, self.shown.end))

    @property
    def cues(self) -> tuple[Match[Rule], ...]:
        """All cues that reach the mention."""
        return self.near if self.held is None else (*self.near, self.held)


def reaches(match: Match[Rule], span: tuple[int, int], words: Sequence[str]) -> bool:
    """Tell whether a cue reaches the mention at the token range ``span``, both in one sentence."""
    rule, (start, end) = match.key, span
    if (rule.direction == "before" and match.start >= end) or (rule.direction == "after" and match.end <= start):
        return False
    if rule.status == "ontkend" and match.end - match.start == 1 and start <= match.start < end:
        return False
    low, high = (match.end, start) if match.end <= start else (end, match.start)
    return (rule.reach is None or high - low <= rule.reach) and (not rule.stops or rule.stops.isdisjoint(words[low:high]))


class RuleReader:
    """Texts whose mentions are decided by rules, one by one; the cues are looked for once.

    Parameters
    ----------
    reading : Tokens
    rules : AssertionRules
    sections : list of Section
        What holds where no rule says otherwise.
    """

    def __init__(self, reading: Tokens, rules: AssertionRules, sections: list[Section]) -> None:
        self._reading, self._rules, self._sections = reading, rules, sections
        sizes = np.diff(reading.sentence_bounds)
        pieces = ranges(np.zeros(len(sizes), dtype=np.int64), -(-sizes // _SENTENCE)) * _SENTENCE
        pieces += np.repeat(reading.sentence_bounds[:-1], -(-sizes // _SENTENCE))
        bounds = np.append(pieces, len(reading))
        filled = ~np.logical_and.reduceat(reading.look_up(_BLANK), pieces) if len(pieces) else np.zeros(0, dtype=bool)
        filled |= not filled.any()
        self._starts, self._ends = pieces[filled].tolist(), bounds[1:][filled].tolist()
        # How many sentences end by the end of each text.
        self._lasts = np.searchsorted(bounds[1:][filled], reading.edges[1:], side="right").tolist()
        self._cues: dict[int, list[Match[Rule]]] = {}
        excepted: dict[int, list[Match[tuple[Rule, bool]]]] = {}
        found = rules.cues(reading, bounds)
        for match in found:
            if not match.key[1]:
                excepted.setdefault(bisect_right(self._ends, match.start), []).append(match)
        for (rule, counts), cue, start, end in found:
            if counts:
                sentence = bisect_right(self._ends, start)
                if not any(o.key[0] is rule and o.start < end and start < o.end for o in excepted.get(sentence, ())):
                    self._cues.setdefault(sentence, []).append(Match(rule, cue, start, end))
        self._refer = {n for n, matches in self._cues.items() if any(match.key.back for match in matches)}
        self._holding = [n for n, matches in self._cues.items() if any(match.key.scope == "section" for match in matches)]

    def __call__(self, span: tuple[int, int]) -> Said:
        """Decide status and source of the mention at a token range."""
        section = section_at(self._sections, span[0])
        default = section.default
        found = self._near(span)
        if found and default.status == "hypothetisch":
            found = [match for match in found if not match.key.soft]
        by_status = by_source = held = None
        if found:
            if len(found) > 1:
                found.sort(key=lambda match: _rank(match, span))
            counted = list(_flipped(found))
            by_status = next((match for match in counted if match.key.status), None)
            by_source = next((match for match in (by_status, *counted) if match and match.key.source), None)
        if by_status is None or by_source is None:
            held = self._held(span, section)
            if held is not None:
                by_status = by_status or (held if held.key.status else None)
                by_source = by_source or (held if held.key.source else None)
        source = (by_source and by_source.key.source) or default.source
        if by_status is None or by_status.key.status is None:
            return Said(self._reading, default.status, source, None, tuple(found), held)
        status = "vermoed" if by_status.key.status == "ontkend" and source in _PARTY else by_status.key.status
        return Said(self._reading, status, source, by_status, tuple(found), held)

    def _near(self, span: tuple[int, int]) -> list[Match[Rule]]:
        """Return the cues that reach a mention from its own sentence, and those behind it that refer back to it."""
        stop = self._lasts[self._reading.text_of(span[0])]
        first = min(bisect_right(self._ends, span[0]), stop - 1)
        last = first
        while last + 1 < stop and self._ends[last] < span[1]:
            last += 1
        words, found = self._reading.lower, list[Match[Rule]]()
        for sentence in range(first, last + 1):
            if sentence in self._cues:
                found += [match for match in self._cues[sentence] if not match.key.back and reaches(match, span, words)]
        for distance, sentence in enumerate(range(last + 1, min(last + 1 + self._rules.back, stop)), start=1):
            if sentence in self._refer:
                found += [match for match in self._cues[sentence] if match.key.back >= distance]
        return found

    def _held(self, span: tuple[int, int], section: Section) -> Match[Rule] | None:
        """Return the cue before the sentence of a mention that holds on, else the one that holds for the whole text."""
        before = bisect_left(self._holding, bisect_right(self._ends, span[0])) - 1
        if before >= 0:
            sentence = self._holding[before]
            if self._starts[sentence] >= section.start and span[0] - self._ends[sentence] <= _HOLD:
                match = next(match for match in reversed(self._cues[sentence]) if match.key.scope == "section")
                if match.key.reach is None or span[0] - match.end <= match.key.reach:
                    return match
        text = self._reading.text_of(span[0])
        return self._of_text.get(text) if section.start == self._reading.firsts[text] else None

    @cached_property
    def _of_text(self) -> dict[int, Match[Rule]]:
        """The cue that holds for each whole text."""
        found: dict[int, list[Match[Rule]]] = {}
        for match in self._rules.texts(self._reading):
            found.setdefault(self._reading.text_of(match.start), []).append(match)
        return {text: min(matches, key=lambda match: _rank(match, (match.start, match.end))) for text, matches in found.items()}


def _rank(match: Match[Rule], span: tuple[int, int]) -> tuple[int, int, int]:
    distance = max(match.start - span[1], span[0] - match.end, 0)
    return -match.key.priority, status_order()[match.key.status], distance


def _flipped(found: Sequence[Match[Rule]]) -> Iterator[Match[Rule]]:
    """Yield the cues that count: without a flip all but flips; with one, a denial that does not outrank it is left out."""
    flip = next((match for match in found if match.key.flip), None)
    denied = any(match.key.status == "ontkend" for match in found)
    for match in found:
        if match.key.flip:
            if denied:
                yield match
        elif not (flip and match.key.status == "ontkend" and match.key.priority <= flip.key.priority):
            yield match
