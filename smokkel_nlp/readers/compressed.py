"""Files as streams of bytes, unpacked where they are packed, and how far they have been read.

A packed file that is cut off gives all that comes before the cut; one that unpacks to far more than it holds is refused.
"""

from __future__ import annotations

import io
import sys
import zlib
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from smokkel_nlp.errors import InputError
from smokkel_nlp.readers.inputs import Damaged

STANDARD_INPUT = Path("-")
MAX_INFLATED, MAX_RATIO = 1 << 30, 200
"""A file is refused when it has unpacked to over a gibibyte and over 200 times what was read of it; ordinary text packs 3 to 20 times."""
_PIECE = 1 << 18
_ZSTD_STEP = 1 << 10  # 1 KiB of zstd can hold 32 MiB, and its library gives what a step holds in one go
_ZSTD_WINDOW = 1 << 27  # what the zstd command takes without --long


class Source:
    """One file to read.

    Parameters
    ----------
    path : Path
        ``-`` for standard input.
    encoding : str, optional
        The one that the user gave.
    encodings : Counter, optional
        Counts files by the encoding they turn out to be in.
    """

    def __init__(self, path: Path, encoding: str | None = None, encodings: Counter[str] | None = None) -> None:
        self.path = path
        self.place = place_of(path)
        self.encoding = encoding
        self.done = 0
        self._encodings = Counter[str]() if encodings is None else encodings
        self._seen: list[str] = []
        self._raw: io.FileIO | None = None

    @property
    def position(self) -> int:
        """Bytes of the file that were read."""
        return self.done if self._raw is None else self._raw.tell()

    def told(self, encoding: str) -> None:
        """Note an encoding that the file, or a line of it, is in."""
        if encoding not in self._seen:
            if self._seen:
                self._encodings[", ".join(self._seen)] -= 1
                self._encodings += Counter()  # without what none is in any more
            self._seen.append(encoding)
            self._encodings[", ".join(self._seen)] += 1

    def told_any(self) -> None:
        """Note UTF-8 where nothing was noted, as of a file of ASCII alone."""
        if not self._seen:
            self.told("utf-8")

    @contextmanager
    def file(self) -> Iterator[io.FileIO]:
        """Open the file as it is on disk.

        Raises
        ------
        Damaged
            If it cannot be opened or read.
        """
        try:
            with self.path.open("rb", buffering=0) as raw:
                yield raw
        except OSError as error:
            raise Damaged(f"cannot be read ({error.strerror or 'input error'}); check its rights and the disk") from None

    @contextmanager
    def open(self) -> Iterator[io.BufferedReader]:
        """Open the content, unpacked; reading it moves :attr:`position`."""
        if self.path == STANDARD_INPUT:
            yield io.BufferedReader(_Pieces(_standard_input()), _PIECE)
            return
        with self.file() as raw:
            self._raw = raw
            try:
                pieces = unpacked(raw, self.path)
                yield io.BufferedReader(raw, _PIECE) if pieces is None else buffered(pieces)
            finally:
                self.done, self._raw = raw.tell(), None

    @contextmanager
    def scan(self) -> Iterator[io.BufferedReader]:
        """Open the content to look at it first, which does not count as reading."""
        with Source(self.path).open() as stream:
            yield stream


def place_of(path: Path) -> str:
    """Return a path as text that can be written, whatever bytes its name is made of."""
    return str(path).encode("utf8", "backslashreplace").decode()


def packing(path: Path) -> str:
    """Return ``gz``, ``zst`` or nothing, by the ending of a path.

    Examples
    --------
    >>> packing(Path("zaken.csv.GZ"))
    'gz'
    """
    suffix = path.suffix.lower().removeprefix(".")
    return suffix if suffix in ("gz", "zst") else ""


def unpacked(raw: BinaryIO, path: Path) -> Iterator[bytes] | None:
    """Return the content of a packed file in pieces; None for one that is not packed."""
    match packing(path):
        case "gz":
            return _watched(_gunzip(raw), raw)
        case "zst":
            return _watched(_unzstd(raw), raw)
    return None


def inflated(raw: BinaryIO) -> io.BufferedReader:
    """Return the content of a bare zlib stream, such as a DocBin, under the same limit, and never over :data:`MAX_INFLATED`."""
    return buffered(_watched(_inflate(raw, zlib.MAX_WBITS, "zlib"), raw, ratio=0))


def buffered(pieces: Iterator[bytes]) -> io.BufferedReader:
    """Return pieces of bytes as a stream."""
    return io.BufferedReader(_Pieces(pieces), _PIECE)


class _Pieces(io.RawIOBase):
    """Pieces of bytes as a raw stream; the first read gives four bytes at least, so that a byte order mark is seen whole."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._rest = memoryview(b"")
        self._begun = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if not self._begun:
            self._begun, head = True, b""
            while len(head) < 4 and (piece := next(self._pieces, None)) is not None:
                head += piece
            self._rest = memoryview(head)
        while not self._rest:
            piece = next(self._pieces, None)
            if piece is None:
                return 0
            self._rest = memoryview(piece)
        size = min(len(buffer), len(self._rest))
        buffer[:size] = self._rest[:size]
        self._rest = self._rest[size:]
        return size


def _standard_input() -> Iterator[bytes]:
    stream = getattr(sys.stdin, "buffer", None)
    if stream is None:
        raise InputError("-: standard input is closed or gives no bytes; give a file")
    while piece := stream.read1(_PIECE):
        yield piece


def _watched(pieces: Iterator[bytes], raw: BinaryIO, ratio: int = MAX_RATIO) -> Iterator[bytes]:
    total = 0
    for piece in pieces:
        total += len(piece)
        if total > MAX_INFLATED and total > ratio * raw.tell():
            raise Damaged(f"unpacks to over {MAX_INFLATED >> 20:,} MiB" + (f" and {ratio} times its size" if ratio else "") + "; refused")
        yield piece


def _cut(kind: str) -> Damaged:
    return Damaged(f"the {kind} data is cut off here; what was whole was read, get the file anew")


def _broken(kind: str) -> Damaged:
    return Damaged(f"the {kind} data is damaged here; what came before it was read, get the file anew")


def _inflate(raw: BinaryIO, window: int, kind: str) -> Iterator[bytes]:
    """Inflate one stream after another, as gzip allows."""
    data = raw.read(_PIECE)
    if not data:
        raise _cut(kind)
    while data:
        unpacker = zlib.decompressobj(window)
        while not unpacker.eof:
            if not data and not (data := raw.read(_PIECE)):
                raise _cut(kind)
            try:
                piece = unpacker.decompress(data, _PIECE)
            except zlib.error:
                raise _broken(kind) from None
            data = unpacker.unconsumed_tail
            if piece:
                yield piece
        data = unpacker.unused_data or raw.read(_PIECE)
        while data and not data.strip(b"\0"):  # tapes and disks pad with zeros
            data = raw.read(_PIECE)


def _gunzip(raw: BinaryIO) -> Iterator[bytes]:
    return _inflate(raw, zlib.MAX_WBITS | 16, "gzip")


def _unzstd(raw: BinaryIO) -> Iterator[bytes]:
    import zstandard

    context = zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW)
    unpacker, begun, empty = context.decompressobj(), False, True
    while chunk := raw.read(_PIECE):
        empty = False
        for start in range(0, len(chunk), _ZSTD_STEP):
            data = chunk[start : start + _ZSTD_STEP]
            while data:
                try:
                    piece = unpacker.decompress(data)
                except zstandard.ZstdError:
                    raise _broken("zstd") from None
                begun, data = True, b""
                if unpacker.eof:
                    data = unpacker.unused_data
                    unpacker, begun = context.decompressobj(), False
                if piece:
                    yield piece
    if begun or empty:
        raise _cut("zstd")
