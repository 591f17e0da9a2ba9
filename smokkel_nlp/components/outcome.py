"""The status of an offence over a whole text: proven, alleged, shown, denied, or spoken of in general.

Learnt from documents: where and how the offence is named, the statuses of the methods, the sections, and the words.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from smokkel_nlp.components.weighing import Feature

_OPENING = 25


def describe_outcome(
    words: Sequence[str], sections: Sequence[str], methods: Iterable[tuple[str, str]], named: Sequence[tuple[str, str]]
) -> Iterator[Feature]:
    """Yield what speaks for the status of one offence.

    Parameters
    ----------
    words : sequence of str
        The words of the text, masked, in order.
    sections : sequence of str
        Ids of its sections, in order; the first is the register of the text.
    methods : iterable of (status, source)
        The mentions of modi operandi.
    named : sequence of (status, source)
        The mentions of the offence itself, in order.

    Examples
    --------
    >>> [f.name for f in describe_outcome(["vrijspraak"], ["vonnis"], [], [("ontkend", "rechter")])][:3]
    ['w=vrijspraak', 'f=vrijspraak', 'reg=vonnis']
    """
    counts = Counter(words)
    length = 1 + math.log(max(len(counts), 1))
    for word, count in counts.items():
        yield Feature(f"w={word}", 0.5 * (1 + math.log(count)) / length)
    for word in dict.fromkeys(words[:_OPENING]):
        yield Feature(f"f={word}", 0.3)
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
