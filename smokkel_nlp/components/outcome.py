"""The status of an offence over a whole text: proven, alleged, shown, denied, or spoken of in general.

Learnt from documents: where and how the offence is named, the statuses of the methods, the sections, and the words.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from scipy.sparse import csr_matrix

from smokkel_nlp.components.weighing import Feature, Floats, Weights
from smokkel_nlp.content import Content
from smokkel_nlp.lexicon import Table
from smokkel_nlp.masks import load_masks
from smokkel_nlp.ragged import Ints, ranges

# So many words are its opening; what a word weighs in the text, and in its opening.
_OPENING, _WORD, _FIRST = 25, 0.5, 0.3


def wording(words: Sequence[str]) -> Iterator[Feature]:
    """Yield what the words of a text, masked, in order, say for the status of an offence.

    Examples
    --------
    >>> [f.name for f in wording(["vrijspraak"])]
    ['w=vrijspraak', 'f=vrijspraak']
    """
    counts = Counter(words)
    length = 1 + math.log(max(len(counts), 1))
    for word, count in counts.items():
        yield Feature(f"w={word}", _WORD * (1 + math.log(count)) / length)
    for word in dict.fromkeys(words[:_OPENING]):
        yield Feature(f"f={word}", _FIRST)


def setting(sections: Sequence[str], methods: Iterable[tuple[str, str]], named: Sequence[tuple[str, str]]) -> Iterator[Feature]:
    """Yield what else speaks for the status of one offence.

    Parameters
    ----------
    sections : sequence of str
        Ids of the sections of the text, in order; the first is its register.
    methods : iterable of (status, source)
        The mentions of modi operandi.
    named : sequence of (status, source)
        The mentions of the offence itself, in order.

    Examples
    --------
    >>> [f.name for f in setting(["vonnis"], [], [("ontkend", "rechter")])][:3]
    ['reg=vonnis', 'sec=vonnis', 'ns=ontkend:rechter']
    """
    for section in sections[:1]:
        yield Feature(f"reg={section}", 1.0)
    for section in dict.fromkeys(sections):
        yield Feature(f"sec={section}", 0.5)
    shown = Counter(methods)
    total = max(sum(shown.values()), 1)
    for status, count in Counter(status for status, _ in shown.elements()).items():
        yield Feature(f"t={status}", count / total)
    for (status, source), count in shown.items():
        yield Feature(f"ts={status}:{source}", count / total)
    for status, source in dict.fromkeys(named):
        yield Feature(f"ns={status}:{source}", 1.0)
    for status in dict.fromkeys(status for status, _ in named):
        yield Feature(f"n={status}", 1.0)
    if named:
        yield Feature(f"n0={named[0][0]}", 1.0)
        yield Feature(f"n9={named[-1][0]}", 1.0)
    else:
        yield Feature("none", 1.0)


class OutcomeWeigher:
    """Weights of outcomes, laid out by word, so that several texts are weighed at once.

    Parameters
    ----------
    weights : Weights
        Of the features that :func:`wording` and :func:`setting` name.
    """

    def __init__(self, weights: Weights) -> None:
        self._weights, masks = weights, load_masks()
        self._word = Table(lambda orth, lower: weights.index.get(f"w={masks(lower)}", -1), np.int64)
        self._first = Table(lambda orth, lower: weights.index.get(f"f={masks(lower)}", -1), np.int64)

    def __call__(self, content: Content, texts: Sequence[int], settings: Sequence[Iterable[Feature]]) -> list[str]:
        """Return statuses, given for each the text it is of, by number, and what is weighed beside the words of the text."""
        if not texts:
            return []
        asked = np.unique(np.array(texts, dtype=np.int64))
        scores = self._wording(content, asked)[np.searchsorted(asked, texts)]
        return [status for status, *_ in self._weights.choices(scores + self._weights.sums(settings) + self._weights.bias)]

    def _wording(self, content: Content, texts: Ints) -> Floats:
        """Return what the words of texts add, shape (n_texts, n_values)."""
        edges, size = content.reading.edges, len(self._weights.names)
        sizes = edges[texts + 1] - edges[texts]
        tokens, owners = ranges(edges[texts], sizes), np.repeat(np.arange(len(texts)), sizes)
        counted = content.counted[tokens]
        tokens, owners = tokens[counted], owners[counted]
        place = np.arange(len(tokens)) - np.searchsorted(owners, owners)
        numbers, words = content.reading.numbers[tokens], content.words
        said, opening = self._word(content.reading.words, numbers), self._first(content.reading.words, numbers)
        keys, counts = np.unique((owners * size + said)[said >= 0], return_counts=True)
        bounds = zip(edges[texts].tolist(), edges[texts + 1].tolist(), strict=True)
        many = np.array([max(len({*words[start:end]} - {None}), 1) for start, end in bounds])
        first = np.unique((owners * size + opening)[(opening >= 0) & (place < _OPENING)])
        keys, values = np.concatenate([keys, first]), np.concatenate([counts, np.zeros(len(first))])
        rows, columns = np.divmod(keys, size)
        values = np.where(values > 0, _WORD * (1 + np.log(np.maximum(values, 1))) / (1 + np.log(many))[rows], _FIRST)
        which = csr_matrix((values.astype(np.float32), (rows, columns)), shape=(len(texts), size))
        return np.asarray(which @ self._weights.matrix)
