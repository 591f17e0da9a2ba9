"""What a reader hands on: a record, or the place and the reason where there is none; and what it takes from the fields of its input."""

from __future__ import annotations

import base64
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from smokkel_nlp.errors import InputError, is_name
from smokkel_nlp.text import MAX_CHARS, encodable

_MAX_DEPTH = 32  # a field that is kept is copied, sent to another process and written: each goes down one call a level
_MAX_NAMES = 30
_UNSOUND = "holds half a surrogate pair, or bytes that do not fit the encoding; decode it anew, or give its encoding"


@dataclass(frozen=True)
class Record:
    """One text to classify, its id, where it stands (file, and line for files of many), and the fields that were asked for."""

    id: str
    text: str
    place: str
    fields: Mapping[str, Any] = field(default_factory=dict, hash=False)


@dataclass(frozen=True)
class BadRecord:
    """A record that cannot be used: where it stands, and why; never its text."""

    place: str
    reason: str


class Damaged(Exception):
    """What follows in a file, or a field, cannot be used; ``reason`` says why in our words, as those of a library may hold case text."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True)
class Wanted:
    """The fields to take from a record of many fields.

    Parameters
    ----------
    text_field, id_field : str
        A record without an id gets its place as id.
    carry : sequence of str
        Fields that go along as :attr:`Record.fields`.

    Examples
    --------
    >>> Wanted("tekst", "nr", ["datum"]).record("a.jsonl:1", {"nr": 7, "tekst": "Een fiets.", "datum": "2024-05-01"})
    Record(id='7', text='Een fiets.', place='a.jsonl:1', fields={'datum': '2024-05-01'})
    """

    text_field: str = "text"
    id_field: str = "id"
    carry: Sequence[str] = ()

    def record(self, place: str, data: Mapping[str, Any]) -> Record | BadRecord:
        """Make a record of fields; one that is missing, or is no text, is told."""
        text = data.get(self.text_field)
        if not isinstance(text, str):
            what = "is missing" if self.text_field not in data else f"is a {type(text).__name__}, not a string"
            return BadRecord(place, f"field '{self.text_field}' {what}; name the text field with --text-field")
        try:
            given = data.get(self.id_field)
            id_ = place if given in (None, "") else _kept(str(given), self.id_field)
            return self._checked(id_, text, place, {name: _kept(data.get(name), name) for name in self.carry})
        except Damaged as error:
            return BadRecord(place, error.reason)
        except (ValueError, RecursionError):  # a number of more than 4,300 digits, a nest of lists: Python writes neither
            return BadRecord(place, f"field '{self.id_field}' cannot be written as an id; give a string or a number")

    def document(self, place: str, text: str) -> Record | BadRecord:
        """Make a record of a document, which has no other fields."""
        return self._checked(place, text, place, dict.fromkeys(self.carry))

    def _checked(self, id_: str, text: str, place: str, fields: dict[str, Any]) -> Record | BadRecord:
        if len(text) > MAX_CHARS:
            return BadRecord(place, f"{len(text):,} characters, over the limit of {MAX_CHARS:,}; split it")
        if not encodable(text):
            return BadRecord(place, f"the text {_UNSOUND}")
        return Record(id_, text, place, fields)

    def check_columns(self, place: str, columns: Sequence[str]) -> None:
        """Compare the fields that are asked for with the columns of a table.

        Raises
        ------
        InputError
            If the text column, one to carry or an id column of another name than the usual is missing, or one of them stands twice.
        """
        there = f"(there is {_shown(columns)})"
        if self.text_field not in columns:
            raise InputError(f"{place}: no column '{self.text_field}'; name the text column with --text-field {there}")
        if self.id_field not in (*columns, Wanted.id_field):
            raise InputError(f"{place}: no column '{self.id_field}' for the id; give another --id-field {there}")
        for name in self.carry:
            if name not in columns:
                raise InputError(f"{place}: no column '{name}' to carry along; give another --carry {there}")
        for name in (self.text_field, self.id_field, *self.carry):
            if list(columns).count(name) > 1:
                raise InputError(f"{place}: column '{name}' stands twice; rename one {there}")


def plain(value: Any, depth: int = 0) -> Any:
    """Return a value as JSON can hold it, so that a table's field survives being written.

    Strings, whole numbers, truth values and None stay. Not-a-number and infinity become None; dates and times ISO 8601; durations,
    decimals and UUIDs their text; bytes Base64 (RFC 4648); lists, tuples and dicts are gone through, keys as strings.

    Raises
    ------
    Damaged
        If a value is nested too deep, holds half a surrogate pair, or is of another kind.

    Examples
    --------
    >>> plain({"datum": date(2024, 5, 1), "bedrag": Decimal("12.50"), "kenmerk": b"ab", "deel": (1, float("nan"))})
    {'datum': '2024-05-01', 'bedrag': '12.50', 'kenmerk': 'YWI=', 'deel': [1, None]}
    """
    if depth > _MAX_DEPTH:
        raise Damaged(f"is nested more than {_MAX_DEPTH} deep; carry a part of it")
    match value:
        case None | bool() | int():
            return value
        case str():
            if not encodable(value):
                raise Damaged(_UNSOUND)
            return value
        case float():
            return value if math.isfinite(value) else None
        case datetime() | date() | time():
            return value.isoformat()
        case timedelta() | Decimal() | UUID():
            return str(value)
        case bytes():
            return base64.b64encode(value).decode()
        case list() | tuple():
            return [plain(item, depth + 1) for item in value]
        case dict():
            return {plain(str(key)): plain(item, depth + 1) for key, item in value.items()}
    raise Damaged("is of a kind that cannot be carried along; leave it out")


def _kept(value: Any, name: str) -> Any:
    if isinstance(value, str) and value.isascii():
        return value
    try:
        return plain(value)
    except Damaged as error:
        raise Damaged(f"field '{name}' {error.reason}") from None


def _shown(columns: Sequence[str]) -> str:
    """Name the columns there are; a file without headings has case text in their place, so what is longer than a name is not shown."""
    short = list(filter(is_name, columns))
    more = len(columns) - len(short[:_MAX_NAMES])
    names = [*short[:_MAX_NAMES], *([f"{more} more"] if more else [])]
    return ", ".join(names) or "none"
