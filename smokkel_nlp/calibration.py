"""Measuring probabilities: do they hold (Brier score, reliability), and do they tell where the answers go wrong (coverage and risk)?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from smokkel_nlp.curves import thinned
from smokkel_nlp.evaluation import Answers, Floats, Matrix, bootstrap, gold_offences, gold_tags
from smokkel_nlp.taxonomy import OFFENCE_IDS

COVERAGES = (1.0, 0.9, 0.75, 0.5, 0.25)
EDGES = tuple(k / 10 for k in range(11))
"""Edges of the bins of a reliability table; a probability on an edge lies in the bin above it, 1 in the last."""


def calibration(gold: Matrix, probabilities: Floats) -> dict[str, Any]:
    """Measure how well the probabilities of some labels hold, all cells together.

    Parameters
    ----------
    gold : array of 0/1 of shape (n_texts, n_labels)
    probabilities : array of shape (n_texts, n_labels)

    Returns
    -------
    dict
        ``cells``; ``brier``, the mean squared distance of probability and gold (Brier 1950), with its interval over texts; ``constant``,
        the Brier score of one who gives every cell the share of positives; ``ece``, the expected calibration error: the distance of mean
        probability and observed share over ten bins of equal width, weighed by their cells (Naeini and others 2015); ``bins`` with
        ``low``, ``high``, ``n``, and ``mean`` and ``observed``, which are None in an empty bin.

    Examples
    --------
    >>> figures = calibration(np.array([[0], [0], [1], [1]]), np.array([[0.1], [0.1], [0.9], [0.5]]))
    >>> figures["brier"][0], figures["constant"], figures["ece"]
    (0.07, 0.25, 0.2)
    """
    squares = ((probabilities - gold) ** 2).mean(axis=1)
    brier = bootstrap(len(gold), lambda rows: [float(squares[rows].mean())])[0]
    where = np.digitize(probabilities, EDGES[1:-1]).ravel()
    bins, distance = [], 0.0
    for k, (low, high) in enumerate(pairwise(EDGES)):
        inside = where == k
        n = int(inside.sum())
        mean, observed = (float(values.ravel()[inside].mean()) if n else None for values in (probabilities, gold))
        if mean is not None and observed is not None:
            distance += n * abs(mean - observed)
        bins.append({"low": low, "high": high, "n": n, "mean": _rounded(mean), "observed": _rounded(observed)})
    share = float(gold.mean())
    return {
        "cells": gold.size, "brier": brier.to_list(), "constant": _rounded(share * (1 - share)), "ece": _rounded(distance / gold.size),
        "bins": bins,
    }  # fmt: skip


def coverage_risk(wrong: NDArray[np.bool_], sureness: Floats) -> dict[str, Any]:
    """Measure the error of the texts a system is surest of, from all of them to few.

    Texts that it is equally sure of share their error, so that the order of the file decides nothing.

    Parameters
    ----------
    wrong : array of bool of shape (n_texts,)
    sureness : array of shape (n_texts,)
        Only its order counts.

    Returns
    -------
    dict
        ``error``: by coverage in percent the texts kept, ``n`` (rounded up), and their share of ``wrong`` answers; ``area`` under
        the curve: the mean error over all coverages 1/n, 2/n ... 1 (Geifman and El-Yaniv 2017). An order that tells nothing has the
        error at full coverage as its area. Figures with intervals over texts; and some points of the ``curve``, without, as ``coverage``
        and ``wrong``.

    Examples
    --------
    >>> figures = coverage_risk(np.array([True, False, False, False]), np.array([0.1, 3.0, 2.0, 1.0]))
    >>> figures["error"]["100"]["wrong"][0], figures["error"]["75"]["wrong"][0], figures["area"][0]
    (0.25, 0.0, 0.062)
    """
    n = len(wrong)
    kept = [int(np.ceil(coverage * n)) for coverage in COVERAGES]

    def curve_of(rows: NDArray[np.int64]) -> Floats:
        _, group = np.unique(-sureness[rows], return_inverse=True)
        share = np.bincount(group, wrong[rows]) / np.bincount(group)
        return np.asarray(np.cumsum(share[np.sort(group)]) / np.arange(1, n + 1))

    def figures(rows: NDArray[np.int64]) -> list[float]:
        curve = curve_of(rows)
        return [*curve[np.array(kept) - 1], curve.mean()]

    *errors, area = (figure.to_list() for figure in bootstrap(n, figures))
    error = {f"{coverage:.0%}"[:-1]: {"n": k, "wrong": figure} for coverage, k, figure in zip(COVERAGES, kept, errors, strict=True)}
    some, curve = thinned(n), curve_of(np.arange(n))
    points = {"coverage": ((some + 1) / n).round(3).tolist(), "wrong": curve[some].round(3).tolist()}
    return {"error": error, "area": area, "curve": points}


def measure_probabilities(records: Sequence[Mapping[str, Any]], answers: Answers) -> dict[str, Any]:
    """Measure the probabilities and the sureness that a system gives.

    Returns
    -------
    dict
        ``calibration`` of each offence, and of ``tags`` (all together) where gold and system have them; ``coverage_risk`` of the exact
        match, with ``shipped``: the ``coverage`` (share of texts that the system answers as it comes), ``n``, and their share of ``wrong``
        answers, None where it answers none. What the system does not give is left out.
    """
    gold, probabilities, n = gold_offences(records), answers.probabilities, len(OFFENCE_IDS)
    result: dict[str, Any] = {}
    if probabilities is not None:
        parts = {offence: calibration(gold[:, k : k + 1], probabilities[:, k : k + 1]) for k, offence in enumerate(OFFENCE_IDS)}
        tags = gold_tags(records)
        if tags is not None and probabilities.shape[1] > n:
            parts["tags"] = calibration(tags, probabilities[:, n:])
        result["calibration"] = parts
    if answers.sureness is not None:
        wrong, kept = (gold != answers.offences).any(axis=1), ~answers.abstained
        answered = wrong[kept]
        error = bootstrap(len(answered), lambda rows: [float(answered[rows].mean())])[0].to_list() if len(answered) else None
        shipped = {"coverage": _rounded(float(kept.mean())), "n": len(answered), "wrong": error}
        result["coverage_risk"] = {**coverage_risk(wrong, answers.sureness), "shipped": shipped}
    return result


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)
