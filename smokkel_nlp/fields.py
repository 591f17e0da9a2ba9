"""Plain data into frozen dataclasses, every field checked against a JSON Schema; what is wrong is told by field, never by value.

Of JSON Schema it knows what ``record.schema.json`` uses. In two things it is milder than a validator, so that records of other versions can
be read: unknown fields are passed over, and a field that has a default may be missing.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, fields
from functools import partial
from operator import le
from typing import Any, NamedTuple

from smokkel_nlp.errors import is_name

Make = Callable[[Any], Any]
_TYPES: Mapping[str, tuple[type, ...]] = {
    "string": (str,), "integer": (int,), "number": (int, float), "boolean": (bool,), "null": (type(None),), "array": (list, tuple),
    "object": (dict,),
}  # fmt: skip
_TOLD = {
    "string": "a string", "integer": "a whole number", "number": "a number", "boolean": "true or false", "null": "null", "array": "a list",
    "object": "an object",
}  # fmt: skip
_ABSENT = object()


class Unfit(Exception):
    """A field does not hold what it should: ``path`` tells where, from the outside in, and ``reason`` what, without what it holds."""

    def __init__(self, reason: str, path: str = "") -> None:
        super().__init__(reason)
        self.reason, self.path = reason, path

    def under(self, name: str) -> Unfit:
        """Return the same, seen from one level up."""
        return Unfit(self.reason, name + ("" if self.path[:1] in ("", "[") else ".") + self.path)


class _Kind(NamedTuple):
    """What a value may be: its types, what else must hold of it, what is made of it, and all that in words."""

    types: frozenset[type]
    holds: Callable[[Any], bool] | None
    make: Make | None
    told: str

    def __call__(self, value: Any) -> Any:
        if type(value) not in self.types:
            raise Unfit(f"is {'null' if value is None else f'a {type(value).__name__}'}, not {self.told}")
        if self.holds is not None and not self.holds(value):
            raise Unfit(f"is not {self.told}")
        return value if self.make is None else self.make(value)


def maker(schema: Mapping[str, Any], classes: Mapping[str, type]) -> Make:
    """Return what makes an object of plain data.

    Parameters
    ----------
    schema : mapping
        A JSON Schema.
    classes : mapping of str to dataclass
        What objects become, by their name among ``$defs`` or as a property; that of the whole under ``""``. The schema has a property for
        each of their fields. Other objects become dicts, and lists become tuples.

    Returns
    -------
    callable
        Takes data and returns the object; raises :class:`Unfit`.

    Examples
    --------
    >>> from dataclasses import dataclass
    >>> @dataclass(frozen=True)
    ... class Point:
    ...     x: int
    ...     name: str = ""
    >>> make = maker({"type": "object", "properties": {"x": {"type": "integer"}, "name": {"type": "string"}}}, {"": Point})
    >>> make({"x": 3, "more": 1})
    Point(x=3, name='')
    >>> make({"x": "geheim"})
    Traceback (most recent call last):
    smokkel_nlp.fields.Unfit: is a str, not a whole number
    """
    return _kind(schema, "", schema.get("$defs", {}), classes).__call__


def _kind(node: Mapping[str, Any], name: str, defs: Mapping[str, Any], classes: Mapping[str, type]) -> _Kind:
    if "$ref" in node:
        name = node["$ref"].rpartition("/")[2]
        return _kind(defs[name], name, defs, classes)
    if "anyOf" in node:  # something or null
        return _nullable(_kind(node["anyOf"][0], name, defs, classes))
    if "enum" in node:
        known = frozenset(node["enum"])
        return _Kind(frozenset(map(type, known)), known.__contains__, None, f"one of {', '.join(map(str, node['enum']))}")
    if isinstance(node["type"], list):
        return _nullable(_kind({**node, "type": node["type"][0]}, name, defs, classes))
    kind = _Kind(frozenset(_TYPES[node["type"]]), None, None, _TOLD[node["type"]])
    match node["type"]:
        case "integer" if "minimum" in node:
            return kind._replace(holds=partial(le, node["minimum"]), told=f"{kind.told} from {node['minimum']}")
        case "number":
            return _number(node, kind)
        case "string" if node.get("minLength"):
            return kind._replace(holds=bool, told="a string that is not empty")
        case "array" if "prefixItems" in node:
            parts = [_kind(part, name, defs, classes) for part in node["prefixItems"]]
            return kind._replace(holds=lambda value: len(value) == len(parts), make=_row(parts), told=f"a list of {len(parts)}")
        case "array":
            return kind._replace(make=_list(_kind(node["items"], name, defs, classes)))
        case "object" if "properties" in node:
            parts_by_name = {key: _kind(part, key, defs, classes) for key, part in node["properties"].items()}
            return kind._replace(make=_object(parts_by_name, classes.get(name)))
        case "object" if isinstance(node.get("additionalProperties"), Mapping):
            return kind._replace(make=_mapping(_kind(node["additionalProperties"], name, defs, classes)))
    return kind


def _nullable(kind: _Kind) -> _Kind:
    if type(None) in kind.types:
        return kind
    holds, make = kind.holds, kind.make
    return _Kind(
        kind.types | {type(None)},
        holds and (lambda value: value is None or holds(value)),
        make and (lambda value: None if value is None else make(value)),
        f"{kind.told} or null",
    )


def _number(node: Mapping[str, Any], kind: _Kind) -> _Kind:
    """Return a number within its bounds; none is infinite or not a number."""
    if "exclusiveMinimum" in node:
        above, below = node["exclusiveMinimum"], node["exclusiveMaximum"]
        return kind._replace(holds=lambda value: above < value < below, told=f"a number between {above} and {below}")
    if "minimum" in node:
        least, most = node["minimum"], node["maximum"]
        return kind._replace(holds=lambda value: least <= value <= most, told=f"a number from {least} to {most}")
    largest = sys.float_info.max
    return kind._replace(holds=lambda value: -largest <= value <= largest, told="a finite number")


def _row(parts: list[_Kind]) -> Make:
    def make(value: Any) -> Any:
        done = []
        try:
            for part, item in zip(parts, value, strict=True):
                done.append(part(item))
        except Unfit as error:
            raise error.under(f"[{len(done)}]") from None
        return tuple(done)

    return make


def _list(part: _Kind) -> Make:
    types, _, inner, _ = part
    straight = part if inner is None or part.holds else inner

    def make(value: Any) -> Any:
        done: list[Any] = []
        try:
            for item in value:
                done.append(straight(item) if type(item) in types else part(item))
        except Unfit as error:
            raise error.under(f"[{len(done)}]") from None
        return tuple(done)

    return make


def _mapping(part: _Kind) -> Make:
    def make(value: Any) -> Any:
        done = {}
        try:
            for name, item in value.items():
                done[name] = part(item)
        except Unfit as error:
            raise error.under(name if is_name(name) else f"[{len(done)}]") from None
        return done

    return make


def _object(parts: Mapping[str, _Kind], cls: type | None) -> Make:
    known: Mapping[str, Field[Any]] = {item.name: item for item in fields(cls)} if cls else {}
    # What is None where it was not given may be told to be so.
    plan = [(name, *(_nullable(parts[name]) if name in known and known[name].default is None else parts[name])) for name in known or parts]

    def make(data: Any) -> Any:
        values = {}
        try:
            for name, types, holds, make, told in plan:
                value = data.get(name, _ABSENT)
                if type(value) in types and (holds is None or holds(value)):
                    values[name] = value if make is None else make(value)
                elif value is _ABSENT:
                    values[name] = _default(known.get(name))
                else:
                    _Kind(types, holds, make, told)(value)
        except Unfit as error:
            raise error.under(name) from None
        if cls is None:
            return values
        # As pickle does: the constructor of a frozen dataclass takes longer than all checks together.
        made: Any = object.__new__(cls)
        object.__setattr__(made, "__dict__", values)
        return made

    return make


def _default(item: Field[Any] | None) -> Any:
    if item is not None and item.default is not MISSING:
        return item.default
    if item is not None and item.default_factory is not MISSING:
        return item.default_factory()
    raise Unfit("is missing")
