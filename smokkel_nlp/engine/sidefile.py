"""What a run has to say of single records: a line of JSON for each that failed or stood before, with its place and never its text."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from smokkel_nlp.engine.chunks import Chunk, Done
from smokkel_nlp.io import BadRecord

FAILED, DUPLICATE_ID, DUPLICATE_TEXT = "failed", "duplicate_id", "duplicate_text"
_REPEATED = {
    DUPLICATE_ID: "another record before it has this id; it was classified as well",
    DUPLICATE_TEXT: "another record before it has this text; it was classified as well",
}


@dataclass(frozen=True)
class Problem:
    """What is to be said of a record.

    Parameters
    ----------
    kind : str
        ``failed``, ``duplicate_id`` or ``duplicate_text``.
    place : str
        File, and line for files of many.
    id : str or None
        None where it was not read.
    reason : str
        With the mend.
    """

    kind: str
    place: str
    id: str | None
    reason: str

    def to_json(self) -> str:
        """Return one line of JSON.

        Examples
        --------
        >>> Problem("failed", "in.jsonl:2", None, "not a line of JSON; mend or remove it").to_json()
        '{"kind": "failed", "place": "in.jsonl:2", "id": null, "reason": "not a line of JSON; mend or remove it"}'
        """
        return json.dumps(asdict(self))


def problems_of(chunk: Chunk, done: Done, same_id: Sequence[bool] = (), same_text: Sequence[bool] = ()) -> Iterator[Problem]:
    """Yield what is to be said of the records of a chunk, in order.

    Parameters
    ----------
    chunk : Chunk
    done : Done
        What came of it.
    same_id, same_text : sequence of bool
        For each record that could be read, whether its id, or text, stood before; empty where nobody asked.
    """
    number = 0
    for item in chunk.items:
        if isinstance(item, BadRecord):
            yield Problem(FAILED, item.place, None, item.reason)
            continue
        if number in done.failed:
            yield Problem(FAILED, item.place, item.id, done.failed[number])
        for kind, repeated in ((DUPLICATE_ID, same_id), (DUPLICATE_TEXT, same_text)):
            if repeated and repeated[number]:
                yield Problem(kind, item.place, item.id, _REPEATED[kind])
        number += 1


def side_path(output: Path) -> Path:
    """Return the path of the side file of an output."""
    return output.with_name(f"{output.name}.errors.jsonl")


def read_problems(output: Path) -> Iterator[Problem]:
    """Yield what the side file of an output says; nothing where there is none."""
    if (path := side_path(output)).is_file():
        with path.open(encoding="utf8") as lines:
            for line in lines:
                yield Problem(**json.loads(line))
