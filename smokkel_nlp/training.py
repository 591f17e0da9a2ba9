"""From corpus to stored model in one call, the same bytes for the same corpus and environment."""

from __future__ import annotations

import hashlib
import sys
import warnings
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import NDArray
from sklearn.model_selection import GroupKFold
from spacy.tokens import Doc
from threadpoolctl import threadpool_info, threadpool_limits

from smokkel_nlp.assertion_learning import describe_mentions, fit_assertion, fit_outcome
from smokkel_nlp.background import read_background
from smokkel_nlp.classifier import CaseClassifier, reader
from smokkel_nlp.components import READERS, spotting
from smokkel_nlp.components.spotting import Spotter
from smokkel_nlp.components.weighing import MENTIONS, OFFENCES, Weights, pack
from smokkel_nlp.content import Content
from smokkel_nlp.corpus import SNIPPETS, read_gold
from smokkel_nlp.errors import CorpusError
from smokkel_nlp.learning import Marked, best_threshold, fit_rescoring, fit_spotter, mark
from smokkel_nlp.model import save_model
from smokkel_nlp.reading import read
from smokkel_nlp.taxonomy import OFFENCE_IDS
from smokkel_nlp.text import without_offence_names

MODEL_VERSION = "0.11.0"
_FOLDS = 5


def gold_labels(record: Mapping[str, Any]) -> list[str]:
    """Return the labels that hold for a gold record.

    Examples
    --------
    >>> gold_labels({"mensensmokkel": 1, "mensenhandel": 0, "mo": ["onderdak"]})
    ['mensensmokkel', 'onderdak']
    """
    return [offence for offence in OFFENCE_IDS if record[offence]] + list(record.get("mo", ()))


def groups_of(records: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the group of each record: its author; contrast pairs have one author, so no group divides a pair."""
    return [str(record["author_batch"]).split("-")[0] for record in records]


def read_split(corpus: Path, split: str) -> list[dict[str, Any]]:
    """Read one split of a built corpus.

    Raises
    ------
    CorpusError
        If it was not built.
    """
    path = corpus / f"{split}.jsonl"
    if not path.is_file():
        raise CorpusError(f"{path}: not there; build it with 'smokkel-nlp corpus build {corpus}'")
    return read_gold(path)


class Apart(NamedTuple):
    """Texts read with what was learnt from the texts of other authors, and what was learnt from all.

    Parameters
    ----------
    docs, unnamed : list of Doc
        The texts as they are, and with the names of the offences deleted.
    spotter : Spotter
        Its rescoring (few weights, shared by all tags and by the spotters that read apart), threshold and floor come from what passages
        weigh that were not learnt from.
    weights : Weights
        Of assertion.
    """

    docs: list[Doc]
    unnamed: list[Doc]
    spotter: Spotter
    weights: Weights


def read_apart(records: Sequence[Mapping[str, Any]], snippets: Sequence[Mapping[str, Any]], groups: Sequence[str]) -> Apart:
    """Read each text with spotting and assertion learnt from the texts of other authors, as the classifier will meet texts."""
    nlp = reader()
    mentions, assertion = (nlp.get_pipe(name) for name in READERS[1:])
    marked = mark([*records, *snippets], nlp.tokenizer)
    folds = list(GroupKFold(min(_FOLDS, len(set(groups)))).split(records, groups=groups))
    parts = [*(learnt for learnt, _ in folds), np.arange(len(records))]
    extra = np.arange(len(records), len(records) + len(snippets))
    with warnings.catch_warnings():
        # joblib renews a worker whose memory has grown, and tells so; nothing is lost.
        warnings.filterwarnings("ignore", message="A worker stopped")
        # The mentions are described here while passages are learnt in other processes.
        learning = Parallel(n_jobs=-1, return_as="generator")(delayed(_one_thread)(marked, np.concatenate([part, extra])) for part in parts)
        told = describe_mentions([*records, *snippets])
        *spotters, spotter = learning
    *apart_weights, weights = Parallel(n_jobs=-1)(delayed(fit_assertion)(told, np.concatenate([part, extra])) for part in parts)
    apart_scores, gold = [], []
    for learnt, (_, apart) in zip(spotters, folds, strict=True):
        contents = (Content(read(nlp.make_doc(records[row]["text"]), nlp.tokenizer)) for row in apart)
        apart_scores += [learnt(content)[1] for content in contents]
        gold += [marked.gold[marked.of_text == row] for row in apart]
    rescoring = fit_rescoring(apart_scores, gold)
    rescored = [rescoring(scores, np.array([0, len(scores)])) for scores in apart_scores]
    threshold, floor = (best_threshold(np.concatenate(given), np.concatenate(gold)) for given in (rescored, apart_scores))
    for learnt in (*spotters, spotter):
        learnt.rescoring, learnt.threshold, learnt.floor = rescoring, threshold, floor
    docs: dict[int, tuple[Doc, Doc]] = {}
    for learnt, learnt_weights, (_, apart) in zip(spotters, apart_weights, folds, strict=True):
        mentions.spotter = learnt  # type: ignore[attr-defined]
        assertion.use(learnt_weights)  # type: ignore[attr-defined]
        for row in apart:
            text, doc = without_offence_names(records[row]["text"]), nlp(records[row]["text"])
            docs[row] = doc, doc if text == doc.text else nlp(text)
    raw, unnamed = zip(*(docs[row] for row in range(len(records))), strict=True)
    return Apart(list(raw), list(unnamed), spotter, weights)


def _one_thread(marked: Marked, texts: NDArray[np.int64]) -> Spotter:
    """Fit in a process of its own with one thread, here as elsewhere: the same sums on any machine."""
    with threadpool_limits(limits=1):
        return fit_spotter(marked, texts)


def train(corpus: Path, output: Path, splits: Sequence[str] = ("train",)) -> CaseClassifier:
    """Train on splits of a corpus and store the model.

    Parameters
    ----------
    corpus : Path
        Folder of a built corpus.
    output : Path
        Folder for the model.
    splits : sequence of str
        What to learn from; never the held-out test.

    Returns
    -------
    CaseClassifier
        The fitted estimator.

    Raises
    ------
    CorpusError
        If a part was not built, or no document has a marked passage.
    """
    records = [record for split in splits for record in read_split(corpus, split)]
    snippets = [record for record in read_split(corpus, SNIPPETS) if record["split"] in splits]
    groups, background = groups_of(records), read_background(corpus)
    if not any(record["mentions"] for record in records):
        raise CorpusError(f"{corpus}: no document of the train part has a passage; mark some in its sources, then build it anew")
    with threadpool_limits(limits=1):  # sums divided over threads round differently on another number of cores
        docs, unnamed, spotter, weights = read_apart(records, snippets, groups)
        classifier = CaseClassifier(n_jobs=-1).fit(docs, [gold_labels(r) for r in records], groups, unnamed, background)
        outcome = fit_outcome(docs, records)
    reader().get_pipe("smokkel_mentions").spotter = spotter  # type: ignore[attr-defined]
    reader().get_pipe("smokkel_assertion").use(weights)  # type: ignore[attr-defined]
    core = classifier.core_
    assert core.gate_ is not None  # there are tags
    content = "\n".join(f"{r['id']}\t{r['text']}" for r in [*records, *snippets]).encode() + (background.to_bytes() if background else b"")
    digest = hashlib.sha256(content).hexdigest()
    about = {
        "trained_on": {
            "splits": list(splits),
            "texts": len(records),
            "snippets": len(snippets),
            "background": len(background or ()),
            "sha256": digest,
        },
        "environment": {
            "python": f"{sys.version_info.major}.{sys.version_info.minor}",
            **{name: version(name) for name in ("spacy", "scikit-learn", "numpy", "scipy")},
            "blas": next((item["architecture"] for item in threadpool_info() if "architecture" in item), "unknown"),
        },
    }
    arrays = {
        "coef": core.coef_, "intercept": core.intercept_, "gate": core.gate_, "calibration": core.calibration_,
        "thresholds": core.thresholds_, "margins": np.asarray(core.margins_), "prior": core.prior_,
    }  # fmt: skip
    save_model(
        output,
        MODEL_VERSION,
        classifier.vectorizer_,
        arrays,
        {**pack({MENTIONS: weights, OFFENCES: outcome}), **spotting.pack(spotter)},
        about,
    )
    return classifier
