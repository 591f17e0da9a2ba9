"""The forms of output: what an analysed text becomes in bytes."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

from spacy.tokens import Doc

from smokkel_nlp.errors import InputError
from smokkel_nlp.records import CaseAnalysis


class Result(NamedTuple):
    """A text that was analysed."""

    case: CaseAnalysis
    doc: Doc


class Writer(Protocol):
    """A form of output; ``parts`` where it is a folder of files that are each complete in themselves."""

    parts: bool

    def header(self) -> bytes:
        """Return what stands before the first record."""
        ...

    def encode(self, results: Sequence[Result]) -> bytes:
        """Return the records as bytes, the same each time."""
        ...


class JsonLinesWriter:
    """A line of JSON for each record."""

    parts = False

    def header(self) -> bytes:
        """Return nothing: JSON Lines have no head."""
        return b""

    def encode(self, results: Sequence[Result]) -> bytes:
        """Return a line for each record."""
        return "".join(result.case.to_json() + "\n" for result in results).encode()


def writer_for(path: str | os.PathLike[str], *, carry: Sequence[str] = (), keep_text: bool = False) -> Writer:
    """Return the writer for the ending of a path.

    Raises
    ------
    InputError
        If there is none.
    """
    if Path(path).suffix.lower() == ".jsonl":
        return JsonLinesWriter()
    raise InputError(f"{os.fspath(path)}: no output of that ending; give .jsonl")
