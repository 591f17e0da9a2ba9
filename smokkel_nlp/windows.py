"""Long texts are read in windows.

A judgment on five counts is about smuggling when one of them is; weighed as a whole, that count drowns in the others. So an offence is
told by the window of a long text that says most for it, less what it costs to have looked more than once.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from smokkel_nlp.features import Material
from smokkel_nlp.taxonomy import load_taxonomy

# Words of a window, half of which the next one shares, and the words over which a text is read in windows. Chosen, with the cost, on
# court texts put in the midst of other judgments, on long texts of the corpus dev part, and on false alarms in full judgments.
_WORDS, _LONG = 60, 250
# What looking at n windows costs: this times ln(n), in log odds.
_COST = 0.5
_ABSENT = -4.0


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
    ends = np.cumsum([sum(word is not None for word in sentence) for sentence in item.sentences])
    if not len(ends) or ends[-1] <= _LONG:
        return []
    starts = np.concatenate([[0], ends[:-1]])
    places = np.array([mention[4] for mention in item.mentions], dtype=np.int64)
    found, last = list[Window](), 0
    for at in np.arange(0, ends[-1], _WORDS / 2):
        first = min(int(np.searchsorted(starts, at)), len(ends) - 1)
        end = max(int(np.searchsorted(ends, at + _WORDS)) + 1, first + 1)
        if end > last:
            found.append(_window(item, first, end, np.flatnonzero((places >= first) & (places < end))))
            last = end
        if end >= len(ends):
            break
    return found


def _window(item: Material, first: int, end: int, inside: NDArray[np.int64]) -> Window:
    mentions = [item.mentions[number] for number in inside.tolist()]
    # How much a tag's best passage weighs is known of the text as a whole: it counts where one of the tag's mentions stands.
    held = {mention[0] for mention in mentions}
    scores = (score if tag in held else _ABSENT for tag, score in zip(load_taxonomy().tag_ids, item.scores, strict=False))
    moved = [(label, strength, status, source, sentence - first) for label, strength, status, source, sentence in mentions]
    part = Material(item.sentences[first:end], item.spans[first:end], moved, item.names, tuple(scores))
    return Window(part, first, tuple(inside.tolist()))


def pooled(odds: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the log odds of a text from those of its windows, shape (n_windows, n_labels): the best, less what many looks cost.

    Examples
    --------
    >>> pooled(np.array([[1.0, -2.0], [3.0, -2.0]])).round(2).tolist()
    [2.65, -2.35]
    """
    return np.asarray(odds.max(axis=0) - cost(len(odds)))


def cost(number: int) -> float:
    """Return what looking at a number of windows costs, in log odds."""
    return _COST * float(np.log(number))
