"""``smokkel-nlp taxonomy``: a check of a user's own tags, cues and rules, or the tags that there are."""

from __future__ import annotations

import argparse
from pathlib import Path

from smokkel_nlp.cli.common import OK, SOME_FAILED, Commands
from smokkel_nlp.errors import InputError


def add_to(commands: Commands) -> None:
    """Add the command."""
    command = commands.add_parser("taxonomy", help="check a file of your own tags, cues and rules, or list the tags")
    command.add_argument("action", choices=("check", "list"))
    command.add_argument("file", type=Path, nargs="?", metavar="FILE.toml", help="your own tags, cues and rules")
    command.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    from smokkel_nlp.pipeline import read_rules
    from smokkel_nlp.taxonomy import load_taxonomy
    from smokkel_nlp.userlint import lint
    from smokkel_nlp.userrules import parse_user_rules

    if options.file is None and options.action == "check":
        raise InputError("taxonomy check: which file? give its path")
    if options.action == "check":
        found = lint(*read_rules(options.file))
        print("\n".join(found.problems) or f"OK: {found.summary}")
        return SOME_FAILED if found.problems else OK
    taxonomy = parse_user_rules(*read_rules(options.file)).taxonomy if options.file else load_taxonomy()
    for tag in taxonomy.tags:
        print(f"{tag.id:<26}{tag.name:<40}{len(tag.strong):>4} strong {len(tag.weak):>3} weak")
    print(f"{len(taxonomy.tags)} tags, version {taxonomy.version}")
    return OK
