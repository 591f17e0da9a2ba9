"""``smokkel-nlp report``: one page to look over what ``classify`` wrote."""

from __future__ import annotations

import argparse
import sys

from smokkel_nlp.cli.common import Commands, exit_code


def add_to(commands: Commands) -> None:
    """Add the command."""
    command = commands.add_parser("report", help="make one HTML page of results, to look over, filter and read")
    command.add_argument("file", metavar="OUT", help="what classify wrote: .jsonl, .parquet or .spacy, or a folder of parts")
    command.add_argument("-o", "--output", metavar="PAGE.html", required=True, help="write the page here")
    command.add_argument("--title", help="title of the page")
    command.add_argument("--date-field", metavar="FIELD", help="carried field that holds the date (default: datum, date or such)")
    command.add_argument("--with-text", action="store_true", help="put texts and passages in the page, where the results have them")
    command.add_argument("--no-ids", action="store_true", help="number the cases, and leave out ids and carried fields")
    command.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    from smokkel_nlp.report import TITLE, write_report

    report = write_report(
        options.file,
        options.output,
        title=options.title or TITLE,
        date_field=options.date_field,
        with_text=options.with_text,
        with_ids=not options.no_ids,
    )
    for bad in report.failed:
        print(f"skipped {bad.place}: {bad.reason}", file=sys.stderr)
    held = f"{report.texts} with text" if options.with_text else "no text"
    dates = f"dates from '{report.date_field}'" if report.date_field else "no dates"
    print(f"{report.cases} cases ({held}, {dates}), {len(report.failed)} skipped; written to {options.output}", file=sys.stderr)
    if options.with_text and report.cases and not report.texts:
        print("no record holds its text; classify with --keep-text to read cases whole", file=sys.stderr)
    return exit_code(report.cases, len(report.failed))
