"""What a corpus must be before anyone learns from it: varied, without shortcuts to a label, and nobody else's text.

What is asked stands in ``checks.toml`` beside the corpus: least counts, fixed formulas that any text of a genre may hold, and capitalised
words that are no name. Every check returns its findings as lines to print; none holds more of a text than a run of ten words.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from scipy.sparse import csr_matrix
from scipy.stats import fisher_exact
from sklearn.metrics import cohen_kappa_score

from smokkel_nlp.corpus import SNIPPETS, class_name, is_near_miss, names_offence, read_gold, summary
from smokkel_nlp.taxonomy import OFFENCE_IDS, class_of, load_taxonomy, read_toml, take

Record = Mapping[str, Any]
_WORD = re.compile(r"\w+")
_CAPITAL = re.compile(r"(?<=[a-zà-ÿ0-9,;:)\]] )[A-ZÀ-Ý][\wà-ÿ'-]+")
_LOWER = re.compile(r"\b[a-zà-ÿ][\wà-ÿ'-]+")
_MONTHS = {"januari", "februari", "maart", "april", "mei", "juni", "juli", "augustus", "september", "oktober", "november", "december"}
ANY = "_"


@dataclass(frozen=True)
class Rules:
    """The contents of ``checks.toml``: least counts, formulas by first word, and capitalised words that name nobody and no place."""

    least: Mapping[str, float]
    formulas: Mapping[str, tuple[tuple[str, ...], ...]]
    ordinary: frozenset[str]


def load_rules(root: Path) -> Rules:
    """Read ``checks.toml`` of a corpus folder.

    Raises
    ------
    TaxonomyError
        If the file is missing or a key is.
    """
    data = read_toml(root / "checks.toml")
    formulas: dict[str, list[tuple[str, ...]]] = defaultdict(list)
    for line in take(data, "formulas", list, "checks.toml"):
        formula = tuple(words(line))
        formulas[formula[0]].append(formula)
    return Rules(
        take(data, "least", dict, "checks.toml"),
        {first: tuple(sorted(rest, key=len, reverse=True)) for first, rest in formulas.items()},
        frozenset(take(data, "ordinary", list, "checks.toml")),
    )


def words(text: str) -> list[str]:
    """Return the words of a text in lower case; numbers and months count as ``0``, since every date differs.

    Examples
    --------
    >>> words("Op 3 mei 2021 te Ede")
    ['op', '0', '0', '0', 'te', 'ede']
    """
    return ["0" if word.isdigit() or word in _MONTHS else word for word in _WORD.findall(text.lower())]


def runs(tokens: Sequence[str], n: int) -> Iterator[tuple[int, tuple[str, ...]]]:
    """Yield start and contents of every run of ``n`` words."""
    return ((start, tuple(tokens[start : start + n])) for start in range(len(tokens) - n + 1))


def formula_words(tokens: Sequence[str], rules: Rules) -> list[bool]:
    """Tell of each word whether it lies inside a listed formula; ``_`` in a formula stands for any word.

    Examples
    --------
    >>> rules = Rules({}, {"te": (("te", "_", "althans", "in", "nederland"),)}, frozenset())
    >>> formula_words(words("hij te Ede, althans in Nederland"), rules)
    [False, True, True, True, True, True]
    """
    inside = [False] * len(tokens)
    for start, word in enumerate(tokens):
        if word == "0":
            inside[start] = True
        for formula in rules.formulas.get(word, ()):
            found = tokens[start : start + len(formula)]
            if len(found) == len(formula) and all(a in (ANY, b) for a, b in zip(formula, found, strict=True)):
                inside[start : start + len(formula)] = [True] * len(formula)
                break
    return inside


def near_duplicates(records: Sequence[Record], limit: float = 0.5, n: int = 5) -> list[tuple[str, str, float]]:
    """Return pairs of texts whose sets of ``n``-word runs have a Jaccard index above ``limit`` and that are no contrast pair.

    The index is exact: at this size all pairs can be counted, which MinHash (Broder 1997) only estimates.
    """
    index: dict[tuple[str, ...], int] = {}
    rows = [sorted({index.setdefault(run, len(index)) for _, run in runs(words(r["text"]), n)}) for r in records]
    indptr = np.cumsum([0, *map(len, rows)])
    data = np.ones(int(indptr[-1]), dtype=np.int32)
    matrix = csr_matrix((data, np.array([i for row in rows for i in row], dtype=np.int64), indptr), shape=(len(rows), max(len(index), 1)))
    shared = (matrix @ matrix.T).tocoo()
    found = []
    for i, j, both in zip(shared.row, shared.col, shared.data, strict=True):
        if i < j and not (records[i]["pair"] and records[i]["pair"] == records[j]["pair"]):
            share = both / (len(rows[i]) + len(rows[j]) - both)
            if share > limit:
                found.append((records[i]["id"], records[j]["id"], round(float(share), 2)))
    return found


def repeated_runs(records: Sequence[Record], rules: Rules, n: int = 8, most: int = 5) -> list[tuple[str, int]]:
    """Return runs of ``n`` words that stand in more than ``most`` documents and lie not for three quarters in formulas."""
    holders: dict[tuple[str, ...], set[str]] = defaultdict(set)
    for record in records:
        for _, run in _own_runs(words(record["text"]), rules, n, 0.75):
            holders[run].add(record["id"])
    return sorted((" ".join(run), len(ids)) for run, ids in holders.items() if len(ids) > most)


def shared_runs(records: Sequence[Record], others: Iterable[str], rules: Rules, n: int = 10) -> list[tuple[str, str]]:
    """Return what a corpus shares with other texts: (id, run) for each run of ``n`` words or more that lies not for 70 % in formulas."""
    texts = [words(record["text"]) for record in records]
    own = {run for tokens in texts for _, run in _own_runs(tokens, rules, n, 0.7)}
    theirs = {run for text in others for _, run in runs(words(text), n) if run in own}
    found = []
    for record, tokens in zip(records, texts, strict=True):
        spans: list[list[int]] = []
        for start, run in _own_runs(tokens, rules, n, 0.7) if theirs else ():
            if run in theirs:
                if spans and start <= spans[-1][1]:
                    spans[-1][1] = start + n
                else:
                    spans.append([start, start + n])
        found += [(record["id"], " ".join(tokens[start:end])) for start, end in spans]
    return found


def _own_runs(tokens: Sequence[str], rules: Rules, n: int, share: float) -> Iterator[tuple[int, tuple[str, ...]]]:
    """Yield the runs of which less than ``share`` lies in formulas."""
    inside = np.cumsum([0, *formula_words(tokens, rules)])
    return ((start, run) for start, run in runs(tokens, n) if inside[start + n] - inside[start] < share * n)


class Leak(NamedTuple):
    """A name that goes with a label more than chance allows: documents, share with the label, and Holm-adjusted p."""

    name: str
    label: str
    documents: int
    share: float
    p: float


def leaks(records: Sequence[Record], rules: Rules, least: int = 10, alpha: float = 0.05) -> tuple[list[Leak], int]:
    """Test whether a name, nationality, country or place predicts an offence label.

    Each word that is written with a capital inside sentences in ``least`` documents or more, and not more often without, is tested
    against each label. Under random permutation of the labels the number of labelled documents that hold the word is
    hypergeometric, so the permutation test is exact (Fisher 1935); p is adjusted by Holm (1979) over all tests.

    Returns
    -------
    list of Leak
        Those with adjusted p below ``alpha``.
    int
        How many tests were made.
    """
    holders: dict[str, set[int]] = defaultdict(set)
    plain: Counter[str] = Counter()
    for row, record in enumerate(records):
        for word in _CAPITAL.findall(record["text"]):
            holders[word].add(row)
        plain.update(set(_LOWER.findall(record["text"])))
    names = {w: ids for w, ids in holders.items() if len(ids) >= least and plain[w.lower()] < len(ids) and w not in rules.ordinary}
    tests = []
    for label in OFFENCE_IDS:
        with_label = {row for row, record in enumerate(records) if record[label]}
        for word, ids in names.items():
            both = len(ids & with_label)
            table = [[both, len(ids) - both], [len(with_label) - both, len(records) - len(ids) - len(with_label) + both]]
            tests.append(Leak(word, label, len(ids), round(both / len(ids), 2), float(fisher_exact(table)[1])))
    tests.sort(key=lambda test: test.p)
    found, running = [], 0.0
    for rank, test in enumerate(tests):
        running = max(running, min(test.p * (len(tests) - rank), 1.0))
        if running < alpha:
            found.append(test._replace(p=running))
    return found, len(tests)


def shortfalls(records: Sequence[Record], snippets: Sequence[Record], rules: Rules) -> list[str]:
    """Return what the corpus has less of than ``checks.toml`` asks, a line each."""
    splits = Counter(record["split"] for record in records)
    pairs = Counter(record["pair"] for record in records if record["pair"])
    on_offence = [record for record in records if class_name(record) != "geen"]
    counts: dict[str, float] = {
        "documents": len(records), **{f"{split} documents": splits[split] for split in ("train", "dev", "test")},
        "long documents": sum(len(record["text"].split()) > 800 for record in records),
        "pairs": sum(count == 2 for count in pairs.values()),
        "share of geen": 1 - len(on_offence) / len(records),
        "share on an offence that does not name it": sum(not names_offence(r["text"]) for r in on_offence) / max(len(on_offence), 1),
        "near-misses": sum(map(is_near_miss, records)),
        "snippet mentions": sum(len(record["mentions"]) for record in snippets),
    }  # fmt: skip
    for key in ("status", "source"):
        seen = Counter(mention[key] for record in (*records, *snippets) for mention in record["mentions"])
        known = load_taxonomy().vocabulary["mention_statuses" if key == "status" else "sources"]
        counts[f"mentions of each {key}"] = min(seen[value] for value in known)
    cells = Counter((record["genre"], class_name(record)) for record in records)
    counts["documents of each class in each genre"] = min(
        cells[genre, name] for genre in load_taxonomy().vocabulary["genres"] for name in load_taxonomy().vocabulary["classes"]
    )
    tags, near = Counter(tag for r in records for tag in r["mo"]), Counter(tag for r in records for tag in r["bijna"])
    counts["documents of each tag"] = min(tags[tag] for tag in load_taxonomy().tag_ids)
    counts["near-misses of each tag"] = min(near[tag] for tag in load_taxonomy().tag_ids)
    unknown = sorted(set(rules.least) - set(counts))
    lines = [f"checks.toml: least '{name}' is not counted; use one of {', '.join(counts)}" for name in unknown]
    asked = [(name, counts.get(name, least), least) for name, least in rules.least.items()]
    return lines + [f"{name}: {count:.3g}, at least {least:g} asked" for name, count, least in asked if count < least]


def check(records: Sequence[Record], snippets: Sequence[Record], rules: Rules, others: Iterable[str] = ()) -> list[str]:
    """Run every check on a built corpus.

    Parameters
    ----------
    records, snippets : sequence of gold records
    rules : Rules
    others : iterable of str
        Texts of which no run of ten words may stand in the corpus.

    Returns
    -------
    list of str
        What is wrong, a line each; empty where all is well.
    """
    every = [*records, *snippets]
    found = shortfalls(records, snippets, rules)
    for pair, count in Counter(record["pair"] for record in records if record["pair"]).items():
        if count != 2:
            found.append(f"pair {pair} has {count} texts; give it two")
    for one, other, share in near_duplicates(every):
        found.append(f"{one} and {other} are near-duplicates (Jaccard {share}); rewrite one or make them a pair")
    for run, count in repeated_runs(records, rules):
        found.append(f"'{run}' stands in {count} documents; vary it, or list the formula in checks.toml")
    for name, label, count, rate, p in leaks(records, rules)[0]:
        found.append(f"'{name}' predicts {label} ({count} documents, {rate:.0%} of them, p {p:.2g}); spread it over the classes")
    for id_, run in shared_runs(every, others, rules):
        found.append(f"{id_} shares '{run}' with another text; write it anew, or list the formula in checks.toml")
    return found


def agreement(second: Sequence[Record]) -> dict[str, tuple[float | None, int, int]]:
    """Return Cohen's kappa (Cohen 1960) of two annotators for offences, classes, offence status and tags.

    Parameters
    ----------
    second : sequence of dict
        Rows with ``first`` and ``second``, each holding ``mensensmokkel`` and ``mensenhandel`` (a status or None) and ``mo``.

    Returns
    -------
    dict
        Name -> kappa (None where neither annotator ever varied), number compared, number agreed. ``status ...`` is over the texts
        to which both gave the offence; ``tags`` pools all tags.
    """
    sides = [[row[side] for row in second] for side in ("first", "second")]
    result: dict[str, tuple[float | None, int, int]] = {}
    for offence in OFFENCE_IDS:
        result[offence] = _kappa(*([label[offence] is not None for label in side] for side in sides))
    result["four classes"] = _kappa(*([class_of(*(int(label[o] is not None) for o in OFFENCE_IDS)) for label in side] for side in sides))
    for offence in OFFENCE_IDS:
        both = [(a[offence], b[offence]) for a, b in zip(*sides, strict=True) if a[offence] and b[offence]]
        result[f"status {offence}"] = _kappa([a for a, _ in both], [b for _, b in both])
    pooled: list[list[bool]] = [[], []]
    for tag in load_taxonomy().tag_ids:
        given = [[tag in label["mo"] for label in side] for side in sides]
        result[tag] = _kappa(*given)
        for pool, side in zip(pooled, given, strict=True):
            pool += side
    result["tags"] = _kappa(*pooled)
    return result


def counts_of(root: Path, splits: Mapping[str, Sequence[Record]]) -> str:
    """Return what the datasheet of a built corpus counts, as Markdown; with a second annotation, the agreement too."""
    documents = [record for name, part in splits.items() if name != SNIPPETS for record in part]
    counts = summary(documents, splits[SNIPPETS])
    path = root / "second_annotation.jsonl"
    if not path.is_file():
        return counts
    second = read_gold(path)
    decided = Counter(row["decision"] for row in second)
    lines = [
        counts, "", f"Second annotation: {len(second)} documents, {decided['agreed']} alike in every label, status and tag. "
        f"Of the others {decided['first']} were decided for the first annotator, {decided['second']} for the second, "
        f"{decided['partly']} partly for each.",
        "", "| compared | n | agreed | Cohen's kappa |", "|---|---|---|---|",
    ]  # fmt: skip
    lines += [
        f"| {name} | {n} | {agreed} | {'-' if kappa is None else format(kappa, '.2f')} |"
        for name, (kappa, n, agreed) in agreement(second).items()
    ]
    return "\n".join(lines)


def _kappa(first: Sequence[Any], second: Sequence[Any]) -> tuple[float | None, int, int]:
    agreed = sum(a == b for a, b in zip(first, second, strict=True))
    kappa = None if len(set(first) | set(second)) < 2 else float(cohen_kappa_score(first, second))
    return kappa, len(first), agreed
