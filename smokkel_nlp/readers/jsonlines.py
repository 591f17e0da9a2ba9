"""Records from JSON Lines: one object a line, read one by one."""

from __future__ import annotations

import json
from collections.abc import Iterator

from smokkel_nlp.readers.compressed import Source
from smokkel_nlp.readers.encodings import TOO_LONG, each_line, lines_in, marked
from smokkel_nlp.readers.inputs import BadRecord, Damaged, Record, Wanted

_BLANK = " \t\r\n\f\v"
# JSON knows no NaN or Infinity, but Python writes them; as in every table, they stand for nothing.
_JSON = json.JSONDecoder(parse_constant=lambda _: None)


def read_jsonl(source: Source, wanted: Wanted) -> Iterator[Record | BadRecord]:
    """Yield the records of a file, each decoded by itself where no encoding is given or marked.

    A line that cannot be used is told, and the next is read; where the file is damaged or cut off, that is the last that is told.
    """
    number = 0
    try:
        with source.open() as stream:
            mark = marked(stream.peek(4))
            if encoding := source.encoding or (mark if mark != "utf-8" else None):
                source.told(encoding)
                lines = lines_in(stream, encoding, "\n")
            else:
                lines = each_line(stream, source.told)
            for number, line in enumerate(lines, start=1):
                if line is None:
                    yield BadRecord(f"{source.place}:{number}", TOO_LONG)
                elif line.strip(_BLANK):
                    yield _record(f"{source.place}:{number}", line, wanted)
            source.told_any()
    except Damaged as error:
        yield BadRecord(f"{source.place}:{number + 1}", error.reason)


def _record(place: str, line: str, wanted: Wanted) -> Record | BadRecord:
    try:
        data = _JSON.decode(line)
    except (ValueError, RecursionError):
        if line.endswith("\n"):
            return BadRecord(place, "not a line of JSON; mend or remove it")
        return BadRecord(place, "not a whole line of JSON, and the last of the file, which may be cut off; get the file anew, or mend it")
    if not isinstance(data, dict):
        return BadRecord(place, f'a JSON {type(data).__name__} instead of an object; give {{"{wanted.text_field}": ...}}')
    return wanted.record(place, data)
