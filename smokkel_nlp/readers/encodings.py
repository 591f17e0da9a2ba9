"""Bytes to text: which encoding a file is in, and its lines, none of them longer than a text may be."""

from __future__ import annotations

import codecs
import io
from collections.abc import Callable, Iterator
from contextlib import suppress

from smokkel_nlp.errors import InputError
from smokkel_nlp.readers.inputs import Damaged
from smokkel_nlp.text import MAX_CHARS

MARKS = {codecs.BOM_UTF8: "utf-8", codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}
TOO_LONG = f"a line of over {MAX_CHARS:,} characters, which is the limit; split the text"
_FIRST = {mark[:1] for mark in MARKS}
_SCAN = 1 << 18
_NO_TEXT = ("idna", "punycode", "unicode_escape", "raw_unicode_escape", "undefined")
# The five bytes that Windows-1252 leaves open become control characters, as browsers do.
_OPEN = (0x81, 0x8D, 0x8F, 0x90, 0x9D)
_ESCAPED = {0xDC00 + byte: byte for byte in _OPEN}


def decode(raw: bytes) -> tuple[str, str]:
    r"""Decode bytes as their byte order mark says, else as UTF-8, else as Windows-1252; returns text and encoding.

    In UTF-16 half a pair stays half a pair, and a last odd byte becomes U+FFFD.

    Examples
    --------
    >>> decode(b"financi\xeble")
    ('financiële', 'cp1252')
    """
    encoding = marked(raw)
    if encoding and encoding != "utf-8":
        odd = "\ufffd" if len(raw) % 2 else ""
        return raw[2 : len(raw) - len(raw) % 2].decode(encoding, errors="surrogatepass") + odd, encoding
    try:
        return raw.removeprefix(codecs.BOM_UTF8).decode(), "utf-8"
    except UnicodeDecodeError:
        return _windows(raw.decode("cp1252", errors="surrogateescape")), "cp1252"


def decode_as(raw: bytes, encoding: str) -> str:
    """Decode bytes in the encoding that the user gave; bytes that do not fit stay halves of a pair, which no text has."""
    return _unmarked(raw, encoding).decode(encoding, errors=_errors(encoding))


def marked(head: bytes) -> str | None:
    """Return the encoding of a byte order mark; None where there is none."""
    if head[:1] not in _FIRST:  # asked of every line
        return None
    return next((encoding for mark, encoding in MARKS.items() if head.startswith(mark)), None)


def named(encoding: str) -> str:
    """Return the usual name of an encoding.

    Raises
    ------
    InputError
        If there is none of that name that texts are written in.

    Examples
    --------
    >>> named("Latin-1"), named("UTF-16")
    ('iso8859-1', 'utf-16')
    """
    try:
        name = codecs.lookup(encoding).name
        known = name not in _NO_TEXT and bool("\n".encode(name))
    except (LookupError, ValueError):
        known = False
    if not known:
        raise InputError(f"no encoding is called '{encoding}'; give one such as utf-8, cp1252 or utf-16")
    return "utf-8" if name == "utf-8-sig" else name


def encoding_of(stream: io.BufferedReader) -> str:
    """Read a stream to its end, and return its encoding: by its mark, else UTF-8, else Windows-1252.

    A character cut off at the very end is one of UTF-8 only where there were others before it.
    """
    if encoding := marked(stream.peek(4)):
        return encoding
    decoder, beyond = codecs.getincrementaldecoder("utf-8")(), False
    try:
        while chunk := stream.read(_SCAN):
            beyond |= not decoder.decode(chunk).isascii()
    except UnicodeDecodeError:
        return "cp1252"
    except Damaged:
        pass  # what came before the damage decides; whoever reads the file for its records tells it
    return "cp1252" if decoder.getstate()[0] and not beyond else "utf-8"


def each_line(stream: io.BufferedReader, tell: Callable[[str], None]) -> Iterator[str | None]:
    """Yield lines that end in a line feed, each decoded by itself, and None for one over the limit.

    ``tell`` is called with the encoding of each line that is beyond ASCII.

    Raises
    ------
    Damaged
        Where the stream does.
    """
    while line := stream.readline(MAX_CHARS + 1):
        if len(line) > MAX_CHARS and line[-1:] != b"\n":
            while (rest := stream.readline(_SCAN)) and rest[-1:] != b"\n":
                pass
            yield None
            continue
        text, encoding = decode(line)
        if not line.isascii():
            tell(encoding)
        yield text


def lines_in(stream: io.BufferedReader, encoding: str, newline: str, *, open_bytes: bool = False) -> Iterator[str | None]:
    """Yield the lines of a stream in one encoding, and None for one over the limit; bytes that do not fit stay halves of a pair.

    Parameters
    ----------
    stream : BufferedReader
    encoding : str
    newline : str
        As in :class:`io.TextIOWrapper`: empty for any of the three line ends.
    open_bytes : bool, default=False
        Take the bytes that Windows-1252 leaves open as control characters.

    Raises
    ------
    Damaged
        Where the stream does, or ends within a character.
    """
    head = stream.peek(4)
    stream.read(len(head) - len(_unmarked(head, encoding)))
    text = io.TextIOWrapper(stream, encoding, errors=_errors(encoding), newline=newline)
    try:
        while line := text.readline(MAX_CHARS + 1):
            if len(line) > MAX_CHARS and line[-1] not in "\r\n":
                while (rest := text.readline(_SCAN)) and rest[-1] not in "\r\n":
                    pass
                yield None
            else:
                yield _windows(line) if open_bytes and not line.isascii() else line
    except UnicodeError:
        raise Damaged(f"holds bytes that are not {encoding}, or ends within a character; what follows is not read") from None
    finally:
        with suppress(ValueError):  # closed before, where whoever reads stops halfway
            text.detach()


def _unmarked(head: bytes, encoding: str) -> bytes:
    mark = next((mark for mark, name in MARKS.items() if name == encoding), b"")
    return head.removeprefix(mark)


def _errors(encoding: str) -> str:
    return "surrogatepass" if encoding.startswith(("utf-16", "utf-32")) else "surrogateescape"


def _windows(text: str) -> str:
    return text.translate(_ESCAPED) if any(chr(letter) in text for letter in _ESCAPED) else text
