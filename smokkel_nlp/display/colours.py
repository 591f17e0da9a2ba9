"""The colours of marked passages: one pair for a light page and one for a dark, per group of labels that mean something alike."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from smokkel_nlp.errors import TaxonomyError
from smokkel_nlp.taxonomy import read_toml, resource, take

_FILE = "colours.toml"


@dataclass(frozen=True)
class Colours:
    """Labels that share a colour; ``light`` and ``dark`` are (background, ink)."""

    id: str
    name: str
    labels: tuple[str, ...]
    light: tuple[str, str]
    dark: tuple[str, str]


@dataclass(frozen=True)
class Palette:
    """The page, a quieter ink on it (light, dark), and the groups; the last group takes every label that none names."""

    page: Colours
    quiet: tuple[str, str]
    groups: tuple[Colours, ...]

    def of(self, label: str) -> Colours:
        """Return the group of an offence, a tag or a legal element.

        Examples
        --------
        >>> load_palette().of("transport_land").id, load_palette().of("tag_of_mine").id
        ('vervoer', 'eigen')
        """
        return next((group for group in self.groups if label in group.labels), self.groups[-1])


@lru_cache(maxsize=1)
def load_palette() -> Palette:
    """Load the colours that ship with the package.

    Raises
    ------
    TaxonomyError
        If the file is damaged; the message names the entry and the mend.

    Examples
    --------
    >>> load_palette().groups[0].name
    'vervoer en onderdak'
    """
    data = read_toml(resource(_FILE))
    page = take(data, "page", dict, _FILE)
    quiet = (take(page, "quiet_light", str, f"{_FILE}: page"), take(page, "quiet_dark", str, f"{_FILE}: page"))
    groups = tuple(_group(entry, f"{_FILE}: group {entry.get('id', '?')}") for entry in data.get("group", ()))
    return Palette(_group({"id": "page", "name": "page", **page}, f"{_FILE}: page"), quiet, groups)


def _group(entry: dict[str, Any], where: str) -> Colours:
    light, dark = (take(entry, key, list, where) for key in ("light", "dark"))
    for pair in (light, dark):
        if len(pair) != 2:
            raise TaxonomyError(f"{where}: a pair of colours is [background, ink], not {len(pair)} colours; mend it")
    return Colours(
        take(entry, "id", str, where),
        take(entry, "name", str, where),
        tuple(take(entry, "labels", list, where, [])),
        tuple(light),
        tuple(dark),
    )
