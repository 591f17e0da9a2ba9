"""Memory of a process after 20,000, 50,000 and 100,000 texts with ever new words, and the rate over each stretch.

Run: ``python tests/benchmarks/memory.py [--texts 100000] [--without-zone]``. Each text is one of the train part of the corpus, cut to some
sentences, in which every seventh word is one that no other text holds: made-up names, numbers of cases, misspellings. Linux only: the
resident size is read from ``/proc/self/status``. ``--without-zone`` shows what spaCy keeps where no memory zone is opened.
"""

from __future__ import annotations

import argparse
import gc
import itertools
import random
import time
from collections.abc import Iterator
from pathlib import Path

import smokkel_nlp
from smokkel_nlp.batch import classify
from smokkel_nlp.io import Record, read_records

CORPUS = Path(__file__).parents[2] / "corpus"
MARKS = (20_000, 50_000, 100_000)


def megabytes() -> float:
    """Return the resident size of this process."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) / 1024


def new_words() -> Iterator[str]:
    """Yield words that do not come back."""
    draw = random.Random(0)
    for number in itertools.count():
        yield "".join(draw.choices("aeioubdgklmnprstvz", k=draw.randint(4, 10))) + (f"{number}" if number % 3 == 0 else "")


def texts(number: int, words: int) -> Iterator[str]:
    """Yield texts of about so many words."""
    known = [item.text.split() for item in read_records([CORPUS / "train.jsonl"]) if isinstance(item, Record)]
    draw, new = random.Random(1), new_words()
    for _ in range(number):
        tokens = draw.choice(known)
        first = draw.randrange(max(len(tokens) - words, 1))
        yield " ".join(next(new) if place % 7 == 3 else word for place, word in enumerate(tokens[first : first + words]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--texts", type=int, default=MARKS[-1])
    parser.add_argument("--words", type=int, default=60)
    parser.add_argument("--without-zone", action="store_true")
    options = parser.parse_args()
    stream = texts(options.texts, options.words)
    if options.without_zone:
        nlp = smokkel_nlp.load()
        results = (doc._.case for doc in nlp.pipe(stream, batch_size=64))
    else:
        results = classify(stream)
    print("| texts | MB | peak MB | texts/s since the line before |\n|---|---|---|---|")
    peak, start, last = 0.0, time.perf_counter(), 0
    for number, _ in enumerate(results, start=1):
        if number % 500 == 0:
            peak = max(peak, megabytes())
        if number in MARKS or number == options.texts or number == 1:
            gc.collect()
            now = time.perf_counter()
            print(f"| {number:,} | {megabytes():.0f} | {peak:.0f} | {(number - last) / (now - start):.0f} |", flush=True)
            start, last = now, number


if __name__ == "__main__":
    main()
