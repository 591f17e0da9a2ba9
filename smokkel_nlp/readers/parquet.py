"""Records from Parquet files, a few hundred rows at a time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from smokkel_nlp.readers.compressed import Source
from smokkel_nlp.readers.encodings import decode
from smokkel_nlp.readers.inputs import BadRecord, Damaged, Record, Wanted

_ROWS = 256
_BATCH = 1 << 25  # bytes, by what the file says of itself
_BUFFER = 1 << 20


def read_parquet(source: Source, wanted: Wanted) -> Iterator[Record | BadRecord]:
    """Yield the records of a file; the place of a row is its number.

    A text in a column of bytes is decoded as a text file is. Fields that are carried along become what
    :func:`smokkel_nlp.readers.inputs.plain` makes of them; timestamps are told to the microsecond.

    Raises
    ------
    InputError
        If a column is missing.
    """
    number = 0
    try:
        with source.file() as raw:
            for row in _rows(source, raw, wanted):
                number += 1
                place = f"{source.place}:{number}"
                yield wanted.record(place, row) if isinstance(row, dict) else BadRecord(place, row)
    except Damaged as error:
        yield BadRecord(f"{source.place}:{number + 1}" if number else source.place, error.reason)


def _rows(source: Source, raw: Any, wanted: Wanted) -> Iterator[dict[str, Any] | str]:
    """Yield the cells of each row that are asked for, or what is wrong with one of them."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    damage = Damaged("the Parquet data is damaged here, or packed in a way that cannot be read; get the file anew")
    # A damaged file can make Arrow ask for any amount of memory, or find fault in any of its layers.
    faults = (pa.ArrowException, OSError, ValueError, KeyError, TypeError, IndexError, OverflowError, MemoryError)
    try:
        schema = pq.read_schema(raw)
        raw.seek(0)
    except faults:
        raise damage from None
    wanted.check_columns(source.place, schema.names)
    names = [name for name in dict.fromkeys((wanted.text_field, wanted.id_field, *wanted.carry)) if name in schema.names]
    # Equal cells stand once in the file; kept so, a column of one long text repeated takes no more memory than there.
    once = [name for name in names if _is_text(pa, schema.field(schema.get_field_index(name)).type)]
    try:
        table = pq.ParquetFile(raw, read_dictionary=once, buffer_size=_BUFFER, pre_buffer=False)
        batches = table.iter_batches(_rows_at_once(table.metadata), columns=names, use_threads=False)
        size, total, read = raw.seek(0, 2), max(table.metadata.num_rows, 1), 0
    except faults:
        raise damage from None
    while True:
        try:
            batch = next(batches, None)
            if batch is None:
                break
            columns = [_microseconds(pa, batch.column(name)) for name in names]
        except faults:
            raise damage from None
        for place in range(batch.num_rows):
            yield _cells(names, columns, place, wanted.text_field)
        read += batch.num_rows
        source.done = min(size, size * read // total)
    source.done = size


def _cells(names: list[str], columns: list[Any], place: int, text_field: str) -> dict[str, Any] | str:
    row: dict[str, Any] = {}
    for name, column in zip(names, columns, strict=True):
        try:
            row[name] = column[place].as_py()
        except Exception:  # bytes that are no UTF-8, a date beyond the year 9999, an unknown time zone: whatever Arrow makes of them
            return f"field '{name}' holds a value that cannot be read; mend it, or leave the field out"
    if isinstance(row[text_field], bytes):
        row[text_field] = decode(row[text_field])[0]
    return row


def _rows_at_once(metadata: Any) -> int:
    groups = [metadata.row_group(number) for number in range(metadata.num_row_groups)]
    largest = max((group.total_byte_size // max(group.num_rows, 1) for group in groups), default=0)
    return int(min(max(_BATCH // max(largest, 1), 1), _ROWS))


def _is_text(pa: Any, kind: Any) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_binary(kind))


def _microseconds(pa: Any, column: Any) -> Any:
    """Python's times go to the microsecond."""
    if pa.types.is_timestamp(column.type) and column.type.unit == "ns":
        return column.cast(pa.timestamp("us", tz=column.type.tz), safe=False)
    return column
