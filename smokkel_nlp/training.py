"""From corpus to stored model in one call, the same bytes for the same corpus and environment."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from smokkel_nlp.classifier import CaseClassifier
from smokkel_nlp.corpus import read_gold
from smokkel_nlp.errors import CorpusError
from smokkel_nlp.model import save_model
from smokkel_nlp.taxonomy import OFFENCE_IDS

MODEL_VERSION = "0.2.0"


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
    """
    records = [record for split in splits for record in read_split(corpus, split)]
    classifier = CaseClassifier().fit([r["text"] for r in records], [gold_labels(r) for r in records], groups_of(records))
    core = classifier.core_
    if core.gate_ is None:
        raise CorpusError(f"{corpus}: no document of the train part has a tag; mark mentions in its sources")
    digest = hashlib.sha256("\n".join(f"{r['id']}\t{r['text']}" for r in records).encode()).hexdigest()
    about = {
        "trained_on": {"splits": list(splits), "texts": len(records), "sha256": digest},
        "environment": {
            "python": f"{sys.version_info.major}.{sys.version_info.minor}",
            **{name: version(name) for name in ("spacy", "scikit-learn", "numpy", "scipy")},
        },
    }
    arrays = {
        "coef": core.coef_, "intercept": core.intercept_, "gate": core.gate_, "calibration": core.calibration_,
        "thresholds": core.thresholds_, "margins": np.asarray(core.margins_),
    }  # fmt: skip
    save_model(output, MODEL_VERSION, classifier.vectorizer_, arrays, about)
    return classifier
