"""Records from a DocBin: of each Doc its text, and what its user data holds.

The file is read piece by piece, as spaCy's own reader would unpack it whole, whatever it unpacks to; of the tokens only the words and
the spaces between them are taken, which is what a text is made of.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from spacy.attrs import ORTH
from spacy.strings import StringStore
from srsly import msgpack

from smokkel_nlp.readers.compressed import MAX_INFLATED, Source, inflated
from smokkel_nlp.readers.inputs import BadRecord, Damaged, Record, Wanted
from smokkel_nlp.text import MAX_CHARS

_MAX_OBJECTS = 4_000_000  # lists and dicts; empty ones take a byte in the file and sixty in memory
_MAX_ITEMS = 10_000_000
_READ = 1 << 18
_EXTENSION = "._."
_DAMAGE = "the DocBin is damaged or not one of spaCy 3; write it anew"


class _Docs(NamedTuple):
    """The words of all Docs in a row, and how many each has."""

    words: NDArray[np.uint64]
    spaces: NDArray[np.bool_]
    lengths: NDArray[np.int32]
    strings: StringStore
    unspaced: list[bool]
    user_data: list[Any]


def read_docbin(source: Source, wanted: Wanted) -> Iterator[Record | BadRecord]:
    """Yield a record for each Doc; the place is its number.

    Its id and the fields to carry are looked for in ``Doc.user_data``, under their name or as an extension attribute.
    """
    try:
        with source.file() as raw:
            docs = _read(raw)
            source.done = raw.tell()
    except Damaged as error:
        yield BadRecord(source.place, error.reason)
        return
    end = 0
    for number, length in enumerate(docs.lengths.tolist()):
        start, end = end, end + length
        place = f"{source.place}:{number + 1}"
        try:
            data = _user_data(docs.user_data[number]) if number < len(docs.user_data) else {}
            words = [docs.strings[word] for word in docs.words[start:end].tolist()]
            gaps = [True] * length if docs.unspaced[number] else docs.spaces[start:end].tolist()
            if sum(map(len, words)) > MAX_CHARS:  # a word stands once in the file, however often it is used
                raise Damaged(f"a text of over {MAX_CHARS:,} characters, which is the limit; split it")
            text = "".join(word + " " * gap for word, gap in zip(words, gaps, strict=True))
        except (Damaged, KeyError) as error:
            yield BadRecord(place, error.reason if isinstance(error, Damaged) else _DAMAGE)
            continue
        yield wanted.record(place, {**data, wanted.text_field: text})


def _read(raw: Any) -> _Docs:
    """Read what is needed of a DocBin, skipping the rest."""
    kept = ("attrs", "tokens", "spaces", "lengths", "strings", "flags", "user_data")
    found: dict[str, Any] = {}
    try:
        unpacker = _unpacker(inflated(raw))
        for _ in range(unpacker.read_map_header()):
            if (key := unpacker.unpack()) in kept:
                found[key] = unpacker.unpack()
            else:
                unpacker.skip()
        attrs = found["attrs"]
        tokens = np.frombuffer(found.pop("tokens"), dtype=np.uint64).reshape(-1, len(attrs))
        words = tokens[:, attrs.index(ORTH)].copy()
        spaces = np.frombuffer(found["spaces"], dtype=np.bool_)
        lengths = np.frombuffer(found["lengths"], dtype=np.int32)
        unspaced = [bool(flag.get("has_unknown_spaces")) for flag in found.get("flags") or [{}] * len(lengths)]
        counted = (lengths >= 0).all() and int(lengths.sum(dtype=np.int64)) == len(words) == len(spaces)
        if not counted or len(unspaced) != len(lengths):
            raise Damaged(_DAMAGE)
        return _Docs(words, spaces, lengths, StringStore(found["strings"]), unspaced, list(found.get("user_data") or ()))
    except Damaged:
        raise
    except Exception:  # msgpack, its NumPy hook and NumPy itself each have errors of their own for what is damaged
        raise Damaged(_DAMAGE) from None


def _user_data(packed: Any) -> dict[str, Any]:
    if packed is None:
        return {}
    try:
        unpacker = _unpacker(None)
        unpacker.feed(packed)
        data = unpacker.unpack()
        own = {key[1]: value for key, value in data.items() if isinstance(key, tuple) and len(key) == 4 and key[0] == _EXTENSION}
        return {**own, **{key: value for key, value in data.items() if isinstance(key, str)}}
    except Exception:  # as above
        raise Damaged(_DAMAGE) from None


def _unpacker(stream: Any) -> Any:
    left = _MAX_OBJECTS

    def counted(made: Any) -> Any:
        nonlocal left
        left -= 1
        if left < 0:
            raise Damaged(f"holds over {_MAX_OBJECTS:,} lists; write its Docs to several files")
        return made

    return msgpack.Unpacker(
        stream, read_size=_READ, use_list=False, raw=False, strict_map_key=False, object_hook=counted, list_hook=counted,
        max_buffer_size=MAX_INFLATED, max_array_len=_MAX_ITEMS, max_map_len=_MAX_ITEMS,
    )  # fmt: skip
