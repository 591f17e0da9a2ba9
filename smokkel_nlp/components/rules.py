"""Assertion rules: the language they are written in, checked and compiled.

A rule is data (``assertion.toml``): cues in the surroundings of a mention, how far they reach, and the status or source they give.

==================  ======================================================================================================================
key                 meaning
==================  ======================================================================================================================
``id``              its name, shown with what it decides
``status, source``  what it says of the mentions it reaches; at least one of them
``cues``            what it looks for; ``{om}`` stands for the alternatives of the word class ``om`` of ``[words]``
``unless``          phrases in which a cue does not count
``direction``       ``before``: the cue begins before the mention ends; ``after``: it ends after the mention begins; ``both`` (default)
``scope``           ``clause`` (default): up to a word of ``stops``; ``sentence``; ``section``: its sentence, and what follows, 100 tokens
                    at most, where nothing there says otherwise, until the next such cue or a heading; ``document``: the whole text,
                    where no heading and nothing near says otherwise
``stops``           words that end its reach; a clause ends at the list of the file where the rule has none of its own
``reach``           how many tokens may stand between cue and mention
``back``            it refers back: it reaches that many sentences before its own, and not its own ("daarvan is niets gebleken")
``priority``        the higher wins, 0 by default; among equals the order of the label contract (ontkend > hypothetisch > historisch >
                    bewezen > vermoed > feitelijk), then the nearest
``flip``            inverts a denial: decides only where something denies the mention, and that denial then does not count
``soft``            says little in a text that speaks of what may happen: does not count where the default is hypothetisch
``fires, spares``   a text in which it decides on the passage in ``[[ ]]``, and one in which it does not reach that passage
==================  ======================================================================================================================
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cached_property, lru_cache
from typing import Any

from smokkel_nlp.cues import Cue, CueMatcher
from smokkel_nlp.errors import TaxonomyError
from smokkel_nlp.reading import Finder
from smokkel_nlp.taxonomy import load_taxonomy, nearest, parse_cues, read_toml, resource, take

FILE = "assertion.toml"
EXAMPLES = ("fires", "spares")
DIRECTIONS = ("before", "after", "both")
SCOPES = ("clause", "sentence", "section", "document")
_CLASS = re.compile(r"\{([^{}]*)\}")
# Keys that would say nothing.
_IDLE = {
    "scope = 'document'": ("unless", "direction", "stops", "reach", "back", "flip", "soft"),
    "back": ("direction", "scope", "stops", "reach"),
}


@dataclass(frozen=True)
class Rule:
    """One rule; its keys are explained at the head of this module."""

    id: str
    status: str | None
    source: str | None
    cues: tuple[Cue, ...]
    unless: tuple[Cue, ...]
    direction: str
    scope: str
    stops: frozenset[str]
    reach: int | None
    back: int
    priority: int
    flip: bool
    soft: bool
    fires: str
    spares: str


@lru_cache(maxsize=1)
def status_order() -> Mapping[str | None, int]:
    """Return the rank of each status in the label contract, and last that of None."""
    return {status: rank for rank, status in enumerate((*load_taxonomy().vocabulary["mention_statuses"], None))}


_KEYS = tuple(field.name for field in fields(Rule))


@dataclass(frozen=True)
class AssertionRules:
    """Rules, compiled.

    Parameters
    ----------
    rules : tuple of Rule
    cues : Finder
        Cues and exceptions of the rules for a sentence, each with its rule and whether it counts or excepts.
    texts : Finder
        Cues of the rules for a whole text.
    """

    rules: tuple[Rule, ...]
    cues: Finder[tuple[Rule, bool]]
    texts: Finder[Rule]

    @cached_property
    def back(self) -> int:
        """How many sentences the farthest rule refers back."""
        return max((rule.back for rule in self.rules), default=0)


def compile_rules(rules: Iterable[Rule]) -> AssertionRules:
    """Compile rules."""
    rules = tuple(rules)
    near = [rule for rule in rules if rule.scope != "document"]
    cues = [((rule, counts), cue) for rule in near for counts, cues in ((True, rule.cues), (False, rule.unless)) for cue in cues]
    texts = [(rule, cue) for rule in rules if rule.scope == "document" for cue in rule.cues]
    return AssertionRules(rules, Finder(CueMatcher(cues)), Finder(CueMatcher(texts)))


@lru_cache(maxsize=1)
def read_rules() -> Mapping[str, Any]:
    """Read ``assertion.toml``."""
    return read_toml(resource(FILE))


@lru_cache(maxsize=1)
def load_assertion_rules() -> AssertionRules:
    """Load, check and compile the rules that ship with the package.

    Raises
    ------
    TaxonomyError
        If a rule is wrong; the message names it and the mend.
    """
    return compile_rules(parse_rules(read_rules().get("rule", []), FILE))


def parse_rules(entries: Iterable[Mapping[str, Any]], where: str) -> tuple[Rule, ...]:
    """Build rules from the entries of a ``[[rule]]`` list, checked.

    Word classes and the words that end a clause are those of the package.

    Parameters
    ----------
    entries : iterable of mapping
    where : str
        Name of the file, for errors.

    Raises
    ------
    TaxonomyError
        If an entry is wrong; the message names file, rule and mend.

    Examples
    --------
    >>> (rule,) = parse_rules(
    ...     [{"id": "x", "source": "om", "cues": ["{om}"], "fires": "De officier: [[x]].", "spares": "[[x]]."}], "eigen.toml"
    ... )
    >>> rule.scope, "maar" in rule.stops
    ('clause', True)
    """
    return tuple(_parse(entry, f"{where}: rule {entry.get('id', f'no. {number}')}") for number, entry in enumerate(entries, start=1))


def _parse(entry: Mapping[str, Any], where: str) -> Rule:
    for key in entry:
        _check(key, _KEYS, "key", where)
    vocabulary = load_taxonomy().vocabulary
    status, source = entry.get("status"), entry.get("source")
    scope, direction = entry.get("scope", "clause"), entry.get("direction", "both")
    known = (("status", status, vocabulary["mention_statuses"]), ("source", source, vocabulary["sources"]))
    for key, value, values in (*known, ("scope", scope, SCOPES), ("direction", direction, DIRECTIONS)):
        if value is not None:
            _check(value, values, key, where)
    for having, keys in _IDLE.items():
        if ("back" in entry if having == "back" else scope == "document") and (idle := [key for key in keys if key in entry]):
            raise TaxonomyError(f"{where}: '{idle[0]}' means nothing beside {having}; remove it")
    if status is None and source is None:
        raise TaxonomyError(f"{where}: says nothing; add status = ... or source = ...")
    for kind in EXAMPLES:
        unmark(take(entry, kind, str, where), f"{where}: {kind}")
    return Rule(
        id=take(entry, "id", str, where),
        status=status,
        source=source,
        cues=_cues(take(entry, "cues", list, where), where),
        unless=_cues(take(entry, "unless", list, where, []), where),
        direction=direction,
        scope=scope,
        stops=frozenset(take(entry, "stops", list, where, read_rules()["stops"] if scope == "clause" else [])),
        reach=take(entry, "reach", int, where) if "reach" in entry else None,
        back=take(entry, "back", int, where, 0),
        priority=take(entry, "priority", int, where, 0),
        flip=take(entry, "flip", bool, where, False),
        soft=take(entry, "soft", bool, where, False),
        fires=take(entry, "fires", str, where),
        spares=take(entry, "spares", str, where),
    )


def _check(value: str, values: Sequence[str], what: str, where: str) -> None:
    if value not in values:
        raise TaxonomyError(f"{where}: {what} '{value}' is unknown; {nearest(str(value), values)}")


def _cues(texts: Iterable[str], where: str) -> tuple[Cue, ...]:
    """Parse cues, word classes written out."""
    words: Mapping[str, str] = read_rules()["words"]

    def alternatives(found: re.Match[str]) -> str:
        _check(found[1], tuple(words), "word class", where)
        return words[found[1]]

    return parse_cues([_CLASS.sub(alternatives, text) for text in texts], where)


def unmark(sentence: str, place: str) -> tuple[str, int, int]:
    """Return an example of an assertion rule without its marks, and the character range of the passage they enclose.

    Raises
    ------
    TaxonomyError
        If not exactly one passage is marked.

    Examples
    --------
    >>> unmark("Hij werd niet [[gedwongen]].", "eigen_tags.toml: rule eigen.niet: fires")
    ('Hij werd niet gedwongen.', 14, 23)
    """
    parts = re.fullmatch(r"(.*?)\[\[(.+?)\]\](.*)", sentence, re.DOTALL)
    if parts is None or "[[" in parts[3]:
        raise TaxonomyError(f"{place}: must mark one passage; put [[ and ]] around the words the rule speaks of")
    return "".join(parts.groups()), len(parts[1]), len(parts[1]) + len(parts[2])
