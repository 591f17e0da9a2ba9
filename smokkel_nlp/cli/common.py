"""What commands have in common: exit codes, options over case texts, pages of figures."""

from __future__ import annotations

import argparse
import json
import sys
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

from smokkel_nlp.io import BadRecord, expand, read_records
from smokkel_nlp.records import CaseAnalysis

OK, SOME_FAILED, FAILED = 0, 1, 2
Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"


def takes_texts(command: argparse.ArgumentParser) -> None:
    """Add what commands over case texts have in common."""
    command.add_argument(
        "files", nargs="+", metavar="FILE", help="documents, folders of them, or files of many texts; - for JSON Lines from standard input"
    )
    command.add_argument("--text-field", default="text", help="field or column that holds the text (default: text)")
    command.add_argument("--id-field", default="id", help="field that holds the id (default: id)")
    command.add_argument("--base", help="Dutch spaCy pipeline to put the components on, such as nl_core_news_sm")
    command.add_argument("--model", help="folder of a model")
    command.add_argument("--taxonomy", metavar="FILE.toml", help="your own tags, cues and rules")
    command.add_argument("--prior", type=float, metavar="SHARE", help="share of your texts that is about an offence, such as 0.01")


def classified(
    options: argparse.Namespace, paths: Sequence[str | Path], failed: list[BadRecord], *, explain: bool = False, only: str | None = None
) -> Iterator[CaseAnalysis]:
    """Classify the texts of files for reading: each record with its text, under its id; what cannot be used goes to ``failed``."""
    from smokkel_nlp.batch import classify, fault, pipeline, source_of
    from smokkel_nlp.settings import Settings

    expand(paths)  # a missing file is told before any work is done
    ids: deque[str] = deque()
    parts = {"base": options.base, "model": options.model, "taxonomy": options.taxonomy}
    limit = pipeline(*source_of(**parts, settings=Settings.of(explain=explain, prior=options.prior))).max_length

    def texts() -> Iterator[str]:
        for record in read_records(paths, options.text_field, options.id_field):
            if isinstance(record, BadRecord):
                failed.append(record)
            elif only not in (None, record.id):
                continue
            elif reason := fault(record.text, limit):
                failed.append(BadRecord(record.place, reason))
            else:
                ids.append(record.id)
                yield record.text

    for case in classify(texts(), keep_text=True, explain=explain, prior=options.prior, **parts):
        yield case.with_id(ids.popleft())


def tell(failed: Sequence[BadRecord]) -> None:
    """Tell on standard error what was skipped."""
    for bad in failed:
        print(f"skipped {bad.place}: {bad.reason}", file=sys.stderr)


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
