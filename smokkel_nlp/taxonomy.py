"""The knowledge of what there is to find: offences, legal elements, tags, and the values a record may hold.

Read from the TOML files in ``smokkel_nlp/resources``; every mistake is reported with file, entry and mend.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from smokkel_nlp.cues import Cue, parse_cue
from smokkel_nlp.errors import TaxonomyError

OFFENCE_IDS = ("mensensmokkel", "mensenhandel")


def class_of(smokkel: int, handel: int) -> str:
    """Return the class that two offence labels make.

    Examples
    --------
    >>> class_of(1, 1), class_of(0, 0)
    ('beide', 'geen')
    """
    return ("geen", "mensenhandel", "mensensmokkel", "beide")[2 * smokkel + handel]


def makes_tag(status: str, source: str, about_offence: bool) -> bool:
    """Tell whether a mention of this status and source makes its tag hold for the text.

    Asserted ones do, described methods do in a text about an offence; what only the defence says and statute text never do.

    Examples
    --------
    >>> makes_tag("vermoed", "om", False), makes_tag("hypothetisch", "overig", True), makes_tag("vermoed", "verdediging", True)
    (True, True, False)
    """
    asserted = status in ("bewezen", "feitelijk", "vermoed") or (status == "hypothetisch" and about_offence)
    return asserted and source not in ("verdediging", "wet")


@dataclass(frozen=True)
class Element:
    """One legal element (bestanddeel) of an offence: found through its own cues or through the tags that show it."""

    id: str
    name: str
    title: str
    article: str
    definition: str
    tags: tuple[str, ...]
    cues: tuple[Cue, ...]


@dataclass(frozen=True)
class Offence:
    """An offence label with its article, its elements, the names that texts give it, and words that hint at it."""

    id: str
    title: str
    article: str
    definition: str
    names: tuple[Cue, ...]
    hints: tuple[Cue, ...]
    elements: tuple[Element, ...]


@dataclass(frozen=True)
class Tag:
    """A modus operandi: Dutch name, English title, definition and the cues that point at it."""

    id: str
    family: str
    name: str
    title: str
    definition: str
    strong: tuple[Cue, ...]
    weak: tuple[Cue, ...]


@dataclass(frozen=True)
class Taxonomy:
    """Everything the resource files say, checked.

    Examples
    --------
    >>> taxonomy = load_taxonomy()
    >>> [offence.id for offence in taxonomy.offences]
    ['mensensmokkel', 'mensenhandel']
    >>> len(taxonomy.tags)
    24
    """

    version: str
    guideline: str
    offences: tuple[Offence, ...]
    tags: tuple[Tag, ...]
    vocabulary: Mapping[str, tuple[str, ...]]

    @property
    def tag_ids(self) -> tuple[str, ...]:
        """Tag names in the order of the file."""
        return tuple(tag.id for tag in self.tags)

    @property
    def labels(self) -> tuple[str, ...]:
        """Every label of the classifier: the two offences, then the tags."""
        return (*OFFENCE_IDS, *self.tag_ids)

    @property
    def elements(self) -> tuple[Element, ...]:
        """The legal elements of both offences."""
        return tuple(element for offence in self.offences for element in offence.elements)


def resource(name: str) -> Traversable:
    """Return a resource file of the package, wherever it is installed."""
    return files("smokkel_nlp").joinpath("resources", name)


def read_text(source: Traversable | Path) -> str:
    """Read a text file, with errors that name it.

    Raises
    ------
    TaxonomyError
        If the file cannot be read.
    """
    try:
        return source.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise TaxonomyError(f"{source.name}: cannot be read ({error.strerror}); check the path") from error
    except UnicodeDecodeError as error:
        raise TaxonomyError(f"{source.name}: not UTF-8 ({error.reason} at byte {error.start}); save it as UTF-8") from error


def parse_toml(text: str, where: str) -> dict[str, Any]:
    """Parse TOML, with errors that name the file.

    Raises
    ------
    TaxonomyError
        If it is not TOML.
    """
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise TaxonomyError(f"{where}: not valid TOML ({error}); mend that line") from error


def read_toml(source: Traversable | Path) -> dict[str, Any]:
    """Read a TOML file, with errors that name it.

    Raises
    ------
    TaxonomyError
        If the file cannot be read or is not TOML.
    """
    return parse_toml(read_text(source), source.name)


def nearest(item: str, known: Iterable[str]) -> str:
    """Return a mend for a name that is not among the known ones.

    Examples
    --------
    >>> nearest("stong", ["strong", "weak"])
    "did you mean 'strong'?"
    """
    names = list(known)
    close = get_close_matches(item, names, 1)
    return f"did you mean '{close[0]}'?" if close else f"use one of {', '.join(names)}"


def take(entry: Mapping[str, Any], key: str, kind: type[Any], where: str, default: Any = None) -> Any:
    """Return ``entry[key]`` checked for its type, or ``default`` where one is given.

    Raises
    ------
    TaxonomyError
        If the key is missing (and has no default) or holds another type.
    """
    value = entry.get(key, default)
    if value is None:
        raise TaxonomyError(f"{where}: '{key}' is missing; add {key} = ...")
    if not isinstance(value, kind) or (kind is list and not all(isinstance(item, str) for item in value)):
        wanted = "a list of strings" if kind is list else f"of type {kind.__name__}"
        raise TaxonomyError(f"{where}: '{key}' must be {wanted}, not {type(value).__name__}")
    return value


def parse_cues(texts: list[str], where: str) -> tuple[Cue, ...]:
    """Parse a list of cue lines.

    Raises
    ------
    TaxonomyError
        If one is malformed or stands twice; the message quotes the cue, which is knowledge and not case text.
    """
    seen: set[str] = set()
    cues: list[Cue] = []
    for text in texts:
        if text in seen:
            raise TaxonomyError(f"{where}: cue '{text}' stands twice; remove one")
        seen.add(text)
        try:
            cues.append(parse_cue(text))
        except ValueError as error:
            raise TaxonomyError(f"{where}: cue '{text}': {error}") from error
    return tuple(cues)


def _unique(items: list[str], where: str) -> None:
    for item in items:
        if items.count(item) > 1:
            raise TaxonomyError(f"{where}: id '{item}' stands twice; ids must differ")


def parse_tags(data: Mapping[str, Any], where: str) -> tuple[Tag, ...]:
    """Build the tags of a ``[[tag]]`` file, checked."""
    tags = []
    for number, entry in enumerate(data.get("tag", []), start=1):
        place = f"{where}: tag {entry.get('id', f'no. {number}')}"
        strong, weak = take(entry, "strong", list, place, []), take(entry, "weak", list, place, [])
        if both := sorted(set(strong) & set(weak)):
            raise TaxonomyError(f"{place}: cue '{both[0]}' is both strong and weak; keep one")
        fields = {key: take(entry, key, str, place) for key in ("id", "family", "name", "title", "definition")}
        tags.append(Tag(**fields, strong=parse_cues(strong, place), weak=parse_cues(weak, place)))
    _unique([tag.id for tag in tags], where)
    return tuple(tags)


def parse_offences(data: Mapping[str, Any], tag_ids: tuple[str, ...], where: str) -> tuple[Offence, ...]:
    """Build the offences and their elements, checked against the known tags."""
    offences = []
    for entry in data.get("offence", []):
        place = f"{where}: offence {entry.get('id', '?')}"
        elements = []
        for part in entry.get("element", []):
            spot = f"{place}: element {part.get('id', '?')}"
            tags = take(part, "tags", list, spot, [])
            for tag in tags:
                if tag not in tag_ids:
                    raise TaxonomyError(f"{spot}: tag '{tag}' is unknown; use an id of tags.toml")
            fields = {key: take(part, key, str, spot) for key in ("id", "name", "title", "article", "definition")}
            cues = parse_cues(take(part, "cues", list, spot, []), spot)
            elements.append(Element(**fields, tags=tuple(tags), cues=cues))
        fields = {key: take(entry, key, str, place) for key in ("id", "title", "article", "definition")}
        names, hints = (parse_cues(take(entry, key, list, place), place) for key in ("names", "hints"))
        offences.append(Offence(**fields, names=names, hints=hints, elements=tuple(elements)))
    if tuple(offence.id for offence in offences) != OFFENCE_IDS:
        raise TaxonomyError(f"{where}: the offences must be {', '.join(OFFENCE_IDS)}, in that order")
    _unique([element.id for offence in offences for element in offence.elements], where)
    return tuple(offences)


@lru_cache(maxsize=1)
def load_taxonomy() -> Taxonomy:
    """Load and check the taxonomy that ships with the package.

    Raises
    ------
    TaxonomyError
        If a resource file is damaged; the message names file, entry and mend.

    Examples
    --------
    >>> load_taxonomy().labels[:2]
    ('mensensmokkel', 'mensenhandel')
    """
    head = read_toml(resource("offences.toml"))
    tags = parse_tags(read_toml(resource("tags.toml")), "tags.toml")
    offences = parse_offences(head, tuple(tag.id for tag in tags), "offences.toml")
    values = read_toml(resource("vocabulary.toml"))
    vocabulary = {key: tuple(take(values, key, list, "vocabulary.toml")) for key in values}
    version, guideline = (take(head, key, str, "offences.toml") for key in ("version", "guideline"))
    return Taxonomy(version, guideline, offences, tags, vocabulary)
