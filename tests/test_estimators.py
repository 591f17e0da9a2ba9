"""The two estimators keep scikit-learn's contract: the core by its own checks, the facade by what its docstring lists."""

from __future__ import annotations

from pathlib import Path

import joblib
import numpy as np
import pytest
import spacy
from scipy.sparse import csr_matrix
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, GroupKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils import get_tags
from sklearn.utils.estimator_checks import parametrize_with_checks

from smokkel_nlp.classifier import CaseClassifier, reader
from smokkel_nlp.errors import InputError
from smokkel_nlp.features import lengths_of, material
from smokkel_nlp.logistic import Beside, MultilabelLogistic, Stage
from smokkel_nlp.taxonomy import load_taxonomy
from smokkel_nlp.windows import cost, windows_of

LABELS = load_taxonomy().labels
PLACES = ("Venlo", "Breda", "Goes", "Zwolle", "Assen", "Almelo")
SENTENCES = (
    ("Verdachte vervoerde {n} personen in een vrachtwagen over de grens, wat mensensmokkel is.", ["mensensmokkel", "transport_land"]),
    ("Zij moest {n} uren per dag werken en gaf haar loon af; de rechtbank acht mensenhandel bewezen.", ["mensenhandel"]),
    ("De man stal {n} fietsen en verkocht ze op de markt.", []),
    ("De gemeente plant {n} bomen langs de weg en vraagt inwoners om hulp.", []),
)
TEXTS = [f"{sentence.format(n=n)} Dit was in {place}." for n, place in enumerate(PLACES, start=2) for sentence, _ in SENTENCES]
NAMES = [labels for _ in PLACES for _, labels in SENTENCES]
ARRAY = np.array([[int(label in labels) for label in LABELS] for labels in NAMES])
GROUPS = np.repeat(np.arange(len(PLACES)), len(SENTENCES))


@parametrize_with_checks([MultilabelLogistic()])
def test_core_passes_every_check_of_scikit_learn(estimator, check) -> None:
    check(estimator)


def seeded() -> tuple:
    """Return a small problem with all that training gives the core: groups, a second stage, and texts beside."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 12)) * (rng.random((60, 12)) < 0.6)
    Y = (X[:, :4] + 0.5 * rng.normal(size=(60, 4)) > 0.2).astype(int)
    own, related = np.array([[6, 7, 8], [9, 10, 11]]), np.array([[1.0, 0, 0, 0], [0.5, 0.5, 0, 0]])
    unnamed = X.copy()
    unnamed[:, 0] = 0
    background = rng.normal(size=(20, 12)) * (rng.random((20, 12)) < 0.3)
    stage = Stage(np.array([2, 3]), own, np.arange(6, 12), related, 0.7)
    return csr_matrix(X), Y, np.arange(60) // 3, stage, Beside(csr_matrix(unnamed), csr_matrix(background))


def test_core_gives_a_label_where_the_decision_is_not_negative() -> None:
    X, Y, *rest = seeded()
    core = MultilabelLogistic().fit(X, Y, *rest)
    decision = core.decision_function(X)
    assert decision.shape == Y.shape
    np.testing.assert_array_equal(core.predict(X), decision >= 0)
    np.testing.assert_array_equal(core.predict(X), core.predict_proba(X) >= core.thresholds_)
    np.testing.assert_array_equal(core.predict(X.toarray()), core.predict(X))
    assert 0 < core.predict(X).sum() < Y.size


def test_core_takes_sparse_labels() -> None:
    X, Y, *rest = seeded()
    np.testing.assert_array_equal(MultilabelLogistic().fit(X, csr_matrix(Y), *rest).coef_, MultilabelLogistic().fit(X, Y, *rest).coef_)


@pytest.mark.parametrize(
    ("y", "groups", "message"),
    [
        ([[1, 2], [2, 1], [1, 1]], None, "something else than 0 and 1"),
        ([[0, 1], [1, 0], [1, 1]], [7, 7, 7], "one group"),
        ([[0, 1], [1, 0], [1, 1]], [1, 2], "inconsistent numbers of samples"),
        ([[0, 1], [1, 2], [1, 1]], None, "multiclass-multioutput"),
    ],
)
def test_core_refuses_what_it_cannot_learn_from(y, groups, message) -> None:
    with pytest.raises(ValueError, match=message):
        MultilabelLogistic().fit(np.eye(3), y, groups)


@pytest.fixture(scope="module")
def fitted() -> CaseClassifier:
    return CaseClassifier().fit(TEXTS, NAMES, GROUPS)


def test_answers_have_a_row_a_text_and_a_column_a_label(fitted: CaseClassifier) -> None:
    assert tuple(fitted.classes_) == LABELS
    for texts in (TEXTS[:5], TEXTS[:1], [], ["", "12345"]):
        shape = (len(texts), len(LABELS))
        assert fitted.predict_proba(texts).shape == fitted.decision_function(texts).shape == fitted.predict(texts).shape == shape
        assert fitted.predict_uncertain(texts).shape == (len(texts), 2)
        assert set(np.unique(fitted.predict(texts))) <= {0, 1}
    np.testing.assert_array_equal(fitted.predict(TEXTS)[:, :2], ARRAY[:, :2])


def test_predict_never_abstains_and_uncertain_is_near_the_threshold(fitted: CaseClassifier) -> None:
    wide = clone(fitted).set_params(abstain=1.0).fit(TEXTS, NAMES, GROUPS)  # all that was held out lies within the margin
    near = wide.predict_uncertain(TEXTS)
    np.testing.assert_array_equal(near, np.abs(wide.decision_function(TEXTS)[:, :2]) < wide.core_.margins_[:2])
    assert near.any()
    np.testing.assert_array_equal(wide.predict(TEXTS), fitted.predict(TEXTS))
    none = clone(fitted).set_params(abstain=0.0).fit(TEXTS, NAMES, GROUPS)
    assert none.predict_uncertain(TEXTS).sum() < near.sum()


def test_params_and_clone(fitted: CaseClassifier) -> None:
    params = {"C": 3.0, "least": 3, "weights": (1.0, 0.5, 0.2), "n_splits": 3, "abstain": 0.2, "n_jobs": 2}
    classifier = CaseClassifier().set_params(**params)
    assert classifier.get_params() == params == clone(classifier).get_params()
    copy = clone(fitted)
    assert not hasattr(copy, "core_")
    with pytest.raises(ValueError, match="Invalid parameter"):
        classifier.set_params(penalty="l1")


def test_tags_tell_what_is_taken() -> None:
    tags = get_tags(CaseClassifier())
    assert tags.input_tags.string
    assert not tags.input_tags.two_d_array
    assert tags.classifier_tags.multi_label
    assert not tags.classifier_tags.multi_class


def test_docs_strings_and_arrays_give_the_same(fitted: CaseClassifier, nlp) -> None:
    expected = fitted.decision_function(TEXTS)
    docs = [reader()(text) for text in TEXTS]
    for texts in (docs, [nlp(text) for text in TEXTS], np.array(TEXTS), tuple(TEXTS), [TEXTS[0], *docs[1:]]):
        np.testing.assert_array_equal(fitted.decision_function(texts), expected)
    np.testing.assert_array_equal(CaseClassifier().fit(docs, NAMES, GROUPS).core_.coef_, fitted.core_.coef_)


def test_labels_as_array_or_names_and_refit_give_the_same_weights(fitted: CaseClassifier) -> None:
    for y in (ARRAY, ARRAY.astype(bool), [tuple(names) for names in NAMES]):
        np.testing.assert_array_equal(CaseClassifier().fit(TEXTS, y, GROUPS).core_.coef_, fitted.core_.coef_)
    again = clone(fitted).fit(TEXTS[:12], NAMES[:12]).fit(TEXTS, NAMES, GROUPS)
    for name in ("coef_", "intercept_", "calibration_", "thresholds_", "margins_"):
        np.testing.assert_array_equal(getattr(again.core_, name), getattr(fitted.core_, name), err_msg=name)


def test_fit_changes_none_of_its_inputs() -> None:
    texts, names, array, groups = list(TEXTS), [list(labels) for labels in NAMES], ARRAY.copy(), GROUPS.copy()
    docs = [reader()(text) for text in texts]
    before = [doc.to_bytes() for doc in docs]
    CaseClassifier().fit(docs, array, groups, unnamed=texts)
    CaseClassifier().fit(texts, names, groups)
    assert (texts, names, before) == (TEXTS, NAMES, [doc.to_bytes() for doc in docs])
    np.testing.assert_array_equal(array, ARRAY)
    np.testing.assert_array_equal(groups, GROUPS)


def test_grid_search_over_texts() -> None:
    folds, grid = GroupKFold(2), [1.0, 10.0]
    search = GridSearchCV(CaseClassifier(n_splits=2), {"C": grid}, cv=folds, error_score="raise").fit(TEXTS, ARRAY, groups=GROUPS)
    for place, C in enumerate(grid):
        for fold, (train, test) in enumerate(folds.split(TEXTS, groups=GROUPS)):
            classifier = CaseClassifier(C=C, n_splits=2).fit([TEXTS[i] for i in train], ARRAY[train])
            expected = classifier.score([TEXTS[i] for i in test], ARRAY[test])
            assert search.cv_results_[f"split{fold}_test_score"][place] == expected
    assert search.predict(TEXTS).shape == ARRAY.shape


@pytest.mark.parametrize("method", ["predict", "predict_proba", "decision_function"])
def test_cross_val_predict_with_groups(method: str) -> None:
    folds = GroupKFold(2)
    found = cross_val_predict(CaseClassifier(n_splits=2), TEXTS, ARRAY, groups=GROUPS, cv=folds, params={"groups": GROUPS}, method=method)
    expected = np.zeros(ARRAY.shape)
    for train, test in folds.split(TEXTS, groups=GROUPS):
        classifier = CaseClassifier(n_splits=2).fit([TEXTS[i] for i in train], ARRAY[train], GROUPS[train])
        expected[test] = getattr(classifier, method)([TEXTS[i] for i in test])
    np.testing.assert_array_equal(found, expected)


def shout(texts):
    return [text.replace("vrachtwagen", "busje") for text in texts]


def test_pipeline(fitted: CaseClassifier) -> None:
    pipeline = make_pipeline(FunctionTransformer(shout), CaseClassifier()).set_params(caseclassifier__C=5.0)
    pipeline.fit(TEXTS, ARRAY, caseclassifier__groups=GROUPS)
    expected = CaseClassifier(C=5.0).fit(shout(TEXTS), ARRAY, GROUPS)
    np.testing.assert_array_equal(pipeline.predict_proba(TEXTS), expected.predict_proba(shout(TEXTS)))
    assert pipeline.score(TEXTS, ARRAY) == expected.score(shout(TEXTS), ARRAY)


def test_dump_and_load_give_equal_answers(fitted: CaseClassifier, tmp_path: Path) -> None:
    joblib.dump(fitted, tmp_path / "own.joblib")
    loaded = joblib.load(tmp_path / "own.joblib")
    np.testing.assert_array_equal(loaded.decision_function(TEXTS), fitted.decision_function(TEXTS))
    np.testing.assert_array_equal(loaded.predict_uncertain(TEXTS), fitted.predict_uncertain(TEXTS))
    assert loaded.get_params() == fitted.get_params()


def test_score_is_subset_accuracy(fitted: CaseClassifier) -> None:
    wrong = ARRAY.copy()
    right = fitted.predict(TEXTS)
    assert fitted.score(TEXTS, right) == 1.0
    wrong[:] = right
    wrong[:6, 3] ^= 1
    assert fitted.score(TEXTS, wrong) == pytest.approx(18 / 24)
    assert fitted.score(TEXTS, wrong, sample_weight=np.arange(24) < 6) == 0.0
    assert fitted.score(TEXTS, NAMES) == pytest.approx((right == ARRAY).all(axis=1).mean())


@pytest.mark.parametrize("method", ["predict", "predict_proba", "decision_function", "predict_uncertain"])
def test_not_fitted(method: str) -> None:
    with pytest.raises(NotFittedError):
        getattr(CaseClassifier(), method)(TEXTS)
    with pytest.raises(NotFittedError):
        CaseClassifier().score(TEXTS, ARRAY)


@pytest.mark.parametrize(
    ("X", "y", "extra", "message"),
    [
        ([*TEXTS[:3], 7], NAMES[:4], {}, "text no. 3 is a int"),
        ([TEXTS[0], None], NAMES[:2], {}, "text no. 1 is a NoneType"),
        ([TEXTS[0], spacy.blank("nl")(TEXTS[1])], NAMES[:2], {}, "text no. 1 is a Doc without mentions"),
        (TEXTS[0], NAMES[:1], {}, "X is one str; give a list of texts"),
        (TEXTS, NAMES[:-1], {}, "24 texts but 23 label sets"),
        (TEXTS, NAMES, {"groups": GROUPS[:-2]}, "24 texts but 22 groups"),
        (TEXTS, NAMES, {"unnamed": TEXTS[:-3]}, "24 texts but 21 unnamed texts"),
        (TEXTS[:2], [[], ["diefstal"]], {}, "text no. 1: unknown label 'diefstal'"),
        (TEXTS[:2], [[], "mensenhandel"], {}, "text no. 1: the labels are a str"),
        (TEXTS[:2], [1, 0], {}, "text no. 0: the labels are a int"),
        (TEXTS, ARRAY[:, :5], {}, "y has 5 columns; give 26"),
        (TEXTS, ARRAY * 2, {}, "text no. 0: y holds something else than 0 and 1"),
    ],
)
def test_errors_name_the_place(X, y, extra, message: str) -> None:
    with pytest.raises(InputError, match=message):
        CaseClassifier().fit(X, y, **extra)


def test_errors_of_a_fitted_classifier_name_the_place(fitted: CaseClassifier) -> None:
    with pytest.raises(InputError, match=r"text no\. 1 is a float"):
        fitted.predict([TEXTS[0], 1.5])
    with pytest.raises(InputError, match="24 texts but 2 label sets"):
        fitted.score(TEXTS, NAMES[:2])


def test_offences_of_a_long_text_are_told_by_the_window_that_says_most(fitted: CaseClassifier) -> None:
    text = "De gemeente plant bomen langs de weg en vraagt inwoners om hulp. " * 40 + SENTENCES[0][0].format(n=6)
    item = material(reader()(text), reader().tokenizer)
    windows = windows_of(item)
    assert len(windows) > 2
    matrix = fitted.vectorizer_.transform([window.item for window in windows])
    expected = fitted.core_.log_odds(matrix, lengths=np.repeat(lengths_of([item]), len(windows)))[:, :2].max(axis=0) - cost(len(windows))
    given = fitted.predict_proba([text])[0, :2]
    np.testing.assert_allclose(np.log(given / (1 - given)), expected, atol=1e-6)


def test_half_a_surrogate_pair_is_told_with_its_place(fitted: CaseClassifier) -> None:
    with pytest.raises(InputError, match=r"text no\. 1 holds half a surrogate pair"):
        fitted.predict(["Een fiets.", "x \ud800 y"])
