"""``smokkel-nlp explain``: which passages moved each label."""

from __future__ import annotations

import argparse
import shutil
import sys

from smokkel_nlp.cli.common import Commands, classified, exit_code, takes_texts, tell
from smokkel_nlp.io import BadRecord
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
    for case in classified(options, options.files, failed, explain=True):
        print("\n".join(explanation_table(case, width)), end="\n\n")
        total += 1
    if total:
        print("Bijdrage: wat een passage aan de score toevoegt (log odds). Suggesties van een model: lees de passage.")
    tell(failed)
    return exit_code(total, len(failed))
