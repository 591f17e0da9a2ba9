"""Which colours passages are marked with: one pair for each group of tags that mean something alike, in light and in dark."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from smokkel_nlp.errors import TaxonomyError
from smokkel_nlp.taxonomy import read_toml, resource, take

OWN = "eigen"
"""The group of tags that a user added."""

_FILE = "colours.toml"


@dataclass(frozen=True)
class Group:
    """Tags that share colours: ``light`` and ``dark`` are a background and the colour of the text on it."""

    id: str
    name: str
    tags: tuple[str, ...]
    light: tuple[str, str]
    dark: tuple[str, str]


@dataclass(frozen=True)
class Colours:
    """The groups, in the order of the file.

    Examples
    --------
    >>> colours = load_colours()
    >>> colours.group_of("transport_land"), colours.group_of("drone_verkenning")
    ('vervoer', 'eigen')
    """

    groups: tuple[Group, ...]

    def group_of(self, tag: str) -> str:
        """Return the id of the group of a tag; that of a user's own tags where it is in none."""
        return next((group.id for group in self.groups if tag in group.tags), OWN)

    def css(self) -> str:
        """Return rules that colour the class ``g-ID`` of each group, by the scheme the reader asks for."""
        light, dark = ("".join(map(_rule, self.groups, (getattr(group, scheme) for group in self.groups))) for scheme in ("light", "dark"))
        return f"{light}@media (prefers-color-scheme: dark){{{dark}}}\n"


def _rule(group: Group, pair: tuple[str, str]) -> str:
    return f".g-{group.id}{{background-color:{pair[0]};color:{pair[1]}}}"


@lru_cache(maxsize=1)
def load_colours() -> Colours:
    """Load the colours that ship with the package.

    Raises
    ------
    TaxonomyError
        If the file is damaged; the message names the entry and the mend.
    """
    groups = []
    for number, entry in enumerate(read_toml(resource(_FILE)).get("group", []), start=1):
        place = f"{_FILE}: group {entry.get('id', f'no. {number}')}"
        groups.append(Group(take(entry, "id", str, place), take(entry, "name", str, place), tuple(take(entry, "tags", list, place)),
                            _pair(entry, "light", place), _pair(entry, "dark", place)))
    return Colours(tuple(groups))


def _pair(entry: dict[str, Any], key: str, place: str) -> tuple[str, str]:
    pair = take(entry, key, list, place)
    if len(pair) != 2:
        raise TaxonomyError(f"{place}: '{key}' must be [background, text]")
    return pair[0], pair[1]
