"""The scikit-learn estimators: a numeric multilabel core, and the facade that takes texts.

The core is one logistic regression per label, calibrated on held-out scores, with a threshold per label. It is linear, so what
a passage contributes to a score can be told, and all it knows fits in a JSON and an npz file.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any, Self

import numpy as np
import spacy
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_matrix, vstack
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold
from sklearn.utils.validation import check_is_fitted
from spacy.language import Language
from spacy.tokens import Doc

from smokkel_nlp.components import READERS
from smokkel_nlp.errors import InputError
from smokkel_nlp.features import Material, Vectorizer, material
from smokkel_nlp.text import without_offence_names
from smokkel_nlp.taxonomy import OFFENCE_IDS, load_taxonomy

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
_OFFENCES = len(OFFENCE_IDS)
_MIN_POSITIVES = 25
_LONG_ENOUGH = 30


class MultilabelLogistic(ClassifierMixin, BaseEstimator):
    """One calibrated logistic regression per label.

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
        self, X: csr_matrix, y: ArrayLike, groups: ArrayLike | None = None, copies: csr_matrix | None = None, scale: Floats | None = None
    ) -> Self:
        """Fit weights, calibration and thresholds.

        Parameters
        ----------
        X : sparse matrix of shape (n_texts, n_features)
        y : array of 0/1 of shape (n_texts, n_labels)
        groups : array of shape (n_texts,), optional
            Texts of one group (author batch, contrast pair) are held out together.
        copies : sparse matrix of shape (n_texts, n_features), optional
            Altered copies of the same texts to learn from as well; empty rows are left out. Never used to calibrate.
        scale : array of shape (n_labels, n_features), optional
            Factor of each feature per label: what is known beforehand to matter to a label gets more than 1, and is penalised less.
        """
        Y = np.asarray(y, dtype=np.int64)
        parts = np.arange(len(Y)) % max(self.n_splits, 2) if groups is None else np.asarray(groups)
        splits = min(self.n_splits, len(np.unique(parts)))
        held_out = np.zeros(Y.shape)
        for train, test in GroupKFold(splits).split(X, groups=parts):
            coef, intercept = self._weights(X, Y, train, copies, scale)
            held_out[test] = X[test] @ coef.T + intercept
        self.coef_, self.intercept_ = self._weights(X, Y, np.arange(len(Y)), copies, scale)
        self.held_out_ = held_out
        self.calibration_ = self._calibrate(held_out, Y)
        odds = held_out * self.calibration_[:, 0] + self.calibration_[:, 1]
        pooled = _best_threshold(odds[:, _OFFENCES:].ravel(), Y[:, _OFFENCES:].ravel()) if Y.shape[1] > _OFFENCES else 0.0
        rare = Y.sum(axis=0) < _MIN_POSITIVES
        cuts = np.array([pooled if rare[k] else _best_threshold(odds[:, k], Y[:, k]) for k in range(Y.shape[1])])
        self.thresholds_ = _sigmoid(cuts)
        self.margins_ = np.quantile(np.abs(odds - cuts), self.abstain, axis=0)
        self.n_features_in_ = X.shape[1]
        return self

    def _weights(
        self, X: csr_matrix, Y: Ints, rows: Ints, copies: csr_matrix | None, scale: Floats | None
    ) -> tuple[Floats, Floats]:
        """Fit all labels on the rows and their copies."""
        matrix, target = X[rows], Y[rows]
        if copies is not None:
            extra = rows[np.diff(copies.indptr)[rows] > 0]
            matrix, target = vstack([matrix, copies[extra]]).tocsr(), np.vstack([target, Y[extra]])
        coef, intercept = np.zeros((Y.shape[1], X.shape[1])), np.zeros(Y.shape[1])
        for k in range(Y.shape[1]):
            share = target[:, k].mean()
            if share in (0.0, 1.0):
                intercept[k] = 10.0 * (2 * share - 1)
                continue
            model = LogisticRegression(C=self.C, class_weight="balanced", solver="liblinear", random_state=0, max_iter=2000)
            factor = np.ones(X.shape[1]) if scale is None else scale[k]
            model.fit(matrix.multiply(factor).tocsr(), target[:, k])
            coef[k], intercept[k] = model.coef_[0] * factor, model.intercept_[0]
        return coef, intercept

    def _calibrate(self, scores: Floats, Y: Ints) -> Floats:
        """Fit a Platt map per label; labels with few positives share one over all tags."""
        calibration = np.tile([1.0, 0.0], (Y.shape[1], 1))
        tags = slice(_OFFENCES, None)
        pooled = _platt(scores[:, tags].ravel(), Y[:, tags].ravel()) if Y.shape[1] > _OFFENCES else np.array([1.0, 0.0])
        for k in range(Y.shape[1]):
            few = min(Y[:, k].sum(), (1 - Y[:, k]).sum()) < _MIN_POSITIVES
            calibration[k] = pooled if few and k >= _OFFENCES else _platt(scores[:, k], Y[:, k])
        return calibration

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
    own : float, default=4.0
        Factor of a label's own mentions over other features.
    drop_names : bool, default=True
        Learn also from copies of the longer texts in which the offences' names are left out, positives and negatives alike.
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
        own: float = 4.0,
        drop_names: bool = True,
        n_splits: int = 5,
        abstain: float = 0.08,
    ) -> None:
        self.C = C
        self.least = least
        self.weights = weights
        self.own = own
        self.drop_names = drop_names
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
        copies = self.vectorizer_.transform(self._nameless(X)) if self.drop_names else None
        self.core_ = MultilabelLogistic(C=self.C, n_splits=self.n_splits, abstain=self.abstain)
        self.core_.fit(matrix, Y, groups, copies, own_scale(self.vectorizer_, self.own))
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

    def _nameless(self, X: Iterable[str | Doc]) -> list[Material]:
        """Return the materials of the texts without the names of the offences; empty where that changes or leaves nothing."""
        texts = [item if isinstance(item, str) else item.text for item in X]
        bare = [without_offence_names(text) for text in texts]
        useful = [after != before and len(after.split()) >= _LONG_ENOUGH for before, after in zip(texts, bare, strict=True)]
        return [self._materials([text])[0] if use else Material([], [], []) for text, use in zip(bare, useful, strict=True)]

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


def own_scale(vectorizer: Vectorizer, factor: float) -> Floats:
    """Return the scale that favours each label's own mentions: of its tag, or of its offence and the tags that show its elements.

    Examples
    --------
    >>> scale = own_scale(Vectorizer([], [], np.array([]), (1, 1, 1)), 4.0)
    >>> scale.max(), scale.shape[0]
    (np.float64(4.0), 26)
    """
    taxonomy = load_taxonomy()
    owned = {label: {label} for label in taxonomy.labels}
    for offence in taxonomy.offences:
        for element in offence.elements:
            owned[offence.id] |= set(element.tags)
    offset = vectorizer.n_features - len(vectorizer.cues)
    scale = np.ones((len(taxonomy.labels), vectorizer.n_features))
    for row, label in enumerate(taxonomy.labels):
        mine = [offset + column for column, name in enumerate(vectorizer.cues) if name.split(":")[0] in owned[label]]
        scale[row, mine] = factor
    return scale
