"""Precision at every recall, from the probabilities that a system gives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from smokkel_nlp.evaluation import Answers, Floats, Matrix, estimates, gold_offences, gold_tags, resample
from smokkel_nlp.taxonomy import OFFENCE_IDS, load_taxonomy

ENOUGH = 10
"""Texts that a tag must hold for in gold to have a curve of its own."""
_POINTS = 30


def thinned(number: int, points: int = _POINTS) -> NDArray[np.int64]:
    """Return the places of some points of a curve, spread evenly, the first and the last among them.

    Examples
    --------
    >>> thinned(9, 3).tolist(), thinned(2, 3).tolist()
    ([0, 4, 8], [0, 1])
    """
    return np.unique(np.linspace(0, number - 1, min(number, points)).round().astype(np.int64))


def precision_recall(gold: Matrix, probabilities: Floats) -> dict[str, Any]:
    """Measure precision and recall at the thresholds that one could set, all cells together.

    Parameters
    ----------
    gold : array of 0/1 of shape (n_texts, n_labels)
        With at least one 1.
    probabilities : array of shape (n_texts, n_labels)

    Returns
    -------
    dict
        ``positives`` and ``cells``; ``average_precision``, the mean of the precision over the positives (the area under the curve,
        without interpolation; Manning, Raghavan and Schütze 2008, 8.4), with its interval over those resamples of the texts that hold a
        positive, since without one it is not defined; and the curve as ``threshold``, ``recall`` and ``precision``, from the highest
        threshold down: at most thirty points, all of them thresholds that occur, each the highest that reaches its recall.

    Examples
    --------
    >>> figures = precision_recall(np.array([[1], [0], [1], [0]]), np.array([[0.9], [0.8], [0.7], [0.1]]))
    >>> figures["recall"], figures["precision"], figures["average_precision"][0]
    ([0.5, 1.0], [1.0, 0.667], 0.833)
    """
    n, labels = gold.shape
    order = np.argsort(-probabilities, axis=None, kind="stable")
    sorted_, truth, text = probabilities.ravel()[order], gold.ravel()[order], order // labels
    last = np.flatnonzero(np.append(np.diff(sorted_) != 0, True))  # cells as probable are given together

    def counted(rows: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        weight = np.bincount(rows, minlength=n)[text]
        return np.cumsum(weight * truth)[last], np.cumsum(weight)[last]

    def average(rows: NDArray[np.int64]) -> list[float]:
        hit, given = counted(rows)
        return [float(np.diff(hit, prepend=0) @ (hit / np.maximum(given, 1)) / hit[-1]) if hit[-1] else np.nan]

    values, samples = resample(n, average)
    hit, given = counted(np.arange(n))
    rises = np.flatnonzero(np.diff(hit, prepend=0))
    kept = rises[thinned(len(rises))]
    area = estimates(values, samples[~np.isnan(samples[:, 0])])[0].to_list()
    return {
        "positives": int(hit[-1]), "cells": gold.size, "average_precision": area,
        "threshold": sorted_[last][kept].round(4).tolist(), "recall": (hit[kept] / hit[-1]).round(3).tolist(),
        "precision": (hit[kept] / given[kept]).round(3).tolist(),
    }  # fmt: skip


def measure_curves(records: Sequence[Mapping[str, Any]], answers: Answers) -> dict[str, Any]:
    """Measure precision at every recall.

    Returns
    -------
    dict
        ``precision_recall``: of each offence that some text is about; where gold and system have them, of ``tags`` (all together), and
        ``by_tag`` of each that holds for at least ten texts. Nothing where the system gives no probabilities.
    """
    probabilities, n = answers.probabilities, len(OFFENCE_IDS)
    if probabilities is None:
        return {}
    gold = gold_offences(records)
    parts: dict[str, Any] = {
        offence: precision_recall(gold[:, k : k + 1], probabilities[:, k : k + 1])
        for k, offence in enumerate(OFFENCE_IDS)
        if gold[:, k].any()
    }
    tags = gold_tags(records)
    if tags is not None and tags.any() and probabilities.shape[1] > n:
        parts["tags"] = precision_recall(tags, probabilities[:, n:])
        parts["by_tag"] = {
            tag: precision_recall(tags[:, k : k + 1], probabilities[:, n + k : n + k + 1])
            for k, tag in enumerate(load_taxonomy().tag_ids)
            if tags[:, k].sum() >= ENOUGH
        }
    return {"precision_recall": parts}
