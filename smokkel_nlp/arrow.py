"""Records as Arrow: one schema for Parquet, Spark, and whoever works with pyarrow, polars or DuckDB.

It begins with the flat columns of :meth:`smokkel_nlp.CaseAnalysis.to_row`, to filter on; ``tags`` and ``reasons`` are lists here. After
them come the passages as typed lists. What has no fixed form is JSON in a string: ``explanation`` and ``carried``. Columns that a run
did not ask for are there and null, so that all files have one schema. pyarrow is an extra and is imported where it is used.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from smokkel_nlp.errors import InputError
from smokkel_nlp.extras import need
from smokkel_nlp.records import ROW_COLUMNS, CaseAnalysis, not_a_record

if TYPE_CHECKING:
    import pyarrow as pa

_LISTS = ("tags", "reasons")
_VERSIONS = "version_"


def import_pyarrow() -> Any:
    """Return the module pyarrow.

    Raises
    ------
    InputError
        If it is not installed (:func:`smokkel_nlp.extras.need`).
    """
    need("pyarrow", "Arrow")
    import pyarrow

    return pyarrow


@lru_cache(maxsize=1)
def schema() -> pa.Schema:
    """Return the Arrow schema of a record.

    Raises
    ------
    InputError
        If pyarrow is not installed.

    Examples
    --------
    >>> schema().field("probability_mensenhandel").type
    DataType(double)
    >>> [field.name for field in schema()][len(ROW_COLUMNS) :]
    ['offences', 'modi_operandi', 'elements', 'thresholds', 'text', 'explanation', 'carried']
    """
    pa = import_pyarrow()
    text, offset, number = pa.string(), pa.int32(), pa.float64()

    def rows(**columns: Any) -> Any:
        return pa.list_(pa.struct(list(columns.items())))

    evidence = rows(
        start=offset, end=offset, text=text, kind=text, status=text, source=text, cue=text, rule=text, rule_start=offset, rule_end=offset
    )
    offences = rows(
        offence=text, label=offset, probability=number, uncertain=pa.bool_(), status=text, evidence=evidence,
        window_start=offset, window_end=offset,
    )  # fmt: skip
    special = {"uncertain": pa.bool_(), "n_chars": offset, "prior": number, **dict.fromkeys(_LISTS, pa.list_(text))}
    flat = [(name, number if name.startswith("probability_") else special.get(name, text)) for name in ROW_COLUMNS]
    nested = [
        ("offences", offences),
        ("modi_operandi", rows(tag=text, probability=number, status=text, evidence=evidence)),
        ("elements", rows(element=text, offence=text, status=text, evidence=evidence)),
        ("thresholds", rows(label=text, threshold=number)),
        *((name, text) for name in ("text", "explanation", "carried")),
    ]
    return pa.schema(flat + nested)


def to_table(cases: Iterable[CaseAnalysis]) -> pa.Table:
    """Return records as an Arrow table, a row each.

    Raises
    ------
    InputError
        If pyarrow is not installed.

    Examples
    --------
    >>> from smokkel_nlp.records import EXAMPLE_JSON
    >>> table = to_table([CaseAnalysis.from_json(EXAMPLE_JSON)])
    >>> table.num_rows, table["probability_mensensmokkel"][0].as_py()
    (1, 0.02)
    >>> next(from_table(table)) == CaseAnalysis.from_json(EXAMPLE_JSON)
    True
    """
    return import_pyarrow().Table.from_pylist([to_struct(case) for case in cases], schema=schema())


def to_struct(case: CaseAnalysis) -> dict[str, Any]:
    """Return a record as plain values of the schema's columns."""
    data = case.to_dict()
    offences = []
    for name, result in data["offences"].items():
        start, end = result.pop("window") or (None, None)
        offences.append({"offence": name, **result, "window_start": start, "window_end": end})
    return {
        **replace(case, id=None if case.id is None else storable(case.id), carried={}).to_row(),
        "tags": [mo.tag for mo in case.modi_operandi],
        "reasons": data["reasons"],
        "offences": offences,
        "modi_operandi": data["modi_operandi"],
        "elements": data["elements"],
        "thresholds": [{"label": label, "threshold": value} for label, value in case.thresholds.items()],
        "text": case.text,
        "explanation": None if case.explanation is None else _json(data["explanation"]),
        "carried": _json(data["carried"]) if case.carried else None,
    }


def from_table(table: pa.Table) -> Iterator[CaseAnalysis]:
    """Yield the records of a table that :func:`to_table` made; other columns are passed over.

    Raises
    ------
    InputError
        If a column is missing, or a row is no record.
    """
    return map(from_struct, to_rows(table))


def to_rows(table: pa.Table) -> Iterator[dict[str, Any]]:
    """Yield the rows of a table, for :func:`from_struct`.

    Raises
    ------
    InputError
        If a column is missing.
    """
    missing = [name for name in schema().names if name not in table.column_names]
    if missing:
        raise InputError(f"column '{missing[0]}' is missing; give a table of results of this library")
    return (row for batch in table.select(schema().names).to_batches() for row in batch.to_pylist())


def from_struct(row: Mapping[str, Any]) -> CaseAnalysis:
    """Return the record of what :func:`to_struct` gave.

    Raises
    ------
    InputError
        As :meth:`smokkel_nlp.CaseAnalysis.from_dict`.
    """

    def told(name: str, make: Callable[[Any], Any]) -> Any:
        try:
            return make(row[name])
        except (AttributeError, KeyError, RecursionError, TypeError, ValueError):
            raise not_a_record(row, name, "does not hold what results hold there") from None

    return CaseAnalysis.from_dict(
        {
            **row,
            "offences": told("offences", lambda results: dict(map(_offence, results))),
            "versions": {name.removeprefix(_VERSIONS): row[name] for name in ROW_COLUMNS if name.startswith(_VERSIONS)},
            "thresholds": told("thresholds", lambda items: {item["label"]: item["threshold"] for item in items}),
            "explanation": told("explanation", lambda text: None if text is None else json.loads(text)),
            "carried": told("carried", lambda text: json.loads(text or "{}")),
        }
    )


def _offence(result: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    start, end = result["window_start"], result["window_end"]
    return result["offence"], {**result, "window": None if start is None else (start, end)}


def _json(value: object) -> str:
    return storable(json.dumps(value, ensure_ascii=False))


def storable(text: str) -> str:
    r"""Return a string that UTF-8 can hold: half a surrogate pair, which an id or a carried field may hold, becomes its escape.

    In JSON the escape stands for the same, so there nothing changes.

    Examples
    --------
    >>> print(storable("zaak \ud800"))
    zaak \ud800
    """
    return text if text.isascii() else text.encode("utf8", "backslashreplace").decode("utf8")
