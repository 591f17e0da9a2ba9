"""What commands have in common: exit codes, options over case texts, pages of figures."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeAlias

OK, SOME_FAILED, FAILED = 0, 1, 2
Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"


def takes_texts(command: argparse.ArgumentParser) -> None:
    """Add what commands over case texts have in common."""
    command.add_argument("files", nargs="+", metavar="FILE", help=".txt, folders of them, .jsonl or .csv")
    command.add_argument("--text-field", default="text", help="field that holds the text in .jsonl and .csv (default: text)")
    command.add_argument("--id-field", default="id", help="field that holds the id (default: id)")
    command.add_argument("--base", help="Dutch spaCy pipeline to put the components on, such as nl_core_news_sm")
    command.add_argument("--model", help="folder of a model")
    command.add_argument("--taxonomy", metavar="FILE.toml", help="your own tags, cues and rules")
    command.add_argument("--prior", type=float, metavar="SHARE", help="share of your texts that is about an offence, such as 0.01")


def exit_code(done: int, failed: int) -> int:
    """Return the exit code of a command over records; where all failed, nothing could run."""
    if failed:
        return SOME_FAILED if done else FAILED
    return OK


def publish(stem: Path | None, page: str, results: Mapping[str, Any]) -> None:
    """Print a page of figures, and write it with its data where asked."""
    print(page, end="")
    if stem:
        stem.with_suffix(".json").write_text(json.dumps(results, indent=1) + "\n", encoding="utf8")
        stem.with_suffix(".md").write_text(page, encoding="utf8")
