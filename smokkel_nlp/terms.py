"""What is counted of words: the words, pairs of neighbours, and the letters inside them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable, Mapping, Sequence
from itertools import pairwise

from smokkel_nlp.text import letter_grams

_GRAMS = (4, 5, 6)
_LETTERS = range(7, 51)


def grams(word: str) -> list[str]:
    """Return the n-grams of letters inside a long word, its edges marked; none of a word too long to be one.

    Examples
    --------
    >>> grams("smokkel")[:3]
    ['<smo', 'smok', 'mokk']
    """
    return letter_grams(word, _LETTERS, _GRAMS)


def built_of(word: str, known: Container[str]) -> bool:
    """Tell whether a word is known or holds a known word of five letters or more, as compounds do and names do not.

    Examples
    --------
    >>> built_of("smokkelroute", {"smokkel"}), built_of("annemarie", {"smokkel"})
    (True, False)
    """
    if word in known or len(word) >= _LETTERS.stop:
        return word in known
    return any(word[i:j] in known for i in range(len(word) - 4) for j in range(i + 5, len(word) + 1))


def letters_of(word: str, known: Container[str], index: Mapping[str, int]) -> list[int]:
    """Return the columns of the letters inside a word, given the known words and the columns of the n-grams."""
    return [index[gram] for gram in grams(word) if gram in index] if built_of(word, known) else []


def pairs(sentence: Sequence[str | None]) -> Iterable[str]:
    """Return the pairs of neighbouring words, none across a masked word."""
    return (f"{a} {b}" for a, b in pairwise(sentence) if a is not None and b is not None)


def keep_frequent(documents: Iterable[Iterable[str]], least: int, most: float) -> dict[str, tuple[int, int]]:
    """Return the terms that occur in at least ``least`` documents and in a share of at most ``most``: term -> (index, count)."""
    counts: Counter[str] = Counter()
    total = 0
    for document in documents:
        counts.update(set(document))
        total += 1
    kept = sorted(term for term, count in counts.items() if count >= least and count <= most * total)
    return {term: (index, counts[term]) for index, term in enumerate(kept)}


def terms_of(sentences: Iterable[Sequence[str | None]]) -> Iterable[str]:
    """Yield the words and the pairs of words of sentences, masked ones left out."""
    for sentence in sentences:
        yield from (word for word in sentence if word is not None)
        yield from pairs(sentence)
