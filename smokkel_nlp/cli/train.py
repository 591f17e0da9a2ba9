"""``smokkel-nlp train``: a model from a corpus."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from smokkel_nlp.cli.common import OK, Commands


def add_to(commands: Commands) -> None:
    """Add the command."""
    command = commands.add_parser("train", help="train a model from a corpus")
    command.add_argument("corpus", type=Path, nargs="?", default=Path("corpus"), help="built corpus (default: corpus)")
    command.add_argument("-o", "--output", type=Path, default=Path("models"), help="folder for the model (default: models)")
    command.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    from smokkel_nlp.training import train

    classifier = train(options.corpus, options.output)
    print(f"{classifier.vectorizer_.n_features} features; model written to {options.output}", file=sys.stderr)
    return OK
