"""The numeric core: one calibrated logistic regression per label, as a scikit-learn estimator over matrices.

It is linear, so what a passage contributes to a score can be told, and all it knows fits in a JSON and an npz file.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, Self

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_matrix, issparse, vstack
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold
from sklearn.utils import Tags
from sklearn.utils.multiclass import check_classification_targets, type_of_target
from sklearn.utils.validation import check_consistent_length, check_is_fitted, column_or_1d, validate_data
from threadpoolctl import threadpool_limits

from smokkel_nlp.gate import gated, standing
from smokkel_nlp.platt import fit_map, maps
from smokkel_nlp.taxonomy import OFFENCE_IDS
from smokkel_nlp.telling import scale_of

_OFFENCES = len(OFFENCE_IDS)
# Share of the copies without mentions when an offence is learnt, and of the copies without its name.
_BARE, _UNNAMED = 2 / 3, 0.15
# Weight of the whole background beside the texts of one class.
_BACKGROUND = 0.15
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class Stage(NamedTuple):
    """Labels that share a second stage, by row of the weight matrix and column of the features.

    Parameters
    ----------
    labels : array of shape (n_shared,)
        Rows of the labels that share it.
    own : array of shape (n_shared, n_kinds)
        Columns of each label's own mentions, one for each kind of mention.
    blind : array of shape (n_mention_features,)
        Columns that the first stage of these labels does not see: the mentions, which come in here. No label has them scaled.
    related : array of shape (n_shared, n_labels)
        How much each other label bears on one of these.
    beta : float
        Weight of recall against precision in their threshold (F-beta).
    unseen : array of shape (n_unseen,)
        Other columns that these labels do not see.
    """

    labels: Ints
    own: Ints
    blind: Ints
    related: Floats
    beta: float
    unseen: Ints = np.zeros(0, dtype=np.int64)


class Beside(NamedTuple):
    """Texts that are learnt from beside the labelled ones, and of which nothing is measured.

    Parameters
    ----------
    unnamed : sparse matrix of shape (n_texts, n_features) or None
        The labelled texts with the names of the offences deleted.
    background : sparse matrix of shape (n_others, n_features)
        Ordinary texts, to which no label applies.
    lengths : array of shape (n_texts,) or None
        Lengths of the texts with the names deleted.
    """

    unnamed: csr_matrix | None
    background: csr_matrix
    lengths: Floats | None = None

    def rows(self, texts: Ints) -> Beside:
        """Return the same beside some of the labelled texts."""
        return self if self.unnamed is None else Beside(self.unnamed[texts], self.background)


class MultilabelLogistic(ClassifierMixin, BaseEstimator):
    """One calibrated logistic regression per label.

    ``y`` of two dimensions holds labels that each apply or not; ``y`` of one dimension holds one of two classes, of which the likelier is
    given. More than two classes that exclude each other are refused. It passes the checks of :mod:`sklearn.utils.estimator_checks`.

    With a ``stage``, tags get a second stage that they share: their score, their own mentions and the scores of the offences they belong
    to, weighed once for all of them, so that a rare tag profits from the others. Mentions count by how surely the text is about an
    offence, and how it stands to the offences counts by itself; the rest is linear and is folded into the weights. The first stage is
    then learnt on terms scaled by how telling they are (:mod:`smokkel_nlp.telling`); ``coef_`` is for the terms as they come.

    Parameters
    ----------
    C : float, default=10.0
        Inverse strength of the L2 penalty.
    n_splits : int, default=5
        Folds in which the scores for calibration and thresholds are held out.
    abstain : float, default=0.08
        Share of held-out texts nearest to the threshold of each offence that lies within its margin.
    n_jobs : int, optional
        Processes that fit the folds; the numbers are the same with any.

    Attributes
    ----------
    coef_ : array of shape (n_labels, n_features)
    intercept_ : array of shape (n_labels,)
    calibration_ : array of shape (n_labels, 4)
        The maps from score to log odds (:mod:`smokkel_nlp.platt`).
    thresholds_ : array of shape (n_labels,)
        Probability from which a label is given.
    margins_ : array of shape (n_labels,)
        Distance to the threshold, in log odds, within which an offence label is uncertain.
    prior_ : array of shape (n_labels,)
        Share of the texts to which each label applies.
    multilabel_ : bool
        Whether ``y`` had two dimensions.
    classes_ : array
        The numbers of the labels, shape (n_labels,); for ``y`` of one dimension the classes, of which ``coef_`` has a row for the last.
    n_features_in_ : int

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> X = csr_matrix(rng.normal(size=(80, 4)))
    >>> Y = (X[:, :2].toarray() > 0).astype(int)
    >>> core = MultilabelLogistic().fit(X, Y)
    >>> core.predict(X).shape
    (80, 2)
    >>> MultilabelLogistic().fit(X, np.where(Y[:, 0] == 1, "ja", "nee")).classes_.tolist()
    ['ja', 'nee']
    """

    def __init__(self, *, C: float = 10.0, n_splits: int = 5, abstain: float = 0.08, n_jobs: int | None = None) -> None:
        self.C = C
        self.n_splits = n_splits
        self.abstain = abstain
        self.n_jobs = n_jobs

    def __sklearn_tags__(self) -> Tags:
        """Tell scikit-learn what is taken: sparse matrices, and labels of which any number holds, or two classes."""
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.classifier_tags.multi_label = True
        tags.classifier_tags.multi_class = False
        return tags

    def fit(
        self,
        X: ArrayLike | csr_matrix,
        y: ArrayLike,
        groups: ArrayLike | None = None,
        stage: Stage | None = None,
        beside: Beside | None = None,
        lengths: Floats | None = None,
    ) -> Self:
        """Fit weights, calibration and thresholds.

        Parameters
        ----------
        X : array or sparse matrix of shape (n_texts, n_features)
        y : array of 0/1 of shape (n_texts, n_labels), or of two classes of shape (n_texts,)
        groups : array of shape (n_texts,), optional
            Texts of one group (author batch, contrast pair) are held out together.
        stage : Stage, optional
            Labels that share a second stage.
        beside : Beside, optional
            What else is learnt from. Map and threshold of a label without a second stage are found on the texts without names as well.
        lengths : array of shape (n_texts,), optional
            Lengths of the texts (:func:`smokkel_nlp.platt.length_of`), by which the map of such a label then differs.

        Returns
        -------
        MultilabelLogistic
            The estimator itself.

        Raises
        ------
        ValueError
            If lengths differ, a number is missing or infinite, ``y`` is neither labels nor two classes, or all texts are of one group.
        """
        X, y = validate_data(self, X, y, accept_sparse="csr", dtype=np.float64, multi_output=True, ensure_min_samples=2)
        check_consistent_length(X, groups)
        X, Y = csr_matrix(X), self._encoded(y)
        parts = np.arange(len(Y)) % max(self.n_splits, 2) if groups is None else np.asarray(groups)
        if len(np.unique(parts)) < 2:
            raise ValueError("all texts are of one group; give two groups or more, so that scores can be held out")
        splits = min(self.n_splits, len(np.unique(parts)))
        scores = np.zeros(Y.shape)
        others = None if beside is None or beside.unnamed is None else np.zeros(Y.shape)
        folds = list(GroupKFold(splits).split(X, groups=parts))
        *apart, (self.coef_, self.intercept_) = Parallel(n_jobs=self.n_jobs)(
            delayed(_one_thread)(self._weights, X[rows], Y[rows], stage, beside and beside.rows(rows))
            for rows in (*(train for train, _ in folds), np.arange(len(Y)))
        )
        for (coef, intercept), (_, test) in zip(apart, folds, strict=True):
            scores[test] = X[test] @ coef.T + intercept
            if beside is not None and beside.unnamed is not None and others is not None:
                others[test] = beside.unnamed[test] @ coef.T + intercept
        self.prior_ = Y.mean(axis=0)
        self.gate_: Floats | None = None
        alone = np.setdiff1d(np.arange(Y.shape[1]), () if stage is None else stage.labels)
        own = np.zeros(len(Y)) if lengths is None else lengths
        # What was held out, once more with the names deleted: the texts by which labels without a second stage are told.
        tried, twice, long = scores, Y, own
        if beside is not None and others is not None:
            tried, twice = np.concatenate([scores, others]), np.concatenate([Y, Y])
            long = np.concatenate([own, own if beside.lengths is None else beside.lengths])
        self.calibration_ = np.array([
            fit_map(tried[:, k], twice[:, k], None if lengths is None else long) if k in alone else fit_map(scores[:, k], Y[:, k])
            for k in range(Y.shape[1])
        ])  # fmt: skip
        slopes, offsets = maps(self.calibration_, own)
        if stage is not None and len(np.unique(Y[:, stage.labels])) == 2:
            scores = self._second_stage(X, Y, scores, stage, scores * slopes + offsets)
            self.calibration_[stage.labels] = [1.0, 0.0, 0.0, 0.0]  # a second stage is calibrated as it is fitted
            slopes, offsets = maps(self.calibration_, own)
        odds = scores * slopes + offsets
        steep, high = maps(self.calibration_, long)
        told = tried * steep + high
        cuts = np.array([_best_threshold(told[:, k], twice[:, k], 1.0) if k in alone else 0.0 for k in range(Y.shape[1])])
        # The corpus holds more texts on an offence than files do: no offence is given at less than even odds.
        # Of two classes the likelier is given.
        cuts = np.maximum(cuts, 0.0) if self.multilabel_ else np.zeros(1)
        if stage is not None:  # labels too rare for a threshold of their own share one
            cuts[stage.labels] = _best_threshold(odds[:, stage.labels].ravel(), Y[:, stage.labels].ravel(), stage.beta)
        self.thresholds_ = _sigmoid(cuts)
        self.margins_ = np.quantile(np.abs(odds - cuts), self.abstain, axis=0)
        return self

    def _encoded(self, y: Any) -> Ints:
        """Return labels as 0/1, shape (n_texts, n_labels), and keep what they stand for."""
        check_classification_targets(y)
        kind = type_of_target(y, input_name="y")
        self.multilabel_ = kind == "multilabel-indicator"
        if self.multilabel_:
            Y = np.asarray(y.toarray() if issparse(y) else y).astype(np.int64)
            if not np.isin(Y, (0, 1)).all():
                raise ValueError("y of two dimensions holds something else than 0 and 1; give 1 where a label applies and 0 elsewhere")
            self.classes_ = np.arange(Y.shape[1])
            return Y
        if kind != "binary":
            raise ValueError(f"Only binary classification is supported. The type of the target is {kind}; give one column for each label.")
        self.classes_, numbers = np.unique(column_or_1d(y, warn=True), return_inverse=True)
        return np.asarray(numbers == len(self.classes_) - 1, dtype=np.int64)[:, None]

    def _weights(self, X: csr_matrix, Y: Ints, stage: Stage | None, beside: Beside | None) -> tuple[Floats, Floats]:
        """Fit the first stage of all labels."""
        coef, intercept = np.zeros((Y.shape[1], X.shape[1])), np.zeros(Y.shape[1])
        later = np.zeros(0, dtype=np.int64) if stage is None else stage.labels
        for staged, labels in ((False, np.setdiff1d(np.arange(Y.shape[1]), later)), (True, later)):
            if not len(labels):
                continue
            copies = self._copies(X, stage, staged, beside)
            parts, sizes = [matrix for matrix, _ in copies], np.repeat([weight for _, weight in copies], X.shape[0])
            background = csr_matrix((0, X.shape[1])) if beside is None else beside.background
            if staged and stage is not None:
                background = _without(background, stage.unseen)
            others = background.shape[0]
            matrix = vstack([*parts, background]).tocsr()
            present = matrix.astype(bool).T
            for k in labels:
                share = Y[:, k].mean()
                if share in (0.0, 1.0):
                    intercept[k] = 10.0 * (2 * share - 1)
                    continue
                # Both classes weigh as much, as class_weight="balanced" has it, the background coming on top.
                y = np.append(np.tile(Y[:, k], len(copies)), np.zeros(others, dtype=Y.dtype))
                weights = sizes * np.where(y[: len(sizes)] == 1, 0.5 / share, 0.5 / (1 - share))
                weights = np.append(weights, np.full(others, _BACKGROUND * X.shape[0] / 2 / max(others, 1)))
                model = LogisticRegression(C=self.C, solver="liblinear", random_state=0, max_iter=2000)
                scale = np.ones(X.shape[1])
                if stage is not None:  # terms are scaled by how telling they are; mentions keep their scale
                    scale = scale_of(present @ (weights * y), present @ (weights * (1 - y)))
                    scale[stage.blind] = 1.0
                model.fit(matrix.multiply(scale).tocsr(), y, sample_weight=weights)
                coef[k], intercept[k] = model.coef_[0] * scale, model.intercept_[0]
        return coef, intercept

    @staticmethod
    def _copies(X: csr_matrix, stage: Stage | None, staged: bool, beside: Beside | None) -> list[tuple[csr_matrix, float]]:
        """Return the matrices that a label is learnt from, and the weight of each.

        A text about an offence need not describe a method, nor name the offence: offences are learnt with and without the mentions of the
        tags, and with and without their names, so that each speaks for an offence and its lack hardly against it.
        """
        if stage is None:
            return [(X, 1.0)]
        if staged:
            return [(_without(X, np.concatenate([stage.blind, stage.unseen])), 1.0)]
        named = [(X, 1.0)] if beside is None or beside.unnamed is None else [(X, 1 - _UNNAMED), (beside.unnamed, _UNNAMED)]
        bare = [(_without(matrix, stage.own.ravel()), weight * _BARE) for matrix, weight in named]
        return [*((matrix, weight * (1 - _BARE)) for matrix, weight in named), *bare]

    def _second_stage(self, X: csr_matrix, Y: Ints, scores: Floats, stage: Stage, odds: Floats) -> Floats:
        """Weigh score, related labels, own mentions and offences once for all labels of a stage; the first two go into the weights."""
        labels, related = stage.labels, stage.related
        self.stage_ = stage
        mentions = self._mentions(X)
        kinds = mentions.shape[2]
        gates = np.eye(kinds + standing(odds[:1, :_OFFENCES]).shape[1])
        parts = [gated(mentions, odds[:, :_OFFENCES], gate) * np.ones(mentions.shape[:2]) for gate in gates]
        flat = np.stack([scores[:, labels], scores @ related.T, *np.moveaxis(mentions, 2, 0), *parts], axis=2)
        flat = flat.reshape(len(Y) * len(labels), -1)
        model = LogisticRegression(C=100.0, max_iter=5000).fit(flat, Y[:, labels].ravel())
        weight, offset = model.coef_[0], model.intercept_[0]
        coef, intercept = self.coef_.copy(), self.intercept_.copy()
        coef[labels] = weight[0] * self.coef_[labels] + weight[1] * (related @ self.coef_)
        intercept[labels] = weight[0] * self.intercept_[labels] + weight[1] * (related @ self.intercept_) + offset
        for row, columns in zip(labels, stage.own, strict=True):
            coef[row, columns] += weight[2 : 2 + kinds]
        self.coef_, self.intercept_, self.gate_ = coef, intercept, weight[2 + kinds :]
        updated = scores.copy()
        updated[:, labels] = (flat @ weight + offset).reshape(len(Y), len(labels))
        return updated

    def _mentions(self, X: csr_matrix) -> Floats:
        """Return the values of each staged label's own mentions, shape (n_texts, n_labels, n_kinds)."""
        return np.stack([X[:, columns].toarray() for columns in self.stage_.own], axis=1)

    def log_odds(self, X: ArrayLike | csr_matrix, offences: Floats | None = None, lengths: Floats | None = None) -> Floats:
        """Return the calibrated log odds, shape (n_texts, n_labels).

        Parameters
        ----------
        X : array or sparse matrix of shape (n_texts, n_features)
        offences : array of shape (n_texts, 2), optional
            Log odds of the offences that were told otherwise; NaN where ``X`` tells them.
        lengths : array of shape (n_texts,), optional
            Lengths of the texts (:func:`smokkel_nlp.platt.length_of`); without them all are of the usual length.

        Raises
        ------
        NotFittedError
            If it was not fitted.
        ValueError
            If the number of features is another than at fitting, or a number is missing or infinite.
        """
        check_is_fitted(self, "coef_")
        X = validate_data(self, X, accept_sparse="csr", dtype=np.float64, reset=False, ensure_min_samples=0)
        matrix = csr_matrix(X)
        slopes, offsets = maps(self.calibration_, np.zeros(matrix.shape[0]) if lengths is None else lengths)
        odds = np.asarray((matrix @ self.coef_.T + self.intercept_) * slopes + offsets)
        if offences is not None:
            odds[:, :_OFFENCES] = np.where(np.isnan(offences), odds[:, :_OFFENCES], offences)
        if self.gate_ is not None:
            labels = self.stage_.labels
            odds[:, labels] += gated(self._mentions(matrix), odds[:, :_OFFENCES], self.gate_) * slopes[:, labels]
        return odds

    def decision_function(self, X: ArrayLike | csr_matrix) -> Floats:
        """Return how far the log odds are above the threshold, shape (n_texts, n_labels), or (n_texts,) for two classes."""
        above = self.log_odds(X) - np.log(self.thresholds_ / (1 - self.thresholds_))
        return above if self.multilabel_ else above[:, 0]

    def predict_proba(self, X: ArrayLike | csr_matrix) -> Floats:
        """Return calibrated probabilities, shape (n_texts, n_labels), or (n_texts, n_classes) for two classes."""
        proba = _sigmoid(self.log_odds(X))
        if self.multilabel_:
            return proba
        return np.hstack([1 - proba, proba]) if len(self.classes_) == 2 else np.ones_like(proba)

    def predict(self, X: ArrayLike | csr_matrix) -> NDArray[Any]:
        """Return 0/1 per label, shape (n_texts, n_labels), or the class, shape (n_texts,); never abstains."""
        given = np.asarray(self.decision_function(X) >= 0, dtype=np.int64)
        return given if self.multilabel_ else np.asarray(self.classes_[given * (len(self.classes_) - 1)])


def _one_thread(fit: Callable[..., tuple[Floats, Floats]], *parts: Any) -> tuple[Floats, Floats]:
    """Fit with one thread, in this process or another: sums divided over threads round differently."""
    with threadpool_limits(limits=1):
        return fit(*parts)


def _without(matrix: csr_matrix, columns: Ints) -> csr_matrix:
    """Return a matrix with nothing in some columns."""
    seen = np.ones(matrix.shape[1])
    seen[columns] = 0.0
    left = matrix.multiply(seen).tocsr()
    left.eliminate_zeros()
    return left


def _sigmoid(x: Floats) -> Floats:
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(x, -35, 35))))


def _best_threshold(odds: Floats, y: Ints, beta: float) -> float:
    """Return the log odds in [-2, 2] with the best F-beta, smoothed over its neighbours so that one text does not decide."""
    grid = np.linspace(-2.0, 2.0, 81)
    weight = beta * beta
    hits = [
        (cut_given & (y == 1)).sum() * (1 + weight) / max(cut_given.sum() + weight * y.sum(), 1) for cut_given in (odds >= c for c in grid)
    ]
    smooth = np.convolve(np.pad(np.array(hits), 5, mode="edge"), np.ones(11) / 11, mode="valid")
    best = smooth >= smooth.max() - 1e-3
    return float(grid[best][np.argmin(np.abs(grid[best]))])
