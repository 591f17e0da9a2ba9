"""Whatever is wrong with a file, it is told; the long form is ``tests/benchmarks/fuzz_readers.py``."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
from fuzzing import TEXTS, inputs, outcome, seeds
from hypothesis import given, settings
from hypothesis import strategies as st

from smokkel_nlp.io import BadRecord, Record, read_records

SEEDS = seeds()
EXAMPLES = 200
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec=None), max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)


@pytest.mark.parametrize("kind", SEEDS)
def test_sound_files_give_their_texts(tmp_path: Path, kind: str) -> None:
    for number, content in enumerate(SEEDS[kind]):
        path = tmp_path / f"{number}{kind}"
        path.write_bytes(content)
        assert set(outcome([path])) == {"Record"}


@pytest.mark.parametrize("kind", SEEDS)
def test_damaged_files_are_told(tmp_path: Path, kind: str) -> None:
    one = inputs(kind, SEEDS[kind], random.Random(kind))
    step = 50 if kind == ".pdf" else 1  # each reader starts a process for its PDF files; a table without its columns ends the reading
    told = 0
    for number in range(EXAMPLES // step):
        paths = [tmp_path / f"{place}{kind}" for place in range(step)]
        for path in paths:
            path.write_bytes(one())
        found = outcome(paths, "utf-8" if number % 10 == 0 else None)
        told += found["BadRecord"] + found["InputError"]
    assert told > 0


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.lists(st.fixed_dictionaries({}, optional={"id": VALUES, "text": VALUES, "datum": VALUES, "extra": VALUES}), max_size=6))
def test_good_records_around_bad_ones_are_kept(tmp_path_factory: pytest.TempPathFactory, rows: list[dict[str, object]]) -> None:
    path = tmp_path_factory.getbasetemp() / "rows.jsonl"
    lines = [json.dumps(row) for row in rows]
    path.write_text("".join(f'{line}\n{{"id": "g{number}", "text": "goed"}}\n' for number, line in enumerate(lines)), encoding="utf8")
    outcome([path])
    found = list(read_records([path]))
    assert [item.place for item in found] == [f"{path}:{number + 1}" for number in range(2 * len(rows))]
    assert [item.id for item in found[1::2] if isinstance(item, Record)] == [f"g{number}" for number in range(len(rows))]


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.binary(max_size=40), st.integers(0, len(TEXTS)))
def test_a_bad_line_costs_one_record(tmp_path_factory: pytest.TempPathFactory, noise: bytes, where: int) -> None:
    path = tmp_path_factory.getbasetemp() / "noise.jsonl"
    lines = [json.dumps({"text": text}).encode() for text in TEXTS]
    path.write_bytes(b"\n".join([*lines[:where], b"x" + noise.replace(b"\n", b""), *lines[where:]]))
    found = list(read_records([path]))
    assert [item.text for item in found if isinstance(item, Record)] == TEXTS
    assert isinstance(found[where], BadRecord)


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.lists(st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=2, max_size=2), min_size=1, max_size=5))
def test_csv_gives_back_what_was_written(tmp_path_factory: pytest.TempPathFactory, rows: list[list[str]]) -> None:
    path = tmp_path_factory.getbasetemp() / "cells.csv"
    quoted = "".join(",".join('"' + cell.replace('"', '""') + '"' for cell in row) + "\r\n" for row in [["id", "text"], *rows])
    path.write_bytes(quoted.encode())
    assert [item.text for item in read_records([path]) if isinstance(item, Record)] == [text for _, text in rows]
