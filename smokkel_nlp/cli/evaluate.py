"""``smokkel-nlp evaluate``: how well labelled texts are answered."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from smokkel_nlp.cli.common import OK, SOME_FAILED, Commands, publish
from smokkel_nlp.errors import InputError


def add_to(commands: Commands) -> None:
    """Add the command."""
    command = commands.add_parser("evaluate", help="measure on labelled texts")
    command.add_argument("file", type=Path, metavar="FILE.jsonl")
    command.add_argument("-o", "--output", type=Path, metavar="STEM", help="write STEM.json and STEM.md")
    command.add_argument("--mask", action="store_true", help="delete the offences' names; keep texts whose facts still tell")
    command.add_argument("--corpus", type=Path, help="built corpus: measure baselines trained on its train part as well")
    command.add_argument(
        "--baselines",
        nargs="*",
        metavar="NAME",
        help="compare with these only: keyword and, trained on the corpus, tfidf and textcat (default: all that can be had)",
    )
    command.add_argument("--errors", action="store_true", help="list the texts that are answered wrongly, by id")
    command.add_argument("--html", type=Path, metavar="PAGE.html", help="write a page with pictures of the figures")
    command.add_argument("--with-text", action="store_true", help="show in the list of errors of the page the words that moved a label")
    command.add_argument("--model", help="folder of a model")
    command.add_argument("--assertion", action="store_true", help="measure status and source of the gold mentions instead of the labels")
    command.add_argument("--mentions", action="store_true", help="measure the mentions that are found against the marked passages instead")
    command.add_argument("--split", help="only the records of this split")
    command.add_argument("--jobs", type=int, default=1, help="processes (default: 1)")
    command.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    from smokkel_nlp.baselines import baseline_answers
    from smokkel_nlp.breakdown import moved, wrong
    from smokkel_nlp.display.page import write_page
    from smokkel_nlp.evaluation import read_gold_file, system_answers
    from smokkel_nlp.evaluation_page import asked_page, to_html
    from smokkel_nlp.evaluation_report import evaluate, to_markdown
    from smokkel_nlp.training import read_split

    asked_page(options.html, options.errors, options.with_text, options.assertion or options.mentions)
    if options.html and options.html.resolve() == options.file.resolve():
        raise InputError(f"{options.html}: the page would stand in place of the labelled texts; give another --html")
    records, bad = read_gold_file(options.file, options.mask)
    if options.split:
        records = [record for record in records if record.get("split") == options.split]
        if not records:
            raise InputError(f"{options.file}: no record of split '{options.split}'; give another --split")
    if options.assertion or options.mentions:
        return _evaluate_passages(options, records)
    texts = [record["text"] for record in records]
    train = read_split(options.corpus, "train") if options.corpus else None
    baselines = baseline_answers(texts, train, options.baselines)
    ours = system_answers(texts, options.model, options.jobs)
    results = evaluate(records, {"smokkel_nlp": ours, **baselines}, options.errors)
    if options.errors and (options.html or options.output):  # what is printed does not tell it
        for row, told in zip(results["smokkel_nlp"]["errors"], moved(records, ours, options.model, options.jobs), strict=True):
            row["moved"] = told
    if options.html:
        shown = [texts[row] for row in wrong(records, ours)] if options.with_text else None
        name = f"{options.file.name}{' (delicten niet genoemd)' if options.mask else ''}"
        write_page(options.html, to_html(name, results, shown), "--html")
    page = to_markdown(f"{options.file.name}{' (masked)' if options.mask else ''}", results)
    publish(options.output, page, results)
    for record in bad:
        print(f"skipped {record.place}: {record.reason}", file=sys.stderr)
    return SOME_FAILED if bad else OK


def _evaluate_passages(options: argparse.Namespace, records: Sequence[Mapping[str, Any]]) -> int:
    from smokkel_nlp.components.weighing import FILES, MENTIONS, Weigher, unpack
    from smokkel_nlp.passage_evaluation import assertion_markdown, measure_assertion, measure_mentions, mentions_markdown
    from smokkel_nlp.pipeline import load
    from smokkel_nlp.store import read_files

    if any("mentions" not in record for record in records):
        raise InputError(f"{options.file}: a record has no 'mentions'; give texts with marked passages")
    results: dict[str, Any]
    if options.mentions:
        nlp = load(model=options.model)
        nlp.disable_pipe("smokkel_classify")
        results = measure_mentions(records, nlp)
        page = mentions_markdown(options.file.name, results)
    else:
        weigher = Weigher(unpack(read_files(options.model, FILES), MENTIONS))
        results = {"smokkel_nlp": measure_assertion(records, weigher), "rules alone": measure_assertion(records, None)}
        page = assertion_markdown(options.file.name, results)
    publish(options.output, page, results)
    return OK
