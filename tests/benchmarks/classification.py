"""Tokens a second of classification beside the bare tokenizer and other ways to classify, in one run and one process, warmed.

Run: ``python tests/benchmarks/classification.py [--texts 1000] [--epochs 3]``, on the train part of the corpus, from which all were learnt.
Each way is run three times and the fastest run counts; the ways take turns, so that a busy machine slows all of them alike. fastText is
left out, with a line that says so, where the package ``floret`` (its maintained form) or ``fasttext`` is not installed.

Classification from ready Docs is measured twice, in batches as the pipeline makes them: as the pipeline does it, where the reading of the
texts is still at hand from the components before, and from Docs put aside, which are read again. Others get the raw text.
"""

from __future__ import annotations

import argparse
import importlib
import random
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import spacy
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline
from spacy.tokens import Doc
from spacy.training import Example
from spacy.util import minibatch
from threadpoolctl import threadpool_limits

import smokkel_nlp
from smokkel_nlp import reading
from smokkel_nlp.components.answer import sheet_of
from smokkel_nlp.content import Content
from smokkel_nlp.model import load_model
from smokkel_nlp.taxonomy import load_taxonomy
from smokkel_nlp.training import gold_labels, read_split

CORPUS = Path(__file__).parents[2] / "corpus"
Run = Callable[[], object]


def fast_text() -> Any:
    """Return the module of fastText, None where it is not installed."""
    for name in ("floret", "fasttext"):
        try:
            return importlib.import_module(name)
        except ImportError:
            continue
    return None


def tfidf(texts: Sequence[str], labels: Sequence[Sequence[str]], _epochs: int) -> Callable[[Sequence[str]], object]:
    y = np.array([[int(label in held) for label in load_taxonomy().labels] for held in labels])
    model = make_pipeline(
        TfidfVectorizer(ngram_range=(1, 2), min_df=2), OneVsRestClassifier(LogisticRegression(C=10.0, solver="liblinear"))
    )
    return model.fit(texts, y[:, y.any(axis=0)]).predict_proba


def textcat(texts: Sequence[str], labels: Sequence[Sequence[str]], epochs: int) -> Callable[[Sequence[str]], object]:
    nlp = spacy.blank("nl")
    nlp.add_pipe("textcat_multilabel")
    names = load_taxonomy().labels
    pairs = zip(texts, labels, strict=True)
    examples = [Example.from_dict(nlp.make_doc(text), {"cats": {name: float(name in held) for name in names}}) for text, held in pairs]
    optimizer, draw = nlp.initialize(lambda: examples), random.Random(0)
    for _ in range(epochs):
        draw.shuffle(examples)
        for batch in minibatch(examples, 64):
            nlp.update(batch, sgd=optimizer)
    return lambda some: list(nlp.pipe(some))


def fasttext(texts: Sequence[str], labels: Sequence[Sequence[str]], epochs: int) -> Callable[[Sequence[str]], object]:
    names = load_taxonomy().labels
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "train.txt"
        lines = (
            " ".join([*(f"__label__{name}" for name in held or ["geen"]), *text.split()]) for text, held in zip(texts, labels, strict=True)
        )
        path.write_text("\n".join(lines), encoding="utf8")
        model = fast_text().train_supervised(
            str(path), loss="ova", wordNgrams=2, minn=4, maxn=6, bucket=200_000, epoch=epochs, thread=1, verbose=0
        )
    return lambda some: model.predict([" ".join(text.split()) for text in some], k=len(names))


def kept(docs: Sequence[Doc], tokenizer: Any) -> Iterator[tuple[list[Doc], Content]]:
    """Yield Docs by the batch with their content, as the components before the classifier leave them."""
    for batch in reading.batches(docs, 1000):
        reading.forget()
        content = Content.of(reading.read_all(batch, tokenizer))
        _ = content.counted, content.reading.sentences
        yield batch, content


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--texts", type=int, default=1000)
    parser.add_argument("--epochs", type=int, default=3)
    options = parser.parse_args()
    records = read_split(CORPUS, "train")
    texts, labels = [r["text"] for r in records], [gold_labels(r) for r in records]
    sample = texts[: options.texts]
    bare, nlp, model = spacy.blank("nl"), smokkel_nlp.load(), load_model()
    docs = list(nlp.pipe(sample))
    tokenizer = nlp.tokenizer
    at_hand = list(kept(docs, tokenizer))

    def from_pipeline() -> None:
        for batch, content in at_hand:
            model.decide(sheet_of(batch, content, model))

    def from_docs() -> None:
        for batch, content in kept(docs, tokenizer):
            model.decide(sheet_of(batch, content, model))

    ways: dict[str, Run] = {
        'tokenizer, `spacy.blank("nl")`': lambda: [bare.make_doc(text) for text in sample],
        "whole analysis, `smokkel_nlp.load()`": lambda: list(nlp.pipe(sample)),
        "classification alone, reading at hand": from_pipeline,
        "classification alone, Docs put aside": from_docs,
    }
    others = {"TF-IDF + logistic regression": tfidf, "spaCy `textcat_multilabel`": textcat, "fastText": fasttext}
    if fast_text() is None:
        others.pop("fastText")
        print("fastText: left out, neither floret nor fasttext is installed\n")
    for name, learn in others.items():
        answer = learn(texts, labels, options.epochs)
        ways[name] = lambda answer=answer: answer(sample)
    # Parts of classification from Docs put aside.
    sheets = [sheet_of(batch, content, model) for batch, content in at_hand]
    parts: dict[str, Run] = {
        "reading and content": lambda: list(kept(docs, tokenizer)),
        "mentions and columns of words": lambda: [sheet_of(batch, content, model) for batch, content in at_hand],
        "rows, windows and scores": lambda: [model.decide(sheet) for sheet in sheets],
        "of which rows and scores of whole texts": lambda: [sheet.scores(sheet.texts, model.coef, True) for sheet in sheets],
    }
    words = sum(len(bare.make_doc(text)) for text in sample)
    best = dict.fromkeys([*ways, *parts], float("inf"))
    with threadpool_limits(limits=1):
        for turn in range(4):  # the first warms
            for name, run in (*ways.items(), *parts.items()):
                start = time.perf_counter()
                run()
                if turn:
                    best[name] = min(best[name], time.perf_counter() - start)
    base = words / best[next(iter(ways))]
    print(f"{len(sample)} texts, {words} tokens, one thread\n\n| way | tokens/s | ratio to the tokenizer |\n|---|---|---|")
    for name in ways:
        print(f"| {name} | {words / best[name]:,.0f} | {words / best[name] / base:.2f} |")
    whole = best["classification alone, Docs put aside"]
    print("\n| part of classification, Docs put aside | microseconds a text | share |\n|---|---|---|")
    for name in parts:
        print(f"| {name} | {1e6 * best[name] / len(sample):,.0f} | {best[name] / whole:.0%} |")


if __name__ == "__main__":
    main()
