"""Results that were written are read back as records: JSON Lines, Parquet and DocBin, one file or a folder of part files."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from smokkel_nlp.arrow import from_struct, import_pyarrow, to_rows
from smokkel_nlp.errors import InputError
from smokkel_nlp.extras import need
from smokkel_nlp.records import CaseAnalysis

_BATCH = 1024
_PARTS = (".parquet", ".spacy")


def read_results(path: str | os.PathLike[str]) -> Iterator[CaseAnalysis]:
    """Return the records of a file or folder of results, in order, without holding them all.

    Parameters
    ----------
    path : path
        A ``.jsonl``, ``.parquet`` or ``.spacy`` file, or a folder of ``.parquet`` or ``.spacy`` part files, which are read by name.
        A DocBin is read whole, the others by piece. CSV does not hold all of a record.

    Raises
    ------
    InputError
        If it cannot be read, holds something else, or needs a package that is not installed; the message names file and line, and where
        one is wrong record and field.

    Examples
    --------
    >>> read_results("uit.csv")
    Traceback (most recent call last):
    smokkel_nlp.errors.InputError: uit.csv: no such file or folder; check the path
    """
    return map(_sound, read_each(path))


def read_each(path: str | os.PathLike[str]) -> Iterator[tuple[str, CaseAnalysis | InputError]]:
    """Return what :func:`read_results` returns with the place of each record, file and number; where one is none, why, and the rest.

    Raises
    ------
    InputError
        If nothing more can be read; as :func:`read_results`.
    """
    path = Path(path)
    if not path.exists():
        raise InputError(f"{path}: no such file or folder; check the path")
    files = _parts(path) if path.is_dir() else [path]
    kind = files[0].suffix.lower()
    if kind not in (".jsonl", *_PARTS):
        raise InputError(f"{path}: results cannot be read from '{kind}'; give a .jsonl, .parquet or .spacy file, or a folder of parts")
    if kind == ".parquet":
        need("pyarrow", path)
    read = {".jsonl": _json_lines, ".parquet": _parquet, ".spacy": _docs}[kind]
    return ((f"{file}:{number}", outcome) for file in files for number, outcome in read(file))


def _sound(item: tuple[str, CaseAnalysis | InputError]) -> CaseAnalysis:
    place, outcome = item
    if isinstance(outcome, InputError):
        raise InputError(f"{place}: {outcome}") from None
    return outcome


def _parts(folder: Path) -> list[Path]:
    files = sorted(file for file in folder.iterdir() if file.suffix.lower() in _PARTS and not file.name.startswith((".", "_")))
    kinds = {file.suffix.lower() for file in files}
    if len(kinds) != 1:
        what = "files of both kinds" if kinds else "neither"
        raise InputError(f"{folder}: a folder of results holds .parquet or .spacy files, and this one {what}; give the folder of one run")
    return files


def _outcome(make: Callable[[Any], CaseAnalysis], data: Any) -> CaseAnalysis | InputError:
    try:
        return make(data)
    except InputError as error:
        return error


def _json_lines(path: Path) -> Iterator[tuple[int, CaseAnalysis | InputError]]:
    """Yield the lines that are not blank."""
    with _reading(path).open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            if line.strip():
                yield number, _outcome(_of_line, line)


def _of_line(line: bytes) -> CaseAnalysis:
    try:
        return CaseAnalysis.from_json(line.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise InputError("not a result of this library: not UTF-8; mend or remove the line") from None


def _parquet(path: Path) -> Iterator[tuple[int, CaseAnalysis | InputError]]:
    pa = import_pyarrow()
    from pyarrow import parquet

    try:
        with parquet.ParquetFile(_reading(path)) as file:
            rows = (row for batch in file.iter_batches(batch_size=_BATCH) for row in to_rows(pa.Table.from_batches([batch])))
            yield from ((number, _outcome(from_struct, row)) for number, row in enumerate(rows, start=1))
    except InputError as error:
        raise InputError(f"{path}: {error}") from None
    except (pa.ArrowException, OSError, KeyError, TypeError, AttributeError, ValueError) as error:
        raise InputError(f"{path}: not a Parquet file of results ({type(error).__name__}); write it anew") from error


def _docs(path: Path) -> Iterator[tuple[int, CaseAnalysis | InputError]]:
    from spacy.tokens import DocBin
    from spacy.vocab import Vocab

    from smokkel_nlp.components.classify import CASE

    try:
        for number, doc in enumerate(DocBin().from_disk(_reading(path)).get_docs(Vocab()), start=1):
            yield number, _outcome(CaseAnalysis.from_json, doc.user_data[CASE])
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InputError(f"{path}: not a DocBin of results ({type(error).__name__}); write it anew") from error


def _reading(path: Path) -> Path:
    """Return the path of a file that can be read."""
    try:
        path.open("rb").close()
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}); check its rights") from error
    return path
