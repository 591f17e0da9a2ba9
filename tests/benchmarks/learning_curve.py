"""What more texts of the train part bring: learning curve on real texts, and each genre left out in turn.

Assertion is as shipped throughout. Run: ``python tests/benchmarks/learning_curve.py [--real ../shared/realtext] [--seeds 5] [--jobs 2] [-o STEM]``. Forced labels throughout. Of ``dev_meet``
only figures come out. The held-out test part is not touched: a genre that was left out is measured on its train and dev texts.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from joblib import Parallel, delayed

from smokkel_nlp.background import read_background
from smokkel_nlp.classifier import CaseClassifier
from smokkel_nlp.evaluation import bootstrap, gold_offences, read_gold_file, scores
from smokkel_nlp.text import without_offence_names
from smokkel_nlp.training import gold_labels, groups_of, read_split

SHARES = (0.25, 0.5, 0.75, 1.0)
Records = Sequence[Mapping[str, Any]]


def fit(records: Records) -> CaseClassifier:
    texts, background = [r["text"] for r in records], read_background(Path(__file__).parents[2] / "corpus")
    unnamed = [without_offence_names(text) for text in texts]
    return CaseClassifier().fit(texts, [gold_labels(r) for r in records], groups_of(records), unnamed, background)


def macro_f1(gold: np.ndarray, given: np.ndarray) -> float:
    return float(np.mean([scores(gold[:, k], given[:, k])[2] for k in range(2)]))


def part(records: Records, share: float, seed: int) -> list[Mapping[str, Any]]:
    """Draw a share of the texts, contrast pairs whole but for the last one drawn; a smaller share lies within a larger one of the same seed."""
    units: dict[str, list[Mapping[str, Any]]] = {}
    for record in records:
        units.setdefault(record["pair"] or record["id"], []).append(record)
    order = np.random.default_rng(seed).permutation(len(units))
    drawn = [list(units.values())[i] for i in order]
    wanted = round(share * len(records))
    return [record for unit in drawn for record in unit][:wanted] if share < 1 else list(records)


def one_point(train: Records, sets: Mapping[str, Records], share: float, seed: int) -> dict[str, Any]:
    drawn = part(train, share, seed)
    model = fit(drawn)
    point: dict[str, Any] = {"share": share, "seed": seed, "texts": len(drawn)}
    for name, records in sets.items():
        gold, given = gold_offences(records), model.predict([r["text"] for r in records])[:, :2]
        figure = bootstrap(len(records), lambda rows, g=gold, p=given: [macro_f1(g[rows], p[rows])])[0]
        point[name] = figure.to_list()
    return point


def without_genre(train: Records, dev: Records, genre: str) -> dict[str, Any]:
    model = fit([r for r in train if r["genre"] != genre])
    held = [r for r in (*train, *dev) if r["genre"] == genre]
    gold, given = gold_offences(held), model.predict([r["text"] for r in held])[:, :2]
    figure = bootstrap(len(held), lambda rows: [macro_f1(gold[rows], given[rows]), float((gold[rows] == given[rows]).all(axis=1).mean())])
    return {"genre": genre, "texts": len(held), "macro_f1": figure[0].to_list(), "exact": figure[1].to_list()}


def main() -> None:
    root = Path(__file__).parents[2]
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--real", type=Path, default=root.parent / "shared" / "realtext")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("-o", "--output", type=Path)
    options = parser.parse_args()
    train, dev = read_split(root / "corpus", "train"), read_split(root / "corpus", "dev")
    sets: dict[str, Records] = {"corpus dev": dev}
    if options.real.is_dir():
        for name in ("dev_meet", "dev_parliament"):
            for mask in (False, True) if name == "dev_meet" else (False,):
                sets[f"{name}{' masked' if mask else ''}"] = read_gold_file(options.real / f"{name}.jsonl", mask)[0]
    else:
        print(f"no real texts at {options.real}; the curve is on the corpus alone", file=sys.stderr)
    runs = [(share, seed) for share in SHARES for seed in range(options.seeds if share < 1 else 1)]
    points = Parallel(n_jobs=options.jobs)(delayed(one_point)(train, sets, *run) for run in runs)
    genres = Parallel(n_jobs=options.jobs)(delayed(without_genre)(train, dev, genre) for genre in sorted({r["genre"] for r in train}))
    lines = [
        f"Macro-F1 of the two offences; mean over {options.seeds} draws (lowest-highest), at the whole train part [95 % bootstrap interval].",
        "",
    ]
    lines += [f"| train texts | {' | '.join(f'{name} ({len(records)})' for name, records in sets.items())} |", "|---|" + "---|" * len(sets)]
    for share in SHARES:
        mine = [point for point in points if point["share"] == share]
        cells = []
        for name in sets:
            values = [point[name][0] for point in mine]
            spread = f"({min(values):.2f}-{max(values):.2f})" if share < 1 else f"[{mine[0][name][1]:.2f}-{mine[0][name][2]:.2f}]"
            cells.append(f"{np.mean(values):.3f} {spread}")
        lines.append(f"| {mine[0]['texts']} | {' | '.join(cells)} |")
    lines += ["", "| genre left out | texts | macro-F1 | exact, four classes |", "|---|---|---|---|"]
    for row in sorted(genres, key=lambda row: row["macro_f1"][0]):
        cells = [f"{row[key][0]:.2f} [{row[key][1]:.2f}-{row[key][2]:.2f}]" for key in ("macro_f1", "exact")]
        lines.append(f"| {row['genre']} | {row['texts']} | {' | '.join(cells)} |")
    page = "\n".join(lines) + "\n"
    print(page, end="")
    if options.output:
        options.output.with_suffix(".json").write_text(json.dumps({"curve": points, "genres": genres}, indent=1) + "\n", encoding="utf8")
        options.output.with_suffix(".md").write_text(page, encoding="utf8")


if __name__ == "__main__":
    main()
