"""Fixtures; nothing here needs more than the installed package and this checkout."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from spacy.language import Language

import smokkel_nlp

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
