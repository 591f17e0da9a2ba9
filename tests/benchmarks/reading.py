"""Records and megabytes a second of reading, beside the bare loops of the standard library, in one run and one process.

Run: ``python tests/benchmarks/reading.py [--records 60000]``. The texts are those of the train part of the corpus, again and again; each
file is read three times, in turn, and the fastest run counts.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import io
import itertools
import json
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import zstandard

from smokkel_nlp.io import Record, read_records

CORPUS = Path(__file__).parents[2] / "corpus" / "train.jsonl"


def seconds(loop: Callable[[], Iterable[object]]) -> float:
    start = time.perf_counter()
    deque(loop(), maxlen=0)
    return time.perf_counter() - start


def bare_json(path: Path) -> Iterable[object]:
    with path.open(encoding="utf8") as lines:
        yield from map(json.loads, lines)


def bare_csv(path: Path) -> Iterable[object]:
    with path.open(encoding="utf8", newline="") as lines:
        yield from csv.DictReader(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=60_000)
    options = parser.parse_args()
    texts = [item.text for item in read_records([CORPUS]) if isinstance(item, Record)]
    rows = [{"id": str(number), "text": text} for number, text in zip(range(options.records), itertools.cycle(texts), strict=False)]
    lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()
    cells = io.StringIO(newline="")
    writer = csv.DictWriter(cells, ["id", "text"])
    writer.writeheader()
    writer.writerows(rows)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "a.jsonl").write_bytes(lines)
        (folder / "a.jsonl.gz").write_bytes(gzip.compress(lines))
        (folder / "a.jsonl.zst").write_bytes(zstandard.ZstdCompressor().compress(lines))
        (folder / "a.csv").write_bytes(cells.getvalue().encode())
        pq.write_table(pa.Table.from_pylist(rows), folder / "a.parquet")
        loops: dict[str, Callable[[], Iterable[object]]] = {
            "json.loads, line by line": lambda: bare_json(folder / "a.jsonl"),
            "csv.DictReader": lambda: bare_csv(folder / "a.csv"),
            **{
                path.suffixes[-1] if len(path.suffixes) == 1 else "".join(path.suffixes): (lambda path=path: read_records([path]))
                for path in sorted(folder.iterdir())
            },
        }
        runs = [{what: seconds(loop) for what, loop in loops.items()} for _ in range(3)]
    size = len(lines) / 1e6
    print(f"{len(rows):,} records, {size:,.0f} MB of JSON Lines\n\n| reading | records/s | MB/s |\n|---|---|---|")
    for what in loops:
        best = min(run[what] for run in runs)
        print(f"| {what} | {len(rows) / best:,.0f} | {size / best:,.0f} |")


if __name__ == "__main__":
    main()
