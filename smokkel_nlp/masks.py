"""Words that no decision may rest on: origins and religions fall away, words of sex count as one, digits as one word."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from smokkel_nlp.taxonomy import read_toml, resource, take

NUMBER = "0"


@dataclass(frozen=True)
class Masks:
    """Words that are no feature, and words that count as another."""

    prefixes: tuple[str, ...]
    allowed: frozenset[str]
    neutral: Mapping[str, str]

    def __call__(self, word: str) -> str | None:
        """Return the word a lower-case token counts as, or None if it counts for nothing.

        Examples
        --------
        >>> masks = load_masks()
        >>> masks("vrouw"), masks("syrische"), masks("kelder"), masks("2019")
        ('persoon', None, 'kelder', '0')
        """
        if word in self.neutral:
            return self.neutral[word]
        if not any(character.isalnum() for character in word):
            return None
        if word[0].isdigit() and not word[-1].isalpha():
            return NUMBER
        if word.startswith(self.prefixes) and word not in self.allowed:
            return None
        return word


@lru_cache(maxsize=1)
def load_masks() -> Masks:
    """Load ``masks.toml``."""
    data = read_toml(resource("masks.toml"))
    prefixes = (*take(data, "origins", list, "masks.toml"), *take(data, "religions", list, "masks.toml"))
    return Masks(prefixes, frozenset(take(data, "allowed", list, "masks.toml")), take(data, "neutral", dict, "masks.toml"))
