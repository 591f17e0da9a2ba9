"""How the weights of assertion and of the status of offences are learnt: a linear support vector machine for each value."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import spacy
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sklearn.svm import LinearSVC
from spacy.language import Language
from spacy.tokens import Doc

from smokkel_nlp.classifier import reader
from smokkel_nlp.components.answer import outcome_features
from smokkel_nlp.components.assertion import Reader
from smokkel_nlp.components.weighing import Feature, Weights
from smokkel_nlp.features import material
from smokkel_nlp.reading import read
from smokkel_nlp.taxonomy import OFFENCE_IDS, load_taxonomy
from smokkel_nlp.telling import scale_of


def gold_mentions(records: Sequence[Mapping[str, Any]], nlp: Language) -> Iterator[tuple[Mapping[str, Any], Reader, tuple[int, int]]]:
    """Yield each gold mention with a reader of its text and its token range."""
    for record in records:
        if record["mentions"]:
            reading = read(nlp.make_doc(record["text"]), nlp.tokenizer)
            asserter = Reader.of(reading)
            for mention in record["mentions"]:
                yield mention, asserter, reading.tokens_of(mention["start"], mention["end"])


class Described(NamedTuple):
    """What is weighed, in named features.

    Parameters
    ----------
    names : tuple of str
    matrix : sparse matrix of shape (n_rows, n_names)
    gold : list of tuple of str
        The values of each row, one a group.
    of_text : array of int, shape (n_rows,)
        The text each row is of.
    """

    names: tuple[str, ...]
    matrix: csr_matrix
    gold: list[tuple[str, ...]]
    of_text: NDArray[np.int64]


def describe(described: Iterable[tuple[int, Iterable[Feature], tuple[str, ...]]]) -> Described:
    """Put rows of features in a matrix; features of one name are added up.

    Parameters
    ----------
    described : iterable of (text, features, gold)

    Examples
    --------
    >>> rows = [(0, [Feature("l0=geen", 1.0)], ("ontkend",)), (2, [Feature("l0=een", 1.0)], ("feitelijk",))]
    >>> table = describe(rows)
    >>> table.names, table.matrix.toarray().tolist(), table.of_text.tolist()
    (('l0=een', 'l0=geen'), [[0.0, 1.0], [1.0, 0.0]], [0, 2])
    """
    index: dict[str, int] = {}
    columns, values, ends, gold, of_text = array("i"), array("d"), [0], [], []
    for text, features, answer in described:
        for name, value in features:
            columns.append(index.setdefault(name, len(index)))
            values.append(value)
        ends.append(len(columns))
        gold.append(answer)
        of_text.append(text)
    order = sorted(index)
    place = np.empty(len(order), dtype=np.int32)
    place[[index[name] for name in order]] = np.arange(len(order))
    matrix = csr_matrix((np.array(values), place[np.array(columns, dtype=np.int32)], ends), shape=(len(gold), len(order)))
    matrix.sum_duplicates()
    matrix.eliminate_zeros()
    return Described(tuple(order), matrix, gold, np.array(of_text, dtype=np.int64))


def describe_mentions(records: Sequence[Mapping[str, Any]]) -> Described:
    """Describe gold mentions by what stands around them; their gold is status and source."""
    nlp = spacy.blank("nl")
    return describe(
        (text, asserter.features(span), (mention["status"], mention["source"]))
        for text, record in enumerate(records)
        for mention, asserter, span in gold_mentions([record], nlp)
    )


def fit_assertion(mentions: Described, texts: NDArray[np.int64], *, C: float = 0.015, least: int = 4) -> Weights:
    """Learn the weights of assertion from the gold mentions of some texts.

    Parameters
    ----------
    mentions : Described
    texts : array of int
        Numbers of the texts to learn from.
    C : float, default=0.015
        Inverse strength of the penalty of the linear support vector machines, one per status and source.
    least : int, default=4
        Mentions at which a feature must occur.

    Returns
    -------
    Weights
    """
    rows = np.flatnonzero(np.isin(mentions.of_text, texts))
    words = load_taxonomy().vocabulary
    return _fit(mentions, rows, (words["mention_statuses"], words["sources"]), C, least)


def fit_outcome(docs: Sequence[Doc], records: Sequence[Mapping[str, Any]], *, C: float = 0.2, least: int = 3) -> Weights:
    """Learn the weights of the status of an offence from read documents and their gold records."""
    nlp = reader()
    told = describe(
        (text, outcome_features(doc, material(doc, nlp.tokenizer), offence), (record["status"][offence],))
        for text, (doc, record) in enumerate(zip(docs, records, strict=True))
        for offence in OFFENCE_IDS
        if record["status"][offence]
    )
    return _fit(told, np.arange(len(told.gold)), (load_taxonomy().vocabulary["offence_statuses"],), C, least)


def _fit(described: Described, rows: NDArray[np.int64], groups: tuple[tuple[str, ...], ...], C: float, least: int) -> Weights:
    """Fit a linear support vector machine for each value of each group, on features that occur in ``least`` of the rows."""
    matrix = described.matrix[rows]
    counts = np.bincount(matrix.indices, minlength=matrix.shape[1])
    kept = np.flatnonzero(counts >= least)
    names, matrix = tuple(described.names[column] for column in kept), matrix[:, kept].tocsr()
    present = matrix.astype(bool).T
    weights, bias = [], []
    for part, values in enumerate(groups):
        for value in values:
            wanted = np.array([described.gold[row][part] == value for row in rows])
            if wanted.any() and not wanted.all():
                scale = scale_of(present @ wanted.astype(float), present @ (~wanted).astype(float))
                model = LinearSVC(C=C, random_state=0, max_iter=5000).fit(matrix.multiply(scale).tocsr(), wanted)
                weights.append(model.coef_[0] * scale)
                bias.append(model.intercept_[0])
            else:  # never seen, or always: nothing to weigh
                weights.append(np.zeros(len(names)))
                bias.append(10.0 if wanted.any() else -10.0)
    return Weights(names, groups, np.ascontiguousarray(np.array(weights, dtype=np.float32).T), np.array(bias, dtype=np.float32))
