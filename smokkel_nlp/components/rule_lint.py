"""What is wrong with assertion rules that parse: rules that never decide, cues given twice, examples that do not hold."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import combinations, permutations

import spacy

from smokkel_nlp.components.rule_reader import RuleReader
from smokkel_nlp.components.rules import EXAMPLES, SCOPES, Rule, compile_rules, status_order, unmark
from smokkel_nlp.components.sections import PLAIN, Section
from smokkel_nlp.cues import Cue, CueMatcher
from smokkel_nlp.reading import read


def lint(rules: Sequence[Rule], only: Collection[str] | None = None) -> list[str]:
    """Return what is wrong with rules, a line each, naming the rule and the mend.

    Found are ids and cues that stand twice, cues that their own rule excepts, cues that another rule shadows (it ranks higher, has the
    same cue and at least its reach), and examples that do not hold. What does not parse is an error of
    :func:`smokkel_nlp.components.rules.parse_rules` already.

    Parameters
    ----------
    rules : sequence of Rule
        All that decide together: a user's rules with the shipped ones they stand beside.
    only : collection of str or None
        Ids of the rules to report on; None reports on all.

    Examples
    --------
    >>> from smokkel_nlp.components.rules import load_assertion_rules, parse_rules
    >>> lint(load_assertion_rules().rules)
    []
    >>> entry = {"id": "x", "status": "vermoed", "cues": ["naar men zegt"], "unless": ["men zegt"], "fires": "[[x]]", "spares": "[[x]]"}
    >>> for line in lint(parse_rules([entry], "eigen.toml")):
    ...     print(line)
    rule x: 'men zegt' excepts every 'naar men zegt'; remove one
    rule x: does not decide on its example 'fires'; mend the example or the rule
    """
    found = [*_twice(rules), *_excepted(rules), *_shadowed(rules), *_examples(rules, only)]
    return [f"rule {id_}: {problem}" for id_, problem in found if only is None or id_ in only]


def _holders(rules: Sequence[Rule]) -> Mapping[Cue, list[Rule]]:
    """Return the rules that have each cue, in their order: only those are held against each other, however many rules there are."""
    holders: dict[Cue, list[Rule]] = {}
    for rule in rules:
        for cue in dict.fromkeys(rule.cues):
            holders.setdefault(cue, []).append(rule)
    return holders


def _twice(rules: Sequence[Rule]) -> Iterator[tuple[str, str]]:
    for id_, count in Counter(rule.id for rule in rules).items():
        if count > 1:
            yield id_, f"stands {count} times; ids must differ"
    for cue, having in _holders(rules).items():
        for one, other in combinations(having, 2):
            if (one.direction, one.scope, one.back) == (other.direction, other.scope, other.back):
                yield other.id, f"cue '{cue.text}' stands in rule {one.id} too, with the same direction and scope; remove one"


def _excepted(rules: Sequence[Rule]) -> Iterator[tuple[str, str]]:
    for rule in rules:
        matcher = CueMatcher(enumerate(rule.unless))
        for cue in rule.cues if rule.unless else ():
            found = [{match.key for match in matcher(words)} for words in _instances(cue)]
            for number in sorted(set.intersection(*found)):
                yield rule.id, f"'{rule.unless[number].text}' excepts every '{cue.text}'; remove one"


def _instances(cue: Cue) -> Iterator[list[str]]:
    """Yield the shortest texts in which a cue is found, with each of its alternatives in one of them."""
    slots = [slot for part in cue.parts for slot in part]
    for turn in range(max(len(slot.alternatives) for slot in slots)):
        yield [slot.alternatives[turn % len(slot.alternatives)].strip("*") for slot in slots]


def _shadowed(rules: Sequence[Rule]) -> Iterator[tuple[str, str]]:
    for cue, having in _holders(rules).items():
        for one, other in permutations(having, 2):
            says_all = one.status is not None and (one.source is not None or other.source is None) and not one.flip and not one.soft
            if says_all and _rank(one) > _rank(other) and _wider(one, other):
                yield other.id, f"cue '{cue.text}' never decides: rule {one.id} has it too and ranks higher; remove one"


def _rank(rule: Rule) -> tuple[int, int]:
    return rule.priority, -status_order()[rule.status]


def _wider(one: Rule, other: Rule) -> bool:
    """Tell whether a rule reaches every mention that the other reaches from the same cue."""
    return (
        one.direction in ("both", other.direction)
        and (one.scope == "document") == (other.scope == "document")
        and SCOPES.index(one.scope) >= SCOPES.index(other.scope)
        and one.stops <= other.stops
        and (one.reach is None or (other.reach is not None and one.reach >= other.reach))
        and (one.back > 0) == (other.back > 0)
        and one.back >= other.back
        and set(one.unless) <= set(other.unless)
    )


def _examples(rules: Sequence[Rule], only: Collection[str] | None) -> Iterator[tuple[str, str]]:
    compiled, nlp = compile_rules(rules), spacy.blank("nl")
    for rule in rules:
        for kind in EXAMPLES if only is None or rule.id in only else ():
            text, start, end = unmark(getattr(rule, kind), rule.id)
            reading = read(nlp.make_doc(text), nlp.tokenizer)
            said = RuleReader(reading, compiled, [Section(0, len(reading.lower), PLAIN)])(reading.tokens_of(start, end))
            reached = any(match.key is rule for match in said.cues)
            decides = reached and (said.decision.rule == rule.id if rule.status else said.decision.source == rule.source)
            if kind == "fires" and not decides:
                yield rule.id, "does not decide on its example 'fires'; mend the example or the rule"
            if kind == "spares" and reached:
                yield rule.id, "reaches its example 'spares'; mend the example or the rule"
