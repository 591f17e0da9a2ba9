"""A run over many records: chunk after chunk to where it writes, each finished before the next counts."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import Any

from smokkel_nlp.batch import Source
from smokkel_nlp.engine.chunks import Chunk, Done, Rule, cut, hash_of, process
from smokkel_nlp.engine.journal import IDS, TEXTS, Journal
from smokkel_nlp.engine.output import Growing, Sink
from smokkel_nlp.engine.progress import Progress
from smokkel_nlp.engine.sidefile import Problem, problems_of
from smokkel_nlp.errors import InputError, JobError
from smokkel_nlp.io import Record, RecordReader
from smokkel_nlp.parallel import in_order
from smokkel_nlp.writers import Writer

_MEND = "put it back, or begin anew with --restart"


@dataclass(frozen=True)
class Summary:
    """What a run did.

    Parameters
    ----------
    records, classified, failed : int
        Read, classified, and failed, over the whole output.
    duplicate_ids, duplicate_texts : int
        Records whose id, or text, stood before; texts are only looked at where asked.
    counts : mapping of str to int
        Records by class.
    seconds, records_per_second : float
        Of this call.
    encodings : mapping of str to int
        Files by the encoding they were read in.
    versions : mapping of str to str
        What made the records.
    resumed_from : int
        Records that were done before this call.
    complete : bool
        False where it was asked to stop; the same call goes on.
    """

    records: int
    classified: int
    failed: int
    duplicate_ids: int
    duplicate_texts: int
    counts: Mapping[str, int]
    seconds: float
    records_per_second: float
    encodings: Mapping[str, int]
    versions: Mapping[str, str]
    resumed_from: int
    complete: bool

    def to_dict(self) -> dict[str, Any]:
        """Return plain dicts, strings and numbers."""
        return asdict(self)


@dataclass(frozen=True)
class Callbacks:
    """Whom a run tells how far it is and what is to be said of single records, and whom it asks whether to stop."""

    on_progress: Callable[[Progress], None] | None = None
    on_problem: Callable[[Problem], None] | None = None
    stop: Callable[[], bool] | None = None


class Run:
    """A run: what it reads, what it does with it, and where it writes.

    Parameters
    ----------
    reader : RecordReader
    rule : Rule
        How the input is cut.
    source : Source
        The pipeline.
    keep_text : bool
    writer : Writer
    sink : Sink
        Where its bytes go.
    side : Growing or None
        The side file; None where ``Callbacks.on_problem`` alone is told.
    duplicates : bool
        Whether to look for texts that stood before.
    journal : Journal
        Begun.
    """

    def __init__(
        self,
        reader: RecordReader,
        rule: Rule,
        source: Source,
        keep_text: bool,
        writer: Writer,
        sink: Sink,
        side: Growing | None,
        duplicates: bool,
        journal: Journal,
    ) -> None:
        self._reader, self._rule, self._writer, self._sink, self._side = reader, rule, writer, sink, side
        self._process = partial(process, source=source, keep_text=keep_text, writer=writer)
        self._duplicates, self._journal = duplicates, journal
        self._finished = list(journal.digests())
        self._waiting: deque[Chunk] = deque()
        self._stopped = False
        self._totals = journal.totals

    def __call__(self, jobs: int, max_errors: int | None, versions: Mapping[str, str], callbacks: Callbacks) -> Summary:
        """Go on to the end of the input, or until it is asked to stop.

        Raises
        ------
        InputError
            If the input is not the one that the journal tells of.
        JobError
            If the output cannot be written, a process ended, or more than ``max_errors`` records failed.
        """
        began, start = time.monotonic(), self._totals
        size = sum(file.st_size for _, file in self._reader.stats())
        try:
            self._sink.cut(start.output)
            if self._side:
                self._side.cut(start.side)
            if not start.output and not self._writer.parts:
                self._sink.append(self._writer.header())
            self._check_errors(max_errors)
            with closing(self._tasks(callbacks, size)) as tasks:  # else what it reads is let go of in any order when the run fails
                for done in in_order(self._process, tasks, jobs):
                    chunk = self._waiting.popleft()
                    for problem in self._write(chunk, done):
                        if callbacks.on_problem:
                            callbacks.on_problem(problem)
                    if callbacks.on_progress:
                        callbacks.on_progress(Progress(self._totals, start.records, chunk.position, size))
                    self._check_errors(max_errors)
            seconds = time.monotonic() - began
            totals = {name: value for name, value in asdict(self._totals).items() if name not in ("output", "side")}
            summary = Summary(
                **totals,
                seconds=round(seconds, 3),
                records_per_second=round((self._totals.records - start.records) / seconds, 1),
                encodings=dict(self._reader.encodings),
                versions=versions,
                resumed_from=start.records,
                complete=not self._stopped,
            )
            if summary.complete:
                if self._writer.parts and not self._sink.size:  # a folder without a part could not be read
                    self._sink.append(self._writer.encode([]))
                self._journal.finish(summary.to_dict())
            return summary
        finally:
            self._sink.close()
            if self._side:
                self._side.close()

    def check(self) -> None:
        """Read the input of a run that is complete once more.

        Raises
        ------
        InputError
            If it is not the one that the journal tells of.
        """
        for chunk in self._chunks():
            if chunk.number >= len(self._finished):
                raise InputError(f"{chunk.items[0].place}: the run ended before this; {_MEND}")

    def _chunks(self) -> Iterator[Chunk]:
        """Yield the chunks of the input; those that are finished must be what they were."""
        number = -1
        for number, items in enumerate(cut(self._reader, self._rule)):
            chunk = Chunk(number, items, self._reader.position)
            if number < len(self._finished) and chunk.digest != self._finished[number]:
                raise InputError(f"{items[0].place} to {items[-1].place}: not what stood there when the run began; {_MEND}")
            yield chunk
        if number + 1 < len(self._finished):
            raise InputError(f"the input ends before the place where the run was; {_MEND}")

    def _tasks(self, callbacks: Callbacks, size: int) -> Generator[Sequence[Record], None, None]:
        """Yield the records of the chunks that are not finished."""
        position, told = 0, False
        for chunk in self._chunks():
            if callbacks.stop and callbacks.stop():
                self._stopped = True
                return
            if chunk.number < len(self._finished):
                position = chunk.position
                continue
            if callbacks.on_progress and not told:
                callbacks.on_progress(Progress(self._totals, self._totals.records, position, size))
                told = True
            self._waiting.append(chunk)
            yield chunk.records

    def _write(self, chunk: Chunk, done: Done) -> list[Problem]:
        """Write what came of a chunk, then note it as finished; returns what is to be said of its records."""
        records, same_text = chunk.records, []
        with self._journal.transaction():
            same_id = self._journal.seen(IDS, [hash_of(record.id) for record in records])
            if self._duplicates:
                same_text = self._journal.seen(TEXTS, [hash_of(record.text) for record in records])
            problems = list(problems_of(chunk, done, same_id, same_text))
            if done.content:
                self._sink.append(done.content)
            if self._side and problems:
                self._side.append("".join(problem.to_json() + "\n" for problem in problems).encode())
            classified = sum(done.counts.values())
            totals = self._totals.plus(
                done.counts,
                records=len(chunk.items),
                classified=classified,
                failed=len(chunk.items) - classified,
                duplicate_ids=sum(same_id),
                duplicate_texts=sum(same_text),
            )
            self._totals = replace(totals, output=self._sink.size, side=self._side.size if self._side else 0)
            self._journal.finish_chunk(chunk.number, chunk.digest, self._totals)
        return problems

    def _check_errors(self, limit: int | None) -> None:
        if limit is not None and self._totals.failed > limit:
            raise JobError(
                f"{self._totals.failed:,} records failed, more than the {limit:,} that --max-errors allows; mend them and begin anew with "
                "--restart, or give a higher limit"
            )
