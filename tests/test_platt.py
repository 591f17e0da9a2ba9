"""Odds rise with the score at any length, and a map without lengths is one for all."""

from __future__ import annotations

import numpy as np
import pytest

from smokkel_nlp.platt import fit_map, length_of, maps


def drawn(rng: np.random.Generator, steeper: float, higher: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    lengths = length_of(rng.integers(10, 400, 6000))
    scores = rng.normal(size=6000)
    odds = (2 + steeper * lengths) * scores - 0.5 + higher * lengths
    return scores, (rng.random(6000) < 1 / (1 + np.exp(-odds))).astype(int), lengths


@pytest.mark.parametrize(("steeper", "higher"), [(0.0, 0.0), (0.5, -0.7), (-0.4, 0.6)])
def test_a_map_is_found_again(steeper: float, higher: float) -> None:
    found = fit_map(*drawn(np.random.default_rng(0), steeper, higher))
    np.testing.assert_allclose(found, [2, -0.5, steeper, higher], atol=0.2)


def test_odds_rise_with_the_score_at_any_length() -> None:
    scores, y, lengths = drawn(np.random.default_rng(1), 3.0, 0.0)  # in short texts the score speaks against the label
    found = fit_map(scores, y, lengths)
    assert found[2:].tolist() == [0.0, 0.0]
    slopes, _ = maps(found[None], length_of([1, 20, 250, 9000]))
    assert (slopes > 0).all()
    assert fit_map(-scores, y)[0] > 0


def test_a_label_that_no_text_or_every_text_has_leaves_the_score() -> None:
    scores, y, lengths = drawn(np.random.default_rng(2), 0.0, 0.0)
    for constant in (0 * y, 0 * y + 1):
        assert fit_map(scores, constant, lengths).tolist() == [1.0, 0.0, 0.0, 0.0]
