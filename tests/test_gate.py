"""What the offences add to the tags."""

from __future__ import annotations

import numpy as np
import pytest

from smokkel_nlp.gate import aboutness, gated, standing


def test_how_a_text_stands_does_not_depend_on_which_offence_it_is() -> None:
    odds = np.array([[2.0, -1.0], [-1.0, 2.0], [40.0, -40.0]])
    about, likelier, other = standing(odds).T
    assert about == pytest.approx([1 / (1 + np.exp(-2.0))] * 2 + [1.0])
    assert likelier.tolist() == [2.0, 2.0, 6.0]
    assert other.tolist() == [-1.0, -1.0, -6.0]


def test_mentions_count_by_how_surely_a_text_is_about_an_offence_and_standing_counts_for_every_tag() -> None:
    odds = np.array([[0.0, -2.0], [9.0, 1.0]])
    mentions = np.array([[[1.0, 0.0], [0.0, 0.0]], [[1.0, 2.0], [0.0, 0.0]]])
    found = gated(mentions, odds, np.array([3.0, 0.5, 0.1, 0.2, 0.4]))
    about = aboutness(odds)
    by_itself = 0.1 * about + np.array([0.2 * 0.0 + 0.4 * -2.0, 0.2 * 6.0 + 0.4 * 1.0])
    assert found[:, 1] == pytest.approx(by_itself)
    assert found[:, 0] - found[:, 1] == pytest.approx([3.0 * about[0], 4.0 * about[1]])
