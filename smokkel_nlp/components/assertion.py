"""Assertion: the status of each mention and who says so, with the words that decided it.

Rules are data (``assertion.toml``). Of several that reach a mention the status that stands first in the label contract wins
(ontkend > hypothetisch > historisch > bewezen > vermoed > feitelijk), unless a flip inverts a denial. Where no rule reaches
it, the section or the register of the text decides; a denial by suspect or defence stays ``vermoed``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

from spacy.language import Language
from spacy.tokens import Doc

from smokkel_nlp.components.mentions import GROUPS
from smokkel_nlp.components.sections import Default, Section, find_sections, load_section_rules, section_at
from smokkel_nlp.cues import Cue, CueMatcher, Match
from smokkel_nlp.errors import TaxonomyError
from smokkel_nlp.reading import Reading, read
from smokkel_nlp.taxonomy import load_taxonomy, parse_cues, read_toml, resource, take

FILE = "assertion.toml"
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


class Decision(NamedTuple):
    """What the rules say of one mention; ``rule`` is None where a default holds."""

    status: str
    source: str
    rule: str | None
    start: int | None
    end: int | None


@lru_cache(maxsize=1)
def load_assertion_rules() -> AssertionRules:
    """Load and check ``assertion.toml``.

    Raises
    ------
    TaxonomyError
        If a rule is wrong; the message names it and the mend.
    """
    data, words = read_toml(resource(FILE)), load_taxonomy().vocabulary
    rules = []
    for entry in data.get("rule", []):
        where = f"{FILE}: rule {entry.get('id', '?')}"
        known = (
            ("status", words["mention_statuses"]), ("source", words["sources"]),
            ("direction", ("before", "after", "both")), ("scope", ("clause", "sentence")),
        )  # fmt: skip
        for key, values in known:
            if entry.get(key, values[0]) not in values:
                raise TaxonomyError(f"{where}: {key} must be one of {', '.join(values)}")
        rules.append(
            Rule(
                id=take(entry, "id", str, where), status=entry.get("status"), source=entry.get("source"),
                direction=take(entry, "direction", str, where), scope=take(entry, "scope", str, where), reach=entry.get("reach"),
                flip=take(entry, "flip", bool, where, False), soft=take(entry, "soft", bool, where, False),
                cues=parse_cues(take(entry, "cues", list, where), where), unless=parse_cues(take(entry, "unless", list, where, []), where),
                fires=take(entry, "fires", str, where), spares=take(entry, "spares", str, where),
            )
        )  # fmt: skip
    return AssertionRules(
        tuple(rules),
        CueMatcher((rule, cue) for rule in rules for cue in rule.cues),
        CueMatcher((rule, cue) for rule in rules for cue in rule.unless),
        frozenset(take(data, "stops", list, FILE)),
        tuple(words["mention_statuses"]),
    )


def sentence_cues(reading: Reading, sentence: int, rules: AssertionRules) -> list[Match[Rule]]:
    """Return the assertion cues of a sentence, less those inside a phrase that the rule excepts."""
    start, end = reading.sentences[sentence]
    excepted = rules.unless(reading.lower, start, end)
    return [
        match
        for match in rules.cues(reading.lower, start, end)
        if not any(o.key is match.key and o.start < match.end and match.start < o.end for o in excepted)
    ]


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
    reaching = [match for match in cues if _reaches(match, span, reading, rules.stops)]
    reaching = [match for match in reaching if not (match.key.soft and default.status == "hypothetisch")]
    source = next((match.key.source for match in reaching if match.key.source), None) or default.source
    flips = [match for match in reaching if match.key.flip]
    if flips:
        reaching = [match for match in reaching if match.key.status != "ontkend"]
    ranked = sorted((match for match in reaching if match.key.status), key=lambda match: rules.order.index(match.key.status or ""))
    decider = flips[0] if flips else (ranked[0] if ranked else None)
    if decider is None or decider.key.status is None:
        return Decision(default.status, source, None, None, None)
    status = decider.key.status
    if decider.key.source:
        source = decider.key.source
    if status == "ontkend" and any(match.key.source in _PARTY for match in reaching):
        status = "vermoed"
        source = next(match.key.source for match in reaching if match.key.source in _PARTY) or source
    return Decision(status, source, decider.key.id, *_original(reading, decider))


def _original(reading: Reading, match: Match[Rule]) -> tuple[int, int]:
    return reading.original_span(match.start, match.end)


class AssertionComponent:
    """Fill in status, source and deciding cue of the mentions that an earlier component found."""

    def __init__(self, nlp: Language) -> None:
        self._tokenizer = nlp.tokenizer
        self._rules = load_assertion_rules()
        self._sections = load_section_rules()

    def __call__(self, doc: Doc) -> Doc:
        """Assert the mentions of a Doc."""
        groups = [doc.spans[name] for name in GROUPS.values() if name in doc.spans and len(doc.spans[name])]
        if not groups:
            return doc
        reading = read(doc, self._tokenizer)
        sections = find_sections(reading, self._sections)
        cues: dict[int, list[Match[Rule]]] = {}
        for group in groups:
            group.attrs = {key: self._assert(data, reading, sections, cues) for key, data in group.attrs.items()}
        return doc

    def _assert(
        self, data: Mapping[str, Any], reading: Reading, sections: list[Section], cues: dict[int, list[Match[Rule]]]
    ) -> dict[str, Any]:
        start, end = data["tokens"]
        sentence = reading.sentence_of(start)
        if sentence not in cues:
            cues[sentence] = sentence_cues(reading, sentence, self._rules)
        decision = decide((start, end), reading, cues[sentence], section_at(sections, start).default, self._rules)
        status, source, rule, rule_start, rule_end = decision
        return {**data, "status": status, "source": source, "rule": rule, "rule_start": rule_start, "rule_end": rule_end}


@Language.factory("smokkel_assertion", requires=["doc.spans"], assigns=["doc.spans"])
def create_assertion(nlp: Language, name: str) -> AssertionComponent:
    """Create the component that decides status and source of mentions."""
    return AssertionComponent(nlp)
