"""Whether explanations are faithful: what a label loses when the passage that added most to it is deleted, and when another one is.

Run: ``python tests/benchmarks/faithfulness.py [FILE.jsonl] [--texts 200] [--model DIR]``; without a file on the dev part of the corpus.
Losses are in calibrated log odds, of labels that hold. The other passage is drawn from those of half to twice the length; where there
is none, it is the nearest in length.
"""

from __future__ import annotations

import argparse
import math
import random
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import smokkel_nlp
from smokkel_nlp.components import CLASSIFY
from smokkel_nlp.io import Record, read_records
from smokkel_nlp.settings import Settings
from smokkel_nlp.shares import PassageShare


class Losses(NamedTuple):
    """What each label that holds loses without its best passage, and without another one; and the number of texts they stand in."""

    texts: int
    best: list[float]
    other: list[float]

    @property
    def means(self) -> tuple[float, float]:
        """The average losses."""
        return sum(self.best) / len(self.best), sum(self.other) / len(self.other)


def measure(texts: Iterable[str], model: Path | None = None) -> Losses:
    """Delete passages of each text and classify what is left."""
    nlp, draw = smokkel_nlp.load(model=model), random.Random(0)
    classifier = nlp.get_pipe(CLASSIFY)
    number, best, other = 0, [], []
    for text in texts:
        classifier.settings = Settings.of(explain=True)  # type: ignore[attr-defined]
        doc = nlp(text)
        classifier.settings = Settings()  # type: ignore[attr-defined]
        case, chosen, left = doc._.case, {}, {}
        for label in [*(name for name, result in case.offences.items() if result.label), *(mo.tag for mo in case.modi_operandi)]:
            if pair := _pair(case.explanation[label].passages, draw):
                chosen[label] = pair
        for start, end in {place for pair in chosen.values() for place in pair}:
            left[start, end] = nlp(text[:start] + text[end:]).cats
        for label, pair in chosen.items():
            for place, losses in zip(pair, (best, other), strict=True):
                losses.append(_log_odds(doc.cats[label]) - _log_odds(left[place][label]))
        number += bool(chosen)
    return Losses(number, best, other)


def _pair(passages: Iterable[PassageShare], draw: random.Random) -> list[tuple[int, int]] | None:
    """Return the places of the passage that added most and of another one of about its length."""
    first, *rest = sorted(passages, key=lambda share: -share.value)
    rest.sort(key=lambda share: abs(_length(share) - _length(first)))
    alike = [share for share in rest if _length(first) / 2 <= _length(share) <= _length(first) * 2] or rest[:1]
    return [(share.start, share.end) for share in (first, draw.choice(alike))] if alike else None


def _length(share: PassageShare) -> int:
    return share.end - share.start


def _log_odds(probability: float) -> float:
    return math.log(max(probability, 1e-15)) - math.log(max(1 - probability, 1e-15))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", nargs="?", default=Path(__file__).parents[2] / "corpus" / "dev.jsonl")
    parser.add_argument("--texts", type=int, default=200)
    parser.add_argument("--model", type=Path)
    options = parser.parse_args()
    found = measure([item.text for item in read_records([options.file]) if isinstance(item, Record)][: options.texts], options.model)
    best, other = found.means
    wins = sum(one > two for one, two in zip(found.best, found.other, strict=True)) / len(found.best)
    print(f"{len(found.best)} labels in {found.texts} texts\n\n| deleted passage | mean loss (log odds) |\n|---|---|")
    print(f"| the one that added most | {best:.2f} |\n| another of about its length | {other:.2f} |\n\nthe first loses more in {wins:.0%}")


if __name__ == "__main__":
    main()
