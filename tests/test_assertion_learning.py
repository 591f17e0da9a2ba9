"""The weights of assertion are learnt from the rows that are asked for, and from nothing else."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from smokkel_nlp.assertion_learning import _fit, describe, describe_mentions, fit_assertion
from smokkel_nlp.components.weighing import Feature

CORPUS = Path(__file__).parents[1] / "corpus" / "train.jsonl"


@pytest.fixture(scope="module")
def records() -> list[dict[str, Any]]:
    with CORPUS.open(encoding="utf8") as lines:
        return [record for _, record in zip(range(60), map(json.loads, lines), strict=False)]


def test_features_of_one_name_are_added_up_and_nothing_is_left_out() -> None:
    rows = [(4, [Feature("b", 1.0), Feature("a", 0.5), Feature("b", 2.0)], ("x",)), (7, [Feature("c", 1.0), Feature("c", -1.0)], ("y",))]
    told = describe(rows)
    assert told.names == ("a", "b", "c")
    assert told.matrix.toarray().tolist() == [[0.5, 3.0, 0.0], [0.0, 0.0, 0.0]]
    assert told.matrix.nnz == 2
    assert (told.gold, told.of_text.tolist()) == ([("x",), ("y",)], [4, 7])


def test_some_texts_of_many_are_learnt_from_as_if_they_were_all(records: list[dict[str, Any]]) -> None:
    kept = [number for number, record in enumerate(records) if number % 3]
    among = fit_assertion(describe_mentions(records), np.array(kept))
    alone = fit_assertion(describe_mentions([records[number] for number in kept]), np.arange(len(kept)))
    every = fit_assertion(describe_mentions(records), np.arange(len(records)))
    assert among.names == alone.names
    np.testing.assert_array_equal(among.matrix, alone.matrix)
    np.testing.assert_array_equal(among.bias, alone.bias)
    assert every.names != among.names


def test_a_value_that_was_never_seen_is_never_given_and_a_rare_feature_is_none() -> None:
    rows = [(n, [Feature(f"w{n % 2}", 1.0), *([Feature("rare", 1.0)] if n == 0 else [])], (("even", "odd")[n % 2],)) for n in range(12)]
    weights = _fit(describe(rows), np.arange(12), (("even", "odd", "never"),), 1.0, 2)
    assert weights.names == ("w0", "w1")
    assert [weights([Feature(name, 1.0)]) for name in weights.names] == [("even",), ("odd",)]
    assert weights.bias[2] == -10
    assert not weights.matrix[:, 2].any()
