"""A user's own rules: a TOML file that adds, replaces or removes tags, cues, assertion rules and names.

=============  =========================================================================================================
entry          says
=============  =========================================================================================================
``[[tag]]``    a new tag, with the keys of ``tags.toml`` (``family`` may be left out) and two lists of sentences: ``fires``,
               in each of which it must be found, and ``spares``, in none of which it may. With ``replace = true`` and the
               id of a shipped tag its cues stand in place of the shipped ones; what is left out stays as shipped.
``[[change]]`` a shipped tag by ``id``: ``strong`` and ``weak`` are added to its cues, ``remove`` quotes the cues taken away;
               ``fires`` and ``spares`` as above, if wanted.
``[[rule]]``   a new assertion rule, with the keys of ``assertion.toml``; with ``replace = true`` in place of the shipped one.
``[remove]``   ``tags`` and ``rules``: ids of shipped ones that fall away.
``[names]``    further names to leave alone, with the keys of ``names.toml``.
=============  =========================================================================================================

What such rules do to the results is said in :mod:`smokkel_nlp.components.overlay`.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from difflib import get_close_matches
from typing import Any, NamedTuple

from smokkel_nlp.components.rules import Rule, load_assertion_rules, parse_rules
from smokkel_nlp.content import shipped_names
from smokkel_nlp.cues import Cue
from smokkel_nlp.errors import TaxonomyError
from smokkel_nlp.taxonomy import Tag, Taxonomy, load_taxonomy, nearest, parse_cues, parse_tags, parse_toml, take

MARK = "eigen"
"""Family of a tag that names none, and the sign in the version of the taxonomy that a user's rules are in use."""
_EXAMPLES = ("fires", "spares")
_TAG = tuple(field.name for field in fields(Tag))
_KEYS = {
    "tag": (*_TAG, *_EXAMPLES, "replace"),
    "change": ("id", "strong", "weak", "remove", *_EXAMPLES),
    "rule": (*(field.name for field in fields(Rule)), "replace"),
    "remove": ("tags", "rules"),
}
_ID = re.compile(r"[a-z][a-z0-9_]*")


class Example(NamedTuple):
    """A sentence of the file: whose, under which key, its number in that list, and the sentence."""

    tag: str
    key: str
    number: int
    text: str


@dataclass(frozen=True)
class UserRules:
    r"""A user's file, checked and laid over the shipped knowledge.

    Parameters
    ----------
    taxonomy : Taxonomy
        The shipped one less what the file removes, with what it adds; its version ends in ``+eigen.`` and eight digits of the SHA-256
        sum of the file.
    replaced : frozenset of str
        Shipped tags whose cues are all the user's.
    rules : tuple of Rule
        The shipped assertion rules less what the file removes, with what it adds.
    own_rules : frozenset of str
        Ids of the rules that are the user's.
    names : tuple of (str, Cue)
        The user's names to leave alone.
    examples : tuple of Example
        What the tags must find and spare.

    Examples
    --------
    >>> rules = parse_user_rules('[remove]\ntags = ["onderdak"]', "eigen_tags.toml")
    >>> rules.removed, rules.taxonomy.version.partition("+")[2]
    (('onderdak',), 'eigen.83b52634')
    """

    taxonomy: Taxonomy
    replaced: frozenset[str]
    rules: tuple[Rule, ...]
    own_rules: frozenset[str]
    names: tuple[tuple[str, Cue], ...]
    examples: tuple[Example, ...]

    @property
    def added(self) -> tuple[str, ...]:
        """Ids of the new tags."""
        return tuple(tag for tag in self.taxonomy.tag_ids if tag not in load_taxonomy().tag_ids)

    @property
    def removed(self) -> tuple[str, ...]:
        """Ids of the shipped tags that fall away."""
        return tuple(tag for tag in load_taxonomy().tag_ids if tag not in self.taxonomy.tag_ids)

    @property
    def touched(self) -> tuple[Tag, ...]:
        """The tags that are new or have other cues than they are shipped with."""
        shipped = {tag.id: tag for tag in load_taxonomy().tags}
        return tuple(tag for tag in self.taxonomy.tags if shipped.get(tag.id) != tag)


def parse_user_rules(text: str, where: str) -> UserRules:
    """Parse the content of a user's file.

    Parameters
    ----------
    text : str
        TOML.
    where : str
        Name of the file, for messages.

    Raises
    ------
    TaxonomyError
        If it is not TOML or something in it is wrong: a line for each mistake that names file, entry, key and mend.
    """
    rules, problems = collect_user_rules(text, where)
    if problems:
        raise TaxonomyError("\n".join(problems))
    return rules


def collect_user_rules(text: str, where: str) -> tuple[UserRules, list[str]]:
    """Parse a user's file as far as it goes; returns the rules and a line for each mistake.

    Raises
    ------
    TaxonomyError
        If it is not TOML.
    """
    data = parse_toml(text, where)
    problems: list[str] = []
    names = tuple(dict.fromkeys(key for key, _ in shipped_names()))
    _check_keys(data, (*_KEYS, "names"), where, problems)
    if not data:
        problems.append(f"{where}: holds nothing; add a [[tag]], [[change]] or [[rule]], or [remove] or [names]")
    gone = _table(data, "remove", _KEYS["remove"], where, problems)
    shipped = load_taxonomy()
    tags = _Merge({tag.id: tag for tag in shipped.tags}, f"{where}: remove tags", problems)
    tags.remove(gone.get("tags", []))
    examples: list[Example] = []
    replaced = set()
    for kind, build in (("tag", _tag), ("change", _change)):
        for place, entry in _entries(data, kind, where, problems):
            with _noting(problems):
                id_ = take(entry, "id", str, place)
                shown = _examples(entry, place, needed=kind == "tag" and id_ not in tags.shipped)
                tags.put(id_, build(entry, place, where, tags.shipped), place)
                examples += shown
                if kind == "tag" and id_ in tags.shipped:
                    replaced.add(id_)
    rules = _Merge({rule.id: rule for rule in load_assertion_rules().rules}, f"{where}: remove rules", problems)
    rules.remove(gone.get("rules", []))
    for place, entry in _entries(data, "rule", where, problems):
        with _noting(problems):
            rules.put(take(entry, "id", str, place), _rule(entry, place, where, rules.shipped), place)
    left_alone = [
        (key, cue) for key, texts in _table(data, "names", names, where, problems).items() for cue in _noted(texts, where, key, problems)
    ]
    version = f"{shipped.version}+{MARK}.{hashlib.sha256(text.encode()).hexdigest()[:8]}"
    merged = UserRules(
        replace(shipped, version=version, tags=tuple(tags.merged.values())),
        frozenset(replaced),
        tuple(rules.merged.values()),
        frozenset(rules.own),
        tuple(left_alone),
        tuple(examples),
    )
    return merged, problems


class _Merge:
    """Shipped things by id, of which some are removed and to which others are added or put in place."""

    def __init__(self, shipped: Mapping[str, Any], place: str, problems: list[str]) -> None:
        self.shipped, self.merged, self.own = shipped, dict(shipped), dict[str, str]()
        self._place, self._problems = place, problems

    def remove(self, ids: Iterable[str]) -> None:
        """Take away what has one of these ids."""
        for id_ in ids:
            if self.merged.pop(id_, None) is None:
                mend = "remove it once" if id_ in self.shipped else nearest(id_, self.shipped)
                self._problems.append(f"{self._place}: '{id_}' is not there; {mend}")

    def put(self, id_: str, item: Any, place: str) -> None:
        """Add or put in place what has this id."""
        if id_ in self.own:
            raise TaxonomyError(f"{place}: id '{id_}' stands twice (also in {self.own[id_]}); keep one entry")
        if id_ in self.shipped and id_ not in self.merged:
            raise TaxonomyError(f"{place}: id '{id_}' is also under [remove]; keep one of the two")
        self.merged[id_], self.own[id_] = item, place.split(": ", 1)[1]


@contextmanager
def _noting(problems: list[str]) -> Iterator[None]:
    try:
        yield
    except TaxonomyError as error:
        problems.append(str(error))


def _noted(texts: list[str], where: str, key: str, problems: list[str]) -> tuple[Cue, ...]:
    with _noting(problems):
        return parse_cues(texts, f"{where}: names {key}")
    return ()


def _check_keys(entry: Mapping[str, Any], known: tuple[str, ...], place: str, problems: list[str]) -> None:
    problems += [f"{place}: key '{key}' is unknown; {nearest(key, known)}" for key in entry if key not in known]


def _entries(data: Mapping[str, Any], kind: str, where: str, problems: list[str]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield the entries of one kind with their place, their keys checked."""
    entries = data.get(kind, [])
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        problems.append(f"{where}: '{kind}' must be entries under [[{kind}]], not {type(entries).__name__}; double the brackets")
        return
    for number, entry in enumerate(entries, start=1):
        place = f"{where}: {kind} {entry.get('id', f'no. {number}')}"
        _check_keys(entry, _KEYS[kind], place, problems)
        yield place, entry


def _table(data: Mapping[str, Any], kind: str, known: tuple[str, ...], where: str, problems: list[str]) -> dict[str, list[str]]:
    """Return the lists of a table of which every key holds one."""
    table = data.get(kind, {})
    if not isinstance(table, dict):
        problems.append(f"{where}: '{kind}' must be one table [{kind}], not {type(table).__name__}; use single brackets")
        return {}
    _check_keys(table, known, f"{where}: {kind}", problems)
    found = {}
    for key in known:
        with _noting(problems):
            found[key] = take(table, key, list, f"{where}: {kind}", [])
    return found


def _examples(entry: Mapping[str, Any], place: str, needed: bool) -> list[Example]:
    found = []
    for key in _EXAMPLES:
        sentences = take(entry, key, list, place, [])
        if needed and not sentences:
            what = "in which it must be found" if key == "fires" else "that looks like it and in which it may not"
            raise TaxonomyError(f"{place}: '{key}' is missing; add {key} = [...] with a sentence {what}")
        found += [Example(entry["id"], key, number, sentence) for number, sentence in enumerate(sentences, start=1)]
    return found


def _is_replacing(entry: Mapping[str, Any], place: str, shipped: Mapping[str, Any], also: str) -> bool:
    """Tell whether an entry stands in place of a shipped one; its id and its ``replace`` must agree."""
    id_, replacing = entry["id"], take(entry, "replace", bool, place, False)
    if replacing and id_ not in shipped:
        raise TaxonomyError(f"{place}: replace, but '{id_}' is not shipped; {nearest(id_, shipped)} or leave out replace")
    if not replacing and id_ in shipped:
        raise TaxonomyError(f"{place}: id '{id_}' is shipped; choose another, or set replace = true to stand in its place{also}")
    return bool(replacing)


def _tag(entry: Mapping[str, Any], place: str, where: str, shipped: Mapping[str, Tag]) -> Tag:
    taken = {*load_taxonomy().labels, *(element.id for element in load_taxonomy().elements)} - set(shipped)
    if not _ID.fullmatch(entry["id"]) or entry["id"] in taken:
        why = "is an offence or a legal element" if entry["id"] in taken else "is no id"
        raise TaxonomyError(f"{place}: id '{entry['id']}' {why}; choose another, of small letters, digits and _, that starts with a letter")
    head = {"family": MARK}
    if _is_replacing(entry, place, shipped, ", or use [[change]] to add or remove cues"):
        head = {key: getattr(shipped[entry["id"]], key) for key in ("family", "name", "title", "definition")}
    [tag] = parse_tags({"tag": [{**head, **{key: entry[key] for key in _TAG if key in entry}}]}, where)
    if not tag.strong and not tag.weak:
        raise TaxonomyError(f"{place}: has no cue; add strong = [...]")
    return tag


def _change(entry: Mapping[str, Any], place: str, where: str, shipped: Mapping[str, Tag]) -> Tag:
    tag = shipped.get(entry["id"])
    if tag is None:
        raise TaxonomyError(f"{place}: id '{entry['id']}' is not shipped; {nearest(entry['id'], shipped)} or add it under [[tag]]")
    remove = take(entry, "remove", list, place, [])
    added = {key: parse_cues(take(entry, key, list, place, []), place) for key in ("strong", "weak")}
    held = [cue.text for cue in (*tag.strong, *tag.weak)]
    for text in remove:
        if text not in held:
            raise TaxonomyError(
                f"{place}: remove: cue '{text}' is not there; quote a cue of {tag.id} exactly, the nearest is "
                f"'{get_close_matches(text, held, 1, 0.0)[0]}'"
            )
    kept = {key: tuple(cue for cue in getattr(tag, key) if cue.text not in remove) for key in added}
    for cue in (*added["strong"], *added["weak"]):
        if any(cue.text == other.text for other in (*kept["strong"], *kept["weak"])):
            raise TaxonomyError(f"{place}: cue '{cue.text}' is shipped; leave it out, or remove it as well to change its strength")
    if both := {cue.text for cue in added["strong"]} & {cue.text for cue in added["weak"]}:
        raise TaxonomyError(f"{place}: cue '{min(both)}' is both strong and weak; keep one")
    if not remove and not added["strong"] and not added["weak"]:
        raise TaxonomyError(f"{place}: changes nothing; add strong, weak or remove")
    changed = replace(tag, strong=kept["strong"] + added["strong"], weak=kept["weak"] + added["weak"])
    if not changed.strong and not changed.weak:
        raise TaxonomyError(f"{place}: remove leaves no cue; name the tag under [remove] instead")
    return changed


def _rule(entry: Mapping[str, Any], place: str, where: str, shipped: Mapping[str, Rule]) -> Rule:
    _is_replacing(entry, place, shipped, "")
    [rule] = parse_rules([{key: value for key, value in entry.items() if key != "replace"}], where)
    return rule
