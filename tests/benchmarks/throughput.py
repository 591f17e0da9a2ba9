"""Words a second of each stage beside the bare tokenizer, in one run and one process, warmed.

Run: ``python tests/benchmarks/throughput.py [FILE.jsonl ...] [--texts 1000] [--model DIR]``; without files on the train part of the corpus.
Each stage reads the texts with ``nlp.pipe``, as one does with many; it is run three times, the stages in turn, and the fastest run counts.
The second table shows how the cue matcher grows with the number of cues: those of
the taxonomy, and more of the same shapes with words drawn from the texts.
"""

from __future__ import annotations

import argparse
import random
import time
from collections import Counter, deque
from collections.abc import Sequence
from pathlib import Path

import spacy
from spacy.language import Language

import smokkel_nlp
from smokkel_nlp.components import READERS
from smokkel_nlp.cues import Cue, CueMatcher, parse_cue
from smokkel_nlp.io import Record, read_records
from smokkel_nlp.reading import Finder, Reading, read
from smokkel_nlp.taxonomy import load_taxonomy


def seconds(nlp: Language, texts: Sequence[str]) -> float:
    start = time.perf_counter()
    deque(nlp.pipe(texts), maxlen=0)
    return time.perf_counter() - start


def more_cues(number: int, readings: Sequence[Reading]) -> list[Cue]:
    """Return cues: the taxonomy's, then of their shapes with other words, none of them among the hundred most frequent."""
    cues = [cue for tag in load_taxonomy().tags for cue in (*tag.strong, *tag.weak)]
    counts = Counter(word for reading in readings for word in reading.lower if word.isalpha() and len(word) > 3)
    words, draw = [word for word, _ in counts.most_common()[100:20_000]], random.Random(0)
    shapes = [cue.text for cue in cues]
    while len(cues) < number:
        shape = draw.choice(shapes)
        cues.append(parse_cue(" ".join(draw.choice(words) if part[0].isalpha() else part for part in shape.split())))
    return cues[:number]


def grow(readings: Sequence[Reading], words: int) -> None:
    print("\n| cues | tokens/s | share of 500 cues |\n|---|---|---|")
    base = 0.0
    for number in (500, 1000, 2000, 5000):
        finder = Finder(CueMatcher((place, cue) for place, cue in enumerate(more_cues(number, readings))))
        for reading in readings:
            finder(reading)
        start = time.perf_counter()
        for reading in readings:
            finder(reading)
        rate = words / (time.perf_counter() - start)
        base = base or rate
        print(f"| {number} | {rate:,.0f} | {rate / base:.0%} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="*", default=[Path(__file__).parents[2] / "corpus" / "train.jsonl"])
    parser.add_argument("--texts", type=int, default=1000)
    parser.add_argument("--model", type=Path)
    options = parser.parse_args()
    texts = [item.text for item in read_records(options.files) if isinstance(item, Record)][: options.texts]
    bare, full, part = spacy.blank("nl"), smokkel_nlp.load(model=options.model), spacy.blank("nl")
    for name in READERS:
        part.add_pipe(name)
        if options.model and name != READERS[0]:
            part.get_pipe(name).load_model(options.model)  # type: ignore[attr-defined]
    stages = {"tokenizer": bare, "sections, mentions, assertion": part, "whole analysis": full}
    words = sum(len(bare(text)) for text in texts)
    for nlp in stages.values():  # warms the tokenizer and the lexicon, as a long run does
        seconds(nlp, texts)
    runs = [{name: seconds(nlp, texts) for name, nlp in stages.items()} for _ in range(3)]
    best = {name: min(run[name] for run in runs) for name in stages}
    print(f"{len(texts)} texts, {words} tokens\n\n| stage | tokens/s | share of the tokenizer |\n|---|---|---|")
    for name, time_taken in best.items():
        print(f"| {name} | {words / time_taken:,.0f} | {best['tokenizer'] / time_taken:.0%} |")
    grow([read(bare(text), bare.tokenizer) for text in texts], words)


if __name__ == "__main__":
    main()
