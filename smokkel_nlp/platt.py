"""From scores to log odds: the logistic map of Platt (1999), "Probabilistic Outputs for Support Vector Machines", here by length of text.

What a few lines say weighs less than what a page says, while they are as often about an offence; so the map of a short text is another one
than that of a long text. Slope and offset change with the logarithm of its number of words, between twenty and two hundred and fifty.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.linear_model import LogisticRegression

Floats = NDArray[np.float64]
# Words at which the map is that of slope and offset alone, and between which it changes; texts of more are read in windows.
_USUAL, _LEAST, _MOST = 100, 20, 250
_FLATTEST = 1e-3


def length_of(words: ArrayLike) -> Floats:
    """Return the length of texts as maps know it, given how many words they have.

    Examples
    --------
    >>> length_of([0, 20, 100, 1000]).round(2).tolist()
    [-1.61, -1.61, 0.0, 0.92]
    """
    return np.asarray(np.log(np.clip(np.asarray(words, dtype=np.float64), _LEAST, _MOST) / _USUAL))


def fit_map(scores: Floats, y: NDArray[np.int64], lengths: Floats | None = None) -> Floats:
    """Fit the map of one label on scores that were held out.

    Parameters
    ----------
    scores : array of shape (n_texts,)
    y : array of 0/1 of shape (n_texts,)
    lengths : array of shape (n_texts,), optional
        Lengths (:func:`length_of`); without them the map is one for all.

    Returns
    -------
    array of shape (4,)
        Slope and offset of a text of a hundred words, and what each changes by with length.
    """
    if not 0 < y.sum() < len(y):
        return np.array([1.0, 0.0, 0.0, 0.0])
    if lengths is not None:
        model = LogisticRegression(C=1.0).fit(np.stack([scores, lengths * scores, lengths], axis=1), y)
        (slope, steeper, higher), offset = model.coef_[0], model.intercept_[0]
        if min(slope + steeper * end for end in length_of([_LEAST, _MOST])) > _FLATTEST:  # more score, more odds, at any length
            return np.array([slope, offset, steeper, higher])
    model = LogisticRegression(C=1.0).fit(scores.reshape(-1, 1), y)
    return np.array([max(model.coef_[0, 0], _FLATTEST), model.intercept_[0], 0.0, 0.0])


def maps(calibration: Floats, lengths: ArrayLike) -> tuple[Floats, Floats]:
    """Return slope and offset for texts of some lengths.

    Parameters
    ----------
    calibration : array of shape (n_labels, 4)
        Maps, as :func:`fit_map` fits them.
    lengths : array of shape (n_texts,)

    Returns
    -------
    slopes, offsets : array of shape (n_texts, n_labels)

    Examples
    --------
    >>> slopes, offsets = maps(np.array([[1.0, -0.5, 0.0, 0.25]]), [0.0, -1.0])
    >>> slopes.tolist(), offsets.tolist()
    ([[1.0], [1.0]], [[-0.5], [-0.75]])
    """
    (slope, offset, steeper, higher), lengths = calibration.T, np.asarray(lengths, dtype=np.float64)[:, None]
    return slope + steeper * lengths, offset + higher * lengths
