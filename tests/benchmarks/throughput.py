"""Words a second of each stage beside the bare tokenizer, in one run and one process, warmed.

Run: ``python tests/benchmarks/throughput.py [FILE.jsonl ...] [--texts 1000]``; without files on the train part of the corpus.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import spacy

import smokkel_nlp
from smokkel_nlp.components import READERS
from smokkel_nlp.io import Record, read_records


def words_a_second(run: Callable[[str], object], texts: Sequence[str], words: int) -> float:
    start = time.perf_counter()
    for text in texts:
        run(text)
    return words / (time.perf_counter() - start)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="*", default=[Path(__file__).parents[2] / "corpus" / "train.jsonl"])
    parser.add_argument("--texts", type=int, default=1000)
    options = parser.parse_args()
    texts = [item.text for item in read_records(options.files) if isinstance(item, Record)][: options.texts]
    bare, full, part = spacy.blank("nl"), smokkel_nlp.load(), spacy.blank("nl")
    for name in READERS:
        part.add_pipe(name)
    stages: dict[str, Callable[[str], object]] = {"tokenizer": bare, "sections, mentions, assertion": part, "whole analysis": full}
    words = sum(len(bare(text)) for text in texts)  # warms the tokenizer
    part(texts[0])
    full(texts[0])
    print(f"{len(texts)} texts, {words} tokens\n\n| stage | tokens/s | share of the tokenizer |\n|---|---|---|")
    base = 0.0
    for name, run in stages.items():
        rate = words_a_second(run, texts, words)
        base = base or rate
        print(f"| {name} | {rate:,.0f} | {rate / base:.0%} |")


if __name__ == "__main__":
    main()
