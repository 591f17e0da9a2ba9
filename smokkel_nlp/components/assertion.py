"""Assertion: the status of each mention and who says so, with the words that decided it.

Rules find constructions (:mod:`smokkel_nlp.components.rules`). Where no rule reaches a mention, the section or the register of the text
decides. What the rules say is then weighed with the rest of the wording by learnt weights (:mod:`smokkel_nlp.components.weighing`),
which have the last word.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from spacy.language import Language
from spacy.tokens import Doc

from smokkel_nlp.components.mentions import GROUPS
from smokkel_nlp.components.rule_reader import Decision, RuleReader, Said
from smokkel_nlp.components.rules import FILE, AssertionRules, load_assertion_rules, read_rules
from smokkel_nlp.components.sections import PLAIN, Section, section_at, sections_of
from smokkel_nlp.components.weighing import FILES, MENTIONS, Feature, Lists, Surroundings, Weigher, Weights, clauses_of, unpack
from smokkel_nlp.reading import Batched, Tokens, read_all
from smokkel_nlp.store import Stored, shared
from smokkel_nlp.taxonomy import take

WEIGHED = "gewogen"
DECIDED = ("status", "source", "rule", "rule_start", "rule_end")


@lru_cache(maxsize=1)
def _lists() -> Lists:
    return Lists(*(frozenset(take(read_rules(), key, list, FILE)) for key in ("actors", "negations", "stops")))


@dataclass
class Reader:
    """Texts whose mentions are asserted; what they share is worked out once."""

    reading: Tokens
    rules: AssertionRules
    sections: list[Section]

    @classmethod
    def of(cls, reading: Tokens, rules: AssertionRules | None = None) -> Reader:
        """Prepare a reading with the shipped rules, or others."""
        return cls(reading, rules or load_assertion_rules(), sections_of(reading))

    def __post_init__(self) -> None:
        registers = [section_at(self.sections, edge).default.id if self.sections else PLAIN.id for edge in self.reading.firsts[:-1]]
        self._around = Surroundings(self.reading, registers, _lists())
        self._by_rule = RuleReader(self.reading, self.rules, self.sections)
        self._said: dict[tuple[int, int], Said] = {}

    def said(self, span: tuple[int, int]) -> Said:
        """Return what the rules say of the mention at a token range."""
        if span not in self._said:
            self._said[span] = self._by_rule(span)
        return self._said[span]

    def by_rule(self, span: tuple[int, int]) -> Decision:
        """Decide by rules and defaults alone."""
        return self.said(span).decision

    def facts(self, spans: Sequence[tuple[int, int]], clauses: Sequence[tuple[int, int]]) -> list[dict[str, float]]:
        """Return what is weighed for mentions at token ranges besides the words around them."""
        said = [
            (section_at(self.sections, span[0]).default.id, said.source, (match.key.id for match in said.near))
            for span, said in zip(spans, map(self.said, spans), strict=True)
        ]
        return self._around.facts(spans, clauses, said)

    def features(self, span: tuple[int, int]) -> list[Feature]:
        """Return by name what is weighed for the mention at a token range."""
        return list(self._around.describe(span, *self.facts([span], clauses_of(*self._around.windows([span])))))

    def decide(self, spans: Sequence[tuple[int, int]], weigher: Weigher) -> list[Decision]:
        """Decide mentions by weighing; a rule that says what was decided is shown, else the word that spoke most for it.

        ``rule`` is ``gewogen`` where no rule but the wording decided.
        """
        if not spans:
            return []
        weights, weighed = weigher.weights, weigher(self._around, spans)
        chosen = weights.choices(weighed.scores + weights.sums(facts.items() for facts in self.facts(spans, weighed.clauses)))
        decisions, asked = [], []
        for number, (span, (status, source)) in enumerate(zip(spans, chosen, strict=True)):
            agree = [
                match
                for match in self.said(span).cues
                if status == match.key.status or (match.key.status is None and source == match.key.source)
            ]
            if agree:
                best = min(agree, key=lambda match: (match.key.status is None, match.key.source != source))
                decisions.append(Decision(status, source, best.key.id, *self.reading.original_span(best.start, best.end)))
                continue
            decisions.append(Decision(status, source, None, None, None))
            if (status, source) != section_at(self.sections, span[0]).default[1:]:
                asked.append(number)
        columns = [weights.groups[0].index(decisions[number].status) for number in asked]
        for number, token in zip(asked, weighed.loudest(np.array(asked, dtype=np.int64), np.array(columns, dtype=np.int64)), strict=True):
            if token is not None:
                decisions[number] = Decision(*decisions[number][:2], WEIGHED, *self.reading.original_span(token, token + 1))
        return decisions


class AssertionComponent(Batched, Stored):
    """Fill in status, source and deciding cue of the mentions that an earlier component found."""

    names = FILES

    def __init__(self, nlp: Language) -> None:
        self._tokenizer = nlp.tokenizer
        self._weigher: Weigher | None = None

    @property
    def weigher(self) -> Weigher:
        """The weights in use."""
        if self._weigher is None:
            self.load_model(None)
        assert self._weigher is not None
        return self._weigher

    def use(self, weights: Weights) -> None:
        """Take weights."""
        self._weigher = Weigher(weights)

    def take_files(self, raw: Mapping[str, bytes], where: str) -> None:
        """Build the weights from the content of their files."""
        self._weigher = shared(MENTIONS, raw, lambda: Weigher(unpack(raw, MENTIONS)))

    def run(self, docs: Sequence[Doc]) -> None:
        """Assert the mentions of Docs."""
        reading = read_all(docs, self._tokenizer)
        groups = [
            (first, doc.spans[name])
            for doc, first in zip(docs, reading.firsts, strict=False)
            for name in GROUPS.values()
            if name in doc.spans and len(doc.spans[name])
        ]
        spans = [(first + data["tokens"][0], first + data["tokens"][1]) for first, group in groups for data in group.attrs.values()]
        if not spans:
            return
        decisions = iter(Reader.of(reading).decide(spans, self.weigher))
        for _, group in groups:
            group.attrs = {key: {**data, **dict(zip(DECIDED, next(decisions), strict=True))} for key, data in group.attrs.items()}


@Language.factory("smokkel_assertion", requires=["doc.spans"], assigns=["doc.spans"])
def create_assertion(nlp: Language, name: str) -> AssertionComponent:
    """Create the component that decides status and source of mentions."""
    return AssertionComponent(nlp)
