"""The scikit-learn estimators: a numeric multilabel core, and the facade that takes texts.

The core is one logistic regression per label, calibrated on held-out scores, with a threshold per label. It is linear, so what
a passage contributes to a score can be told, and all it knows fits in a JSON and an npz file.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any, NamedTuple, Self

import numpy as np
import spacy
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_matrix
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold
from sklearn.utils.validation import check_is_fitted
from spacy.language import Language
from spacy.tokens import Doc

from smokkel_nlp.components import READERS
from smokkel_nlp.errors import InputError
from smokkel_nlp.features import Material, Vectorizer, material
from smokkel_nlp.taxonomy import OFFENCE_IDS, load_taxonomy

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class Structure(NamedTuple):
    """What is known beforehand of the labels, by row of the weight matrix and column of the features.

    Parameters
    ----------
    tags : array of shape (n_tags,)
        Rows of the labels that describe a method.
    own : array of shape (n_tags, n_kinds)
        Columns of each tag's own mentions, one column for each kind of mention.
    related : array of shape (n_tags, n_other)
        How much each other label bears on a tag; rows sum to one.
    """

    tags: Ints
    own: Ints
    related: Floats


class MultilabelLogistic(ClassifierMixin, BaseEstimator):
    """One calibrated logistic regression per label.

    With a ``structure``, tags get a second stage that all of them share: their score, their own mentions and the scores of the
    offences they belong to, weighed once for all tags, so that a rare tag profits from the others. It is linear too, and is folded
    into the weights.

    Parameters
    ----------
    C : float, default=10.0
        Inverse strength of the L2 penalty.
    n_splits : int, default=5
        Folds in which the scores for calibration and thresholds are held out.
    abstain : float, default=0.08
        Share of held-out texts nearest to the threshold of each offence that ``is_uncertain`` gives up.

    Attributes
    ----------
    coef_ : array of shape (n_labels, n_features)
    intercept_ : array of shape (n_labels,)
    calibration_ : array of shape (n_labels, 2)
        Slope and offset of the logistic map from score to probability (Platt 1999).
    thresholds_ : array of shape (n_labels,)
        Probability from which a label is given.
    margins_ : array of shape (n_labels,)
        Distance to the threshold, in log odds, within which an offence label is uncertain.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> X = csr_matrix(rng.normal(size=(80, 4)))
    >>> Y = (X[:, :2].toarray() > 0).astype(int)
    >>> core = MultilabelLogistic().fit(X, Y)
    >>> core.predict(X).shape
    (80, 2)
    """

    def __init__(self, *, C: float = 10.0, n_splits: int = 5, abstain: float = 0.08) -> None:
        self.C = C
        self.n_splits = n_splits
        self.abstain = abstain

    def fit(
        self,
        X: csr_matrix,
        y: ArrayLike,
        groups: ArrayLike | None = None,
        structure: Structure | None = None,
    ) -> Self:
        """Fit weights, calibration and thresholds.

        Parameters
        ----------
        X : sparse matrix of shape (n_texts, n_features)
        y : array of 0/1 of shape (n_texts, n_labels)
        groups : array of shape (n_texts,), optional
            Texts of one group (author batch, contrast pair) are held out together.
        structure : Structure, optional
            What is known beforehand of the labels.
        """
        Y = np.asarray(y, dtype=np.int64)
        parts = np.arange(len(Y)) % max(self.n_splits, 2) if groups is None else np.asarray(groups)
        splits = min(self.n_splits, len(np.unique(parts)))
        scores = np.zeros(Y.shape)
        for train, test in GroupKFold(splits).split(X, groups=parts):
            coef, intercept = self._weights(X[train], Y[train])
            scores[test] = X[test] @ coef.T + intercept
        self.coef_, self.intercept_ = self._weights(X, Y)
        if structure is not None:
            scores = self._second_stage(X, Y, scores, structure)
        self.calibration_ = np.array([_platt(scores[:, k], Y[:, k]) for k in range(Y.shape[1])])
        if structure is not None:  # the second stage is calibrated over all tags at once
            self.calibration_[structure.tags] = [1.0, 0.0]
        odds = scores * self.calibration_[:, 0] + self.calibration_[:, 1]
        tags = np.arange(0) if structure is None else structure.tags
        pooled = _best_threshold(odds[:, tags].ravel(), Y[:, tags].ravel()) if len(tags) else 0.0
        cuts = np.array([pooled if k in tags else _best_threshold(odds[:, k], Y[:, k]) for k in range(Y.shape[1])])
        self.thresholds_ = _sigmoid(cuts)
        self.margins_ = np.quantile(np.abs(odds - cuts), self.abstain, axis=0)
        self.held_out_ = odds
        self.n_features_in_ = X.shape[1]
        return self

    def _weights(self, X: csr_matrix, Y: Ints) -> tuple[Floats, Floats]:
        """Fit the first stage of all labels."""
        coef, intercept = np.zeros((Y.shape[1], X.shape[1])), np.zeros(Y.shape[1])
        for k in range(Y.shape[1]):
            share = Y[:, k].mean()
            if share in (0.0, 1.0):
                intercept[k] = 10.0 * (2 * share - 1)
                continue
            model = LogisticRegression(C=self.C, class_weight="balanced", solver="liblinear", random_state=0, max_iter=2000)
            model.fit(X, Y[:, k])
            coef[k], intercept[k] = model.coef_[0], model.intercept_[0]
        return coef, intercept

    def _second_stage(self, X: csr_matrix, Y: Ints, scores: Floats, structure: Structure) -> Floats:
        """Weigh score, own mentions and offences once for all tags; fold the result into the weights, return the new scores."""
        tags, own, related = structure.tags, structure.own, structure.related
        others = np.setdiff1d(np.arange(Y.shape[1]), tags)
        mentions = np.stack([X[:, own[t]].toarray() for t in range(len(tags))], axis=1)
        stacked = np.concatenate([scores[:, tags, None], (scores[:, others] @ related.T)[:, :, None], mentions], axis=2)
        flat = stacked.reshape(-1, stacked.shape[2])
        model = LogisticRegression(C=1.0, max_iter=1000).fit(flat, Y[:, tags].ravel())
        weight, offset = model.coef_[0], model.intercept_[0]
        coef, intercept = self.coef_.copy(), self.intercept_.copy()
        coef[tags] = weight[0] * self.coef_[tags] + weight[1] * (related @ self.coef_[others])
        intercept[tags] = weight[0] * self.intercept_[tags] + weight[1] * (related @ self.intercept_[others]) + offset
        for t, row in enumerate(tags):
            coef[row, own[t]] += weight[2:]
        self.coef_, self.intercept_, self.stage_ = coef, intercept, np.append(weight, offset)
        updated = scores.copy()
        updated[:, tags] = (flat @ weight + offset).reshape(len(Y), len(tags))
        return updated

    def decision_function(self, X: csr_matrix) -> Floats:
        """Return the uncalibrated scores, shape (n_texts, n_labels)."""
        check_is_fitted(self, "coef_")
        return np.asarray(X @ self.coef_.T + self.intercept_)

    def log_odds(self, X: csr_matrix) -> Floats:
        """Return the calibrated log odds, shape (n_texts, n_labels)."""
        return self.decision_function(X) * self.calibration_[:, 0] + self.calibration_[:, 1]

    def predict_proba(self, X: csr_matrix) -> Floats:
        """Return calibrated probabilities, shape (n_texts, n_labels)."""
        return _sigmoid(self.log_odds(X))

    def predict(self, X: csr_matrix) -> Ints:
        """Return 0/1 per label; never abstains."""
        return (self.predict_proba(X) >= self.thresholds_).astype(np.int64)

    def is_uncertain(self, X: csr_matrix) -> NDArray[np.bool_]:
        """Tell per text and label whether the score lies too near the threshold to say."""
        cuts = np.log(self.thresholds_ / (1 - self.thresholds_))
        return np.asarray(np.abs(self.log_odds(X) - cuts) < self.margins_)


def _sigmoid(x: Floats) -> Floats:
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(x, -35, 35))))


def _platt(scores: Floats, y: Ints) -> Floats:
    if not 0 < y.sum() < len(y):
        return np.array([1.0, 0.0])
    model = LogisticRegression(C=1.0).fit(scores.reshape(-1, 1), y)
    return np.array([max(model.coef_[0, 0], 1e-3), model.intercept_[0]])


def _best_threshold(odds: Floats, y: Ints) -> float:
    """Return the log odds in [-2, 2] with the best F1, smoothed over its neighbours so that one text does not decide."""
    grid = np.linspace(-2.0, 2.0, 81)
    f1 = np.array([2 * (given & (y == 1)).sum() / max(given.sum() + y.sum(), 1) for given in (odds >= cut for cut in grid)])
    smooth = np.convolve(np.pad(f1, 5, mode="edge"), np.ones(11) / 11, mode="valid")
    best = smooth >= smooth.max() - 1e-3
    return float(grid[best][np.argmin(np.abs(grid[best]))])


@lru_cache(maxsize=1)
def reader() -> Language:
    """Return the pipeline that finds mentions for the estimator."""
    nlp = spacy.blank("nl")
    for name in READERS:
        nlp.add_pipe(name)
    return nlp


class CaseClassifier(ClassifierMixin, BaseEstimator):
    """Classify case texts: two offences and the modus operandi tags, as a scikit-learn estimator over raw strings or Docs.

    Parameters
    ----------
    C : float, default=10.0
        Inverse strength of the penalty.
    least : int, default=2
        Texts in which a term must occur to be a feature.
    weights : tuple of float, default=(1.0, 0.7, 0.25)
        Weights of words, of letters inside words, and of mentions.
    n_splits : int, default=5
        Folds for calibration.
    abstain : float, default=0.08
        Share of held-out texts that each offence label may call uncertain.

    Examples
    --------
    >>> texts = ["Hij bracht mensen over de grens.", "Hij stal een fiets."] * 20
    >>> clf = CaseClassifier().fit(texts, [["mensensmokkel"], []] * 20)
    >>> clf.predict(["Zij bracht mensen over de grens."])[0, 0]
    1
    """

    def __init__(
        self,
        *,
        C: float = 10.0,
        least: int = 2,
        weights: tuple[float, float, float] = (1.0, 0.7, 0.25),
        n_splits: int = 5,
        abstain: float = 0.08,
    ) -> None:
        self.C = C
        self.least = least
        self.weights = weights
        self.n_splits = n_splits
        self.abstain = abstain

    def fit(self, X: Sequence[str | Doc], y: Any, groups: ArrayLike | None = None) -> Self:
        """Fit on texts.

        Parameters
        ----------
        X : sequence of str or Doc
        y : array of 0/1 of shape (n_texts, n_labels), or a list of lists of label names
        groups : array of shape (n_texts,), optional
            Texts that must not be separated when scores are held out.

        Raises
        ------
        InputError
            If a text is no string, a label is unknown, or the lengths differ.
        """
        self.classes_ = np.array(load_taxonomy().labels, dtype=object)
        Y = self._indicator(y)
        if len(Y) != len(X):
            raise InputError(f"{len(X)} texts but {len(Y)} label sets; give one label set for each text")
        materials = self._materials(X)
        self.vectorizer_ = Vectorizer.fit(materials, self.least, weights=self.weights)
        matrix = self.vectorizer_.transform(materials)
        self.core_ = MultilabelLogistic(C=self.C, n_splits=self.n_splits, abstain=self.abstain)
        self.core_.fit(matrix, Y, groups, label_structure(self.vectorizer_))
        return self

    def _indicator(self, y: Any) -> Ints:
        index = {label: k for k, label in enumerate(self.classes_)}
        if isinstance(y, np.ndarray) and y.ndim == 2:
            if y.shape[1] != len(index):
                raise InputError(f"y has {y.shape[1]} columns; give {len(index)}, one for each of CaseClassifier.classes_")
            return y.astype(np.int64)
        Y = np.zeros((len(y), len(index)), dtype=np.int64)
        for row, labels in enumerate(y):
            for label in labels:
                if label not in index:
                    raise InputError(f"text no. {row}: unknown label '{label}'; use the offences and tags of the taxonomy")
                Y[row, index[label]] = 1
        return Y

    def _materials(self, X: Iterable[str | Doc]) -> list[Material]:
        nlp = reader()
        items = list(X)
        for number, item in enumerate(items):
            if not isinstance(item, str | Doc):
                raise InputError(f"text no. {number} is a {type(item).__name__}; give a str or a spaCy Doc")
        docs = (item if isinstance(item, Doc) else nlp(item) for item in items)
        return [material(doc, nlp.tokenizer) for doc in docs]

    def _matrix(self, X: Iterable[str | Doc]) -> csr_matrix:
        check_is_fitted(self, "core_")
        return self.vectorizer_.transform(self._materials(X))

    def decision_function(self, X: Sequence[str | Doc]) -> Floats:
        """Return scores before calibration, shape (n_texts, n_labels)."""
        return self.core_.decision_function(self._matrix(X))

    def predict_proba(self, X: Sequence[str | Doc]) -> Floats:
        """Return calibrated probabilities, shape (n_texts, n_labels), columns as ``classes_``."""
        return self.core_.predict_proba(self._matrix(X))

    def predict(self, X: Sequence[str | Doc]) -> Ints:
        """Return 0/1 per label, shape (n_texts, n_labels); never abstains."""
        return self.core_.predict(self._matrix(X))


_KINDS = ("strong:gesteld", "strong:hypothetisch", "strong:ontkend", "strong:historisch", "weak")


def label_structure(vectorizer: Vectorizer) -> Structure:
    """Return what the taxonomy says of the labels: which mentions are a label's own, and to which offence a tag belongs.

    Examples
    --------
    >>> structure = label_structure(Vectorizer([], [], np.array([]), (1, 1, 1)))
    >>> structure.own.shape, structure.related[0].tolist()
    ((24, 5), [0.0, 1.0])
    """
    taxonomy = load_taxonomy()
    owned = {offence.id: {tag for element in offence.elements for tag in element.tags} for offence in taxonomy.offences}
    offset = vectorizer.n_features - len(vectorizer.cues)
    column = {name: offset + index for index, name in enumerate(vectorizer.cues)}
    own = np.array([[column[f"{tag}:{kind}"] for kind in _KINDS] for tag in taxonomy.tag_ids], dtype=np.int64)
    related = np.array([[float(tag in owned[offence]) for offence in OFFENCE_IDS] for tag in taxonomy.tag_ids])
    related[related.sum(axis=1) == 0] = 1.0
    tags = np.arange(len(OFFENCE_IDS), len(taxonomy.labels))
    return Structure(tags, own, related / related.sum(axis=1, keepdims=True))
