"""Long texts are read in windows.

A judgment on five counts is about smuggling when one of them is; weighed as a whole, that count drowns in the others. So an offence is
told by the window of a long text that says most for it, less what it costs to have looked more than once.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from smokkel_nlp.features import Material
from smokkel_nlp.ragged import Ints
from smokkel_nlp.taxonomy import load_taxonomy

# Words of a window, half of which the next one shares, and the words over which a text is read in windows. Chosen, with the cost, on
# court texts put in the midst of other judgments, on long texts of the corpus dev part, and on false alarms in full judgments.
_WORDS, _LONG = 60, 250
# What looking at n windows costs: this times ln(n), in log odds.
_COST = 0.2
ABSENT = -4.0
"""What the best passage of a tag weighs in a window in which no mention of the tag stands."""


class Window(NamedTuple):
    """A stretch of sentences as a text of its own.

    Parameters
    ----------
    item : Material
    first : int
        Its first sentence, counted in the whole text.
    mentions : tuple of int
        Which mentions of the whole text stand in it.
    """

    item: Material
    first: int
    mentions: tuple[int, ...]


def windows_of(item: Material) -> list[Window]:
    """Divide a long text; none for a text that is read as a whole.

    Examples
    --------
    >>> windows_of(Material([["hij", "reed", "weg"]], [(0, 12)], []))
    []
    >>> [window.first for window in windows_of(Material([["hij", "reed"] * 15] * 10, [(0, 1)] * 10, []))]
    [0, 1, 2, 3, 4, 5, 6, 7, 8]
    """
    lengths = np.array([sum(word is not None for word in sentence) for sentence in item.sentences], dtype=np.int64)
    return [window(item, first, end) for first, end in zip(*(edges.tolist() for edges in cut(lengths)), strict=True)]


def cut(lengths: Ints) -> tuple[Ints, Ints]:
    """Return the half-open ranges of sentences of the windows of a text, given the words of its sentences; none for a short text.

    Examples
    --------
    >>> [edges.tolist() for edges in cut(np.array([100, 100, 100]))]
    [[0, 1, 2], [1, 2, 3]]
    """
    ends = np.cumsum(lengths)
    if not len(ends) or ends[-1] <= _LONG:
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
    at = np.arange(0, ends[-1], _WORDS / 2)
    first = np.minimum(np.searchsorted(ends - lengths, at), len(ends) - 1)
    end = np.minimum(np.maximum(np.searchsorted(ends, at + _WORDS) + 1, first + 1), len(ends))
    # A window that ends where one before it did adds nothing.
    kept = end > np.concatenate([[0], np.maximum.accumulate(end)[:-1]])
    return first[kept], end[kept]


def window(item: Material, first: int, end: int) -> Window:
    """Return the sentences ``[first, end)`` of a text as a text of its own."""
    inside = [number for number, mention in enumerate(item.mentions) if first <= mention[4] < end]
    mentions = [item.mentions[number] for number in inside]
    # How much a tag's best passage weighs is known of the text as a whole: it counts where one of the tag's mentions stands.
    held = {mention[0] for mention in mentions}
    scores = (score if tag in held else ABSENT for tag, score in zip(load_taxonomy().tag_ids, item.scores, strict=False))
    moved = [(label, strength, status, source, sentence - first) for label, strength, status, source, sentence in mentions]
    part = Material(item.sentences[first:end], item.spans[first:end], moved, item.names, tuple(scores))
    return Window(part, first, tuple(inside))


def pooled(odds: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the log odds of a text from those of its windows, shape (n_windows, n_labels): the best, less what many looks cost.

    Examples
    --------
    >>> pooled(np.array([[1.0, -2.0], [3.0, -2.0]])).round(2).tolist()
    [2.86, -2.14]
    """
    return np.asarray(odds.max(axis=0) - cost(len(odds)))


def cost(number: int) -> float:
    """Return what looking at a number of windows costs, in log odds."""
    return _COST * float(np.log(number))
