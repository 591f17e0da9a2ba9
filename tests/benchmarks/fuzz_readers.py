"""Damaged files of every kind by the ten thousand: what comes of them, how long it takes, and how much memory.

Run: ``python tests/benchmarks/fuzz_readers.py [--inputs 100000] [--seed 0] [--kinds .csv ...]``. Each kind is read in a process of its own,
under a limit of memory; an input that breaks it, or is not done within 90 seconds, stays where the message says. Exit code 1 if there is one.
"""

from __future__ import annotations

import argparse
import random
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from fuzzing import inputs, outcome, seeds

SHARES = {
    ".jsonl": 24,
    ".csv": 20,
    ".jsonl.gz": 8,
    ".csv.gz": 6,
    ".jsonl.zst": 6,
    ".tsv.zst": 4,
    ".txt": 4,
    ".parquet": 8,
    ".docx": 8,
    ".spacy": 6,
    ".pdf": 6,
}
MEMORY = 4 << 30
SECONDS = 90
BATCH = 50  # of PDF files, which are read by one process


def one_kind(kind: str, number: int, seed: int, folder: Path) -> None:
    """Read damaged files of one kind, and print a row of the table."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    one, found, slowest, start = inputs(kind, seeds()[kind], random.Random(f"{seed}{kind}")), Counter[str](), 0.0, time.perf_counter()
    for place in range(0, number, BATCH if kind == ".pdf" else 1):
        paths = [folder / f"{inner}{kind}" for inner in range(BATCH if kind == ".pdf" else 1)]
        for path in paths:
            path.write_bytes(one())
        signal.alarm(SECONDS)  # ends the process
        begun = time.perf_counter()
        found += outcome(paths, "utf-8" if place % 11 == 0 else None)
        slowest = max(slowest, (time.perf_counter() - begun) / len(paths))
        signal.alarm(0)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
    child = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss >> 10 if kind == ".pdf" else 0
    taken = time.perf_counter() - start
    counts = " | ".join(f"{found[name]:,}" for name in ("Record", "BadRecord", "InputError"))
    print(f"| {kind} | {number:,} | {counts} | {taken:,.0f} | {slowest:.3f} | {peak}{f' + {child}' if child else ''} |", flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--inputs", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--kinds", nargs="+", default=list(SHARES), choices=list(SHARES))
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    total = sum(SHARES.values())
    if options.folder:
        [kind] = options.kinds
        one_kind(kind, options.inputs, options.seed, options.folder)
        return 0
    print(
        "| kind | inputs | records | bad records | input errors | seconds | slowest, s | peak memory, MB |\n|---|---|---|---|---|---|---|---|",
        flush=True,
    )
    failed = 0
    for kind in options.kinds:
        folder = Path(tempfile.mkdtemp(prefix="fuzz"))
        number = max(BATCH, options.inputs * SHARES[kind] // total // BATCH * BATCH)
        command = [sys.executable, __file__, "--inputs", str(number), "--seed", str(options.seed), "--kinds", kind, "--folder", str(folder)]
        if (code := subprocess.run(command).returncode) != 0:
            failed += 1
            print(f"| {kind} | broken, exit code {code}: see {folder} |", flush=True)
            continue
        for path in folder.iterdir():
            path.unlink()
        folder.rmdir()
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
