"""Fixtures; nothing here needs more than the installed package and this checkout."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from spacy.language import Language

import smokkel_nlp
from smokkel_nlp.store import pack_arrays, unpack_arrays
from smokkel_nlp.taxonomy import load_taxonomy

ROOT = Path(__file__).parent.parent
SHARED = Path(os.environ.get("SMOKKEL_NLP_SHARED", ROOT.parent / "shared"))


@pytest.fixture(scope="session")
def nlp() -> Language:
    return smokkel_nlp.load()


@pytest.fixture(scope="session")
def shared() -> Path:
    if not (SHARED / "domein").is_dir():
        pytest.skip(f"no real texts at {SHARED}; set SMOKKEL_NLP_SHARED to their folder")
    return SHARED


@pytest.fixture(scope="session")
def root() -> Path:
    return ROOT


@pytest.fixture(scope="session")
def prior_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shipped model, learnt as it were from texts of which two in five are about smuggling and one in five about trafficking."""
    folder = tmp_path_factory.mktemp("prior") / "model"
    shutil.copytree(ROOT / "models", folder)
    prior = np.full(len(load_taxonomy().labels), 0.1, dtype=np.float32)
    prior[:2] = 0.4, 0.2
    weights = pack_arrays({**unpack_arrays((folder / "weights.npz").read_bytes()), "prior": prior})
    (folder / "weights.npz").write_bytes(weights)
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf8"))
    manifest["sha256"]["weights.npz"] = hashlib.sha256(weights).hexdigest()
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf8")
    return folder
