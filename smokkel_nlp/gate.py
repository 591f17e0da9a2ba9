"""What the offences add to the tags: a text about an offence tells its methods, another one hardly does."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

# Beyond these log odds an offence is sure either way, and says no more for or against a tag.
_REACH = 6.0


def gated(mentions: NDArray[np.float64], offence_odds: NDArray[np.float64], gate: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return what own mentions and the offences add to the tags.

    Parameters
    ----------
    mentions : array of shape (n_texts, n_tags, n_kinds)
        Values of each tag's own mentions: they add much in a text about an offence, little in another one.
    offence_odds : array of shape (n_texts, 2)
        Calibrated log odds of the offences.
    gate : array of shape (n_kinds + 3,)
        Weight of each kind of mention when the text is surely about an offence, and the weights of :func:`standing`.
    """
    n_kinds = mentions.shape[2]
    found = standing(offence_odds)
    # Summed by text: how a product of matrices is rounded depends on what else is in the batch.
    return np.asarray((mentions @ gate[:n_kinds]) * found[:, :1] + (found * gate[n_kinds:]).sum(axis=1)[:, None])


def aboutness(offence_odds: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return how surely texts are about an offence, from the calibrated log odds of the offences of shape (n_texts, 2)."""
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(offence_odds.max(axis=1), -35, 35))))


def standing(offence_odds: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return how texts stand to the offences, shape (n_texts, 3): how surely about one, and the log odds of the likelier and the other.

    Examples
    --------
    >>> standing(np.array([[0.0, -9.0]])).tolist()
    [[0.5, 0.0, -6.0]]
    """
    odds = np.sort(np.clip(offence_odds, -_REACH, _REACH), axis=1)[:, ::-1]
    return np.column_stack([aboutness(offence_odds), odds])
