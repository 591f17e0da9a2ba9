"""Runs of different lengths, one after another in one array: what numpy has no function for."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]


def ranges(starts: Ints, sizes: Ints) -> Ints:
    """Return the numbers of runs, given where each begins and how long it is.

    Examples
    --------
    >>> ranges(np.array([3, 10]), np.array([2, 3])).tolist()
    [3, 4, 10, 11, 12]
    """
    ends = np.cumsum(sizes)
    return np.asarray(np.arange(int(ends[-1]) if len(ends) else 0) + np.repeat(starts - (ends - sizes), sizes))


def distinct(values: Ints) -> Ints:
    """Return the distinct numbers in order, as ``np.unique`` does more slowly.

    Examples
    --------
    >>> distinct(np.array([3, 1, 3])).tolist()
    [1, 3]
    """
    values = np.sort(values)
    return np.asarray(values[np.diff(values, prepend=values[:1] - 1) > 0])


def first_maxima(values: NDArray[Any], sizes: Ints) -> Ints:
    """Return for each run, none of them empty, the place in the array of its greatest value, the first of equal ones.

    Examples
    --------
    >>> first_maxima(np.array([1, 5, 5, 2, 0]), np.array([3, 2])).tolist()
    [1, 3]
    """
    if not len(sizes):
        return np.zeros(0, dtype=np.int64)
    starts = np.cumsum(sizes) - sizes
    greatest = np.flatnonzero(values == np.repeat(np.maximum.reduceat(values, starts), sizes))
    return greatest[np.searchsorted(greatest, starts)]
