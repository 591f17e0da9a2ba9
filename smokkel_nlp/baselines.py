"""What the library is compared with: a keyword rule and two classifiers trained on the same corpus; and how far it is ahead of them."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import spacy
from spacy.language import Language
from spacy.training import Example

from smokkel_nlp.errors import InputError
from smokkel_nlp.evaluation import Answers, Floats, Matrix, estimates, gold_offences, log_odds, overall, resample
from smokkel_nlp.taxonomy import OFFENCE_IDS

BASELINES = {"keyword": "keyword rule", "tfidf": "TF-IDF + LR", "textcat": "spaCy textcat"}
"""The baselines by their name on the command line; all but the first are trained."""
EPOCHS, BATCH = 8, 32
_TEXTCAT = {
    "@architectures": "spacy.TextCatBOW.v3", "exclusive_classes": False, "ngram_size": 2, "no_output_layer": False, "length": 262144,
}  # fmt: skip


def keyword_rule(texts: Sequence[str]) -> Answers:
    """Answer by keyword: smokkel if "smokkel" or "197a"; handel if "mensenhandel", "uitbuiting" or "273f".

    Examples
    --------
    >>> keyword_rule(["verdacht van sigarettensmokkel"]).offences.tolist()
    [[1, 0]]
    """
    words = (("smokkel", "197a"), ("mensenhandel", "uitbuiting", "273f"))
    offences = [[int(any(word in text.lower() for word in group)) for group in words] for text in texts]
    return Answers(np.array(offences, dtype=np.int64), None, np.zeros(len(texts), dtype=bool))


def tfidf_baseline(train: Sequence[Mapping[str, Any]], texts: Sequence[str]) -> Answers:
    """Answer by TF-IDF (words 1-2, letters 3-5) and logistic regression, trained on the same corpus."""
    return _at_even_odds(train_tfidf(train)(texts))


def train_tfidf(train: Sequence[Mapping[str, Any]]) -> Callable[[Sequence[str]], Floats]:
    """Train TF-IDF and logistic regression; returns what gives texts their probabilities of shape (n_texts, 2)."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_union

    features = make_union(TfidfVectorizer(ngram_range=(1, 2), min_df=2), TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 5), min_df=2))
    gold = gold_offences(train)
    matrix = features.fit_transform([record["text"] for record in train])
    models = [LogisticRegression(max_iter=1000, class_weight="balanced").fit(matrix, gold[:, k]) for k in range(len(OFFENCE_IDS))]

    def answer(texts: Sequence[str]) -> Floats:
        wanted = features.transform(list(texts))
        return np.stack([model.predict_proba(wanted)[:, 1] for model in models], axis=1)

    return answer


def textcat_baseline(train: Sequence[Mapping[str, Any]], texts: Sequence[str]) -> Answers:
    """Answer by spaCy's ``textcat_multilabel`` on a blank Dutch pipeline, trained on the same corpus.

    The architecture is ``spacy.TextCatBOW.v3`` over words and pairs of words, which needs no vectors. After eight epochs of batches of 32
    its exact match on the dev part of the corpus no longer rises. Weights start at zero and the order of the texts is drawn with a fixed
    seed, so it answers the same each time.
    """
    nlp = train_textcat(train)
    nlp.max_length = max(nlp.max_length, *map(len, texts)) if texts else nlp.max_length
    return _at_even_odds(np.array([[doc.cats[offence] for offence in OFFENCE_IDS] for doc in nlp.pipe(texts)], dtype=float))


def train_textcat(train: Sequence[Mapping[str, Any]]) -> Language:
    """Train spaCy's ``textcat_multilabel``; returns its pipeline."""
    nlp = spacy.blank("nl")
    nlp.max_length = max(nlp.max_length, *(len(record["text"]) for record in train))
    nlp.add_pipe("textcat_multilabel", config={"model": _TEXTCAT})
    examples = [
        Example.from_dict(nlp.make_doc(record["text"]), {"cats": {offence: float(record[offence]) for offence in OFFENCE_IDS}})
        for record in train
    ]
    optimizer = nlp.initialize(lambda: examples)
    order = random.Random(0)
    for _ in range(EPOCHS):
        order.shuffle(examples)
        for start in range(0, len(examples), BATCH):
            nlp.update(examples[start : start + BATCH], sgd=optimizer)
    return nlp


def _at_even_odds(probabilities: Floats) -> Answers:
    """Return the answers of a system that gives a label from a probability of a half on and never abstains."""
    sureness = np.abs(log_odds(probabilities)).min(axis=1)
    offences = np.asarray(probabilities >= 0.5, dtype=np.int64)
    return Answers(offences, None, np.zeros(len(offences), dtype=bool), probabilities=probabilities, sureness=sureness)


def baseline_answers(
    texts: Sequence[str], train: Sequence[Mapping[str, Any]] | None = None, chosen: Sequence[str] | None = None
) -> dict[str, Answers]:
    """Answer with the baselines.

    Parameters
    ----------
    texts : sequence of str
    train : sequence of gold records, optional
        What the trained baselines learn from.
    chosen : sequence of str, optional
        Keys of ``BASELINES``; by default all that can be had.

    Returns
    -------
    dict
        Answers by the name of the baseline.

    Raises
    ------
    InputError
        If a baseline is unknown, or is trained and there is nothing to train it on, or no text there with, or without, one of the offences.

    Examples
    --------
    >>> list(baseline_answers(["Er is een fiets gestolen."]))
    ['keyword rule']
    """
    if chosen is None:
        chosen = ("keyword",) if train is None else tuple(BASELINES)
    trained = {"tfidf": tfidf_baseline, "textcat": textcat_baseline}
    answers = {}
    for name in chosen:
        if name not in BASELINES:
            raise InputError(f"there is no baseline '{name}'; choose from {', '.join(BASELINES)}")
        if name == "keyword":
            answers[BASELINES[name]] = keyword_rule(texts)
            continue
        if train is None:
            raise InputError(f"baseline '{name}' is trained on a corpus; give its folder with --corpus, or leave it out of --baselines")
        gold = gold_offences(train)
        for k, offence in enumerate(OFFENCE_IDS):
            if len(np.unique(gold[:, k])) < 2:
                raise InputError(f"baseline '{name}': the train part of the corpus needs texts with {offence} 1 and with {offence} 0")
        answers[BASELINES[name]] = trained[name](train, texts)
    return answers


def compare(gold: Matrix, ours: Matrix, theirs: Matrix) -> dict[str, Any]:
    """Compare two systems on the same texts by a paired bootstrap (Berg-Kirkpatrick and others 2012).

    Parameters
    ----------
    gold, ours, theirs : arrays of 0/1 of shape (n_texts, 2)

    Returns
    -------
    dict
        For ``exact``, ``macro_f1`` and the F1 of each offence the ``difference`` (ours less theirs) with its interval, and ``ahead``: the
        share of the resamples in which ours is higher.

    Examples
    --------
    >>> gold = np.array([[1, 0], [0, 1], [0, 0]] * 10)
    >>> compare(gold, gold, np.zeros_like(gold))["macro_f1"]
    {'difference': [1.0, 1.0, 1.0], 'ahead': 1.0}
    """
    values, samples = resample(
        len(gold), lambda rows: np.subtract(overall(gold[rows], ours[rows]), overall(gold[rows], theirs[rows])).tolist()
    )
    names = ("exact", "macro_f1", *OFFENCE_IDS)
    return {
        name: {"difference": figure.to_list(), "ahead": round(float((column > 0).mean()), 3)}
        for name, figure, column in zip(names, estimates(values, samples), samples.T, strict=True)
    }
