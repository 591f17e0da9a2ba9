"""The command ``smokkel-nlp``: thin commands over the library, one module each.

Exit codes: 0 all well, 1 some records failed, 2 the run failed or nothing could run.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from smokkel_nlp.cli import classify, corpus, evaluate, explain, report, show, taxonomy, train
from smokkel_nlp.cli.common import FAILED, OK
from smokkel_nlp.errors import SmokkelError
from smokkel_nlp.records import library_version

_COMMANDS = (classify, show, explain, report, evaluate, train, corpus, taxonomy)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    parser = argparse.ArgumentParser(prog="smokkel-nlp", description="Tell human smuggling from human trafficking in Dutch case texts.")
    parser.add_argument("--version", action="version", version=f"smokkel-nlp {library_version()}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for module in _COMMANDS:
        module.add_to(commands)
    options = parser.parse_args(argv)
    try:
        return int(options.run(options))
    except SmokkelError as error:
        print(f"smokkel-nlp: {error}", file=sys.stderr)
        return FAILED
    except BrokenPipeError:
        sys.stderr.close()
        return OK
    except KeyboardInterrupt:
        return FAILED
