"""Rescoring: what a passage weighs in its company.

A sum of words weighs a passage as if it stood alone. Whether it shows a method is also seen from what stands around it: what the
passages beside it and the best other one of the text weigh for the same method, which other method it would show, and how much the text
tells of methods at all. These figures, with their squares and products, are weighed once more, with the same weights for every tag.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from smokkel_nlp.ragged import Ints

Floats = NDArray[np.float32]
FIGURES = ("own", "before", "after", "elsewhere", "together", "rival", "passages", "telling")
"""What is known of a passage and a tag, in log odds between -6 and 6: what it weighs for the tag; what the passages before and after it
weigh, -6 where there is none; what the best other passage of the text weighs, likewise; the logarithm of the summed odds of all passages
of the text, its own too; what the passage weighs for the best other tag. And of the text: the logarithm of the number of its passages, at
most 6, and what the best passages of its three best tags weigh on average."""
ABSENT = -9.0
"""What is given where a passage weighs so little that its company is not looked at."""
# Between these log odds a passage tells more or less; beyond, squares would run away.
_LEAST, _MOST = -6.0, 6.0
_BEST_TAGS = 3


class Company(NamedTuple):
    """The passages and tags that are weighed in their company.

    Parameters
    ----------
    passages, tags : array of int, shape (n_weighed,)
    figures : array of shape (n_weighed, n_figures)
    """

    passages: Ints
    tags: Ints
    figures: Floats


def company(scores: Floats, edges: Ints) -> Company:
    """Return the figures of passages, given their scores, shape (n_passages, n_tags), and where each text begins, and the end of the last.

    Examples
    --------
    >>> found = company(np.array([[1.0, -8, -8], [2, -8, -8]], dtype=np.float32), np.array([0, 2]))
    >>> found.passages.tolist(), found.tags.tolist(), dict(zip(FIGURES, found.figures[0].round(2).tolist()))["after"]
    ([0, 1], [0, 0], 2.0)
    """
    weighed = np.nonzero(scores > _LEAST)
    scores = np.clip(scores, _LEAST, _MOST)
    firsts, sizes = edges[:-1], np.diff(edges)
    firsts, sizes = firsts[sizes > 0], sizes[sizes > 0]
    text = np.repeat(np.arange(len(sizes)), sizes)
    before, after = np.full_like(scores, _LEAST), np.full_like(scores, _LEAST)
    before[1:], after[:-1] = scores[:-1], scores[1:]
    before[firsts] = after[firsts + sizes - 1] = _LEAST
    best = np.maximum.reduceat(scores, firsts, axis=0)
    is_best = scores == best[text]
    alone = is_best & (np.add.reduceat(is_best.astype(np.int64), firsts, axis=0) == 1)[text]
    elsewhere = np.where(alone, np.maximum.reduceat(np.where(is_best, _LEAST, scores), firsts, axis=0)[text], best[text])
    together = np.log(np.add.reduceat(np.exp(scores), firsts, axis=0))
    two = np.partition(scores, -2, axis=1)[:, -2:]
    rival = np.where(scores == two[:, 1:], two[:, :1], two[:, 1:])
    telling = np.partition(best, -_BEST_TAGS, axis=1)[:, -_BEST_TAGS:].mean(axis=1)
    passages, tags = weighed
    texts = text[passages]
    figures = (
        scores[weighed], before[weighed], after[weighed], elsewhere[weighed], together[texts, tags], rival[weighed],
        np.minimum(np.log(sizes), _MOST)[texts], telling[texts],
    )  # fmt: skip
    return Company(passages, tags, np.stack(figures, axis=1).astype(np.float32))


class Rescoring(NamedTuple):
    """Weights of the figures.

    Parameters
    ----------
    square : array of shape (n_figures, n_figures)
        Of the products of two figures.
    linear : array of shape (n_figures,)
    intercept : float
    """

    square: Floats
    linear: Floats
    intercept: float

    def __call__(self, scores: Floats, edges: Ints) -> Floats:
        """Return the scores of passages in their company, log odds of shape (n_passages, n_tags).

        Examples
        --------
        >>> same = Rescoring(np.zeros((8, 8)), np.eye(8)[0], 0.0)
        >>> same(np.array([[1.0, -8, -3]], dtype=np.float32), np.array([0, 1])).tolist()
        [[1.0, -9.0, -3.0]]
        """
        passages, tags, figures = company(scores, edges)
        rescored = np.full(scores.shape, ABSENT, dtype=np.float32)
        rescored[passages, tags] = ((figures @ self.square + self.linear) * figures).sum(axis=1) + self.intercept
        return rescored

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Return the weights as arrays by name."""
        return {"square": self.square, "linear": self.linear, "intercept": np.array([self.intercept])}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> Rescoring:
        """Build the weights from arrays by name; the inverse of :meth:`to_arrays`."""
        return cls(arrays["square"], arrays["linear"], float(arrays["intercept"][0]))
