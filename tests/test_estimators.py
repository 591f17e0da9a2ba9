"""The two estimators keep scikit-learn's contract: the core by its own checks, the facade by what its docstring lists."""

from __future__ import annotations

from sklearn.utils.estimator_checks import parametrize_with_checks

from smokkel_nlp.logistic import MultilabelLogistic


@parametrize_with_checks([MultilabelLogistic()])
def test_core_passes_every_check_of_scikit_learn(estimator, check) -> None:
    check(estimator)
