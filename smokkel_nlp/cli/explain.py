"""``smokkel-nlp explain``: which passages moved each label."""

from __future__ import annotations

import argparse
import shutil
import sys
from collections import deque
from collections.abc import Iterator

from smokkel_nlp.cli.common import Commands, exit_code, takes_texts
from smokkel_nlp.io import BadRecord, Record, expand, read_records
from smokkel_nlp.records import CaseAnalysis
from smokkel_nlp.tables import explanation_table


def add_to(commands: Commands) -> None:
    """Add the command."""
    command = commands.add_parser("explain", help="tell which passages moved each label")
    takes_texts(command)
    command.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    failed: list[BadRecord] = []
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    total = 0
    for case in _cases(options, failed):
        print("\n".join(explanation_table(case, width)), end="\n\n")
        total += 1
    if total:
        print("Bijdrage: wat een passage aan de score toevoegt (log odds). Suggesties van een model: lees de passage.")
    for bad in failed:
        print(f"skipped {bad.place}: {bad.reason}", file=sys.stderr)
    return exit_code(total, len(failed))


def _cases(options: argparse.Namespace, failed: list[BadRecord]) -> Iterator[CaseAnalysis]:
    """Explain the texts, each record under its id; what cannot be read goes to ``failed``."""
    from smokkel_nlp.batch import classify, pipeline, source_of
    from smokkel_nlp.settings import Settings

    expand(options.files)  # a missing file is told before any work is done
    ids: deque[str] = deque()
    parts = {"base": options.base, "model": options.model, "taxonomy": options.taxonomy}
    limit = pipeline(*source_of(**parts, settings=Settings.of(explain=True, prior=options.prior))).max_length
    good = _good(read_records(options.files, options.text_field, options.id_field), limit, failed, ids)
    cases = classify((record.text for record in good), keep_text=True, explain=True, prior=options.prior, **parts)
    return (case.with_id(ids.popleft()) for case in cases)


def _good(records: Iterator[Record | BadRecord], limit: int, failed: list[BadRecord], ids: deque[str]) -> Iterator[Record]:
    """Pass on the usable records, remembering their ids in ``ids`` and the others in ``failed``."""
    from smokkel_nlp.batch import fault

    for record in records:
        if isinstance(record, BadRecord):
            failed.append(record)
        elif reason := fault(record.text, limit):
            failed.append(BadRecord(record.place, reason))
        else:
            ids.append(record.id)
            yield record
