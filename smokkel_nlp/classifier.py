"""The facade: case texts in, labels out, as a scikit-learn estimator over strings or Docs.

It reads the texts, turns them into a matrix (:mod:`smokkel_nlp.features`) and asks the numeric core (:mod:`smokkel_nlp.logistic`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any, Self

import numpy as np
import spacy
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.metrics import accuracy_score
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted
from spacy.language import Language
from spacy.tokens import Doc

from smokkel_nlp.background import Background
from smokkel_nlp.components import READERS
from smokkel_nlp.components.mentions import GROUPS, SCORES
from smokkel_nlp.errors import InputError
from smokkel_nlp.features import Material, Vectorizer, lengths_of, material, own_columns
from smokkel_nlp.logistic import Beside, Floats, Ints, MultilabelLogistic, Stage
from smokkel_nlp.reading import forget
from smokkel_nlp.taxonomy import OFFENCE_IDS, load_taxonomy
from smokkel_nlp.text import MAX_CHARS, encodable
from smokkel_nlp.windows import pooled, windows_of

# F-beta of the threshold of the tags: one that is missed counts as much as one that is wrong.
_TAG_BETA = 1.0
_OFFENCES = len(OFFENCE_IDS)


@lru_cache(maxsize=1)
def reader() -> Language:
    """Return the pipeline that finds mentions for the estimator."""
    nlp = spacy.blank("nl")
    nlp.max_length = MAX_CHARS
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
    weights : tuple of float, default=(1.0, 0.7, 0.3, 0.7)
        Weights of words, of letters inside words, of mentions, and of pairs of concepts.
    n_splits : int, default=5
        Folds for calibration.
    abstain : float, default=0.08
        Share of held-out texts that each offence label may call uncertain.
    n_jobs : int, optional
        Processes that fit the folds.

    Attributes
    ----------
    classes_ : array of str, shape (n_labels,)
        The offences, then the tags: the columns of every answer.
    vectorizer_ : Vectorizer
    core_ : MultilabelLogistic

    Notes
    -----
    What may be relied on, each held by a test:

    - ``get_params``, ``set_params`` and ``clone`` work; so do ``Pipeline``, ``GridSearchCV`` (``y`` an array) and ``cross_val_predict``,
      with ``groups`` for the folds, and as ``params={"groups": groups}`` for what is held out inside a fold.
    - ``X`` is a list, tuple or array of strings, or of Docs that :func:`smokkel_nlp.load` read; both give the same answers.
    - ``y`` is an array of 0/1 of shape (n_texts, n_labels) or a list of lists of names; both give the same weights.
    - Answers have a row for each text and a column for each of ``classes_``. ``predict`` gives 0/1 for every label of every text;
      it never abstains. ``predict_uncertain`` tells which offences the owner may want to leave open.
    - ``decision_function`` is the distance to the threshold in log odds: a label is given where it is not negative.
    - ``score`` is the share of the texts of which every label is right (subset accuracy).
    - ``fit`` changes none of its inputs, and fitting again on the same gives the same weights, bit for bit.
    - ``joblib.dump`` and ``joblib.load`` keep the answers bit for bit. Loading runs what the file says: load none but your own. To pass
      a model on, store it with ``smokkel-nlp train``, whose files run nothing.
    - Errors name the place and the mend: NotFittedError before ``fit``; :class:`~smokkel_nlp.errors.InputError` for a text of another
      type, a Doc that was not read, lengths that differ and a label that is unknown.

    Examples
    --------
    >>> texts = ["Hij bracht mensen over de grens.", "Hij stal een fiets."] * 20
    >>> clf = CaseClassifier().fit(texts, [["mensensmokkel"], []] * 20)
    >>> int(clf.predict(["Zij bracht mensen over de grens."])[0, 0])
    1
    >>> clf.predict_uncertain(texts).shape
    (40, 2)
    """

    def __init__(
        self,
        *,
        C: float = 10.0,
        least: int = 2,
        weights: tuple[float, float, float, float] = (1.0, 0.7, 0.3, 0.7),
        n_splits: int = 5,
        abstain: float = 0.08,
        n_jobs: int | None = None,
    ) -> None:
        self.C = C
        self.least = least
        self.weights = weights
        self.n_splits = n_splits
        self.abstain = abstain
        self.n_jobs = n_jobs

    def __sklearn_tags__(self) -> Tags:
        """Tell scikit-learn what is taken: texts, and labels of which any number holds."""
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        tags.input_tags.string = True
        tags.target_tags.single_output = False
        tags.classifier_tags.multi_label = True
        tags.classifier_tags.multi_class = False
        return tags

    def fit(
        self,
        X: Sequence[str | Doc],
        y: Any,
        groups: ArrayLike | None = None,
        unnamed: Sequence[str | Doc] | None = None,
        background: Background | None = None,
    ) -> Self:
        """Fit on texts.

        Parameters
        ----------
        X : sequence of str or Doc, shape (n_texts,)
        y : array of 0/1 of shape (n_texts, n_labels), or a list of lists of label names
        groups : array of shape (n_texts,), optional
            Texts that must not be separated when scores are held out.
        unnamed : sequence of str or Doc, optional
            The same texts with the names of the offences deleted, to learn from as well.
        background : Background, optional
            Ordinary texts, to which no label applies.

        Returns
        -------
        CaseClassifier
            The estimator itself.

        Raises
        ------
        InputError
            If a text is neither a string nor a Doc that was read, a label is unknown, the lengths differ, or ``weights`` are not four.
        """
        if len(self.weights) != 4:
            raise InputError(f"weights holds {len(self.weights)} numbers; give four: words, letters inside words, mentions, concepts")
        self.classes_ = np.array(load_taxonomy().labels, dtype=object)
        items, Y = _listed(X), self._indicator(y)
        for name, other in (("label sets", Y), ("groups", groups), ("unnamed texts", unnamed)):
            if other is not None and len(other) != len(items):  # type: ignore[arg-type]
                raise InputError(f"{len(items)} texts but {len(other)} {name}; give one for each text")  # type: ignore[arg-type]
        materials = _materials(items)
        self.vectorizer_ = Vectorizer.fit(materials, self.least, weights=self.weights)
        matrix = self.vectorizer_.transform(materials)
        self.core_ = MultilabelLogistic(C=self.C, n_splits=self.n_splits, abstain=self.abstain, n_jobs=self.n_jobs)
        others = self.vectorizer_.transform_counts(() if background is None else background.counted(self.vectorizer_.terms))
        bare = None if unnamed is None else _materials(_listed(unnamed))
        beside = Beside(None if bare is None else self.vectorizer_.transform(bare), others, None if bare is None else lengths_of(bare))
        self.core_.fit(matrix, Y, groups, tag_stage(self.vectorizer_), beside, lengths_of(materials))
        return self

    def _indicator(self, y: Any) -> Ints:
        """Return labels as 0/1, shape (n_texts, n_labels)."""
        index = {label: k for k, label in enumerate(self.classes_)}
        if isinstance(y, np.ndarray) and y.ndim == 2:
            if y.shape[1] != len(index):
                raise InputError(f"y has {y.shape[1]} columns; give {len(index)}, one for each of CaseClassifier.classes_")
            if len(other := np.flatnonzero(~np.isin(y, (0, 1)).all(axis=1))):
                raise InputError(f"text no. {other[0]}: y holds something else than 0 and 1; give 1 where a label applies and 0 elsewhere")
            return y.astype(np.int64)
        Y = np.zeros((len(y), len(index)), dtype=np.int64)
        for row, labels in enumerate(y):
            if isinstance(labels, str) or not isinstance(labels, Iterable):
                raise InputError(
                    f"text no. {row}: the labels are a {type(labels).__name__}; give a list of names, empty where none applies"
                )
            for label in labels:
                if label not in index:
                    raise InputError(f"text no. {row}: unknown label '{label}'; use the offences and tags of the taxonomy")
                Y[row, index[label]] = 1
        return Y

    def _log_odds(self, X: Iterable[str | Doc]) -> Floats:
        """Return the calibrated log odds of texts; the offences of a long one by its windows."""
        check_is_fitted(self, "core_")
        items = _materials(_listed(X))
        offences, lengths = np.full((len(items), _OFFENCES), np.nan), lengths_of(items)
        for row, item in enumerate(items):
            if windows := windows_of(item):
                parts = self.vectorizer_.transform([window.item for window in windows])
                # A window is part of a long text, and no short one.
                offences[row] = pooled(self.core_.log_odds(parts, lengths=np.repeat(lengths[row], len(windows)))[:, :_OFFENCES])
        return self.core_.log_odds(self.vectorizer_.transform(items), offences, lengths)

    def decision_function(self, X: Sequence[str | Doc]) -> Floats:
        """Return the distance to each threshold in log odds, shape (n_texts, n_labels); a label is given where it is not negative."""
        return np.asarray(self._log_odds(X) - np.log(self.core_.thresholds_ / (1 - self.core_.thresholds_)))

    def predict_proba(self, X: Sequence[str | Doc]) -> Floats:
        """Return calibrated probabilities, shape (n_texts, n_labels), columns as ``classes_``."""
        return np.asarray(1.0 / (1.0 + np.exp(-np.clip(self._log_odds(X), -35, 35))))

    def predict(self, X: Sequence[str | Doc]) -> Ints:
        """Return 0/1 per label, shape (n_texts, n_labels); never abstains."""
        return np.asarray(self.decision_function(X) >= 0, dtype=np.int64)

    def predict_uncertain(self, X: Sequence[str | Doc]) -> NDArray[np.bool_]:
        """Tell which offence answers lie so near their threshold that they are better left open.

        At fitting, a share ``abstain`` of the held-out texts lay as near (Chow 1970, on the option to reject). That a text is empty, too
        short or not Dutch is no matter of margins; the case record says so.

        Parameters
        ----------
        X : sequence of str or Doc, shape (n_texts,)

        Returns
        -------
        array of bool, shape (n_texts, 2)
            Columns as the first two of ``classes_``.

        Raises
        ------
        NotFittedError
            If it was not fitted.
        InputError
            If a text is neither a string nor a Doc that was read.
        """
        near = np.abs(self.decision_function(X)) < self.core_.margins_
        return np.asarray(near[:, :_OFFENCES])

    def score(self, X: Sequence[str | Doc], y: Any, sample_weight: ArrayLike | None = None) -> float:
        """Return the share of the texts of which every label is right (subset accuracy).

        Parameters
        ----------
        X : sequence of str or Doc, shape (n_texts,)
        y : array of 0/1 of shape (n_texts, n_labels), or a list of lists of label names
        sample_weight : array of shape (n_texts,), optional
            How much each text counts.

        Raises
        ------
        NotFittedError
            If it was not fitted.
        InputError
            If a text or label cannot be used, or the lengths differ.
        """
        predicted, Y = self.predict(X), self._indicator(y)
        if len(Y) != len(predicted):
            raise InputError(f"{len(predicted)} texts but {len(Y)} label sets; give one for each text")
        return float(accuracy_score(Y, predicted, sample_weight=sample_weight))


def _listed(X: Iterable[str | Doc]) -> list[str | Doc]:
    """Return texts as a list, each of them a string or a Doc with mentions."""
    if isinstance(X, str | Doc):
        raise InputError(f"X is one {type(X).__name__}; give a list of texts")
    items = list(X)
    for number, item in enumerate(items):
        if not isinstance(item, str | Doc):
            raise InputError(f"text no. {number} is a {type(item).__name__}; give a str or a spaCy Doc")
        if isinstance(item, Doc) and not (all(name in item.spans for name in GROUPS.values()) and SCORES in item.user_data):
            raise InputError(
                f"text no. {number} is a Doc without mentions; give its text, or a Doc that smokkel_nlp.load() read "
                "(in a DocBin with store_user_data=True)"
            )
        if isinstance(item, str) and len(item) > MAX_CHARS:
            raise InputError(f"text no. {number} has {len(item):,} characters, over the limit of {MAX_CHARS:,}; split it")
        if isinstance(item, str) and not encodable(item):
            raise InputError(f"text no. {number} holds half a surrogate pair, which is no character; decode it anew")
    return items


def _materials(items: Iterable[str | Doc]) -> list[Material]:
    nlp = reader()
    items = list(items)
    texts = nlp.pipe(str(item) for item in items if not isinstance(item, Doc))  # an array holds numpy strings, which spaCy refuses
    docs = (item if isinstance(item, Doc) else next(texts) for item in items)
    materials = [material(doc, nlp.tokenizer) for doc in docs]
    forget()
    return materials


def tag_stage(vectorizer: Vectorizer) -> Stage:
    """Return the second stage of the tags.

    A rare tag has too few texts to learn its own mentions from; what a mention is worth is learnt over all tags at once. Which fields meet
    is left to the offences: it is half of all features, and tags are told by their passages.

    Examples
    --------
    >>> stage = tag_stage(Vectorizer([], [], np.array([]), (1, 1, 1, 1)))
    >>> stage.own.shape, stage.related[0, :2].tolist()
    ((24, 5), [0.0, 1.0])
    """
    taxonomy = load_taxonomy()
    n, m = _OFFENCES, len(taxonomy.labels)
    shown_by = [{tag for element in offence.elements for tag in element.tags} for offence in taxonomy.offences]
    related = np.zeros((len(taxonomy.tag_ids), m))
    related[:, :n] = [[float(tag in shown) for shown in shown_by] for tag in taxonomy.tag_ids]
    related[related.sum(axis=1) == 0, :n] = 1.0
    related /= related.sum(axis=1, keepdims=True)
    mentions = np.arange(vectorizer.n_features - len(vectorizer.cues), vectorizer.n_features)
    return Stage(np.arange(n, m), own_columns(vectorizer), mentions, related, _TAG_BETA, vectorizer.field_columns)
