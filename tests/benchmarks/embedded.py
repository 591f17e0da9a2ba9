"""How much of what stands in the midst of a longer text is seen: labelled texts, alone and put inside others of more and more words.

Run: ``python tests/benchmarks/embedded.py LABELLED.jsonl OTHERS.jsonl [--words 300 1000 3000] [--seed 0] [--model DIR]``. The others should
lie on neither offence; from one that is long enough, drawn by the seed, whole sentences are taken until there are so many words, and the
labelled text stands halfway. Forced labels, 95 % bootstrap over texts; *about* are the texts on an offence, *geen* those on none. The last
line says of how many of the others by themselves an offence is given.
"""

from __future__ import annotations

import argparse
import random
import re
from collections.abc import Iterable, Sequence
from itertools import accumulate
from pathlib import Path

import numpy as np
from spacy.language import Language

import smokkel_nlp
from smokkel_nlp.corpus import read_gold
from smokkel_nlp.io import Record, read_records
from smokkel_nlp.taxonomy import OFFENCE_IDS, class_of

_SENTENCE_END = re.compile(r"(?<=[.!?])\s+")
_RESAMPLES = 1000


def embedded(text: str, others: Sequence[str], words: int, draw: random.Random) -> str:
    """Put a text in the midst of ``words`` words or more of another one, which is drawn.

    Raises
    ------
    ValueError
        If no other text has so many words.
    """
    long = [other for other in others if len(other.split()) >= words]
    if not long:
        raise ValueError(f"none of {len(others)} texts has {words} words; give longer ones, or ask for fewer with --words")
    sentences = _SENTENCE_END.split(draw.choice(long))
    first = draw.randrange(max(1, len(sentences) // 2))
    turned = sentences[first:] + sentences[:first]
    enough = next(n for n, total in enumerate(accumulate(len(sentence.split()) for sentence in turned), start=1) if total >= words)
    half = enough // 2
    return " ".join(turned[:half]) + f"\n\n{text}\n\n" + " ".join(turned[half:enough])


def forced(nlp: Language, texts: Iterable[str]) -> list[str]:
    """Return the class that each text gets."""
    return [doc._.case.offence_forced for doc in nlp.pipe(texts, batch_size=64)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("labelled", type=Path)
    parser.add_argument("others", type=Path)
    parser.add_argument("--words", type=int, nargs="+", default=[300, 1000, 3000])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--model", type=Path)
    options = parser.parse_args()
    records = [record for record in read_gold(options.labelled) if not record.get("buiten_score")]
    others = [item.text for item in read_records([options.others]) if isinstance(item, Record)]
    gold = np.array([class_of(*(record[offence] for offence in OFFENCE_IDS)) for record in records])
    nlp, draw, about = smokkel_nlp.load(model=options.model), random.Random(options.seed), gold != "geen"
    resampled = np.random.default_rng(options.seed).integers(0, len(gold), (_RESAMPLES, len(gold)))
    print(f"{len(gold)} texts, {about.sum()} about an offence\n\n| words around | exact | about | geen |\n|---|---|---|---|")
    for words in (0, *options.words):
        texts = [embedded(record["text"], others, words, draw) if words else record["text"] for record in records]
        right = np.array(forced(nlp, texts)) == gold
        low, high = np.percentile(right[resampled].mean(axis=1), (2.5, 97.5))
        print(
            f"| {words} | {right.mean():.2f} [{low:.2f}-{high:.2f}] | {right[about].mean():.2f} | {right[~about].mean():.2f} |", flush=True
        )
    given = sum(label != "geen" for label in forced(nlp, others))
    print(f"\nan offence is given in {given} of the {len(others)} others alone")


if __name__ == "__main__":
    main()
