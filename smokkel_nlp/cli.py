"""The command ``smokkel-nlp``: thin commands over the library.

Exit codes: 0 all well, 1 some records failed, 2 nothing could run.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from collections import Counter, deque
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TextIO

from smokkel_nlp.errors import CorpusError, InputError, SmokkelError
from smokkel_nlp.io import BadRecord, Record, expand, read_records
from smokkel_nlp.records import CaseAnalysis
from smokkel_nlp.tables import explanation_table, summary_table
from smokkel_nlp.text import encodable

OK, SOME_FAILED, FAILED = 0, 1, 2
_TABLE_ROWS = 40
_PROGRESS_EVERY = 50


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    parser = _parser()
    options = parser.parse_args(argv)
    try:
        return int(options.run(options))
    except SmokkelError as error:
        print(f"smokkel-nlp: {error}", file=sys.stderr)
        return FAILED
    except BrokenPipeError:
        sys.stderr.close()
        return OK


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="smokkel-nlp", description="Tell human smuggling from human trafficking in Dutch case texts.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    classify = commands.add_parser("classify", help="classify texts")
    _takes_texts(classify)
    classify.add_argument(
        "-o", "--output", metavar="OUT", help="write JSON Lines here and print a table; without it JSON Lines go to standard output"
    )
    classify.add_argument("--keep-text", action="store_true", help="keep the whole text in each record")
    classify.add_argument("--jobs", type=int, default=1, help="processes (default: 1)")
    classify.set_defaults(run=_classify)

    explain = commands.add_parser("explain", help="tell which passages moved each label")
    _takes_texts(explain)
    explain.set_defaults(run=_explain)

    evaluate = commands.add_parser("evaluate", help="measure on labelled texts")
    evaluate.add_argument("file", type=Path, metavar="FILE.jsonl")
    evaluate.add_argument("-o", "--output", type=Path, metavar="STEM", help="write STEM.json and STEM.md")
    evaluate.add_argument("--mask", action="store_true", help="delete the offences' names; keep texts whose facts still tell")
    evaluate.add_argument("--corpus", type=Path, help="built corpus: measure baselines trained on its train part as well")
    evaluate.add_argument(
        "--baselines",
        nargs="*",
        metavar="NAME",
        help="compare with these only: keyword and, trained on the corpus, tfidf and textcat (default: all that can be had)",
    )
    evaluate.add_argument("--errors", action="store_true", help="list the texts that are answered wrongly, by id")
    evaluate.add_argument("--html", type=Path, metavar="PAGE.html", help="write a page with pictures of the figures")
    evaluate.add_argument("--with-text", action="store_true", help="show in the list of errors of the page the words that moved a label")
    evaluate.add_argument("--model", help="folder of a model")
    evaluate.add_argument("--assertion", action="store_true", help="measure status and source of the gold mentions instead of the labels")
    evaluate.add_argument("--mentions", action="store_true", help="measure the mentions that are found against the marked passages instead")
    evaluate.add_argument("--split", help="only the records of this split")
    evaluate.add_argument("--jobs", type=int, default=1, help="processes (default: 1)")
    evaluate.set_defaults(run=_evaluate)

    train = commands.add_parser("train", help="train a model from a corpus")
    train.add_argument("corpus", type=Path, nargs="?", default=Path("corpus"), help="built corpus (default: corpus)")
    train.add_argument("-o", "--output", type=Path, default=Path("models"), help="folder for the model (default: models)")
    train.set_defaults(run=_train)

    corpus = commands.add_parser("corpus", help="build or check the gold JSON Lines from the marked-up sources, or count a background")
    corpus.add_argument("action", choices=("build", "check", "background"))
    corpus.add_argument("root", type=Path, nargs="?", default=Path("corpus"), help="corpus folder (default: corpus)")
    corpus.add_argument(
        "--against", nargs="*", default=(), metavar="FILE", help="others' texts: no run of ten words of them may stand here"
    )
    corpus.add_argument(
        "--texts", nargs="*", default=(), metavar="FILE", help="ordinary texts: their words are counted, hashed, as the background"
    )
    corpus.set_defaults(run=_corpus)

    taxonomy = commands.add_parser("taxonomy", help="check a file of your own tags, cues and rules, or list the tags")
    taxonomy.add_argument("action", choices=("check", "list"))
    taxonomy.add_argument("file", type=Path, nargs="?", metavar="FILE.toml", help="your own tags, cues and rules")
    taxonomy.set_defaults(run=_taxonomy)
    return parser


def _takes_texts(command: argparse.ArgumentParser) -> None:
    """Add what commands over case texts have in common."""
    command.add_argument("files", nargs="+", metavar="FILE", help=".txt, folders of them, .jsonl or .csv")
    command.add_argument("--text-field", default="text", help="field that holds the text in .jsonl and .csv (default: text)")
    command.add_argument("--id-field", default="id", help="field that holds the id (default: id)")
    command.add_argument("--base", help="Dutch spaCy pipeline to put the components on, such as nl_core_news_sm")
    command.add_argument("--model", help="folder of a model")
    command.add_argument("--taxonomy", metavar="FILE.toml", help="your own tags, cues and rules")
    command.add_argument("--prior", type=float, metavar="SHARE", help="share of your texts that is about an offence, such as 0.01")


def _cases(options: argparse.Namespace, failed: list[BadRecord], explain: bool = False, **asked: Any) -> Iterator[CaseAnalysis]:
    """Classify the texts of a command, each record under its id; what cannot be read goes to ``failed``."""
    from smokkel_nlp.batch import classify, max_chars

    expand(options.files)  # a missing file is told before any work is done
    ids: deque[str] = deque()
    source = {"base": options.base, "model": options.model, "taxonomy": options.taxonomy, "prior": options.prior, "explain": explain}
    good = _good(read_records(options.files, options.text_field, options.id_field), max_chars(**source), failed, ids)
    cases = classify((record.text for record in good), **asked, **source)
    return (case.with_id(ids.popleft()) for case in cases)


def _ended(total: int, failed: Sequence[BadRecord]) -> int:
    """Tell what was skipped; returns the exit code."""
    for bad in failed:
        print(f"skipped {bad.place}: {bad.reason}", file=sys.stderr)
    if failed:
        return SOME_FAILED if total else FAILED
    return OK


def _classify(options: argparse.Namespace) -> int:
    failed: list[BadRecord] = []
    cases = _cases(options, failed, n_jobs=options.jobs, keep_text=options.keep_text)
    shown: list[CaseAnalysis] = []
    counts: Counter[str] = Counter()
    out = _open(options.output)
    try:
        for case in cases:
            out.write(case.to_json() + "\n")
            counts[case.offence] += 1
            if len(shown) < _TABLE_ROWS:
                shown.append(case)
            if sum(counts.values()) % _PROGRESS_EVERY == 0 and sys.stderr.isatty():
                print(f"\r{sum(counts.values())} texts", end="", file=sys.stderr)
    finally:
        if out is not sys.stdout:
            out.close()
    total = sum(counts.values())
    if options.output:
        print("\n".join(summary_table(shown, total)))
    code = _ended(total, failed)
    summary = ", ".join(f"{count} {name}" for name, count in counts.most_common())
    print(f"{total} texts classified{f' ({summary})' if summary else ''}, {len(failed)} skipped", file=sys.stderr)
    return code


def _explain(options: argparse.Namespace) -> int:
    failed: list[BadRecord] = []
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    total = 0
    for case in _cases(options, failed, explain=True, keep_text=True):
        print("\n".join(explanation_table(case, width)), end="\n\n")
        total += 1
    if total:
        print("Bijdrage: wat een passage aan de score toevoegt (log odds). Suggesties van een model: lees de passage.")
    return _ended(total, failed)


def _good(records: Iterator[Record | BadRecord], limit: int, failed: list[BadRecord], ids: deque[str]) -> Iterator[Record]:
    """Pass on the usable records, remembering their ids in ``ids`` and the others in ``failed``."""
    for record in records:
        if isinstance(record, BadRecord):
            failed.append(record)
        elif not encodable(record.text):
            failed.append(BadRecord(record.place, "holds half a surrogate pair, which is no character; decode it anew"))
        elif len(record.text) > limit:
            failed.append(BadRecord(record.place, f"{len(record.text):,} characters, over the limit of {limit:,}; split it"))
        else:
            ids.append(record.id)
            yield record


def _open(output: str | None) -> TextIO:
    if output is None:
        return sys.stdout
    try:
        return open(output, "w", encoding="utf8", newline="\n")
    except OSError as error:
        raise InputError(f"{output}: cannot be written ({error.strerror}); give another -o") from error


def _evaluate(options: argparse.Namespace) -> int:
    from smokkel_nlp.baselines import baseline_answers
    from smokkel_nlp.breakdown import moved, wrong
    from smokkel_nlp.evaluation import read_gold_file, system_answers
    from smokkel_nlp.evaluation_page import asked_page, to_html, write_page
    from smokkel_nlp.evaluation_report import evaluate, to_markdown
    from smokkel_nlp.training import read_split

    asked_page(options.html, options.errors, options.with_text, options.assertion or options.mentions)
    records, bad = read_gold_file(options.file, options.mask)
    if options.split:
        records = [record for record in records if record.get("split") == options.split]
        if not records:
            raise InputError(f"{options.file}: no record of split '{options.split}'; give another --split")
    if options.assertion or options.mentions:
        return _evaluate_passages(options, records)
    texts = [record["text"] for record in records]
    train = read_split(options.corpus, "train") if options.corpus else None
    baselines = baseline_answers(texts, train, options.baselines)
    ours = system_answers(texts, options.model, options.jobs)
    results = evaluate(records, {"smokkel_nlp": ours, **baselines}, options.errors)
    if options.errors:
        for row, told in zip(results["smokkel_nlp"]["errors"], moved(records, ours, options.model, options.jobs), strict=True):
            row["moved"] = told
    if options.html:
        shown = [texts[row] for row in wrong(records, ours)] if options.with_text else None
        write_page(options.html, to_html(f"{options.file.name}{' (delicten niet genoemd)' if options.mask else ''}", results, shown))
    page = to_markdown(f"{options.file.name}{' (masked)' if options.mask else ''}", results)
    _publish(options.output, page, results)
    for record in bad:
        print(f"skipped {record.place}: {record.reason}", file=sys.stderr)
    return SOME_FAILED if bad else OK


def _evaluate_passages(options: argparse.Namespace, records: Sequence[Mapping[str, Any]]) -> int:
    from smokkel_nlp.components.weighing import FILES, MENTIONS, Weigher, unpack
    from smokkel_nlp.passage_evaluation import assertion_markdown, measure_assertion, measure_mentions, mentions_markdown
    from smokkel_nlp.pipeline import load
    from smokkel_nlp.store import read_files

    if any("mentions" not in record for record in records):
        raise InputError(f"{options.file}: a record has no 'mentions'; give texts with marked passages")
    results: dict[str, Any]
    if options.mentions:
        nlp = load(model=options.model)
        nlp.disable_pipe("smokkel_classify")
        results = measure_mentions(records, nlp)
        page = mentions_markdown(options.file.name, results)
    else:
        weigher = Weigher(unpack(read_files(options.model, FILES), MENTIONS))
        results = {"smokkel_nlp": measure_assertion(records, weigher), "rules alone": measure_assertion(records, None)}
        page = assertion_markdown(options.file.name, results)
    _publish(options.output, page, results)
    return OK


def _publish(stem: Path | None, page: str, results: Mapping[str, Any]) -> None:
    """Print a page of figures, and write it with its data where asked."""
    print(page, end="")
    if stem:
        stem.with_suffix(".json").write_text(json.dumps(results, indent=1) + "\n", encoding="utf8")
        stem.with_suffix(".md").write_text(page, encoding="utf8")


def _train(options: argparse.Namespace) -> int:
    from smokkel_nlp.training import train

    classifier = train(options.corpus, options.output)
    print(f"{classifier.vectorizer_.n_features} features; model written to {options.output}", file=sys.stderr)
    return OK


def _background(options: argparse.Namespace) -> int:
    from smokkel_nlp.background import FILE, build_background, terms_in
    from smokkel_nlp.classifier import reader
    from smokkel_nlp.features import keep_frequent
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


def _corpus(options: argparse.Namespace) -> int:
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


def _taxonomy(options: argparse.Namespace) -> int:
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


if __name__ == "__main__":
    sys.exit(main())
