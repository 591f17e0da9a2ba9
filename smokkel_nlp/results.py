"""Results that were written are read back as records: JSON Lines, Parquet and DocBin, one file or a folder of part files."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from smokkel_nlp.arrow import from_table, import_pyarrow
from smokkel_nlp.errors import InputError
from smokkel_nlp.records import CaseAnalysis

_BATCH = 1024
_PARTS = (".parquet", ".spacy")

UNFIT = (KeyError, TypeError, ValueError, AttributeError, IndexError, RecursionError)
"""What is raised by a line that is JSON, or nearly, but no record."""


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
        If it cannot be read, holds something else, or needs a package that is not installed; the message names file and line.

    Examples
    --------
    >>> read_results("uit.csv")
    Traceback (most recent call last):
    smokkel_nlp.errors.InputError: uit.csv: no such file or folder; check the path
    """
    path = Path(path)
    if not path.exists():
        raise InputError(f"{path}: no such file or folder; check the path")
    files = _parts(path) if path.is_dir() else [path]
    kind = files[0].suffix.lower()
    if kind not in (".jsonl", *_PARTS):
        raise InputError(f"{path}: results cannot be read from '{kind}'; give a .jsonl, .parquet or .spacy file, or a folder of parts")
    if kind == ".parquet":
        import_pyarrow()
    read = {".jsonl": _json_lines, ".parquet": _parquet, ".spacy": _docs}[kind]
    return (case for file in files for case in read(file))


def _parts(folder: Path) -> list[Path]:
    files = sorted(file for file in folder.iterdir() if file.suffix.lower() in _PARTS and not file.name.startswith((".", "_")))
    kinds = {file.suffix.lower() for file in files}
    if len(kinds) != 1:
        what = "files of both kinds" if kinds else "neither"
        raise InputError(f"{folder}: a folder of results holds .parquet or .spacy files, and this one {what}; give the folder of one run")
    return files


def read_lines(path: Path) -> Iterator[tuple[str, CaseAnalysis | Exception]]:
    """Yield the place of each line of JSON Lines that is not blank, with its record, or why it is none.

    Raises
    ------
    InputError
        If the file cannot be read.
    """
    with _reading(path).open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            case: CaseAnalysis | Exception
            try:
                case = CaseAnalysis.from_json(line.decode("utf-8-sig"))
            except UNFIT as error:
                case = error
            yield f"{path}:{number}", case


def unfit(error: Exception) -> str:
    """Tell that a line is no record; of the error only its kind, for its message may hold case text.

    Examples
    --------
    >>> unfit(KeyError("offences"))
    'not a result of this library (KeyError); mend or remove the line'
    """
    return f"not a result of this library ({type(error).__name__}); mend or remove the line"


def _json_lines(path: Path) -> Iterator[CaseAnalysis]:
    for place, case in read_lines(path):
        if not isinstance(case, CaseAnalysis):
            raise InputError(f"{place}: {unfit(case)}") from case
        yield case


def _parquet(path: Path) -> Iterator[CaseAnalysis]:
    pa = import_pyarrow()
    from pyarrow import parquet

    try:
        with parquet.ParquetFile(_reading(path)) as file:
            for batch in file.iter_batches(batch_size=_BATCH):
                yield from from_table(pa.Table.from_batches([batch]))
    except InputError as error:
        raise InputError(f"{path}: {error}") from None
    except (pa.ArrowException, OSError, KeyError, TypeError, AttributeError, ValueError) as error:
        raise InputError(f"{path}: not a Parquet file of results ({type(error).__name__}); write it anew") from error


def _docs(path: Path) -> Iterator[CaseAnalysis]:
    from spacy.tokens import DocBin
    from spacy.vocab import Vocab

    from smokkel_nlp.components.classify import CASE

    try:
        for doc in DocBin().from_disk(_reading(path)).get_docs(Vocab()):
            yield CaseAnalysis.from_json(doc.user_data[CASE])
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InputError(f"{path}: not a DocBin of results ({type(error).__name__}); write it anew") from error


def _reading(path: Path) -> Path:
    """Return the path of a file that can be read."""
    try:
        path.open("rb").close()
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}); check its rights") from error
    return path
