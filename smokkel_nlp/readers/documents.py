"""Records from documents, one text each: plain text and Word (.docx).

A .docx file is a zip of XML. It is read with the standard library alone, piece by piece: what it says of its own sizes is checked
against what comes out, a document type declaration (which entities need) is refused, as the format forbids one, and nothing outside the
file is ever opened.
"""

from __future__ import annotations

import io
import os
import struct
import zipfile
import zlib
from collections.abc import Iterator
from xml.parsers import expat

from smokkel_nlp.readers.compressed import MAX_RATIO, Source
from smokkel_nlp.readers.encodings import decode, decode_as, marked
from smokkel_nlp.readers.inputs import BadRecord, Damaged, Record, Wanted
from smokkel_nlp.text import MAX_CHARS

_MAX_PART = 1 << 28  # of XML; a text at the limit of characters, with ordinary mark-up
_SMALL_PART = 1 << 24  # below this no ratio is asked: a form of empty lines packs a thousand times
_MAX_DIRECTORY = 1 << 22
_MAX_DEPTH, _MAX_NAMES, _MAX_TAG = 500, 10_000, 1 << 20
_PIECE = 1 << 16
_WORD = ("http://schemas.openxmlformats.org/wordprocessingml/2006/main", "http://purl.oclc.org/ooxml/wordprocessingml/main")
_TYPES = "http://schemas.openxmlformats.org/package/2006/content-types"
_FALLBACK = "http://schemas.openxmlformats.org/markup-compatibility/2006 Fallback"  # says once more what stands before it
# Settings hold tab stops, which are no tabs; what was deleted or moved away is no longer in the text.
_SKIPPED = {*(f"{space} {name}" for space in _WORD for name in ("pPr", "rPr", "sectPr", "tblPr", "del", "moveFrom")), _FALLBACK}
_SIGNS = {"tab": "\t", "br": "\n", "cr": "\n", "noBreakHyphen": "-", "softHyphen": "\u00ad"}
_PARTS = ("main+xml", "footnotes+xml", "endnotes+xml")
_SCAN = "holds no text; if it is a scan, it must be read by OCR first"
# Each layer has errors of its own for what is damaged; zipfile says RuntimeError of a password, NotImplementedError is one too.
_FAULTS = (zipfile.BadZipFile, zlib.error, expat.ExpatError, struct.error, KeyError, ValueError, EOFError, RuntimeError)


def read_text(source: Source, wanted: Wanted) -> Iterator[Record | BadRecord]:
    """Yield the record of a plain text file."""
    try:
        with source.file() as raw:
            source.done = os.fstat(raw.fileno()).st_size
            if source.done > 4 * (MAX_CHARS + 1):  # a character takes four bytes at most, and so may a byte order mark
                raise Damaged(f"a text of over {MAX_CHARS:,} characters, which is the limit; split it")
            content = raw.readall()
    except Damaged as error:
        yield BadRecord(source.place, error.reason)
        return
    encoding = source.encoding or marked(content)
    try:
        text, encoding = (decode_as(content, encoding), encoding) if encoding else decode(content)
    except UnicodeError:
        yield BadRecord(source.place, f"holds bytes that are not {encoding}, or is cut off within a character; get the file anew")
        return
    source.told(encoding)
    yield wanted.document(source.place, text)


def read_docx(source: Source, wanted: Wanted) -> Iterator[Record | BadRecord]:
    """Yield the record of a Word document: its paragraphs and tables in order, then its notes; headers and remarks are left out."""
    try:
        with source.file() as raw:
            text = docx_text(raw)
            source.done = raw.seek(0, io.SEEK_END)
        yield wanted.document(source.place, text)
    except Damaged as error:
        yield BadRecord(source.place, error.reason)


class _Careful(io.RawIOBase):
    """The file of a zip, of which no piece larger than its directory may be is read."""

    def __init__(self, raw: io.FileIO) -> None:
        self._raw = raw

    def read(self, size: int = -1) -> bytes:
        if size > _MAX_DIRECTORY:
            raise Damaged("its list of parts is too long for a Word document; refused")
        return self._raw.read(_MAX_DIRECTORY if size < 0 else size) or b""

    def seek(self, place: int, whence: int = 0) -> int:
        return self._raw.seek(place, whence)

    def tell(self) -> int:
        return self._raw.tell()

    def seekable(self) -> bool:
        return True


def docx_text(raw: io.FileIO) -> str:
    """Return the text of a Word document.

    Raises
    ------
    Damaged
        If it is none, is damaged, unpacks to too much, or holds no text.
    """
    if raw.read(4) == b"\xd0\xcf\x11\xe0":
        raise Damaged("is locked with a password, or an old .doc; store it as .docx without one")
    try:
        with zipfile.ZipFile(_Careful(raw)) as archive:
            types = _Types()
            _parse(archive, "[Content_Types].xml", types)
            text = _Text()
            for part in (types.parts[kind] for kind in _PARTS if kind in types.parts):
                _parse(archive, part, text)
    except _FAULTS:
        raise Damaged("is damaged, or no Word document; store it anew as .docx") from None
    if not (whole := "".join(text.pieces).strip("\n")).strip():
        raise Damaged(_SCAN)
    return whole


class _Types:
    """Looks for the parts that hold text."""

    def __init__(self) -> None:
        self.parts: dict[str, str] = {}

    def start(self, name: str, attributes: dict[str, str]) -> None:
        kind = attributes.get("ContentType", "")
        if name == f"{_TYPES} Override" and "wordprocessingml" in kind:
            self.parts.setdefault(kind.rpartition(".")[2], attributes.get("PartName", "").removeprefix("/"))

    def end(self, name: str) -> None:
        """Nothing ends with a part."""

    def data(self, text: str) -> None:
        """Only attributes count."""


class _Text:
    """Gathers the text of a part; runs of text stand in ``t``, and a paragraph ends a line."""

    def __init__(self) -> None:
        self.pieces: list[str] = []
        self._length = 0
        self._skipping = 0
        self._reading = False

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if self._skipping or name in _SKIPPED:
            self._skipping += 1
            return
        space, _, local = name.rpartition(" ")
        if space in _WORD:
            self._reading = local == "t"
            if local in _SIGNS:
                self._add(_SIGNS[local])

    def end(self, name: str) -> None:
        if self._skipping:
            self._skipping -= 1
            return
        space, _, local = name.rpartition(" ")
        self._reading = False
        if local == "p" and space in _WORD:
            self._add("\n")

    def data(self, text: str) -> None:
        if self._reading and not self._skipping:
            self._add(text)

    def _add(self, text: str) -> None:
        self.pieces.append(text)
        self._length += len(text)
        if self._length > MAX_CHARS:
            raise Damaged(f"a text of over {MAX_CHARS:,} characters, which is the limit; split it")


def _parse(archive: zipfile.ZipFile, part: str, handler: _Types | _Text) -> None:
    """Parse a part as it is unpacked, within bounds of size, depth, names and length of a tag."""
    info = archive.getinfo(part)
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise Damaged("is packed otherwise than Word does; store it anew as .docx")
    if info.flag_bits & 1:
        raise Damaged("is locked with a password; store it without one")
    parser, depth, read = expat.ParserCreate(namespace_separator=" "), 0, 0
    limit = _MAX_PART if info.file_size <= _SMALL_PART else min(_MAX_PART, MAX_RATIO * info.compress_size)

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > _MAX_DEPTH or len(parser.intern) > _MAX_NAMES:
            raise Damaged("its mark-up is nested too deep or has too many names for a Word document; refused")
        handler.start(name, attributes)

    def end(name: str) -> None:
        nonlocal depth
        depth -= 1
        handler.end(name)

    def doctype(*_: object) -> None:
        raise Damaged("declares a document type, which a Word document may not; refused")

    parser.StartElementHandler, parser.EndElementHandler, parser.CharacterDataHandler = start, end, handler.data
    parser.StartDoctypeDeclHandler = doctype
    parser.buffer_text = True
    if info.file_size > limit:
        raise Damaged("unpacks to far more than it holds; refused")
    with archive.open(info) as stream:
        while piece := stream.read(_PIECE):
            read += len(piece)
            if read > limit:
                raise Damaged("unpacks to far more than it holds; refused")
            parser.Parse(piece, False)
            if read - parser.CurrentByteIndex > _MAX_TAG:
                raise Damaged("has a tag too long for a Word document; refused")
        parser.Parse(b"", True)
