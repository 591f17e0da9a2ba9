"""Records from CSV and tab-separated files, row by row, under quotes that may not close."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

from smokkel_nlp.readers.compressed import Source, packing
from smokkel_nlp.readers.encodings import TOO_LONG, encoding_of, lines_in
from smokkel_nlp.readers.inputs import BadRecord, Damaged, Record, Wanted
from smokkel_nlp.text import MAX_CHARS

_DELIMITERS = ",;\t"
_TOO_LONG = f"a row of over {MAX_CHARS:,} characters, which is the limit: a quote that does not close, or a text to split"


class _Unfit(Exception):
    """A line, or a row with it, that is over the limit."""


class _Feed:
    """Lines for the CSV reader, counted; a row that goes on beyond the limit ends there."""

    def __init__(self, lines: Iterator[str | None]) -> None:
        self._lines = lines
        self._again: str | None = None
        self._begun = 1
        self._size = 0
        self._whole = True
        self.number = 0

    def __iter__(self) -> _Feed:
        return self

    def __next__(self) -> str:
        line, self._again = self._again, None
        if line is None:
            line = next(self._lines)
            self.number += 1
            if line is None:
                raise _Unfit(TOO_LONG)
        self._whole = line[-1] in "\r\n"
        self._size += len(line)
        if self._size > MAX_CHARS:
            raise _Unfit(_TOO_LONG)
        return line

    def peek(self) -> str:
        """Return the first line, which will be read again."""
        self._again = line = next(self, None)
        self._size = 0
        return line or ""

    def begin(self) -> int:
        """Begin a row; returns the number of its first line."""
        self._size = 0
        self._begun = self.number + 1
        return self._begun

    def skipped(self) -> str:
        """Tell the lines of a row that cannot be used, and whether the file ends in it."""
        lines = f"line {self._begun} was skipped" if self.number <= self._begun else f"lines {self._begun} to {self.number} were skipped"
        return lines if self._whole else f"{lines}; the file ends in it, and may be cut off"


def read_csv(source: Source, wanted: Wanted) -> Iterator[Record | BadRecord]:
    """Yield the records of a file; the first row names the columns, and the delimiter is a comma, semicolon or tab.

    Without a mark or a given encoding the file is gone through once beforehand, for a byte at its end can decide on its beginning.
    A row with quotes that do not fit, or with more or fewer cells than there are columns, is told with the lines that it took.

    Raises
    ------
    InputError
        If a column is missing.
    """
    feed: _Feed | None = None
    try:
        encoding = source.encoding
        if encoding is None:
            with source.scan() as stream:
                encoding = encoding_of(stream)
        source.told(encoding)
        with source.open() as stream:
            feed = _Feed(lines_in(stream, encoding, "", open_bytes=source.encoding is None and encoding == "cp1252"))
            yield from _rows(feed, source, wanted)
    except Damaged as error:
        yield BadRecord(f"{source.place}:{feed.number + 1}" if feed else source.place, error.reason)


def _rows(feed: _Feed, source: Source, wanted: Wanted) -> Iterator[Record | BadRecord]:
    csv.field_size_limit(max(csv.field_size_limit(), MAX_CHARS))  # for the process; the feed holds the limit of a row
    try:
        head = feed.peek()
        delimiter = "\t" if _is_tsv(source.path) else max(_DELIMITERS, key=head.count)
        rows = csv.reader(feed, delimiter=delimiter, strict=True)
        columns = next(filter(None, rows), [])
    except (csv.Error, _Unfit):
        raise Damaged("the headings cannot be read: quotes that do not fit, or a line over the limit; mend them") from None
    wanted.check_columns(source.place, columns)
    while True:
        place = f"{source.place}:{feed.begin()}"
        try:
            row = next(rows, None)
        except (csv.Error, _Unfit) as error:
            reason = str(error) if isinstance(error, _Unfit) else "the quotes of this row do not fit"
            yield BadRecord(place, f"{reason}; mend it ({feed.skipped()})")
            rows = csv.reader(feed, delimiter=delimiter, strict=True)
            continue
        if row is None:
            return
        if len(row) == len(columns) or (len(row) > len(columns) and not any(row[len(columns) :])):
            yield wanted.record(place, dict(zip(columns, row, strict=False)))
        elif row:
            cells = f"{len(row)} cells, where the headings are {len(columns)}"
            yield BadRecord(place, f"{cells}; put quotes round a cell that holds a delimiter or a line end ({feed.skipped()})")


def _is_tsv(path: Path) -> bool:
    return (path.with_suffix("") if packing(path) else path).suffix.lower() == ".tsv"
