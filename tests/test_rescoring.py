"""Passages are weighed in their company: the figures are what they say, texts do not touch, and what is learnt is what is weighed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures, StandardScaler

from smokkel_nlp.components.rescoring import ABSENT, FIGURES, Rescoring, company
from smokkel_nlp.learning import fit_rescoring


def figures_of(scores: list[list[float]], edges: list[int]) -> dict[tuple[int, int], dict[str, float]]:
    found = company(np.array(scores, dtype=np.float32), np.array(edges))
    rows = (dict(zip(FIGURES, row, strict=True)) for row in found.figures.tolist())
    return dict(zip(zip(found.passages.tolist(), found.tags.tolist(), strict=True), rows, strict=True))


def test_the_figures_of_a_passage() -> None:
    # Two texts, three tags; -7 and less is not looked at.
    found = figures_of([[1, 0, -7], [3, -9, -2], [-1, 2, -9], [4, -9, -9]], [0, 3, 4])
    assert set(found) == {(0, 0), (0, 1), (1, 0), (1, 2), (2, 0), (2, 1), (3, 0)}
    assert found[0, 0] == pytest.approx(
        {
            "own": 1, "before": -6, "after": 3, "elsewhere": 3, "together": np.log(np.exp([1, 3, -1]).sum()), "rival": 0,
            "passages": np.log(3), "telling": (3 + 2 - 2) / 3,
        },
        abs=1e-5,
    )  # fmt: skip
    assert found[1, 0]["elsewhere"] == 1  # the best one of the text looks at the second
    assert found[2, 0]["rival"] == 2
    assert [found[2, 0][name] for name in ("before", "after")] == [3, -6]
    assert [found[3, 0][name] for name in ("before", "after", "elsewhere", "passages")] == [-6, -6, -6, 0]


def test_two_that_weigh_most_are_each_the_others_best_also_beyond_the_bounds() -> None:
    assert [row["elsewhere"] for row in figures_of([[2, -9, -9], [2, -9, -9], [0, -9, -9]], [0, 3]).values()] == [2, 2, 2]
    assert [row["elsewhere"] for row in figures_of([[7, -9, -9], [9, -9, -9]], [0, 2]).values()] == [6, 6]
    assert [row["rival"] for row in figures_of([[1, 1, -9]], [0, 1]).values()] == [1, 1]


def test_what_weighs_nothing_stays_absent_and_extremes_are_kept_within_bounds() -> None:
    same = Rescoring(np.zeros((8, 8), np.float32), np.eye(8, dtype=np.float32)[0], 0.0)
    assert same(np.array([[-6.5, 2, 40]], dtype=np.float32), np.array([0, 1])).tolist() == [[ABSENT, 2, 6]]


@given(st.lists(st.lists(st.lists(st.floats(-9, 9, width=32), min_size=3, max_size=3), max_size=4), min_size=1, max_size=4))
def test_texts_weigh_together_as_each_by_itself(texts: list[list[list[float]]]) -> None:
    draw = np.random.default_rng(0)
    rescoring = Rescoring(draw.normal(size=(8, 8)).astype(np.float32), draw.normal(size=8).astype(np.float32), 0.5)
    parts = [np.array(text, dtype=np.float32).reshape(-1, 3) for text in texts]
    whole = np.concatenate(parts)
    if len(whole):
        apart = [rescoring(part, np.array([0, len(part)])) for part in parts if len(part)]
        assert np.allclose(rescoring(whole, np.cumsum([0, *map(len, parts)])), np.concatenate(apart), atol=1e-3, rtol=1e-4)


def test_what_is_learnt_is_what_is_weighed() -> None:
    draw = np.random.default_rng(1)
    scores = [draw.normal(-1, 3, size=(size, 4)).astype(np.float32) for size in draw.integers(1, 12, size=60)]
    gold = [part + np.roll(part, 1, axis=0) > 0 for part in scores]
    rescoring = fit_rescoring(scores, gold)
    edges = np.cumsum([0, *map(len, scores)])
    found = company(np.concatenate(scores), edges)
    wanted = make_pipeline(PolynomialFeatures(2, include_bias=False), StandardScaler(), LogisticRegression(max_iter=1000))
    wanted.fit(found.figures.astype(np.float64), np.concatenate(gold)[found.passages, found.tags])
    together, truth = np.concatenate(scores), np.concatenate(gold)
    rescored = rescoring(together, edges)
    figures = found.figures.astype(np.float64)
    assert np.allclose(rescored[found.passages, found.tags], wanted.decision_function(figures), atol=1e-2)
    # The passage before tells here, and no passage by itself could know.
    assert ((rescored > 0) == truth).mean() > ((together > 0) == truth).mean() + 0.02
