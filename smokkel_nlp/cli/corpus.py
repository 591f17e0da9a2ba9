"""``smokkel-nlp corpus``: the gold JSON Lines from the marked-up sources, the checks on them, and a background."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from smokkel_nlp.cli.common import OK, Commands
from smokkel_nlp.errors import CorpusError, InputError
from smokkel_nlp.io import Record, read_records


def add_to(commands: Commands) -> None:
    """Add the command."""
    command = commands.add_parser("corpus", help="build or check the gold JSON Lines from the marked-up sources, or count a background")
    command.add_argument("action", choices=("build", "check", "background"))
    command.add_argument("root", type=Path, nargs="?", default=Path("corpus"), help="corpus folder (default: corpus)")
    command.add_argument(
        "--against", nargs="*", default=(), metavar="FILE", help="others' texts: no run of ten words of them may stand here"
    )
    command.add_argument(
        "--texts", nargs="*", default=(), metavar="FILE", help="ordinary texts: their words are counted, hashed, as the background"
    )
    command.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    from smokkel_nlp.corpus import SNIPPETS, build, card_with, dump
    from smokkel_nlp.corpus_checks import check, counts_of, load_rules

    if options.action == "background":
        return _background(options)
    splits = build(options.root)
    snippets = splits[SNIPPETS]
    records = [record for name, part in splits.items() if name != SNIPPETS for record in part]
    counts = counts_of(options.root, splits)
    card = options.root / "README.md"
    files = {options.root / f"{name}.jsonl": dump(part) for name, part in splits.items()}
    if card.is_file():
        files[card] = card_with(card.read_text(encoding="utf8"), counts)
    if options.action == "build":
        for path, content in files.items():
            path.write_text(content, encoding="utf8")
    print(counts)  # once all is written: a closed pipe ends the command here
    if options.action == "build":
        return OK
    stale = [path.name for path, content in files.items() if not path.is_file() or path.read_text(encoding="utf8") != content]
    if stale:
        raise InputError(f"{', '.join(stale)} differ from the sources; run 'smokkel-nlp corpus build {options.root}'")
    others = (record.text for record in read_records(options.against) if isinstance(record, Record))
    if found := check(records, snippets, load_rules(options.root), others):
        raise CorpusError(f"{len(found)} findings:\n" + "\n".join(found))
    return OK


def _background(options: argparse.Namespace) -> int:
    from smokkel_nlp.background import FILE, build_background, terms_in
    from smokkel_nlp.classifier import reader
    from smokkel_nlp.terms import keep_frequent
    from smokkel_nlp.training import read_split

    if not options.texts:
        raise InputError("corpus background: which texts? give files after --texts")
    nlp = reader()
    records = read_split(options.root, "train")
    known = keep_frequent((terms_in(record["text"], nlp) for record in records), 2, 1.0)
    texts = (item.text for item in read_records(options.texts) if isinstance(item, Record))
    background = build_background(texts, known, nlp)
    (options.root / FILE).write_bytes(background.to_bytes())
    print(f"{len(background)} texts, {len(background.terms)} terms; written to {options.root / FILE}", file=sys.stderr)
    return OK
