"""Case texts from files: plain text, folders, JSON Lines and CSV, in whatever encoding they come.

A record that cannot be used is handed on as a :class:`BadRecord` with its place and the mend, never with its text.
"""

from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from smokkel_nlp.errors import InputError

_BOMS = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
_SUFFIXES = (".txt", ".jsonl", ".csv")


@dataclass(frozen=True)
class Record:
    """One text to classify, its id, and where it stands (file, and line for files of many)."""

    id: str
    text: str
    place: str
    fields: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class BadRecord:
    """A record that cannot be used: where it stands, and why; never its text."""

    place: str
    reason: str


def decode(raw: bytes) -> tuple[str, str]:
    r"""Decode bytes as UTF-8, else UTF-16 where its mark stands, else Windows-1252; returns text and encoding.

    Examples
    --------
    >>> decode(b"financi\xeble")
    ('financiële', 'cp1252')
    """
    for mark, encoding in _BOMS.items():
        if raw.startswith(mark):
            return raw.decode(encoding, errors="replace"), encoding
    try:
        return raw.decode("utf-8-sig"), "utf-8"
    except UnicodeDecodeError:
        # The five bytes that Windows-1252 leaves open become control characters, as browsers do.
        return "".join(_cp1252(byte) for byte in raw), "cp1252"


def _cp1252(byte: int) -> str:
    try:
        return bytes([byte]).decode("cp1252")
    except UnicodeDecodeError:
        return chr(byte)


def expand(paths: Sequence[str | Path]) -> list[Path]:
    """Return the files to read: folders give their ``.txt`` files, sorted, with those of subfolders.

    Raises
    ------
    InputError
        If a path does not exist, holds no text, or has an ending that cannot be read.
    """
    found: list[Path] = []
    for path in map(Path, paths):
        if path.is_dir():
            inside = sorted(path.rglob("*.txt"))
            if not inside:
                raise InputError(f"{path}: the folder holds no .txt file; give one that does, or a .jsonl or .csv file")
            found += inside
        elif not path.is_file():
            raise InputError(f"{path}: no such file; check the path")
        elif path.suffix.lower() not in _SUFFIXES:
            raise InputError(f"{path}: files that end in '{path.suffix}' cannot be read; give {', '.join(_SUFFIXES)}")
        else:
            found.append(path)
    return found


def read_records(paths: Sequence[str | Path], text_field: str = "text", id_field: str = "id") -> Iterator[Record | BadRecord]:
    """Read the records of files and folders, in order.

    Parameters
    ----------
    paths : sequence of path
        ``.txt`` (one text each), folders of them, ``.jsonl`` and ``.csv`` (one text a record).
    text_field, id_field : str
        Fields of ``.jsonl`` and ``.csv``; a record without an id gets its place as id.

    Raises
    ------
    InputError
        If a file is missing or unreadable, or a CSV file has no column ``text_field``.
    """
    for path in expand(paths):
        suffix = path.suffix.lower()
        try:
            raw = path.read_bytes()
        except OSError as error:
            raise InputError(f"{path}: cannot be read ({error.strerror}); check its rights") from error
        if suffix == ".txt":
            yield Record(str(path), decode(raw)[0], str(path))
        elif suffix == ".jsonl":
            yield from _jsonl(path, raw, text_field, id_field)
        else:
            yield from _csv(path, raw, text_field, id_field)


class RecordReader:
    """The records of files, with the fields to carry."""

    def __init__(
        self,
        paths: Sequence[str | Path],
        text_field: str = "text",
        id_field: str = "id",
        *,
        carry: Sequence[str] = (),
        encoding: str | None = None,
    ) -> None:
        self._fields, self._carry = (text_field, id_field), tuple(carry)
        self._files = [path if str(path) == "-" else expand([path]) for path in paths]
        self.encodings: dict[str, str] = {}
        self.position = 0

    def sizes(self) -> dict[str, int]:
        """Bytes of each file."""
        return {str(path): path.stat().st_size for files in self._files if isinstance(files, list) for path in files}

    def __iter__(self) -> Iterator[Record | BadRecord]:
        self.position = 0
        for files in self._files:
            if isinstance(files, list):
                for path in files:
                    self.encodings[str(path)] = "utf-8"
                    yield from self._lines(path, path.open("rb")) if path.suffix == ".jsonl" else read_records([path], *self._fields)
            else:
                yield from self._lines(Path("-"), sys.stdin.buffer)

    def _lines(self, path: Path, file: Any) -> Iterator[Record | BadRecord]:
        with file:
            for number, line in enumerate(file, start=1):
                self.position += len(line)
                for item in _jsonl(path, line.rstrip(b"\n"), *self._fields):
                    item = replace(item, place=f"{path}:{number}")
                    if isinstance(item, Record):
                        data = json.loads(decode(line)[0])
                        known = item.id if item.id != f"{path}:1" else item.place
                        item = replace(item, id=known, fields={name: data.get(name) for name in self._carry})
                    yield item


def _jsonl(path: Path, raw: bytes, text_field: str, id_field: str) -> Iterator[Record | BadRecord]:
    for number, line in enumerate(raw.removeprefix(b"\xef\xbb\xbf").split(b"\n"), start=1):
        if not line.strip():
            continue
        place = f"{path}:{number}"
        try:
            data = json.loads(decode(line)[0])
        except (ValueError, RecursionError):
            yield BadRecord(place, "not a line of JSON; mend or remove it")
            continue
        yield _record(place, data, text_field, id_field)


def _csv(path: Path, raw: bytes, text_field: str, id_field: str) -> Iterator[Record | BadRecord]:
    text = decode(raw)[0]
    head = text.split("\n", 1)[0]
    delimiter = max(",;\t", key=head.count)
    csv.field_size_limit(max(csv.field_size_limit(), len(text) + 1))
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    columns = reader.fieldnames or []
    if text_field not in columns:
        raise InputError(
            f"{path}: no column '{text_field}'; name the text column with --text-field (there is {', '.join(columns) or 'none'})"
        )
    while True:
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield BadRecord(f"{path}:{reader.line_num}", f"not CSV ({error}); mend the quotes of that line")
            return
        yield _record(f"{path}:{reader.line_num}", row, text_field, id_field)


def _record(place: str, data: object, text_field: str, id_field: str) -> Record | BadRecord:
    if not isinstance(data, dict):
        return BadRecord(place, f'a JSON {type(data).__name__} instead of an object; give {{"{text_field}": ...}}')
    text = data.get(text_field)
    if not isinstance(text, str):
        what = "is missing" if text_field not in data else f"is a {type(text).__name__}, not a string"
        return BadRecord(place, f"field '{text_field}' {what}; name the text field with --text-field")
    given = data.get(id_field)
    return Record(place if given in (None, "") else str(given), text, place)
