"""``smokkel-nlp classify``: a run over files that resumes where it was cut off."""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from smokkel_nlp.cli.common import FAILED, Commands, exit_code, takes_texts
from smokkel_nlp.errors import JobError, SmokkelError
from smokkel_nlp.results import read_results
from smokkel_nlp.tables import summary_table

if TYPE_CHECKING:
    from smokkel_nlp.engine.run import Summary
    from smokkel_nlp.engine.sidefile import Problem

_TABLE_ROWS = 40
_TOLD = 20
_LINES = ".jsonl"


def add_to(commands: Commands) -> None:
    """Add the command."""
    command = commands.add_parser("classify", help="classify texts; the same command goes on where it was cut off")
    takes_texts(command)
    command.add_argument(
        "-o", "--output", metavar="OUT", default="-",
        help="write here, in the form of its ending (.jsonl: JSON Lines, and a table is printed); without it, or with -, JSON Lines go to "
        "standard output, and the run cannot be resumed",
    )  # fmt: skip
    command.add_argument("--keep-text", action="store_true", help="keep the whole text in each record")
    command.add_argument("--carry", action="append", default=[], metavar="FIELD", help="keep this field of the input (may be given again)")
    command.add_argument("--encoding", help="encoding of the files (default: found out)")
    command.add_argument("--explain", action="store_true", help="keep what each passage adds to each score")
    command.add_argument(
        "--threshold", action="append", default=[], type=_threshold, metavar="LABEL=SHARE",
        help="give a label from this probability on (may be given again)",
    )  # fmt: skip
    command.add_argument("--jobs", type=int, default=1, help="processes (default: 1; -1: one per core)")
    command.add_argument("--restart", action="store_true", help="begin anew, over what is there")
    command.add_argument("--max-errors", type=int, metavar="N", help="stop once more than N records failed")
    command.add_argument("--duplicates", action="store_true", help="tell texts that stood before, as is always done for ids")
    command.add_argument("--json", action="store_true", help="print a summary in JSON; on standard error where records go to a stream")
    command.set_defaults(run=_run)


def _threshold(given: str) -> tuple[str, float]:
    label, _, value = given.partition("=")
    try:
        return label, float(value)
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{given}' is no LABEL=SHARE, such as mensensmokkel=0.7") from None


def _run(options: argparse.Namespace) -> int:
    from smokkel_nlp.engine.output import is_stream
    from smokkel_nlp.engine.progress import Bar
    from smokkel_nlp.jobs import STANDARD, classify_files

    bar, streamed = Bar(), is_stream(options.output)
    shown = sys.stderr if streamed else sys.stdout
    resumes = not streamed and STANDARD not in options.files
    again = f"the same command{', without --restart,' if options.restart else ''} goes on from"
    if STANDARD in options.files:
        print("standard input cannot be read again: this run cannot be resumed", file=sys.stderr)
    try:
        with _asked_to_stop() as asked:
            summary = classify_files(
                options.files,
                options.output,
                text_field=options.text_field,
                id_field=options.id_field,
                carry=options.carry,
                encoding=options.encoding,
                keep_text=options.keep_text,
                jobs=options.jobs,
                explain=options.explain,
                prior=options.prior,
                thresholds=dict(options.threshold),
                base=options.base,
                model=options.model,
                taxonomy=options.taxonomy,
                restart=options.restart,
                max_errors=options.max_errors,
                duplicates=options.duplicates,
                on_progress=bar,
                on_problem=_tell if streamed else None,
                stop=lambda: bool(asked),
            )
    except SmokkelError as error:
        if options.json:
            print(json.dumps({"complete": False, "error": str(error)}, ensure_ascii=False), file=shown)
        if isinstance(error, JobError) and resumes:
            print(f"what was finished is kept: {again} there", file=sys.stderr)
        raise
    finally:
        bar.close()
    if options.json:
        print(json.dumps(summary.to_dict(), ensure_ascii=False), file=shown)
    elif not streamed and options.output.lower().endswith(_LINES):
        print("\n".join(_table(Path(options.output), summary.classified)))
    if not streamed:
        _tell_some(Path(options.output), summary)
    print(_line(summary), file=sys.stderr)
    if not summary.complete:
        print(f"stopped as asked; {again} here" if resumes else "stopped as asked; this run cannot be resumed", file=sys.stderr)
        return FAILED
    return exit_code(summary.classified, summary.failed)


def _table(output: Path, total: int) -> Iterator[str]:
    """Return a table of the first records, read back from the output: it shows all of them however often the run was cut off."""
    return summary_table(list(islice(read_results(output), _TABLE_ROWS)), total)


def _tell(problem: Problem) -> None:
    from smokkel_nlp.engine.sidefile import FAILED as SKIPPED

    print(f"{'skipped' if problem.kind == SKIPPED else problem.kind} {problem.place}: {problem.reason}", file=sys.stderr)


def _tell_some(output: Path, summary: Summary) -> None:
    from smokkel_nlp.engine.sidefile import read_problems, side_path

    for problem in islice(read_problems(output), _TOLD):
        _tell(problem)
    more = summary.failed + summary.duplicate_ids + summary.duplicate_texts - _TOLD
    if more > 0:
        print(f"... and {more:,} more, see {side_path(output)}", file=sys.stderr)


def _line(summary: Summary) -> str:
    counts = ", ".join(f"{count} {name}" for name, count in sorted(summary.counts.items(), key=lambda pair: (-pair[1], pair[0])))
    parts = [f"{summary.classified} texts classified{f' ({counts})' if counts else ''}", f"{summary.failed} skipped"]
    if summary.duplicate_ids or summary.duplicate_texts:
        parts.append(f"{summary.duplicate_ids} ids and {summary.duplicate_texts} texts that stood before")
    if summary.complete and 0 < summary.records == summary.resumed_from:
        parts.append("complete already (--restart runs it again)")
    elif summary.resumed_from:
        parts.append(f"resumed after {summary.resumed_from} records")
    if odd := {name: number for name, number in summary.encodings.items() if name != "utf-8"}:
        parts.append("files read as " + ", ".join(f"{name}: {number}" for name, number in sorted(odd.items())))
    return ", ".join(parts)


@contextmanager
def _asked_to_stop() -> Iterator[list[int]]:
    """Let SIGINT and SIGTERM be noted in what is given, and not end the process; a second one does."""
    asked: list[int] = []
    if threading.current_thread() is not threading.main_thread():
        yield asked  # signals are for the main thread
        return
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def note(number: int, frame: FrameType | None) -> None:
        asked.append(number)
        for each in before:
            signal.signal(each, signal.default_int_handler if each == signal.SIGINT else signal.SIG_DFL)
        os.write(2, b"\nwriting what is under way; once more ends at once\n")

    for number in before:
        signal.signal(number, note)
    try:
        yield asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
