"""``smokkel-nlp show``: cases to read in a terminal, with their passages marked, or one as a picture."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path

from smokkel_nlp.cli.common import Commands, classified, exit_code, takes_texts, tell
from smokkel_nlp.errors import InputError
from smokkel_nlp.io import BadRecord, expand
from smokkel_nlp.records import CaseAnalysis
from smokkel_nlp.results import read_each

_RESULT = {"offence", "offences", "modi_operandi", "versions"}


def add_to(commands: Commands) -> None:
    """Add the command."""
    command = commands.add_parser("show", help="read texts, or results of classify, with their passages marked")
    takes_texts(command)
    command.add_argument("--only", metavar="ID", help="only the record with this id")
    command.add_argument("--whole", action="store_true", help="all of a long text, not only what stands around its passages")
    command.add_argument("--svg", type=Path, metavar="OUT.svg", help="write the first case as a picture instead")
    command.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    from smokkel_nlp.display.page import write_page
    from smokkel_nlp.display.terminal import picture, show, terminal

    if options.svg and options.svg.resolve() in {Path(file).resolve() for file in options.files}:
        raise InputError(f"{options.svg}: the picture would stand in place of the texts; give another --svg")
    failed: list[BadRecord] = []
    total = 0
    console = terminal()
    for case in _cases(options, failed):
        if options.svg:
            write_page(options.svg, picture(case), "--svg")
            total = 1
            break
        if total:
            console.rule(characters="-") if console.is_terminal else console.print()
        show(case, console, options.whole)
        total += 1
    tell(failed)
    if not total and not failed:
        raise InputError(f"no record to show{f' has the id {options.only!r}; check --only' if options.only else ''}")
    return exit_code(total, len(failed))


def _cases(options: argparse.Namespace, failed: list[BadRecord]) -> Iterator[CaseAnalysis]:
    """Yield results as they were stored, and texts classified, file by file."""
    for path in expand(options.files):  # a missing file is told before any work is done
        if path.suffix.lower() == ".jsonl" and _holds_results(path):
            cases = _stored(path, failed)
            yield from (case for case in cases if options.only in (None, case.id))
        else:
            yield from classified(options, [path], failed, only=options.only)


def _holds_results(path: Path) -> bool:
    """Tell whether the first line of a file is a result of ``classify``."""
    try:
        with path.open("rb") as lines:
            first = json.loads(next((line for line in lines if line.strip()), b"null"))
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(first, dict) and first.keys() >= _RESULT


def _stored(path: Path, failed: list[BadRecord]) -> Iterator[CaseAnalysis]:
    for place, case in read_each(path):
        if isinstance(case, CaseAnalysis):
            yield case
        else:
            failed.append(BadRecord(place, str(case)))
