"""Figures on answers small enough to count by hand, the baselines, and what stands in a report."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import average_precision_score

from smokkel_nlp.baselines import baseline_answers, compare, textcat_baseline
from smokkel_nlp.breakdown import errors, slices
from smokkel_nlp.calibration import calibration, coverage_risk, measure_probabilities
from smokkel_nlp.curves import measure_curves, precision_recall
from smokkel_nlp.errors import InputError
from smokkel_nlp.evaluation import Answers, log_odds, measure, read_gold_file, system_answers
from smokkel_nlp.evaluation_report import evaluate, to_markdown
from smokkel_nlp.taxonomy import load_taxonomy

SMOKKEL, HANDEL, BEIDE, GEEN = (1, 0), (0, 1), (1, 1), (0, 0)
TAGS = load_taxonomy().tag_ids


def gold(labels: Sequence[tuple[int, int]], **fields: Any) -> list[dict[str, Any]]:
    """Records with labels, and with other fields that are the same in all."""
    return [
        {"id": f"t{k}", "text": "een tekst", "mensensmokkel": smokkel, "mensenhandel": handel, **fields}
        for k, (smokkel, handel) in enumerate(labels)
    ]


def answers(labels: Sequence[tuple[int, int]], **fields: Any) -> Answers:
    return Answers(**{"offences": np.array(labels), "tags": None, "abstained": np.zeros(len(labels), dtype=bool), **fields})


def train_part() -> list[dict[str, Any]]:
    lines = [
        ("Hij bracht migranten in een bestelbus over de grens", SMOKKEL),
        ("Zij moest in een woning haar verdiensten als prostituee afstaan", HANDEL),
        ("De gesmokkelde werknemers werden op het land gedwongen te werken", BEIDE),
        ("Er is een fiets gestolen bij het station", GEEN),
    ]
    return [record for text, label in lines for k in range(10) for record in gold([label], text=f"{text} op dag {k}.")]


def test_specificity_is_of_the_texts_of_class_geen() -> None:
    result = measure(gold([GEEN, GEEN, GEEN, GEEN, SMOKKEL]), answers([GEEN, GEEN, GEEN, HANDEL, GEEN]))
    assert result["specificity"]["n"] == 4
    value, low, high = result["specificity"]["share"]
    assert value == 0.75
    assert low < value < high == 1.0
    assert measure(gold([SMOKKEL]), answers([SMOKKEL]))["specificity"] is None


def test_frequent_tags_are_those_with_most_positives() -> None:
    records = gold([SMOKKEL] * 4)
    for k, record in enumerate(records):
        record["mo"] = list(TAGS[: 8 - 2 * k])  # two tags in all texts, two in three, two in two, two in one
    given = np.zeros((4, len(TAGS)), dtype=int)
    given[:, 0] = 1  # F1 1
    given[:2, 1] = 1  # 2 of 4: F1 2/3
    given[:, 7] = 1  # not among the six
    frequent = measure(records, answers([SMOKKEL] * 4, tags=given))["tags_frequent"]
    assert frequent["tags"] == list(TAGS[:6])
    assert frequent["f1"][0] == pytest.approx((1 + 2 / 3) / 6, abs=5e-4)


def test_reliability_by_hand() -> None:
    probabilities = np.array([[0.0], [0.3], [0.35], [0.95], [1.0]])
    figures = calibration(np.array([[0], [0], [1], [1], [0]]), probabilities)
    filled = {row["low"]: row for row in figures["bins"] if row["n"]}
    assert filled == {
        0.0: {"low": 0.0, "high": 0.1, "n": 1, "mean": 0.0, "observed": 0.0},
        0.3: {"low": 0.3, "high": 0.4, "n": 2, "mean": 0.325, "observed": 0.5},
        0.9: {"low": 0.9, "high": 1.0, "n": 2, "mean": 0.975, "observed": 0.5},
    }
    assert figures["ece"] == pytest.approx((2 * 0.175 + 2 * 0.475) / 5)
    assert figures["brier"][0] == pytest.approx((0.09 + 0.65**2 + 0.05**2 + 1) / 5, abs=5e-4)
    assert figures["constant"] == pytest.approx(0.4 * 0.6)
    assert figures["cells"] == 5


def test_tags_are_pooled_and_only_where_gold_and_system_have_them() -> None:
    probabilities = np.full((2, 2 + len(TAGS)), 0.5)
    probabilities[:, :2] = [[0.9, 0.2], [0.1, 0.2]]
    given = answers([SMOKKEL, GEEN], probabilities=probabilities)
    parts = measure_probabilities(gold([SMOKKEL, GEEN], mo=[TAGS[3]]), given)["calibration"]
    assert parts["tags"]["cells"] == 2 * len(TAGS)
    assert parts["tags"]["brier"] == [0.25, 0.25, 0.25]
    assert parts["tags"]["bins"][5]["observed"] == round(1 / len(TAGS), 3)
    assert parts["mensensmokkel"]["brier"][0] == 0.01
    assert parts["mensenhandel"]["brier"][0] == 0.04
    assert "tags" not in measure_probabilities(gold([SMOKKEL, GEEN]), given)["calibration"]
    bare = given._replace(probabilities=probabilities[:, :2])
    assert "tags" not in measure_probabilities(gold([SMOKKEL, GEEN], mo=[]), bare)["calibration"]
    assert measure_probabilities(gold([SMOKKEL]), answers([SMOKKEL])) == {}


def test_coverage_and_risk_by_hand() -> None:
    sureness = np.array([8.0, 7, 6, 5, 4, 3, 2, 1])
    wrong = np.array([False, False, False, True, False, False, True, True])
    figures = coverage_risk(wrong, sureness)
    assert {key: (row["n"], row["wrong"][0]) for key, row in figures["error"].items()} == {
        "100": (8, 0.375), "90": (8, 0.375), "75": (6, 0.167), "50": (4, 0.25), "25": (2, 0.0),
    }  # fmt: skip
    assert figures["area"][0] == pytest.approx((0 + 0 + 0 + 1 / 4 + 1 / 5 + 1 / 6 + 2 / 7 + 3 / 8) / 8, abs=5e-4)
    assert figures["curve"]["coverage"] == [0.125, 0.25, 0.375, 0.5, 0.625, 0.75, 0.875, 1.0]
    assert figures["curve"]["wrong"] == [0.0, 0.0, 0.0, 0.25, 0.2, 0.167, 0.286, 0.375]
    order = np.random.default_rng(1).permutation(8)
    assert coverage_risk(wrong[order], sureness[order])["area"][0] == figures["area"][0]


def test_precision_and_recall_by_hand() -> None:
    figures = precision_recall(np.array([[1], [0], [1], [0], [1]]), np.array([[0.9], [0.7], [0.7], [0.4], [0.2]]))
    assert (figures["positives"], figures["cells"]) == (3, 5)
    assert figures["threshold"] == [0.9, 0.7, 0.2]
    assert figures["recall"] == [0.333, 0.667, 1.0]
    assert figures["precision"] == [1.0, 0.667, 0.6]  # as probable, given together: of the two at 0.7 neither comes first
    assert figures["average_precision"][0] == pytest.approx((1 + 2 / 3 + 3 / 5) / 3, abs=5e-4)


def test_average_precision_is_that_of_scikit_learn_and_curves_are_short() -> None:
    rng = np.random.default_rng(5)
    truth = rng.integers(0, 2, (200, 3))
    probabilities = np.clip(truth * 0.2 + rng.random((200, 3)), 0, 1).round(2)
    figures = precision_recall(truth, probabilities)
    value, low, high = figures["average_precision"]
    assert value == pytest.approx(average_precision_score(truth.ravel(), probabilities.ravel()), abs=5e-4)
    assert low < value < high
    assert len(figures["recall"]) == len(figures["precision"]) == len(figures["threshold"]) == 30
    assert figures["recall"] == sorted(figures["recall"])
    assert figures["recall"][-1] == 1.0


def test_resamples_without_a_positive_say_nothing_of_average_precision() -> None:
    probabilities = np.linspace(0.9, 0.1, 20)[:, None]
    one = np.eye(20, 1, dtype=np.int64)  # the surest text; over a third of the resamples miss it
    assert precision_recall(one, probabilities)["average_precision"] == [1.0, 1.0, 1.0]
    value, low, high = precision_recall(one[::-1], probabilities)["average_precision"]
    assert 0.05 == low == value < high  # drawn k times it has a precision of k in 20


def test_curves_of_what_there_is_enough_of() -> None:
    records = gold([SMOKKEL] * 12 + [GEEN] * 3, mo=[])
    for record in records[:10]:
        record["mo"] = [TAGS[2]]
    records[0]["mo"] = list(TAGS[:3])
    probabilities = np.full((15, 2 + len(TAGS)), 0.5)
    parts = measure_curves(records, answers([GEEN] * 15, probabilities=probabilities))["precision_recall"]
    assert list(parts) == ["mensensmokkel", "tags", "by_tag"]
    assert list(parts["by_tag"]) == [TAGS[2]]
    assert parts["tags"]["positives"] == 12
    assert measure_curves(records, answers([GEEN] * 15)) == {}
    assert list(measure_curves(records, answers([GEEN] * 15, probabilities=probabilities[:, :2]))["precision_recall"]) == ["mensensmokkel"]


def test_texts_as_sure_share_their_error() -> None:
    figures = coverage_risk(np.array([True, False, False, False]), np.ones(4))
    assert [row["wrong"][0] for row in figures["error"].values()] == [0.25] * 5
    assert figures["area"][0] == 0.25


def test_the_abstention_that_a_system_comes_with() -> None:
    given = answers([SMOKKEL, GEEN, HANDEL, GEEN], sureness=np.array([4.0, 3, 2, 1]), abstained=np.array([False, False, False, True]))
    figures = measure_probabilities(gold([SMOKKEL, SMOKKEL, HANDEL, HANDEL]), given)["coverage_risk"]
    assert figures["shipped"]["coverage"] == 0.75
    assert figures["shipped"]["n"] == 3
    assert figures["shipped"]["wrong"][0] == 0.333
    none = measure_probabilities(gold([SMOKKEL]), answers([GEEN], sureness=np.zeros(1), abstained=np.ones(1, dtype=bool)))
    assert none["coverage_risk"]["shipped"] == {"coverage": 0.0, "n": 0, "wrong": None}


def test_slices_by_hand() -> None:
    records = gold([SMOKKEL] * 6 + [GEEN] * 6, region="NL")
    records[0]["region"] = "BE"
    for record in records[:10]:
        record["genre"] = "nieuws"
    records[11]["text"] = "woord " * 900 + "mensensmokkel"
    by = slices(records, answers([SMOKKEL] * 3 + [GEEN] * 3 + [GEEN] * 5 + [HANDEL]))
    assert set(by) == {"genre", "region", "length", "offence named", "class"}
    nieuws = by["genre"].pop("nieuws")
    assert (nieuws["n"], nieuws["exact"][0]) == (10, 0.7)
    assert nieuws["macro_f1"][0] == pytest.approx(2 / 3, abs=5e-4)  # of smokkel alone: no text is about handel
    assert nieuws["exact"][1] < 0.7 < nieuws["exact"][2]
    assert by["genre"] == {}
    assert by["region"]["BE"] == {"n": 1}
    assert by["region"]["NL"]["exact"][0] == pytest.approx(7 / 11, abs=5e-4)
    assert list(by["length"]) == ["under 60 words", "over 800 words"]
    assert by["offence named"] == {"no": by["length"]["under 60 words"], "yes": {"n": 1}}
    assert by["class"] == {"mensensmokkel": {"n": 6}, "geen": {"n": 6}}
    assert slices(gold([GEEN] * 10), answers([GEEN] * 10))["class"]["geen"] == {"n": 10, "exact": [1.0, 1.0, 1.0], "macro_f1": None}
    assert "genre" not in slices(gold([GEEN]), answers([GEEN]))


def test_errors_are_listed_without_their_text() -> None:
    records = gold([SMOKKEL, HANDEL, GEEN], text="geheimwoord")
    given = answers(
        [SMOKKEL, BEIDE, HANDEL],
        probabilities=np.array([[0.9, 0.1], [0.5123, 0.8], [0.2, 0.6]]),
        reasons=[(), ("dicht bij de drempel",), ()],
    )
    listed = errors(records, given)
    assert listed == [
        {
            "id": "t1", "gold": "mensenhandel", "given": "beide", "probabilities": {"mensensmokkel": 0.512, "mensenhandel": 0.8},
            "reasons": ["dicht bij de drempel"],
        },
        {"id": "t2", "gold": "geen", "given": "mensenhandel", "probabilities": {"mensensmokkel": 0.2, "mensenhandel": 0.6}, "reasons": []},
    ]  # fmt: skip
    assert errors(records, answers([GEEN, HANDEL, GEEN]))[0]["probabilities"] is None


def test_a_text_without_an_id_gets_its_line(tmp_path: Path) -> None:
    path = tmp_path / "gold.jsonl"
    lines = [{**record, "id": id_} for record, id_ in zip(gold([GEEN] * 3), ("a", None, 7), strict=True)]
    path.write_text("\n" + "".join(json.dumps(line) + "\n" for line in lines), encoding="utf8")
    assert [record["id"] for record in read_gold_file(path)[0]] == ["a", f"{path}:3", 7]


def test_differences_are_of_the_same_texts() -> None:
    labels = np.array([SMOKKEL, HANDEL, GEEN, BEIDE] * 10)
    theirs = labels.copy()
    theirs[:20] = 1 - theirs[:20]
    ours = theirs.copy()
    ours[0] = labels[0]
    exact = compare(labels, ours, theirs)["exact"]
    assert exact["difference"][0] == 0.025
    assert exact["difference"][1] == 0.0  # apart, half of the texts wrong in each would make it lie far under 0
    assert 0.5 < exact["ahead"] < 0.75  # the one text is drawn in a share of 1 - 1/e of the resamples
    same = compare(labels, ours, ours)
    assert all(row == {"difference": [0.0, 0.0, 0.0], "ahead": 0.0} for row in same.values())
    assert compare(labels, theirs, ours)["mensensmokkel"]["difference"][0] < 0


def test_the_library_gives_all_probabilities_and_abstains_under_one_margin(root: Path) -> None:
    lines = (root / "corpus" / "dev.jsonl").read_text(encoding="utf8").splitlines()
    texts = [json.loads(line)["text"] for line in lines[:60]] + [
        "",
        "The suspect was convicted of theft of a bicycle in the city.",
        "Niets.",
    ]
    given = system_answers(texts)
    assert given.probabilities is not None
    assert given.sureness is not None
    assert given.reasons is not None
    assert given.probabilities.shape == (len(texts), 26)
    assert ((given.probabilities[:, :2] >= 0.5) == given.offences).all()
    assert (given.abstained == (given.sureness < 1)).all()
    assert 0 < given.abstained[:60].sum() < 60
    assert given.abstained[60:].all()
    assert [bool(reasons) for reasons in given.reasons] == given.abstained.tolist()
    two = system_answers(texts[:6], n_jobs=2)
    assert two.probabilities is not None
    assert (two.probabilities == given.probabilities[:6]).all()


def test_trained_baselines_learn_and_repeat() -> None:
    train = train_part()
    wanted = [(record["mensensmokkel"], record["mensenhandel"]) for record in train]
    texts = [record["text"] for record in train]
    given = baseline_answers(texts, train)
    assert list(given) == ["keyword rule", "TF-IDF + LR", "spaCy textcat"]
    for name in ("TF-IDF + LR", "spaCy textcat"):
        probabilities, sureness = given[name].probabilities, given[name].sureness
        assert probabilities is not None
        assert sureness is not None
        assert given[name].offences.tolist() == [list(pair) for pair in wanted]
        assert ((probabilities >= 0.5) == given[name].offences).all()
        assert np.allclose(sureness, np.abs(log_odds(probabilities)).min(axis=1))
        assert not given[name].abstained.any()
    again = textcat_baseline(train, texts).probabilities
    assert again is not None
    assert (again == given["spaCy textcat"].probabilities).all()


def test_a_baseline_that_cannot_be_trained_is_told() -> None:
    assert list(baseline_answers(["tekst"], None)) == ["keyword rule"]
    assert baseline_answers(["tekst"], train_part(), []) == {}
    with pytest.raises(InputError, match="no baseline 'bert'; choose from keyword, tfidf, textcat"):
        baseline_answers(["tekst"], None, ["bert"])
    with pytest.raises(InputError, match="give its folder with --corpus"):
        baseline_answers(["tekst"], None, ["tfidf"])
    with pytest.raises(InputError, match="needs texts with mensenhandel 1 and with mensenhandel 0"):
        baseline_answers(["tekst"], gold([SMOKKEL, GEEN]), ["textcat"])


def test_the_page_shows_each_part_where_there_is_one() -> None:
    records = gold([SMOKKEL, GEEN] * 5)
    probabilities = np.array([[0.9, 0.1], [0.6, 0.1]] * 5)
    ours = answers([SMOKKEL, SMOKKEL] * 5, probabilities=probabilities, sureness=np.arange(10.0), reasons=[()] * 10)
    results = evaluate(records, {"wij": ours, "zij": answers([GEEN] * 10)}, list_errors=True)
    assert "errors" not in results["zij"]
    assert "compared" not in results["wij"]
    page = to_markdown("proef", results)
    assert "| wij | 0.185 [" in page  # half 0.1 squared, half 0.6 squared
    assert "| 0.6-0.7 | 5 | 0.60 | 0.00 | 0 | - | - |" in page
    assert "| class: geen | 5 | - | - |" in page
    assert "| t1 | geen | mensensmokkel | 60 % | 10 % | - |" in page
    assert "| zij | +0.33" in page
    bare = to_markdown("proef", evaluate(records, {"zij": answers([GEEN] * 10)}))
    for heading in ("Calibration", "Coverage", "Differences", "otherwise than gold", "Tags"):
        assert heading not in bare
