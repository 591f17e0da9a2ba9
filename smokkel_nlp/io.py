"""Case texts from files of any kind and encoding: plain text, Word, PDF, JSON Lines, CSV, Parquet and DocBin, packed or not.

A record that cannot be used is handed on as a :class:`BadRecord` with its place and the mend, never with its text; a file that cannot be
read is one :class:`BadRecord`, after whatever came before the damage. Memory stays bounded, however large the input.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from smokkel_nlp.errors import InputError
from smokkel_nlp.extras import need
from smokkel_nlp.readers.compressed import STANDARD_INPUT, Source, packing, place_of
from smokkel_nlp.readers.delimited import read_csv
from smokkel_nlp.readers.documents import read_docx, read_text
from smokkel_nlp.readers.encodings import decode, named
from smokkel_nlp.readers.inputs import BadRecord, Record, Wanted
from smokkel_nlp.readers.jsonlines import read_jsonl
from smokkel_nlp.readers.parquet import read_parquet
from smokkel_nlp.readers.pdf import PdfReader

__all__ = ["BadRecord", "Record", "RecordReader", "decode", "expand", "read_records"]

_PACKED = (".jsonl", ".csv", ".tsv")
_SUFFIXES = (".txt", ".docx", ".pdf", ".jsonl", ".csv", ".tsv", ".parquet", ".spacy")
_IN_FOLDERS = (".txt", ".docx", ".pdf")
_END = b"\0"  # which no name holds
_NEEDS = {".parquet": "pyarrow", ".pdf": "pypdfium2", ".zst": "zstandard"}


def expand(paths: Sequence[str | Path]) -> Files:
    """Return the files to read: folders give their ``.txt``, ``.docx`` and ``.pdf`` files, sorted, with those of subfolders.

    Hidden files and folders and the lock files of Word (``~$...``) are passed over; ``-`` is standard input.

    Raises
    ------
    InputError
        If a path does not exist, holds no text, has an ending that cannot be read, or needs a library that is not installed.
    """
    return Files(paths)


class Files:
    """The files that :func:`expand` found when it was called, as an iterable of paths.

    Of those in folders the names are kept as bytes, 17 MB for a million of sixteen letters, where a list of paths takes 460 MB; sorting
    the names of one folder takes as much as a list of its names, 90 MB for such a million, for a moment.
    """

    def __init__(self, paths: Sequence[str | Path]) -> None:
        self._parts: list[tuple[Path, bytearray | None]] = []
        needed: dict[str, Path] = {}
        for path in map(Path, paths):
            if path.is_dir():
                names = bytearray()
                for name in _inside(path):
                    names += os.fsencode(name) + _END
                    if _suffix(name) not in needed:
                        needed[_suffix(name)] = path / name
                if not names:
                    raise InputError(
                        f"{path}: the folder holds no {', '.join(_IN_FOLDERS)} file; give one that does, or a .jsonl or .csv file"
                    )
                self._parts.append((path, names))
                continue
            if path == STANDARD_INPUT:
                if self.standard_input:
                    raise InputError("-: standard input can be read once; give it once")
            elif not path.is_file():
                raise InputError(f"{path}: {'a pipe or device; read it as -' if path.exists() else 'no such file; check the path'}")
            elif _kind(path) not in _SUFFIXES:
                raise InputError(
                    f"{path}: files that end in '{path.suffix}' cannot be read; "
                    f"give {', '.join(_SUFFIXES)}, or {', '.join(_PACKED)} packed as .gz or .zst"
                )
            self._parts.append((path, None))
            needed.setdefault(path.suffix.lower(), path)
        for suffix, path in needed.items():
            if suffix in _NEEDS:
                need(_NEEDS[suffix], path)

    @property
    def standard_input(self) -> bool:
        """Whether standard input is among them."""
        return (STANDARD_INPUT, None) in self._parts

    def __iter__(self) -> Iterator[Path]:
        for path, names in self._parts:
            if names is None:
                yield path
                continue
            start = 0
            while (end := names.find(_END, start)) >= 0:
                yield path / os.fsdecode(bytes(names[start:end]))
                start = end + 1


def _inside(folder: Path, under: str = "") -> Iterator[str]:
    """Yield the files of a folder by their names from there, in the order of their paths, part by part."""
    folders: set[str] = set()
    names: list[str] = []
    try:
        with os.scandir(folder / under) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    if not entry.name.startswith("."):
                        folders.add(entry.name)
                elif _suffix(entry.name) in _IN_FOLDERS and not entry.name.startswith((".", "~$")) and _is_file(entry):
                    names.append(entry.name)
    except OSError as error:
        raise InputError(f"{error.filename}: the folder cannot be read ({error.strerror}); check its rights") from error
    names += folders
    names.sort()
    for name in names:
        if name in folders:
            yield from _inside(folder, os.path.join(under, name))
        else:
            yield os.path.join(under, name)


def _is_file(entry: os.DirEntry[str]) -> bool:
    return entry.is_file(follow_symlinks=False) or os.path.isfile(entry)  # the second asks the disk, and takes a link that leads nowhere


def _suffix(name: str) -> str:
    return os.path.splitext(name)[1].lower()


def _kind(path: Path) -> str:
    """Return the ending that tells what a file holds; that before ``.gz`` or ``.zst`` where it may be packed."""
    if path == STANDARD_INPUT:
        return ".jsonl"
    if not packing(path):
        return path.suffix.lower()
    inner = path.with_suffix("").suffix.lower()
    return inner if inner in _PACKED else path.suffix.lower()


class RecordReader:
    r"""The records of files and folders, in order; each ``iter()`` begins anew and gives the same.

    Parameters
    ----------
    paths : sequence of path
        ``.txt``, ``.docx`` and ``.pdf`` (one text each), folders of them; ``.jsonl``, ``.csv`` and ``.tsv`` (one text a record; also
        packed as ``.gz`` or ``.zst``), ``.parquet``, and ``.spacy`` (a DocBin); ``-`` for JSON Lines from standard input.
    text_field, id_field : str
        Fields or columns; a record without an id gets its place as id. In a DocBin the text is that of the Doc, and the id stands in
        its user data.
    carry : sequence of str
        Fields that go along as :attr:`Record.fields`, as :func:`smokkel_nlp.readers.inputs.plain` makes them; None where a record has none.
    encoding : str, optional
        Of all text files; otherwise a byte order mark tells it, else it is UTF-8, else Windows-1252 (of JSON Lines line by line, of CSV
        for the whole file).

    Attributes
    ----------
    files : Files
        The files, in the order in which they are read.
    encodings : dict of str to int
        How many of the text files read so far are in each encoding, or in several, where lines differ.

    Raises
    ------
    InputError
        If a path, the encoding or an extra is missing (at once), or a table lacks a column that is asked for (when it is reached).

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "zaken.csv")
    ...     _ = path.write_text("nr;tekst;datum\n7;Een fiets.;2024-05-01\n8;Een boot.\n", encoding="utf8")
    ...     reader = RecordReader([path], "tekst", "nr", carry=["datum"])
    ...     good, bad = reader
    ...     reader.position == sum(file.st_size for _, file in reader.stats())
    True
    >>> good.id, good.text, dict(good.fields), dict(reader.encodings)
    ('7', 'Een fiets.', {'datum': '2024-05-01'}, {'utf-8': 1})
    >>> bad.reason
    '2 cells, where the headings are 3; put quotes round a cell that holds a delimiter or a line end (line 3 was skipped)'
    """

    def __init__(
        self,
        paths: Sequence[str | Path],
        text_field: str = "text",
        id_field: str = "id",
        *,
        carry: Sequence[str] = (),
        encoding: str | None = None,
    ) -> None:
        self.files = expand(paths)
        self.encodings = Counter[str]()
        self._wanted = Wanted(text_field, id_field, tuple(carry))
        self._encoding = None if encoding is None else named(encoding)
        self._before = 0
        self._source: Source | None = None
        self._taken = False

    @property
    def position(self) -> int:
        """Bytes of the files read so far, packed as they are, without those of standard input."""
        return self._before + (self._source.position if self._source else 0)

    def stats(self) -> Iterator[tuple[str, os.stat_result]]:
        """Yield the place of each file and what the system knows of it, such as its size; not of standard input.

        Raises
        ------
        InputError
            If a file is gone.
        """
        for path in self.files:
            if path != STANDARD_INPUT:
                try:
                    yield place_of(path), path.stat()
                except OSError as error:
                    raise InputError(f"{error.filename}: no such file any more ({error.strerror}); check the path") from error

    def __iter__(self) -> Iterator[Record | BadRecord]:
        if self.files.standard_input:
            if self._taken:
                raise InputError("-: standard input can be read once; give a file to read again")
            self._taken = True
        self.encodings.clear()
        self._before, self._source = 0, None
        with PdfReader() as pdf:
            for path in self.files:
                self._source = Source(path, self._encoding, self.encodings)
                yield from self._reading(self._source, pdf)
                self._before, self._source = self._before + self._source.position, None

    def _reading(self, source: Source, pdf: PdfReader) -> Iterator[Record | BadRecord]:
        match _kind(source.path):
            case ".jsonl":
                return read_jsonl(source, self._wanted)
            case ".csv" | ".tsv":
                return read_csv(source, self._wanted)
            case ".parquet":
                return read_parquet(source, self._wanted)
            case ".spacy":
                from smokkel_nlp.readers.docbin import read_docbin  # spaCy, which nothing else here needs

                return read_docbin(source, self._wanted)
            case ".docx":
                return read_docx(source, self._wanted)
            case ".pdf":
                return pdf.read(source, self._wanted)
        return read_text(source, self._wanted)


def read_records(
    paths: Sequence[str | Path],
    text_field: str = "text",
    id_field: str = "id",
    *,
    carry: Sequence[str] = (),
    encoding: str | None = None,
) -> Iterator[Record | BadRecord]:
    """Return an iterator over the records of files and folders; :class:`RecordReader` tells what it takes and raises.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = Path(folder, "zaak.txt").write_text("Een fiets.", encoding="utf8")
    ...     [record] = read_records([folder])
    >>> record.text
    'Een fiets.'
    """
    return iter(RecordReader(paths, text_field, id_field, carry=carry, encoding=encoding))
