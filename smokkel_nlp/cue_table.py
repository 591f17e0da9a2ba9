"""Which cues may stand in which stretches of text, for many stretches at once: a table of stretches by slots."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from smokkel_nlp.cues import CueMatcher
from smokkel_nlp.ragged import Ints, distinct, ranges


class CueTable:
    """The slots of the cues of a matcher, as arrays.

    Parameters
    ----------
    matcher : CueMatcher
    """

    def __init__(self, matcher: CueMatcher[Any]) -> None:
        keyed = [matcher.by_key.get(number, []) for number in range(matcher.n_slots)]
        self._sizes = np.array([len(cues) for cues in keyed], dtype=np.int64)
        self._firsts = np.cumsum(self._sizes) - self._sizes
        self._keyed = np.array([cue for cues in keyed for cue in cues], dtype=np.int64)
        most = max(map(len, matcher.needs), default=0)
        # The slots a cue needs, a row a cue; the rows are as long as the longest, filled up with a slot that is there already.
        rows = [[*needs, *[min(needs)] * (most - len(needs))] for needs in matcher.needs]
        self._needed = np.array(rows, dtype=np.int64).reshape(len(rows), most)

    def __call__(self, stretches: Ints, slots: Ints) -> tuple[Ints, Ints, NDArray[np.bool_]]:
        """Return which cues may stand in which stretches of text, since these hold words for all their slots.

        Parameters
        ----------
        stretches, slots : array of int, shape (n_words,)
            The stretch that a word stands in, from 0 on, and a slot that it fits.

        Returns
        -------
        stretches, cues : array of int, shape (n_pairs,)
            In order.
        asked : array of bool, shape (n_words,)
            Which of the words a cue that may stand there needs.
        """
        width = len(self._sizes)
        present = np.zeros((int(stretches.max(initial=-1)) + 1, width), dtype=bool)
        present[stretches, slots] = True
        keys = self._sizes[slots] > 0
        within, keyed = np.divmod(distinct(stretches[keys] * width + slots[keys]), width)
        sizes = self._sizes[keyed]
        cues = self._keyed[ranges(self._firsts[keyed], sizes)]
        within = np.repeat(within, sizes)
        for column in range(self._needed.shape[1]):
            held = present[within, self._needed[cues, column]]
            within, cues = within[held], cues[held]
        needed = np.zeros_like(present)
        needed[within[:, None], self._needed[cues]] = True
        return within, cues, needed[stretches, slots]
