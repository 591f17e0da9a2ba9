"""Assertion: the status of each mention and who says so, with the words that decided it.

Rules find constructions (:mod:`smokkel_nlp.components.rules`). Where no rule reaches a mention, the section or the register of the text
decides. What the rules say is then weighed with the rest of the wording by learnt weights (:mod:`smokkel_nlp.components.weighing`),
which have the last word.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from spacy.language import Language
from spacy.tokens import Doc

from smokkel_nlp.components.mentions import GROUPS
from smokkel_nlp.components.rule_reader import Decision, RuleReader, Said
from smokkel_nlp.components.rules import FILE, AssertionRules, load_assertion_rules, read_rules
from smokkel_nlp.components.sections import PLAIN, Section, section_at, sections_of
from smokkel_nlp.components.weighing import FILES, MENTIONS, Feature, Lists, Surroundings, Weigher, Weights, clauses_of, unpack
from smokkel_nlp.reading import Reading, read
from smokkel_nlp.store import Stored
from smokkel_nlp.taxonomy import take

WEIGHED = "gewogen"
DECIDED = ("status", "source", "rule", "rule_start", "rule_end")


@lru_cache(maxsize=1)
def _lists() -> Lists:
    return Lists(*(frozenset(take(read_rules(), key, list, FILE)) for key in ("actors", "negations", "stops")))


@dataclass
class Reader:
    """A text whose mentions are asserted; what they share is worked out once."""

    reading: Reading
    rules: AssertionRules
    sections: list[Section]

    @classmethod
    def of(cls, reading: Reading, rules: AssertionRules | None = None) -> Reader:
        """Prepare a reading with the shipped rules, or others."""
        return cls(reading, rules or load_assertion_rules(), sections_of(reading))

    def __post_init__(self) -> None:
        register = self.sections[0].default.id if self.sections else PLAIN.id
        self._around = Surroundings(self.reading, register, _lists())
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

    def facts(self, span: tuple[int, int], clause: tuple[int, int]) -> list[Feature]:
        """Return what is weighed for the mention at a token range besides the words around it."""
        said = self.said(span)
        section = section_at(self.sections, span[0]).default.id
        return self._around.facts(span, clause, section, (match.key.id for match in said.near), said.decision.source)

    def features(self, span: tuple[int, int]) -> list[Feature]:
        """Return by name what is weighed for the mention at a token range."""
        return list(self._around.describe(span, self.facts(span, clauses_of(*self._around.windows([span]))[0])))

    def decide(self, spans: Sequence[tuple[int, int]], weigher: Weigher) -> list[Decision]:
        """Decide mentions by weighing; a rule that says what was decided is shown, else the word that spoke most for it.

        ``rule`` is ``gewogen`` where no rule but the wording decided.
        """
        if not spans:
            return []
        weights, weighed = weigher.weights, weigher(self._around, spans)
        decisions = []
        for number, (span, clause) in enumerate(zip(spans, weighed.clauses, strict=True)):
            status, source = weights.choose(weighed.scores[number] + weights.sum(self.facts(span, clause)))
            agree = [
                match
                for match in self.said(span).cues
                if status == match.key.status or (match.key.status is None and source == match.key.source)
            ]
            if agree:
                best = min(agree, key=lambda match: (match.key.status is None, match.key.source != source))
                decisions.append(Decision(status, source, best.key.id, *self.reading.original_span(best.start, best.end)))
                continue
            token = None
            if (status, source) != section_at(self.sections, span[0]).default[1:]:
                token = weighed.loudest(number, weights.groups[0].index(status))
            shown = (None, None, None) if token is None else (WEIGHED, *self.reading.original_span(token, token + 1))
            decisions.append(Decision(status, source, *shown))
        return decisions


class AssertionComponent(Stored):
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
        self.use(unpack(raw, MENTIONS))

    def __call__(self, doc: Doc) -> Doc:
        """Assert the mentions of a Doc."""
        groups = [doc.spans[name] for name in GROUPS.values() if name in doc.spans and len(doc.spans[name])]
        if not groups:
            return doc
        spans = [(data["tokens"][0], data["tokens"][1]) for group in groups for data in group.attrs.values()]
        decisions = iter(Reader.of(read(doc, self._tokenizer)).decide(spans, self.weigher))
        for group in groups:
            group.attrs = {key: {**data, **dict(zip(DECIDED, next(decisions), strict=True))} for key, data in group.attrs.items()}
        return doc


@Language.factory("smokkel_assertion", requires=["doc.spans"], assigns=["doc.spans"])
def create_assertion(nlp: Language, name: str) -> AssertionComponent:
    """Create the component that decides status and source of mentions."""
    return AssertionComponent(nlp)
