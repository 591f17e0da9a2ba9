"""A long run over generated records: records a second, and the memory of its processes from the first records to the last.

Run: ``python tests/benchmarks/soak.py [--records 1000000] [--jobs 2] [--beside 20000] [--folder DIR]``.

Records are sentences of the train part of the corpus in another order, with a number plate and an amount that hardly come again, so that
new words never end: three in ten a chat (1 to 3 sentences), four a tip or report (4 to 10), the others news (12 to 30), and one in two
hundred a judgment (200 to 500). The command ``smokkel-nlp classify`` runs in a process of its own, which is watched through ``/proc``.
Beside it the first records go through :func:`smokkel_nlp.classify` in one process, through ``nlp.pipe`` with ``textcat_multilabel``, and
through TF-IDF with logistic regression, both as in :mod:`smokkel_nlp.baselines`; their training does not count.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import smokkel_nlp
from smokkel_nlp import baselines
from smokkel_nlp.training import read_split

_CORPUS = Path(__file__).parents[2] / "corpus"
_EVERY = 1.0
_MEGABYTE = 2**20


def texts(train: list[dict[str, object]]) -> Iterator[str]:
    """Generate texts without end, the same each time."""
    sentences = [part for record in train for part in re.split(r"(?<=[.!?])\s+", str(record["text"])) if part.strip()]
    draw = random.Random(0)
    while True:
        share = draw.random()
        low, high = (200, 500) if share < 0.005 else (1, 3) if share < 0.3 else (4, 10) if share < 0.7 else (12, 30)
        plate = (
            f"{draw.choice('BGHJKLNPRSTVXZ')}-{draw.randrange(1000):03}-{draw.choice('BDFGHJKLNPRSTVXZ')}{draw.choice('BDFGHJKLNPRSTVXZ')}"
        )
        odd = f"Het ging om {draw.randrange(10**7) / 100:.2f} euro en kenteken {plate}."
        yield " ".join([*draw.choices(sentences, k=draw.randint(low, high)), odd])


def resident(process: int) -> int:
    """Memory of a process that is in use, in bytes; 0 where it is gone."""
    try:
        return int(Path(f"/proc/{process}/statm").read_text().split()[1]) * 4096
    except OSError:
        return 0


def workers(process: int) -> list[int]:
    """The processes that a run began to classify; all of its children but joblib's resource tracker."""
    try:
        children = [int(child) for child in Path(f"/proc/{process}/task/{process}/children").read_text().split()]
        return [child for child in children if b"resource_tracker" not in Path(f"/proc/{child}/cmdline").read_bytes()]
    except OSError:
        return []


def watch(command: list[str], output: Path) -> tuple[float, list[tuple[int, int, int]]]:
    """Run a command; returns seconds, and from second to second records written, memory of the main process, and of the largest other."""
    start, seen, lines = time.perf_counter(), list[tuple[int, int, int]](), 0
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as begun:
        position = 0
        while begun.poll() is None:
            if output.exists():
                with output.open("rb") as file:
                    file.seek(position)
                    while block := file.read(_MEGABYTE):
                        lines += block.count(b"\n")
                        position += len(block)
            if largest := max(map(resident, workers(begun.pid)), default=0):  # it has begun and has not ended
                seen.append((lines, resident(begun.pid), largest))
            time.sleep(_EVERY)
    if begun.returncode:
        sys.exit(f"the run ended with {begun.returncode}")
    return time.perf_counter() - start, seen


def beside(number: int, train: list[dict[str, object]]) -> None:
    """Print how fast the first records go through what the library is compared with."""
    first = list(islice(texts(train), number))
    baselines.EPOCHS = 1  # the speed of the answers does not depend on it
    textcat, tfidf = baselines.train_textcat(train), baselines.train_tfidf(train)
    textcat.max_length = max(textcat.max_length, *map(len, first))
    deque(smokkel_nlp.classify(first[:100]), maxlen=0)
    ways = {
        "smokkel_nlp.classify, one process": lambda: deque(smokkel_nlp.classify(first), maxlen=0),
        "spaCy textcat_multilabel": lambda: deque(textcat.pipe(first), maxlen=0),
        "TF-IDF + LR": lambda: [tfidf(first[at : at + 1000]) for at in range(0, number, 1000)],
    }
    for name, way in ways.items():
        start = time.perf_counter()
        way()
        print(f"| {name} | {number:,} | {number / (time.perf_counter() - start):,.0f} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--beside", type=int, default=20_000)
    parser.add_argument("--folder", type=Path)
    options = parser.parse_args()
    train = read_split(_CORPUS, "train")
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        source, output = Path(folder) / "in.jsonl", Path(folder) / "uit.jsonl"
        characters = 0
        with source.open("w", encoding="utf8") as file:
            for number, text in enumerate(islice(texts(train), options.records)):
                file.write(json.dumps({"id": f"zaak-{number}", "text": text}, ensure_ascii=False) + "\n")
                characters += len(text)
        print(f"{options.records:,} records, {characters / options.records:,.0f} characters each on average", flush=True)
        command = [
            sys.executable,
            "-m",
            "smokkel_nlp.cli",
            "classify",
            str(source),
            "-o",
            str(output),
            "--jobs",
            str(options.jobs),
            "--json",
        ]
        seconds, seen = watch(command, output)
    print(f"{seconds:,.0f} s, peak of the main process {max(main for _, main, _ in seen) // _MEGABYTE} MB, ", end="")
    print(f"of a worker {max(worker for _, _, worker in seen) // _MEGABYTE} MB\n")
    print("| after records | main process (MB) | largest worker (MB) |\n|---|---|---|")
    for share in (0.02, 0.1, 0.25, 0.5, 0.75, 0.98):
        at = [row for row in seen if row[0] >= share * options.records][:30]  # half a minute, since it goes up and down with the texts
        if at:
            middle = sorted(worker for _, _, worker in at)[len(at) // 2]
            print(f"| {at[0][0]:,} | {sorted(row[1] for row in at)[len(at) // 2] // _MEGABYTE} | {middle // _MEGABYTE} |")
    print("\n| way | records | records/s |\n|---|---|---|")
    print(f"| smokkel-nlp classify, {options.jobs} processes | {options.records:,} | {options.records / seconds:,.0f} |", flush=True)
    if options.beside:
        beside(min(options.beside, options.records), train)


if __name__ == "__main__":
    main()
