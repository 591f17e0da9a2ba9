"""``classify_files()``: a run over files that finishes, whatever kills it in between.

The input is cut into chunks that it alone decides. A chunk is finished when its output is on the disk and the journal says so; the same
call goes on after the last finished one, so that no record is lost and none stands twice.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from smokkel_nlp.batch import Source, pipeline, source_of
from smokkel_nlp.engine.chunks import Rule
from smokkel_nlp.engine.journal import Journal
from smokkel_nlp.engine.output import Growing, Parts, Sink, Stream, is_stream, writing
from smokkel_nlp.engine.progress import Progress
from smokkel_nlp.engine.run import Callbacks, Run, Summary
from smokkel_nlp.engine.sidefile import Problem, side_path
from smokkel_nlp.errors import InputError
from smokkel_nlp.io import RecordReader
from smokkel_nlp.settings import Settings
from smokkel_nlp.store import MANIFEST, find_model
from smokkel_nlp.taxonomy import resource
from smokkel_nlp.writers import writer_for

STANDARD = "-"
_LINES, _PARTS = Rule(256, 500_000), Rule(1024, 1_000_000)
"""Chunks of a file that grows, and of a folder in which each is a file."""


def classify_files(
    paths: Sequence[str | os.PathLike[str]],
    output: str | os.PathLike[str] = STANDARD,
    *,
    text_field: str = "text",
    id_field: str = "id",
    carry: Sequence[str] = (),
    encoding: str | None = None,
    keep_text: bool = False,
    jobs: int = 1,
    explain: bool = False,
    prior: float | None = None,
    thresholds: Mapping[str, float] | None = None,
    base: str | os.PathLike[str] | None = None,
    model: str | os.PathLike[str] | None = None,
    taxonomy: str | os.PathLike[str] | None = None,
    restart: bool = False,
    max_errors: int | None = None,
    duplicates: bool = False,
    on_progress: Callable[[Progress], None] | None = None,
    on_problem: Callable[[Problem], None] | None = None,
    stop: Callable[[], bool] | None = None,
) -> Summary:
    r"""Classify the records of files into a file, and go on where an earlier call was cut off.

    Beside the output come ``OUT.journal``, from which the same call goes on, and, where there is something to say of single records,
    ``OUT.errors.jsonl``: a line for each that failed or stood before, without its text.

    Parameters
    ----------
    paths : sequence of path
        What :class:`smokkel_nlp.io.RecordReader` reads; ``"-"`` is standard input, which cannot be read again: such a run does not resume.
    output : path, default="-"
        Its ending says the form (:func:`smokkel_nlp.writers.writer_for`). ``"-"`` is standard output; it and devices and pipes take JSON
        Lines, and do not resume.
    text_field, id_field, carry, encoding
        As in :class:`smokkel_nlp.io.RecordReader`.
    keep_text : bool, default=False
        Keep the text in the record.
    jobs : int, default=1
        Processes; -1 for one per core. The output does not depend on it.
    explain, prior, thresholds, base, model, taxonomy
        As in :func:`smokkel_nlp.load`.
    restart : bool, default=False
        Begin anew, over what an earlier call wrote.
    max_errors : int, optional
        Stop once more records than this failed.
    duplicates : bool, default=False
        Look for texts that stood before as well as for ids; hashes of 8 bytes are kept on disk until the run is complete.
    on_progress : callable, optional
        Called with a :class:`smokkel_nlp.engine.progress.Progress` at the beginning and after each chunk.
    on_problem : callable, optional
        Called with each :class:`smokkel_nlp.engine.sidefile.Problem` of this call.
    stop : callable, optional
        Asked before each chunk; once it says True no other begins, and those under way are written.

    Returns
    -------
    Summary
        Of a run that was complete before, that of the call that ended it; its input is read through, to see that it is the same.

    Raises
    ------
    InputError
        If a file cannot be used, the output exists and no run of this library began it, another run writes it, or the run that began it
        was given something else; the message says what.
    JobError
        If the run cannot go on: the output cannot be written, a process ended, or too many records failed. What was finished is kept.
    ModelError, TaxonomyError
        As :func:`smokkel_nlp.load`.

    Examples
    --------
    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> _ = (folder / "in.jsonl").write_text('{"id": 1, "text": "Zes migranten lagen in de laadruimte."}\n{"id": 2}\n')
    >>> summary = classify_files([folder / "in.jsonl"], folder / "uit.jsonl")
    >>> summary.records, summary.classified, summary.failed, summary.complete
    (2, 1, 1, True)
    """
    if max_errors is not None and max_errors < 0:
        raise InputError(f"{max_errors} errors cannot be allowed; give 0 or more")
    names = [os.fspath(path) for path in paths]
    reader = RecordReader(names, text_field, id_field, carry=carry, encoding=encoding)
    path = None if is_stream(output) else Path(output)
    writer = writer_for(path or "-.jsonl", carry=carry, keep_text=keep_text)
    rule = _PARTS if writer.parts else _LINES
    source = source_of(base, model, taxonomy, Settings.of(explain, prior, thresholds))
    versions = asdict(pipeline(*source)("")._.case.versions)  # a damaged model is told here, before anything is written
    settings = {
        "text field": text_field, "id field": id_field, "carry": list(carry), "encoding": encoding,
        "keep text": keep_text, "format": path and path.suffix.lower(), "chunk": list(rule), "duplicates": duplicates,
        "library": versions["library"], **_made_of(source),
    }  # fmt: skip
    sink: Sink
    if path is None:
        sink, side, place = Stream(None if os.fspath(output) == STANDARD else Path(output)), None, None
    else:
        sink, side = (Parts if writer.parts else Growing)(path), Growing(side_path(path))
        place = path.with_name(f"{path.name}.journal")
        _check_output((path, side_path(path), place), reader)
        if not restart and not place.exists():
            _refuse_existing(path)
    with Journal(place, restart) as journal:
        if path and not restart:
            if not journal.begun:  # a run that was killed before it began leaves an empty journal
                _refuse_existing(path)
            elif STANDARD in names:
                raise InputError(
                    f"{path}: a run began it, and with standard input it cannot go on; give another -o, or begin anew with --restart"
                )
        try:
            journal.begin(settings, ((place, file.st_size) for place, file in reader.stats()))
            run = Run(reader, rule, source, keep_text, writer, sink, side, duplicates, journal)
            if ended := journal.summary:
                sink.check(journal.totals.output)
                run.check()
                return Summary(**{**ended, "resumed_from": journal.totals.records})
            return run(jobs, max_errors, versions, Callbacks(on_progress, on_problem, stop))
        finally:
            if STANDARD in names:
                journal.discard()


def _made_of(source: Source) -> dict[str, object]:
    """Return what tells whether a pipeline answers the same: by name, values or hashes of content."""
    base, model, rules, settings = source
    meta = pipeline(*source).meta
    manifest = (find_model(model) / MANIFEST).read_bytes()
    shipped = {file.name: file.read_bytes() for file in resource("").iterdir() if file.name.endswith(".toml")}
    knowledge = hashlib.sha256(b"\0".join([*(shipped[name] for name in sorted(shipped)), *(part.encode() for part in rules or ())]))
    return {
        **settings.to_dict(),
        "base": base and [meta["name"], meta["version"]],
        "model": hashlib.sha256(manifest).hexdigest(),
        "taxonomy": knowledge.hexdigest(),
    }


def _check_output(files: Sequence[Path], reader: RecordReader) -> None:
    """Refuse an output in a folder that is not there, or of which a file, the output itself first, takes the place of an input."""
    with writing(files[0]):
        os.stat(files[0].parent)
        there = [(file, file.stat()) for file in files if file.exists()]
    read = {place for _, known in reader.stats() for place, (_, stat) in enumerate(there) if os.path.samestat(known, stat)}
    if read:
        raise InputError(f"{there[min(read)][0]}: is also read; give another -o")


def _refuse_existing(path: Path) -> None:
    """Refuse an output that holds something which no journal tells of."""
    if (path.is_dir() and any(path.iterdir())) or (path.is_file() and path.stat().st_size):
        raise InputError(
            f"{path}: there is one already, and no journal of a run that wrote it; give another -o, or write over it with --restart"
        )
