"""``smokkel-nlp show``: cases to read in a terminal, with their passages marked, or one as a picture."""

from __future__ import annotations

import argparse
import json
import sys
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeAlias

from smokkel_nlp.errors import InputError
from smokkel_nlp.io import BadRecord, Record, expand, read_records
from smokkel_nlp.records import CaseAnalysis
from smokkel_nlp.text import encodable

OK, SOME_FAILED, FAILED = 0, 1, 2
Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"
_RESULT = {"offence", "offences", "modi_operandi", "versions"}


def add_to(commands: Commands) -> None:
    """Add the command."""
    command = commands.add_parser("show", help="read cases in the terminal, with their passages marked")
    command.add_argument("files", nargs="+", metavar="FILE", help=".txt, folders of them, .jsonl, .csv, or results of classify (.jsonl)")
    command.add_argument("--text-field", default="text", help="field that holds the text in .jsonl and .csv (default: text)")
    command.add_argument("--id-field", default="id", help="field that holds the id (default: id)")
    command.add_argument("--base", help="Dutch spaCy pipeline to put the components on, such as nl_core_news_sm")
    command.add_argument("--model", help="folder of a model")
    command.add_argument("--taxonomy", metavar="FILE.toml", help="your own tags, cues and rules")
    command.add_argument("--prior", type=float, metavar="SHARE", help="share of your texts that is about an offence, such as 0.01")
    command.add_argument("--only", metavar="ID", help="only the record with this id")
    command.add_argument("--whole", action="store_true", help="all of a long text, not only what stands around its passages")
    command.add_argument("--svg", type=Path, metavar="OUT.svg", help="write the first case as a picture instead")
    command.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    from smokkel_nlp.terminal import picture, show, terminal

    failed: list[BadRecord] = []
    total = 0
    console = terminal()
    for case in _cases(options, failed):
        if options.svg:
            _write(options.svg, picture(case))
            total = 1
            break
        if total:
            console.rule(characters="-") if console.is_terminal else console.print()
        show(case, console, options.whole)
        total += 1
    for bad in failed:
        print(f"skipped {bad.place}: {bad.reason}", file=sys.stderr)
    if not total and not failed:
        raise InputError(f"no record to show{f' has the id {options.only!r}; check --only' if options.only else ''}")
    return (SOME_FAILED if total else FAILED) if failed else OK


def _write(path: Path, content: str) -> None:
    try:
        path.write_text(content, encoding="utf8", newline="\n")
    except OSError as error:
        raise InputError(f"{path}: cannot be written ({error.strerror}); give another --svg") from error


def _cases(options: argparse.Namespace, failed: list[BadRecord]) -> Iterator[CaseAnalysis]:
    """Yield results as they were stored, and texts classified, file by file."""
    for path in expand(options.files):  # a missing file is told before any work is done
        if path.suffix.lower() == ".jsonl" and _holds_results(path):
            cases = _stored(path, failed)
            yield from (case for case in cases if options.only in (None, case.id))
        else:
            yield from _classified(path, options, failed)


def _holds_results(path: Path) -> bool:
    """Tell whether the first line of a file is a result of ``classify``."""
    try:
        with path.open("rb") as lines:
            first = json.loads(next((line for line in lines if line.strip()), b"null"))
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(first, dict) and first.keys() >= _RESULT


def _stored(path: Path, failed: list[BadRecord]) -> Iterator[CaseAnalysis]:
    with path.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            try:
                yield CaseAnalysis.from_json(line.decode("utf8"))
            except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
                failed.append(BadRecord(f"{path}:{number}", "not a result of classify; mend or remove it"))


def _classified(path: Path, options: argparse.Namespace, failed: list[BadRecord]) -> Iterator[CaseAnalysis]:
    from smokkel_nlp.batch import classify, max_chars

    source: dict[str, Any] = {name: getattr(options, name) for name in ("base", "model", "taxonomy", "prior")}
    limit = max_chars(**source)
    ids: deque[str] = deque()

    def texts() -> Iterator[str]:
        for record in read_records([path], options.text_field, options.id_field):
            if isinstance(record, BadRecord):
                failed.append(record)
            elif options.only not in (None, record.id):
                continue
            elif reason := _fault(record, limit):
                failed.append(BadRecord(record.place, reason))
            else:
                ids.append(record.id)
                yield record.text

    for case in classify(texts(), keep_text=True, **source):
        yield case.with_id(ids.popleft())


def _fault(record: Record, limit: int) -> str | None:
    if not encodable(record.text):
        return "holds half a surrogate pair, which is no character; decode it anew"
    return f"{len(record.text):,} characters, over the limit of {limit:,}; split it" if len(record.text) > limit else None
