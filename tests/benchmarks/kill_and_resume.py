"""Kill runs at random moments and let the same command go on: the output must be that of a run that nobody killed, byte for byte.

Run: ``python tests/benchmarks/kill_and_resume.py [--kills 50] [--forms jsonl csv parquet] [--jobs 1 2] [--records 600] [--seed 0]``.

Each run is a process group of its own that is killed with SIGKILL, whole; it is forked from this process after the model was loaded, so that
kills fall in the work and not in the loading. A kill comes after a share of the time of an undisturbed run, drawn anew each time. When the
kills of an output are used up, or a run ends before its kill, the last run goes to its end; output and side file are compared with those of
the undisturbed run, and the next begins. Exits with 1 where anything differs.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from smokkel_nlp import jobs
from smokkel_nlp.batch import pipeline, source_of
from smokkel_nlp.cli import main
from smokkel_nlp.engine.chunks import Rule
from smokkel_nlp.engine.journal import Journal

_CORPUS = Path(__file__).parents[2] / "corpus" / "train.jsonl"
_PER_OUTPUT = 8
_CHARACTERS = 300


def make_input(path: Path, number: int, draw: random.Random) -> None:
    """Write short records with bad lines and ids that come again among them."""
    with _CORPUS.open(encoding="utf8") as lines:
        texts = [json.loads(line)["text"][:_CHARACTERS] for line in lines]
    with path.open("w", encoding="utf8") as file:
        for place in range(number):
            id_ = f"zaak-{draw.randrange(place + 1) if draw.random() < 0.05 else place}"
            line = json.dumps({"id": id_, "text": draw.choice(texts), "datum": place}, ensure_ascii=False)
            file.write((line[: len(line) // 2] if draw.random() < 0.03 else line) + "\n")


def begin(command: list[str]) -> int:
    """Run a command in a process group of its own; returns its id."""
    child = os.fork()
    if child:
        with contextlib.suppress(OSError):  # both sides set it, so that it holds for whichever goes on first
            os.setpgid(child, child)
        return child
    os.setpgid(0, 0)
    quiet = os.open(os.devnull, os.O_WRONLY)
    os.dup2(quiet, 1)
    os.dup2(quiet, 2)
    os._exit(main(command))


def ended(child: int, seconds: float | None = None) -> int | None:
    """Wait for a process; returns its exit code, or None where it still runs after a time."""
    until = None if seconds is None else time.monotonic() + seconds
    while until is None or time.monotonic() < until:
        found, status = os.waitpid(child, 0 if until is None else os.WNOHANG)
        if found:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.001)
    return None


def content(path: Path) -> dict[str, bytes]:
    """What a run left: the output, or its parts, and the side file."""
    files = [path, *path.iterdir()] if path.is_dir() else [path]
    side = path.with_name(f"{path.name}.errors.jsonl")
    return {file.name.removeprefix(path.stem): file.read_bytes() for file in (*files, side) if file.is_file()}


def finished(output: Path) -> int:
    """Chunks that the journal of a killed run tells of."""
    path = output.with_name(f"{output.name}.journal")
    if not path.exists():
        return -1
    with Journal(path) as journal:
        return len(list(journal.digests()))


def check(folder: Path, source: Path, form: str, processes: int, kills: int, draw: random.Random) -> int:
    """Kill runs of one form and number of processes; returns how many outputs differ."""
    asked = ["classify", str(source), "--carry", "datum", "--duplicates", "--jobs", str(processes), "-o"]
    whole = folder / f"heel.{form}"
    start = time.monotonic()
    code = ended(begin([*asked, str(whole)]))
    undisturbed, wanted = time.monotonic() - start, content(whole)
    done = differ = outputs = 0
    moments: Counter[str] = Counter()
    while done < kills:
        output = folder / f"keer{outputs}.{form}"
        outputs += 1
        for _ in range(min(_PER_OUTPUT, kills - done)):
            child = begin([*asked, str(output)])
            if ended(child, draw.random() * undisturbed) is not None:
                break
            os.killpg(child, signal.SIGKILL)
            ended(child)
            done += 1
            chunks = finished(output)
            moments["before the first chunk" if chunks <= 0 else "later"] += 1
        last = ended(begin([*asked, str(output)]))
        differ += (last, content(output)) != (code, wanted)
        shutil.rmtree(output) if output.is_dir() else output.unlink()
    told = ", ".join(f"{number} {moment}" for moment, number in sorted(moments.items()))
    print(f"{form}, {processes} processes, {sum(map(len, wanted.values())):,} bytes, {undisturbed:.1f} s undisturbed: ", end="")
    print(f"{done} kills, {differ} differ ({told}; {outputs} outputs)", flush=True)
    return differ


def run() -> int:
    """Run it as asked on the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--forms", nargs="+", default=["jsonl", "csv", "parquet"])
    parser.add_argument("--jobs", nargs="+", type=int, default=[1, 2])
    parser.add_argument("--records", type=int, default=600)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    jobs._LINES, jobs._PARTS = Rule(16, 20_000), Rule(32, 20_000)
    pipeline(*source_of())("Een fiets.")
    draw, differ = random.Random(options.seed), 0
    for form in options.forms:
        for processes in options.jobs:
            with tempfile.TemporaryDirectory() as folder:
                source = Path(folder) / "in.jsonl"
                make_input(source, options.records, random.Random(options.seed))
                differ += check(Path(folder), source, form, processes, options.kills, draw)
    return int(differ > 0)


if __name__ == "__main__":
    sys.exit(run())
