"""The stored model: JSON and npz behind a manifest of SHA-256 sums; nothing is ever unpickled.

A model folder holds ``manifest.json`` (versions, sums), ``model.json`` (vocabulary, labels) and ``weights.npz`` (numbers),
and the same pair for the assertion of mentions (:mod:`smokkel_nlp.components.weighing`).
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from smokkel_nlp.concepts import load_concepts
from smokkel_nlp.errors import ModelError
from smokkel_nlp.features import Vectorizer, own_columns
from smokkel_nlp.gate import gated
from smokkel_nlp.platt import maps
from smokkel_nlp.ragged import distinct
from smokkel_nlp.rows import Columns, Sheet
from smokkel_nlp.store import CLASSIFIER_FILES, FORMAT, MANIFEST, RETRAIN, pack_arrays, read_files, unpack_arrays
from smokkel_nlp.taxonomy import OFFENCE_IDS, load_taxonomy
from smokkel_nlp.windows import cost, pooled

_ARRAYS = ("coef", "intercept", "gate", "calibration", "thresholds", "margins", "prior", "idf")
_OFFENCES = len(OFFENCE_IDS)


class LabelOdds(NamedTuple):
    """What the labels of a text weigh.

    Parameters
    ----------
    odds : array of shape (n_labels,)
        Calibrated log odds.
    windows : tuple of (int, int) or None
        For each offence the window that decided, as a half-open range of the sentences of the text; None where it was read as a whole.
    cost : float
        What having looked at several windows took off the odds of the offences.
    """

    odds: NDArray[np.float64]
    windows: tuple[tuple[int, int] | None, ...]
    cost: float

    def window_of(self, label: str) -> tuple[int, int] | None:
        """Return the window that decided a label; None where the text was read as a whole, as it always is for a tag."""
        return dict(zip(OFFENCE_IDS, self.windows, strict=True)).get(label)


@dataclass(frozen=True)
class Model:
    """What a trained classifier knows, ready to answer.

    Parameters
    ----------
    version : str
        Version of the model.
    labels : tuple of str
        Offences, then tags: the columns of ``coef``.
    vectorizer : Vectorizer
        Turns texts into rows.
    coef : array of shape (n_features, n_labels)
        Weights; the transpose of what the estimator holds, so that the rows of a text are read in one go.
    intercept, gate, calibration, thresholds, margins : arrays
        As fitted by :class:`smokkel_nlp.logistic.MultilabelLogistic`.
    prior : array of shape (n_labels,) or None
        Share of the training texts to which each label applies; None where the model does not hold it.
    """

    version: str
    labels: tuple[str, ...]
    vectorizer: Vectorizer
    coef: NDArray[np.float64]
    intercept: NDArray[np.float64]
    gate: NDArray[np.float64]
    calibration: NDArray[np.float64]
    thresholds: NDArray[np.float64]
    margins: NDArray[np.float64]
    prior: NDArray[np.float64] | None = None

    def under(self, prior: float | None, thresholds: Mapping[str, float]) -> Model:
        """Return the same model for texts of another prior, and with other thresholds.

        The log odds of an offence move by ``logit(prior) - logit(its share of the training texts)``: what a text shows stays, what was
        known beforehand is replaced (Saerens, Latinne and Decaestecker 2002, Neural Computation 14(1), for two classes). The shift is
        part of the offset of the calibration. Tags follow through their gate: what their mentions add counts as surely as the
        text is about an offence, and the odds of the offences add by themselves; both are told with the new prior. What the wording adds
        to a tag stays.

        Parameters
        ----------
        prior : float or None
            Share of the texts about an offence, for each of the two; None for that of the training texts.
        thresholds : mapping of str to float
            Labels and the probability from which they are given.

        Raises
        ------
        ModelError
            If a prior is given and the model does not hold that of its training texts, or an offence stood in none or in all of them.
        """
        changed = self.thresholds.copy()
        for label, value in thresholds.items():
            changed[self.labels.index(label)] = value
        calibration = self.calibration.copy()
        if prior is not None:
            if self.prior is None:
                raise ModelError(
                    f"model {self.version} does not hold the prior of its training texts, so it cannot take another; {RETRAIN}"
                )
            learnt = self.prior[:_OFFENCES]
            if learnt.min() <= 0 or learnt.max() >= 1:
                raise ModelError(
                    f"model {self.version} learnt an offence from no text or from nothing else, so it cannot take a prior; {RETRAIN}"
                )
            calibration[:_OFFENCES, 1] += np.log(prior / (1 - prior)) - np.log(learnt / (1 - learnt))
        model = replace(self, thresholds=changed, calibration=calibration)
        vars(model)["columns"] = self.columns  # the same words: what was looked up of them stays known
        return model

    @property
    def cuts(self) -> NDArray[np.float64]:
        """The thresholds as log odds."""
        return np.asarray(np.log(self.thresholds / (1 - self.thresholds)))

    @cached_property
    def own(self) -> NDArray[np.int64]:
        """Columns of each tag's own mentions."""
        return own_columns(self.vectorizer)

    @cached_property
    def columns(self) -> Columns:
        """The columns of the vectorizer, by word."""
        return Columns(self.vectorizer)

    def decide(self, sheet: Sheet) -> list[LabelOdds]:
        """Return what the labels of texts weigh; the offences of a long one by the window that says most for each."""
        n = _OFFENCES
        (slopes, offsets), first = maps(self.calibration, sheet.lengths), self.vectorizer.n_features - len(self.vectorizer.cues)
        scores, cues = sheet.scores(sheet.texts, self.coef, True)
        odds = (scores + self.intercept) * slopes + offsets
        windows, starts = sheet.windows, sheet.texts.first.tolist()
        # A window is part of a long text, and no short one.
        each = (sheet.scores(windows, self._of_offences, False)[0] + self.intercept[:n]) * slopes[windows.text, :n] + offsets[
            windows.text, :n
        ]
        deciding: dict[int, tuple[tuple[int, int], ...]] = {}
        many = np.bincount(windows.text, minlength=len(odds)).tolist()
        for text in distinct(windows.text).tolist():
            low, high = np.searchsorted(windows.text, (text, text + 1))
            odds[text, :n] = pooled(each[low:high])
            best = low + each[low:high].argmax(axis=0)
            edges = (windows.first[best] - starts[text]).tolist(), (windows.end[best] - starts[text]).tolist()
            deciding[text] = tuple(zip(*edges, strict=True))
        # In the order of memory that one text has too: how sums are rounded must not depend on what else is in the batch.
        mentions = np.ascontiguousarray(cues[:, self.own - first])
        odds[:, n:] += gated(mentions, odds[:, :n], self.gate) * slopes[:, n:]
        whole = (None,) * n
        return [LabelOdds(row, deciding.get(text, whole), cost(max(many[text], 1))) for text, row in enumerate(odds)]

    @cached_property
    def _of_offences(self) -> NDArray[np.float64]:
        """The weights of the offences alone, as windows need them."""
        return np.ascontiguousarray(self.coef[:, :_OFFENCES])


def save_model(
    folder: Path,
    version: str,
    vectorizer: Vectorizer,
    arrays: Mapping[str, NDArray[np.float64]],
    others: Mapping[str, bytes],
    about: Mapping[str, Any],
) -> None:
    """Write a model folder. The same content gives the same bytes.

    Parameters
    ----------
    folder : Path
        Made when missing; files of an earlier model are replaced, the manifest last.
    version : str
        Version of the model.
    vectorizer : Vectorizer
        The fitted vocabulary.
    arrays : mapping
        coef, intercept, gate, calibration, thresholds, margins and prior.
    others : mapping of str to bytes
        Further files of the model, ready to write.
    about : mapping
        What else the manifest should say: training data, library versions.
    """
    folder.mkdir(parents=True, exist_ok=True)
    data = {"labels": list(load_taxonomy().labels), "cues": list(vectorizer.cues), **vectorizer.to_data()}
    stored = {**arrays, "idf": vectorizer.idf}
    packed = pack_arrays({name: np.asarray(stored[name], dtype=np.float32) for name in _ARRAYS})
    content = {"model.json": json.dumps(data, ensure_ascii=False).encode(), "weights.npz": packed, **others}
    for name, raw in content.items():
        (folder / name).write_bytes(raw)
    taxonomy = load_taxonomy()
    manifest = {
        "format": FORMAT, "version": version, "taxonomy": taxonomy.version, "guideline": taxonomy.guideline, **about,
        "sha256": {name: hashlib.sha256(raw).hexdigest() for name, raw in content.items()},
    }  # fmt: skip
    (folder / MANIFEST).write_text(json.dumps(manifest, indent=2, ensure_ascii=False) + "\n", encoding="utf8")


def load_model(path: str | os.PathLike[str] | None = None) -> Model:
    """Load and verify a model.

    Raises
    ------
    ModelError
        If a file is missing, unreadable, altered, or made for another format or taxonomy.
    """
    return read_model(read_files(path, CLASSIFIER_FILES), str(path or "the model of the package"))


def read_model(raw: Mapping[str, bytes], where: str) -> Model:
    """Build a model from the content of its files, which were verified.

    Raises
    ------
    ModelError
        If it was made for another taxonomy, or with other lists of concepts.
    """
    data = json.loads(raw["model.json"])
    arrays = {name: array.astype(np.float64) for name, array in unpack_arrays(raw["weights.npz"]).items()}
    if data["concepts"] != load_concepts().digest:
        raise ModelError(f"{where}: made with other lists of concepts than this version of the library has; {RETRAIN}")
    vectorizer = Vectorizer(data["words"], data["subwords"], arrays.pop("idf"), data["weights"], data["floor"], data["near"], data["far"])
    if tuple(data["labels"]) != load_taxonomy().labels or tuple(data["cues"]) != vectorizer.cues:
        raise ModelError(f"{where}: made for another taxonomy than this version of the library has; {RETRAIN}")
    coef = np.ascontiguousarray(arrays.pop("coef").T)
    version = json.loads(raw[MANIFEST])["version"]
    return Model(version=version, labels=tuple(data["labels"]), vectorizer=vectorizer, coef=coef, **arrays)
