"""Status of held-out mentions by the Dutch context rules of clinlp, beside our assertion, on the snippets of the test part.

clinlp is no dependency: it runs in an environment of its own, in a process that gets texts and offsets and gives back qualifiers.
Make it with ``python -m venv DIR && DIR/bin/pip install clinlp``; run ``python tests/benchmarks/clinlp_assertion.py --python DIR/bin/python``.
clinlp's rules were written for patient records, and nothing in them is learnt: our rules alone stand beside as their like. clinlp leaves
cues inside a mention out, and some of our mentions hold their own denial. Only figures come out.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # the worker's environment need hold no more than clinlp, so what is not its part is imported where it is used
    import numpy as np
    from numpy.typing import NDArray

Records = Sequence[Mapping[str, Any]]
Statuses = list[list[str]]  # per snippet, per mention

# In the order of the label contract: the first that holds wins.
STATUS_OF = {
    "Presence.Absent": "ontkend",  # it is said not to be so. clinlp does not ask who says it; by our contract a denial by a party is vermoed
    "Temporality.Future": "hypothetisch",  # not so, but may become so ("als", "indien", "risico op"): nearest to a condition or a general text
    "Temporality.Historical": "historisch",  # clinlp's is any past of the patient, ours an earlier case only: clinlp's is wider
    "Presence.Uncertain": "vermoed",  # so, perhaps. clinlp's is the writer's doubt, ours also what police, prosecution or a party states
}
# Experiencer (who has the complaint) says nothing of these four; ours is about the case at hand, whoever the victim is.
REST, REST_OF_TWO = "overig", "niet ontkend"


def work(attribute: str) -> None:
    """Read JSON lines of text and offsets; print clinlp's version, then for each text the qualifiers of its mentions."""
    import spacy

    clinlp = import_module("clinlp")  # registers its language and components with spaCy
    nlp = spacy.blank("clinlp")
    nlp.add_pipe("clinlp_normalizer")
    nlp.add_pipe("clinlp_sentencizer")
    nlp.add_pipe("clinlp_context_algorithm", config={"phrase_matcher_attr": attribute})
    key = clinlp.ie.SPANS_KEY
    print(json.dumps(clinlp.__version__))
    for line in sys.stdin:
        item = json.loads(line)
        doc = nlp.make_doc(item["text"])
        spans = [doc.char_span(start, end, alignment_mode="expand") for start, end in item["mentions"]]
        doc.spans[key] = [span for span in spans if span is not None]  # expanding finds a span for every offset inside the text
        print(json.dumps([sorted(span._.qualifiers_str) for span in nlp(doc).spans[key]]))


def ask_clinlp(python: str, attribute: str, records: Records) -> tuple[str, Statuses]:
    """Return clinlp's version and the status its qualifiers map to, of each gold mention."""
    items = [{"text": record["text"], "mentions": [(m["start"], m["end"]) for m in record["mentions"]]} for record in records]
    command = [python, __file__, "--worker", "--attribute", attribute]
    lines = "".join(json.dumps(item) + "\n" for item in items)  # ASCII, so that no locale matters
    done = subprocess.run(command, input=lines, stdout=subprocess.PIPE, text=True, check=True)
    version, *answers = map(json.loads, done.stdout.splitlines())
    return version, [
        [next((status for name, status in STATUS_OF.items() if name in found), REST) for found in answer]
        for _, answer in zip(records, answers, strict=True)
    ]


def ask_ours(model: Path, records: Records) -> tuple[Statuses, Statuses]:
    """Return the status of each gold mention by our rules alone, and weighed."""
    import spacy

    from smokkel_nlp.assertion_learning import gold_mentions
    from smokkel_nlp.components.weighing import FILES, MENTIONS, Weigher, unpack
    from smokkel_nlp.store import read_files

    weigher, nlp = Weigher(unpack(read_files(model, FILES), MENTIONS)), spacy.blank("nl")
    found = [[(reader, span) for _, reader, span in gold_mentions([record], nlp)] for record in records]
    return (
        [[reader.by_rule(span).status for reader, span in pairs] for pairs in found],
        [[reader.decide([span], weigher)[0].status for reader, span in pairs] for pairs in found],
    )


def table(gold: Statuses, given: Mapping[str, Statuses], values: Sequence[str]) -> Iterator[str]:
    """Yield the lines of a table of each value and system, and of macro-F1 with its difference from the first system.

    All figures come of one bootstrap over snippets, so the systems are measured on the same resamples and differences are paired.
    """
    import numpy as np

    from smokkel_nlp.evaluation import bootstrap

    cells = [
        [[_tally(right, said, value) for value in values] for right, said in zip(gold, answers, strict=True)] for answers in given.values()
    ]
    counts = np.array(cells, dtype=float)  # system, snippet, value, (hits, said, gold)

    def measure(rows: NDArray[np.int64]) -> list[float]:
        hits, said, wanted = np.moveaxis(counts[:, rows].sum(axis=1), -1, 0)
        precision, recall, f1 = hits / np.maximum(said, 1), hits / np.maximum(wanted, 1), 2 * hits / np.maximum(said + wanted, 1)
        macro = f1.mean(axis=1)
        return [*np.stack([precision, recall, f1], axis=-1).ravel(), *macro, *(macro[1:] - macro[0])]

    figures = iter(bootstrap(len(gold), measure))
    rows = {(system, value): [next(figures) for _ in range(3)] for system in given for value in values}
    yield "| status | gold | system | precision | recall | F1 |"
    yield "|---|---|---|---|---|---|"
    for k, value in enumerate(values):
        for system in given:
            yield f"| {value} | {counts[0, :, k, 2].sum():.0f} | {system} | {' | '.join(map(str, rows[system, value]))} |"
    first, *others = given
    yield f"\nMacro-F1 over the {len(values)}: {', '.join(f'{system} {next(figures)}' for system in given)}."
    yield f"Difference from {first}, paired: {', '.join(f'{system} {next(figures)}' for system in others)}."


def _tally(gold: Sequence[str], said: Sequence[str], value: str) -> tuple[int, int, int]:
    """Return how often a value is rightly said, said, and right in one snippet."""
    return sum(g == s == value for g, s in zip(gold, said, strict=True)), said.count(value), gold.count(value)


def of_two(statuses: Statuses) -> Statuses:
    """Reduce statuses to denied or not."""
    return [[status if status == "ontkend" else REST_OF_TWO for status in row] for row in statuses]


def main() -> None:
    root = Path(__file__).parents[2]
    parser = argparse.ArgumentParser(description=__doc__)
    role = parser.add_mutually_exclusive_group(required=True)
    role.add_argument("--python", help="interpreter of an environment that has clinlp")
    role.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    # clinlp's own example matches on NORM; TEXT, the default of its component, misses a cue that opens a sentence, for its capital.
    parser.add_argument("--attribute", choices=("NORM", "TEXT"), default="NORM", help="token attribute that clinlp matches its cues on")
    parser.add_argument("--model", type=Path, default=root / "models")
    options = parser.parse_args()
    if options.worker:
        return work(options.attribute)

    from smokkel_nlp.corpus import SNIPPETS
    from smokkel_nlp.training import read_split

    records = [record for record in read_split(root / "corpus", SNIPPETS) if record["split"] == "test"]
    gold = [[mention["status"] for mention in record["mentions"]] for record in records]
    version, theirs = ask_clinlp(options.python, options.attribute, records)
    rules, weighed = ask_ours(options.model, records)
    given = {"clinlp": theirs, "our rules alone": rules, "smokkel_nlp": weighed}
    print(f"{len(records)} held-out snippets, {sum(map(len, gold))} mentions; clinlp {version}, cues matched on {options.attribute}.")
    print("95 % bootstrap intervals over snippets.\n")
    print("\n".join(table(gold, given, tuple(STATUS_OF.values()))), end="\n\n")
    print("\n".join(table(of_two(gold), {name: of_two(said) for name, said in given.items()}, ("ontkend", REST_OF_TWO))))


if __name__ == "__main__":
    main()
