"""Assertion: the status of each mention and who says so, with the words that decided it.

Rules are data (``assertion.toml``). Of several that reach a mention the status that stands first in the label contract wins
(ontkend > hypothetisch > historisch > bewezen > vermoed > feitelijk), unless a flip inverts a denial. Where no rule reaches
it, the section or the register of the text decides; a denial by suspect or defence stays ``vermoed``. What the rules say is then
weighed with the rest of the wording by learnt weights (:mod:`smokkel_nlp.components.weighing`), which have the last word.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

from spacy.language import Language
from spacy.tokens import Doc

from smokkel_nlp.components.mentions import GROUPS
from smokkel_nlp.components.sections import PLAIN, Default, Section, section_at, sections_of
from smokkel_nlp.components.weighing import FILES, MENTIONS, Feature, Lists, Surroundings, Weigher, Weights, clauses_of, unpack
from smokkel_nlp.cues import Cue, CueMatcher, Match
from smokkel_nlp.errors import TaxonomyError
from smokkel_nlp.reading import Reading, read
from smokkel_nlp.store import Stored
from smokkel_nlp.taxonomy import load_taxonomy, parse_cues, read_toml, resource, take

FILE = "assertion.toml"
WEIGHED = "gewogen"
DECIDED = ("status", "source", "rule", "rule_start", "rule_end")
_PARTY = ("verdachte", "verdediging")


@dataclass(frozen=True)
class Rule:
    """One rule: what it says, where its cue stands, how far it reaches, and a sentence where it fires and one it spares."""

    id: str
    status: str | None
    source: str | None
    direction: str
    scope: str
    reach: int | None
    flip: bool
    soft: bool
    cues: tuple[Cue, ...]
    unless: tuple[Cue, ...]
    fires: str
    spares: str


@dataclass(frozen=True)
class AssertionRules:
    """The rules of ``assertion.toml``, compiled; ``order`` ranks the statuses."""

    rules: tuple[Rule, ...]
    cues: CueMatcher[Rule]
    unless: CueMatcher[Rule]
    stops: frozenset[str]
    order: tuple[str, ...]
    lists: Lists


class Decision(NamedTuple):
    """What is decided of one mention, and the rule and the characters that decided.

    ``rule`` is None where a default holds, and ``gewogen`` where no rule but the wording decided.
    """

    status: str
    source: str
    rule: str | None
    start: int | None
    end: int | None


def parse_rules(data: Mapping[str, Any], where: str) -> tuple[Rule, ...]:
    """Build the rules of a ``[[rule]]`` file, checked.

    Raises
    ------
    TaxonomyError
        If a rule is wrong; the message names it and the mend.
    """
    words, rules = load_taxonomy().vocabulary, []
    for entry in data.get("rule", []):
        place = f"{where}: rule {entry.get('id', '?')}"
        known = (
            ("status", words["mention_statuses"]), ("source", words["sources"]),
            ("direction", ("before", "after", "both")), ("scope", ("clause", "sentence")),
        )  # fmt: skip
        for key, values in known:
            if entry.get(key, values[0]) not in values:
                raise TaxonomyError(f"{place}: {key} must be one of {', '.join(values)}")
        rules.append(
            Rule(
                id=take(entry, "id", str, place), status=entry.get("status"), source=entry.get("source"),
                direction=take(entry, "direction", str, place), scope=take(entry, "scope", str, place),
                reach=take(entry, "reach", int, place) if "reach" in entry else None,
                flip=take(entry, "flip", bool, place, False), soft=take(entry, "soft", bool, place, False),
                cues=parse_cues(take(entry, "cues", list, place), place), unless=parse_cues(take(entry, "unless", list, place, []), place),
                fires=take(entry, "fires", str, place), spares=take(entry, "spares", str, place),
            )
        )  # fmt: skip
    return tuple(rules)


def compile_rules(rules: Iterable[Rule]) -> AssertionRules:
    """Compile rules, with the word lists of ``assertion.toml``."""
    rules, data = tuple(rules), read_toml(resource(FILE))
    return AssertionRules(
        rules,
        CueMatcher((rule, cue) for rule in rules for cue in rule.cues),
        CueMatcher((rule, cue) for rule in rules for cue in rule.unless),
        frozenset(take(data, "stops", list, FILE)),
        tuple(load_taxonomy().vocabulary["mention_statuses"]),
        Lists(*(frozenset(take(data, key, list, FILE)) for key in ("actors", "negations", "stops"))),
    )


@lru_cache(maxsize=1)
def load_assertion_rules() -> AssertionRules:
    """Load and check ``assertion.toml``.

    Raises
    ------
    TaxonomyError
        If a rule is wrong; the message names it and the mend.
    """
    return compile_rules(parse_rules(read_toml(resource(FILE)), FILE))


def sentence_cues(reading: Reading, sentence: int, rules: AssertionRules) -> list[Match[Rule]]:
    """Return the assertion cues of a sentence, less those inside a phrase that the rule excepts."""
    start, end = reading.sentences[sentence]
    excepted = rules.unless(reading.lower, start, end)
    return [
        match
        for match in rules.cues(reading.lower, start, end)
        if not any(o.key is match.key and o.start < match.end and match.start < o.end for o in excepted)
    ]


def reaching(span: tuple[int, int], reading: Reading, cues: Sequence[Match[Rule]], rules: AssertionRules) -> list[Match[Rule]]:
    """Return the cues of a sentence that reach the mention at the token range ``span``."""
    return [match for match in cues if _reaches(match, span, reading, rules.stops)]


def _reaches(match: Match[Rule], span: tuple[int, int], reading: Reading, stops: frozenset[str]) -> bool:
    rule, (start, end) = match.key, span
    if match.start < end and start < match.end:  # the cue is part of the mention itself, or lies around it
        return match.start < start or rule.status != "ontkend"
    before = match.end <= start
    if rule.direction != "both" and (rule.direction == "before") != before:
        return False
    low, high = (match.end, start) if before else (end, match.start)
    if rule.reach is not None and high - low > rule.reach:
        return False
    return rule.scope == "sentence" or not stops.intersection(reading.lower[low:high])


def decide(span: tuple[int, int], reading: Reading, cues: Sequence[Match[Rule]], default: Default, rules: AssertionRules) -> Decision:
    """Decide status and source of the mention at the token range ``span`` from the cues of its sentence."""
    found = reaching(span, reading, cues, rules)
    found = [match for match in found if not (match.key.soft and default.status == "hypothetisch")]
    source = next((match.key.source for match in found if match.key.source), None) or default.source
    flips = [match for match in found if match.key.flip]
    if flips:
        found = [match for match in found if match.key.status != "ontkend"]
    ranked = sorted((match for match in found if match.key.status), key=lambda match: rules.order.index(match.key.status or ""))
    decider = flips[0] if flips else (ranked[0] if ranked else None)
    if decider is None or decider.key.status is None:
        return Decision(default.status, source, None, None, None)
    status = decider.key.status
    if decider.key.source:
        source = decider.key.source
    if status == "ontkend" and any(match.key.source in _PARTY for match in found):
        status = "vermoed"
        source = next(match.key.source for match in found if match.key.source in _PARTY) or source
    return Decision(status, source, decider.key.id, *_original(reading, decider))


def _original(reading: Reading, match: Match[Rule]) -> tuple[int, int]:
    return reading.original_span(match.start, match.end)


@dataclass
class Reader:
    """A text whose mentions are asserted one by one; what they share is worked out once."""

    reading: Reading
    rules: AssertionRules
    sections: list[Section]

    @classmethod
    def of(cls, reading: Reading, rules: AssertionRules | None = None) -> Reader:
        """Prepare a reading with the shipped rules, or others."""
        return cls(reading, rules or load_assertion_rules(), sections_of(reading))

    def __post_init__(self) -> None:
        register = self.sections[0].default.id if self.sections else PLAIN.id
        self._around = Surroundings(self.reading, register, self.rules.lists)
        self._cues: dict[int, list[Match[Rule]]] = {}

    def cues(self, token: int) -> list[Match[Rule]]:
        """Return the assertion cues of the sentence that holds a token."""
        sentence = self.reading.sentence_of(token)
        if sentence not in self._cues:
            self._cues[sentence] = sentence_cues(self.reading, sentence, self.rules)
        return self._cues[sentence]

    def reaching(self, span: tuple[int, int]) -> list[Match[Rule]]:
        """Return the cues that reach the mention at a token range."""
        return reaching(span, self.reading, self.cues(span[0]), self.rules)

    def by_rule(self, span: tuple[int, int]) -> Decision:
        """Decide by rules and defaults alone."""
        return decide(span, self.reading, self.cues(span[0]), section_at(self.sections, span[0]).default, self.rules)

    def facts(self, span: tuple[int, int], clause: tuple[int, int]) -> list[Feature]:
        """Return what is weighed for the mention at a token range besides the words around it."""
        by_rule = self.by_rule(span)
        rules = (match.key.id for match in self.reaching(span))
        section = section_at(self.sections, span[0]).default.id
        return self._around.facts(span, clause, section, rules, (by_rule.status, by_rule.source))

    def features(self, span: tuple[int, int]) -> list[Feature]:
        """Return by name what is weighed for the mention at a token range."""
        return list(self._around.describe(span, self.facts(span, clauses_of(*self._around.windows([span]))[0])))

    def decide(self, spans: Sequence[tuple[int, int]], weigher: Weigher) -> list[Decision]:
        """Decide mentions by weighing; a rule that says what was decided is shown, else the word that spoke most for it."""
        if not spans:
            return []
        weights, weighed = weigher.weights, weigher(self._around, spans)
        decisions = []
        for number, (span, clause) in enumerate(zip(spans, weighed.clauses, strict=True)):
            status, source = weights.choose(weighed.scores[number] + weights.sum(self.facts(span, clause)))
            agree = [
                match
                for match in self.reaching(span)
                if status == match.key.status or (match.key.status is None and source == match.key.source)
            ]
            if agree:
                best = min(agree, key=lambda match: (match.key.status is None, match.key.source != source))
                decisions.append(Decision(status, source, best.key.id, *_original(self.reading, best)))
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
