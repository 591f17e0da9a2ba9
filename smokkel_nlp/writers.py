r"""The forms in which results are written: JSON Lines, CSV, Parquet and spaCy's DocBin.

The same results give the same bytes, with the same versions of the libraries that write them: JSON Lines and CSV from any run, Parquet by
pyarrow's version, which stands in the file, DocBin by spaCy's. JSON Lines and CSV are one file that grows; Parquet and DocBin cannot be
appended, so they are a folder of part files, each complete in itself.

CSV follows RFC 4180: commas, lines that end in ``\r\n``, quotes where a cell needs them. It begins with a byte order mark, without which
Excel misreads ``ë``. A cell that begins as a formula does, with ``=``, ``+``, ``-``, ``@``, a tab or an end of line, gets a ``'`` before
it, so that no spreadsheet runs what a text or a file number holds. Numbers stay numbers. The prefix shifts no offset: offsets refer to
the input. CSV holds the flat columns of :meth:`smokkel_nlp.CaseAnalysis.to_row`; passages and explanations are in the other forms.

A DocBin holds the words of the texts, whether or not ``keep_text`` was asked for: a Doc is its text.
"""

from __future__ import annotations

import codecs
import csv
import io
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from spacy.tokens import Doc, DocBin

from smokkel_nlp.arrow import storable, to_table
from smokkel_nlp.components.classify import CASE
from smokkel_nlp.components.mentions import SCORES
from smokkel_nlp.errors import InputError
from smokkel_nlp.extras import need
from smokkel_nlp.records import ROW_COLUMNS, CaseAnalysis, check_carried

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


class Result(NamedTuple):
    """What was said of a text: the record, with its id and carried fields, and the Doc it was made from."""

    case: CaseAnalysis
    doc: Doc


class Writer(Protocol):
    """A form of output. It turns results into bytes, wherever they are worked out; who collects the bytes puts them in files.

    Parameters
    ----------
    parts : bool
        False where the output is one file: ``header()`` and then what ``encode`` gave, in order. True where it is a folder of part
        files, each of which is what ``encode`` gave once.
    suffix : str
        The ending of the file, or of each part file.
    """

    parts: bool
    suffix: str

    def header(self) -> bytes:
        """Return what the file begins with."""
        ...

    def encode(self, results: Sequence[Result]) -> bytes:
        """Return results as lines, or as the content of a part file."""
        ...


class JsonLinesWriter:
    """JSON Lines in UTF-8: what ``CaseAnalysis.to_json`` gives, one record a line."""

    parts, suffix = False, ".jsonl"

    def header(self) -> bytes:
        """Return nothing: JSON Lines have no head."""
        return b""

    def encode(self, results: Sequence[Result]) -> bytes:
        """Return a line for each result."""
        return "".join(storable(result.case.to_json()) + "\n" for result in results).encode("utf8")


class CsvWriter:
    """CSV in UTF-8 with a byte order mark, safe to open in a spreadsheet.

    Parameters
    ----------
    carry : sequence of str
        The carried fields, which are columns after those of the results; a record without one leaves its cell empty.
    keep_text : bool
        Whether there is a column ``text``, between the two.

    Raises
    ------
    InputError
        If a carried field has the name of a column.
    """

    parts, suffix = False, ".csv"

    def __init__(self, carry: Sequence[str] = (), keep_text: bool = False) -> None:
        check_carried(carry)
        self._columns = (*ROW_COLUMNS, *(("text",) if keep_text else ()), *carry)

    def header(self) -> bytes:
        """Return the mark and the line of column names."""
        return codecs.BOM_UTF8 + self._lines([self._columns])

    def encode(self, results: Sequence[Result]) -> bytes:
        """Return a row for each result."""
        rows = (result.case.to_row() for result in results)
        return self._lines([[row.get(name) for name in self._columns] for row in rows])

    def _lines(self, rows: Sequence[Sequence[Any]]) -> bytes:
        out = io.StringIO(newline="")
        csv.writer(out, lineterminator="\r\n").writerows([_cell(value) for value in row] for row in rows)
        return storable(out.getvalue()).encode("utf8")


class ParquetWriter:
    """Parquet part files with the schema of :mod:`smokkel_nlp.arrow`, compressed with zstd.

    Raises
    ------
    InputError
        If pyarrow is not installed.
    """

    parts, suffix = True, ".parquet"

    def __init__(self) -> None:
        need("pyarrow", "Parquet")

    def header(self) -> bytes:
        """Return nothing: each part file is complete."""
        return b""

    def encode(self, results: Sequence[Result]) -> bytes:
        """Return the content of a part file."""
        from pyarrow import parquet

        out = io.BytesIO()
        parquet.write_table(to_table(result.case for result in results), out, compression="zstd")
        return out.getvalue()


class DocBinWriter:
    """DocBin part files with all that the pipeline found; ``doc._.case`` is there to read after one ``smokkel_nlp.load()``.

    The id and the carried fields stand in ``doc.user_data`` as well, as ``"id"`` and under their own names, for who reads it without this
    package: strings and numbers as they are, all else as JSON.
    """

    parts, suffix = True, ".spacy"

    def header(self) -> bytes:
        """Return nothing: each part file is complete."""
        return b""

    def encode(self, results: Sequence[Result]) -> bytes:
        """Return the content of a part file; each Doc takes the record of its result, with id and carried fields."""
        docs = DocBin(store_user_data=True)
        for result in results:
            given = {**result.case.carried, "id": result.case.id}
            data = result.doc.user_data
            data.update({name: _packable(value) for name, value in given.items() if name not in (CASE, SCORES)})
            data[CASE] = storable(result.case.to_json())
            docs.add(result.doc)
        return bytes(docs.to_bytes())


def writer_for(path: str | os.PathLike[str], *, carry: Sequence[str] = (), keep_text: bool = False) -> Writer:
    r"""Return the writer for a path, by its ending.

    Parameters
    ----------
    path : path
        Ends in ``.jsonl``, ``.csv``, ``.parquet`` or ``.spacy``.
    carry : sequence of str
        The fields of the input that results carry; CSV names them in its head.
    keep_text : bool
        Whether results hold their text; CSV has a column for it then.

    Raises
    ------
    InputError
        If the ending is another, the form needs a package that is not installed, or a carried field cannot be a column.

    Examples
    --------
    >>> writer_for("uit.csv", carry=["datum"]).header().decode("utf-8-sig")[-12:]
    'note,datum\r\n'
    >>> writer_for("uit.xlsx")
    Traceback (most recent call last):
    smokkel_nlp.errors.InputError: uit.xlsx: results cannot be written as '.xlsx'; give a name that ends in .jsonl, .csv, .parquet or .spacy
    """
    suffix = Path(path).suffix.lower()
    if suffix == JsonLinesWriter.suffix:
        return JsonLinesWriter()
    if suffix == CsvWriter.suffix:
        return CsvWriter(carry, keep_text)
    if suffix == ParquetWriter.suffix:
        return ParquetWriter()
    if suffix == DocBinWriter.suffix:
        return DocBinWriter()
    raise InputError(
        f"{os.fspath(path)}: results cannot be written as '{suffix}'; give a name that ends in .jsonl, .csv, .parquet or .spacy"
    )


def _cell(value: object) -> object:
    """Return what stands in a cell of CSV: strings that are no formula, numbers as they are, JSON for all else."""
    if isinstance(value, str):
        return f"'{value}" if value.startswith(_FORMULA) else value
    if value is None or (isinstance(value, int | float) and not isinstance(value, bool)):
        return value
    return json.dumps(value, ensure_ascii=False)


def _packable(value: object) -> object:
    """Return a value as msgpack can hold it, which has integers of 64 bits."""
    if isinstance(value, str):
        return storable(value)
    if value is None or isinstance(value, float) or (isinstance(value, int) and -(2**63) <= value < 2**64):
        return value
    return storable(json.dumps(value, ensure_ascii=False))
