"""What the rules say of a mention by themselves.

Status and source are decided apart. The status is that of the rule that ranks first, the source that of the same rule, or of the first
that names one. A denial by suspect or defence is ``vermoed``: only the writer or the court denies. A word that denies inside a mention
belongs to what it names ("geen loon") and does not count; a phrase ("is niet gebleken") does.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import NamedTuple

from smokkel_nlp.components.rules import AssertionRules, Rule, status_order
from smokkel_nlp.components.sections import Default, Section, section_at
from smokkel_nlp.cues import Match
from smokkel_nlp.reading import Reading

_PARTY = ("verdachte", "verdediging")
# A text without sentence ends counts as sentences of this many tokens, and a rule holds on for at most so many: cost grows with the
# text, not with its square. No sentence of the corpus is that long.
_SENTENCE, _HOLD = 500, 100


class Decision(NamedTuple):
    """What is decided of one mention, and the rule and the characters that decided; ``rule`` is None where a default holds."""

    status: str
    source: str
    rule: str | None
    start: int | None
    end: int | None


class Said(NamedTuple):
    """What rules say of a mention: the decision, the cues that reach it from near, and the one that holds on from further away."""

    decision: Decision
    near: tuple[Match[Rule], ...]
    held: Match[Rule] | None

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
    """A text whose mentions are decided by rules, one by one; the cues of a sentence are looked for once.

    Parameters
    ----------
    reading : Reading
    rules : AssertionRules
    sections : list of Section
        What holds where no rule says otherwise.
    """

    def __init__(self, reading: Reading, rules: AssertionRules, sections: list[Section]) -> None:
        self._reading, self._rules, self._sections = reading, rules, sections
        pieces = [(part, min(part + _SENTENCE, end)) for start, end in reading.sentences for part in range(start, end, _SENTENCE)]
        self._sentences = [piece for piece in pieces if not all(word.isspace() for word in reading.lower[slice(*piece)])] or pieces
        self._ends = [end for _, end in self._sentences]
        self._cues: dict[int, list[Match[Rule]]] = {}

    def __call__(self, span: tuple[int, int]) -> Said:
        """Decide status and source of the mention at a token range."""
        default = section_at(self._sections, span[0]).default
        found = [match for match in self._near(span) if not (match.key.soft and default.status == "hypothetisch")]
        found.sort(key=lambda match: _rank(match, span))
        counted = list(_flipped(found))
        by_status = next((match for match in counted if match.key.status), None)
        by_source = next((match for match in (by_status, *counted) if match and match.key.source), None)
        held = None
        if by_status is None or by_source is None:
            held = self._held(span)
            if held is not None:
                by_status = by_status or (held if held.key.status else None)
                by_source = by_source or (held if held.key.source else None)
        return Said(self._decision(default, by_status, by_source), tuple(found), held)

    def _decision(self, default: Default, by_status: Match[Rule] | None, by_source: Match[Rule] | None) -> Decision:
        source = (by_source and by_source.key.source) or default.source
        if by_status is None or by_status.key.status is None:
            return Decision(default.status, source, None, None, None)
        status = "vermoed" if by_status.key.status == "ontkend" and source in _PARTY else by_status.key.status
        return Decision(status, source, by_status.key.id, *self._reading.original_span(by_status.start, by_status.end))

    def _of(self, sentence: int) -> list[Match[Rule]]:
        """Return the cues of a sentence, less those in a phrase that their rule excepts."""
        if sentence not in self._cues:
            found = self._rules.cues(self._reading.lower, *self._sentences[sentence])
            excepted = [match for match in found if not match.key[1]]
            self._cues[sentence] = [
                Match(match.key[0], match.cue, match.start, match.end)
                for match in found
                if match.key[1] and not any(o.key[0] is match.key[0] and o.start < match.end and match.start < o.end for o in excepted)
            ]
        return self._cues[sentence]

    def _near(self, span: tuple[int, int]) -> Iterator[Match[Rule]]:
        """Yield the cues that reach a mention from its own sentence, and those behind it that refer back to it."""
        first, last = (min(bisect_right(self._ends, token), len(self._ends) - 1) for token in (span[0], span[1] - 1))
        for sentence in range(first, last + 1):
            yield from (match for match in self._of(sentence) if not match.key.back and reaches(match, span, self._reading.lower))
        for distance, sentence in enumerate(range(last + 1, min(last + 1 + self._rules.back, len(self._ends))), start=1):
            yield from (match for match in self._of(sentence) if match.key.back >= distance)

    def _held(self, span: tuple[int, int]) -> Match[Rule] | None:
        """Return the cue before the sentence of a mention that holds on, else the one that holds for the whole text."""
        section = section_at(self._sections, span[0])
        for sentence in range(bisect_right(self._ends, span[0]) - 1, -1, -1):
            start, end = self._sentences[sentence]
            if start < section.start or span[0] - end > _HOLD:
                break
            match = next((match for match in reversed(self._of(sentence)) if match.key.scope == "section"), None)
            if match is not None:
                if match.key.reach is None or span[0] - match.end <= match.key.reach:
                    return match
                break
        return self._of_text if section.start == 0 else None

    @cached_property
    def _of_text(self) -> Match[Rule] | None:
        return min(self._rules.texts(self._reading), key=lambda match: _rank(match, (match.start, match.end)), default=None)


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
