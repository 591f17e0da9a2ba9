"""A lint for a user's own rules: cues that stand twice, say nothing new or never match, and examples that do not hold."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from spacy.language import Language

from smokkel_nlp.components.mentions import GROUPS
from smokkel_nlp.components.rule_lint import lint as lint_rules
from smokkel_nlp.content import shipped_names
from smokkel_nlp.cues import Cue, CueMatcher, Slot, fits
from smokkel_nlp.pipeline import add_rules, load
from smokkel_nlp.reading import read
from smokkel_nlp.taxonomy import Tag, load_taxonomy
from smokkel_nlp.userrules import UserRules, collect_user_rules


class Lint(NamedTuple):
    """What was found: a line for each problem, and what the file holds."""

    problems: tuple[str, ...]
    summary: str


class _Own(NamedTuple):
    """A cue that the user wrote, with the tag and list it stands in."""

    tag: Tag
    strength: str
    cue: Cue

    @property
    def place(self) -> str:
        return f"tag {self.tag.id}: {self.strength}: cue '{self.cue.text}'"


def lint(text: str, where: str) -> Lint:
    r"""Check a user's file and run its examples.

    Parameters
    ----------
    text : str
        Content of the file.
    where : str
        Its name, for messages.

    Raises
    ------
    TaxonomyError
        If it is not TOML.

    Examples
    --------
    >>> lint('[remove]\ntags = ["onderdak"]', "eigen_tags.toml").problems
    ()
    """
    own, problems = collect_user_rules(text, where)
    if not problems:
        nlp = load()
        nlp.disable_pipe("smokkel_classify")
        add_rules(nlp, text, where)
        found = [*_cues(own, nlp), *_tag_examples(own, nlp), *lint_rules(own.rules, own.own_rules)]
        problems = [f"{where}: {problem}" for problem in dict.fromkeys(found)]
    return Lint(tuple(problems), _summary(own))


def _summary(own: UserRules) -> str:
    changed = len(own.touched) - len(own.added) - len(own.replaced)
    tags = f"tags {len(own.added)} new, {changed} changed, {len(own.replaced)} replaced, {len(own.removed)} removed"
    rules = f"rules {len(own.own_rules)}, names {len(own.names)}, examples {len(own.examples) + 2 * len(own.own_rules)}"
    return f"{tags}; cues {len(_own_cues(own))}, {rules}; version {own.taxonomy.version}"


def _own_cues(own: UserRules) -> list[_Own]:
    shipped = {tag.id: tag for tag in load_taxonomy().tags if tag.id not in own.replaced}
    return [
        _Own(tag, strength, cue)
        for tag in own.touched
        for strength in ("strong", "weak")
        for cue in getattr(tag, strength)
        if cue not in getattr(shipped.get(tag.id), strength, ())
    ]


def _cues(own: UserRules, nlp: Language) -> Iterator[str]:
    """Yield what is wrong with the user's cues."""
    holders: dict[str, list[str]] = {}
    for tag in own.taxonomy.tags:
        for cue in (*tag.strong, *tag.weak):
            holders.setdefault(_plain(cue), []).append(tag.id)
    names, no_names = CueMatcher([*shipped_names(), *own.names]), CueMatcher[str]([])
    of_tag = {tag.id: _Cues(tag) for tag in own.touched}
    for item in _own_cues(own):
        if others := [tag for tag in holders[_plain(item.cue)] if tag != item.tag.id]:
            yield f"{item.place} stands under {others[0]} too, so that one passage would show both; keep one"
        if wider := of_tag[item.tag.id].wider(item.strength, item.cue):
            yield f"{item.place} fits only where '{wider.text}' does; remove it"
        yield from (f"{item.place} {problem}" for problem in _never(item.cue, nlp, names))
    for key, cue in own.names:
        yield from (f"names: {key}: '{cue.text}' {problem}" for problem in _never(cue, nlp, no_names))
    for rule in own.rules:
        for cue in (*rule.cues, *rule.unless) if rule.id in own.own_rules else ():
            yield from (f"rule {rule.id}: cue '{cue.text}' {problem}" for problem in _never(cue, nlp, no_names))


def _plain(cue: Cue) -> str:
    return " ".join(cue.text.lower().split())


class _Cues:
    """The cues of a tag, the strong ones first, indexed by their slots: so a cue is held against few others, however many there are."""

    def __init__(self, tag: Tag) -> None:
        self._cues: list[tuple[str, Cue]] = [(strength, cue) for strength in ("strong", "weak") for cue in getattr(tag, strength)]
        self._places = {key: place for place, key in enumerate(self._cues)}
        self._matcher = CueMatcher(enumerate(cue for _, cue in self._cues))
        counts = Counter(slot for slots in self._matcher.needs for slot in slots)
        self._by_rarest: dict[int, list[int]] = {}
        for place, slots in enumerate(self._matcher.needs):
            self._by_rarest.setdefault(min(slots, key=lambda slot: (counts[slot], slot)), []).append(place)

    def wider(self, strength: str, cue: Cue) -> Cue | None:
        """Return a cue that finds all that one of these does; of two alike the first stays."""
        place = self._places[strength, cue]
        for other in self._candidates(cue):
            kind, wide = self._cues[other]
            if other == place or (strength, kind) == ("strong", "weak") or not _covers(wide, cue):
                continue
            if other < place or kind != strength or not _covers(cue, wide):
                return wide
        return None

    def _candidates(self, cue: Cue) -> list[int]:
        """Return the places of the cues each of whose slots takes a word of this one: no other can fit wherever it does."""
        words = (slot.alternatives[0].strip("*") for part in cue.parts for slot in part)
        taken = frozenset().union(*map(self._matcher.slots_of, words))
        return sorted(place for slot in taken for place in self._by_rarest.get(slot, ()) if self._matcher.needs[place] <= taken)


def _covers(wide: Cue, narrow: Cue) -> bool:
    """Tell whether one cue surely fits wherever another does; only plain cases are seen."""
    if len(wide.parts) == 1:
        return any(_part_covers(wide.parts[0], part[start:]) for part in narrow.parts for start in range(len(part)))
    same = len(wide.parts) == len(narrow.parts) == 2
    return same and all(len(w) == len(n) and _part_covers(w, n) for w, n in zip(wide.parts, narrow.parts, strict=True))


def _part_covers(wide: Sequence[Slot], narrow: Sequence[Slot]) -> bool:
    """Tell whether a part fits wherever the first slots of another do."""
    if len(wide) > len(narrow):
        return False
    for place, (slot, other) in enumerate(zip(wide, narrow, strict=False)):
        if not all(any(_takes(w, n) for w in slot.alternatives) for n in other.alternatives):
            return False
        if place and slot.gap < other.gap:
            return False
        # The first word that fits in a gap is taken: a wider choice of words may take one that leads nowhere.
        if place and slot.gap and place < len(wide) - 1 and slot != other:
            return False
    return True


def _takes(wide: str, narrow: str) -> bool:
    """Tell whether a pattern accepts all words that another accepts."""
    stem = narrow.strip("*")
    if narrow.startswith("*") and not wide.startswith("*"):
        return False
    if narrow.endswith("*") and not wide.endswith("*"):
        return False
    return fits(wide, stem)


def _never(cue: Cue, nlp: Language, names: CueMatcher[str]) -> Iterator[str]:
    """Yield why a cue, or one of its words, matches in no text."""
    for slot in (slot for part in cue.parts for slot in part):
        for word in slot.alternatives:
            whole = re.sub(r"^\*|\*$", "x", word)
            read_as = read(nlp.make_doc(f"zij {whole} zij"), nlp.tokenizer).lower[1:-1]
            if read_as != [whole]:
                yield f"never matches with '{word}', which a text holds as '{' '.join(read_as)}'; write it as texts hold it"
    fixed = len(cue.parts) == 1 and all(slot.gap == 0 and "*" not in slot.alternatives[0] for slot in cue.parts[0])
    if fixed and all(len(slot.alternatives) == 1 for slot in cue.parts[0]) and names([slot.alternatives[0] for slot in cue.parts[0]]):
        yield "never matches: it is a name to leave alone, or holds one; take it out"


def _tag_examples(own: UserRules, nlp: Language) -> Iterator[str]:
    """Yield the sentences that should show their tag and do not, or the reverse; they are told by number, not quoted."""
    for example in own.examples:
        found = [span._.cue for span in nlp(example.text).spans[GROUPS["tag"]] if span.label_ == example.tag]
        place = f"tag {example.tag}: {example.key} no. {example.number}"
        if example.key == "fires" and not found:
            yield f"{place}: the tag is not found; add or widen a cue (a weak cue needs another cue or an offence nearby)"
        if example.key == "spares" and found:
            yield f"{place}: the tag is found by {found[0]}; narrow that cue"
