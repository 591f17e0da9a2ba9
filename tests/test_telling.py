"""The scale of features: more for what tells two classes apart by itself."""

from __future__ import annotations

import numpy as np
import pytest

from smokkel_nlp.telling import scale_of


def test_the_scale_is_one_on_average_over_occurrences() -> None:
    counts = np.random.default_rng(0).integers(0, 50, size=(2, 40, 3))
    held, lacking = counts
    scale = scale_of(held, lacking)
    assert scale.shape == held.shape
    # Each count goes up by one, so that a feature one class never has can be compared.
    assert np.average(scale, axis=0, weights=held + lacking + 2) == pytest.approx(np.ones(3))
    np.testing.assert_allclose(scale, scale_of(lacking, held))


def test_what_one_class_has_more_often_is_scaled_up() -> None:
    even, some, only, _ = scale_of(np.array([50, 60, 40, 9000]), np.array([50, 30, 0, 9000]))
    assert even < some < only


def test_features_that_tell_nothing_keep_a_scale_that_can_be_learnt_with() -> None:
    assert np.isfinite(scale_of(np.array([3, 3]), np.array([3, 3]))).all()
    assert (scale_of(np.zeros(4), np.zeros(4)) > 0).all()
