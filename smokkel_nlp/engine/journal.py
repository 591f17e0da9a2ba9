"""The journal of a run: what was finished, so that the same command goes on from there. It holds no case text.

An SQLite file beside the output. A chunk of the input stands in it once its output is on the disk, in the transaction that also keeps
the hashes of its ids; so it is either finished or was never begun. The file is locked as long as the run lasts.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Self

from smokkel_nlp.errors import InputError, JobError

IDS, TEXTS = "ids", "texts"
_HASHED = ("model", "taxonomy")
_SHOWN = 3
_TABLES = f"""
create table if not exists run (name text primary key, value text not null) without rowid;
create table if not exists input (place text not null, size integer not null);
create table if not exists chunks (number integer primary key, digest blob not null, totals text not null);
create table if not exists {IDS} (hash integer primary key);
create table if not exists {TEXTS} (hash integer primary key);
"""
_SAME_INPUT = """
select (select count(*) from input) = (select count(*) from given) and not exists (
    select 1 from given left join input on input.rowid = given.rowid where input.place is not given.place or input.size is not given.size
)
"""
_OTHER_FILES = """
select place from (select * from input except select * from given)
union select place from (select * from given except select * from input) order by place
"""
_NAMES = ("run", "input", "chunks", IDS, TEXTS)


@dataclass(frozen=True)
class Totals:
    """How far a run has come.

    Parameters
    ----------
    records : int
        Read, those that failed included.
    classified, failed : int
    duplicate_ids, duplicate_texts : int
        Records whose id, or text, stood before.
    counts : mapping of str to int
        Records by class.
    output, side : int
        Size of the output (bytes, or parts) and of the side file.
    """

    records: int = 0
    classified: int = 0
    failed: int = 0
    duplicate_ids: int = 0
    duplicate_texts: int = 0
    counts: Mapping[str, int] = field(default_factory=dict)
    output: int = 0
    side: int = 0

    def plus(self, counts: Mapping[str, int], **more: int) -> Totals:
        """Return these with more.

        Examples
        --------
        >>> Totals(records=2, counts={"geen": 2}).plus({"geen": 1}, records=1).counts
        {'geen': 3}
        """
        both = {name: self.counts.get(name, 0) + counts.get(name, 0) for name in sorted({*self.counts, *counts})}
        return replace(self, counts=both, **{name: getattr(self, name) + value for name, value in more.items()})


class Journal:
    """The journal at a path, locked for this run; without a path one that is gone afterwards.

    Parameters
    ----------
    path : Path or None
    restart : bool, default=False
        Forget what stands in it.

    Raises
    ------
    InputError
        If another run holds it, or it is the file of something else.
    JobError
        If it cannot be written.
    """

    def __init__(self, path: Path | None, restart: bool = False) -> None:
        self._path = path
        try:
            self._open()
        except sqlite3.DatabaseError as error:
            if restart and path and _foreign(error):
                path.unlink()
                self._open()
            else:
                raise self._told(error) from error
        if restart:
            with self.transaction():
                for name in _NAMES:
                    self._db.execute(f"delete from {name}")

    def _open(self) -> None:
        self._db = sqlite3.connect(self._path or "", timeout=0, isolation_level=None)
        try:
            self._db.execute("pragma locking_mode = exclusive")
            self._db.execute(f"pragma synchronous = {'extra' if self._path else 'off'}")
            self._db.execute("begin exclusive")  # the lock stays after the commit
            for statement in _TABLES.strip().split("\n"):
                self._db.execute(statement)
            self._db.execute("commit")
        except sqlite3.Error:
            self._db.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._db.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Do all of a block or nothing of it.

        Raises
        ------
        JobError
            If the journal cannot be written.
        """
        try:
            self._db.execute("begin immediate")
            try:
                yield
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("rollback")
                raise
            self._db.execute("commit")
        except sqlite3.Error as error:
            if self._db.in_transaction:
                self._db.execute("rollback")
            raise self._told(error) from error

    def begin(self, settings: Mapping[str, Any], files: Iterable[tuple[str, int]]) -> None:
        """Hold what a run is made of against the run that this journal tells of; keep it where that finished nothing.

        Parameters
        ----------
        settings : mapping
            By name, ready for JSON.
        files : iterable of (str, int)
            The input: places and sizes. They go into the journal one by one, as there may be a million.

        Raises
        ------
        InputError
            If something differs; the message names it.
        """
        given = {name: json.dumps(value, sort_keys=True) for name, value in settings.items()}
        known = dict(self._db.execute("select name, value from run"))
        if known.pop("summary", None) is None and not self.totals.records:
            with self.transaction():
                self._db.execute("delete from run")
                self._db.execute("delete from input")
                self._db.executemany("insert into run values (?, ?)", given.items())
                self._db.executemany("insert into input values (?, ?)", files)
            return
        if told := [
            _difference(name, known.get(name, "null"), given.get(name, "null"))
            for name in {**known, **given}
            if known.get(name) != given.get(name)
        ] + self._other_input(files):
            raise InputError(
                f"{self._path}: the run that began this output differs from this one: {'; '.join(told)}; "
                "give what it was given to continue it, or begin anew with --restart"
            )

    def _other_input(self, files: Iterable[tuple[str, int]]) -> list[str]:
        """Tell in what the input differs, if it does."""
        with self.transaction():
            self._db.execute("create temp table given (place text, size integer)")
            self._db.executemany("insert into given values (?, ?)", files)
        try:
            if self._db.execute(_SAME_INPUT).fetchone()[0]:
                return []
            places = [place for (place,) in self._db.execute(_OTHER_FILES)]
        finally:
            self._db.execute("drop table given")
        more = f" and {len(places) - _SHOWN} more" if len(places) > _SHOWN else ""
        return [f"input {', '.join(places[:_SHOWN])}{more} (names or sizes)" if places else "input (its order)"]

    @property
    def totals(self) -> Totals:
        """How far the run has come."""
        row = self._db.execute("select totals from chunks order by number desc limit 1").fetchone()
        return Totals(**json.loads(row[0])) if row else Totals()

    def digests(self) -> Iterator[bytes]:
        """Yield the digests of the finished chunks, in order."""
        for (digest,) in self._db.execute("select digest from chunks order by number"):
            yield digest

    def seen(self, table: str, hashes: Sequence[int]) -> list[bool]:
        """Add hashes to a table; returns for each whether it stood there before. Call it within a transaction."""
        return [self._db.execute(f"insert or ignore into {table} values (?)", (value,)).rowcount == 0 for value in hashes]

    def finish_chunk(self, number: int, digest: bytes, totals: Totals) -> None:
        """Add a chunk whose output is on the disk. Call it within a transaction."""
        self._db.execute("insert into chunks values (?, ?, ?)", (number, digest, json.dumps(asdict(totals))))

    def finish(self, summary: Mapping[str, Any]) -> None:
        """Add the summary of a run that is complete; the hashes are no longer needed."""
        with self.transaction():
            self._db.execute("insert into run values ('summary', ?)", (json.dumps(summary),))
            for table in (IDS, TEXTS):
                self._db.execute(f"delete from {table}")
        with suppress(sqlite3.Error):  # else they would stand in the file until they are written over
            self._db.execute("vacuum")

    def discard(self) -> None:
        """Remove the file, as of a run that cannot be resumed; the lock lasts until the block is left."""
        if self._path:
            with suppress(OSError):  # a system that removes no open file keeps it
                self._path.unlink()

    @property
    def begun(self) -> bool:
        """Whether it tells of a run."""
        return self._db.execute("select 1 from run limit 1").fetchone() is not None

    @property
    def summary(self) -> dict[str, Any] | None:
        """The summary of a run that is complete."""
        row = self._db.execute("select value from run where name = 'summary'").fetchone()
        return dict(json.loads(row[0])) if row else None

    def _told(self, error: sqlite3.Error) -> InputError | JobError:
        if "locked" in str(error):
            return InputError(f"{self._path}: another run writes this output; let it end, or give another -o")
        if _foreign(error):
            return InputError(f"{self._path}: no journal of a run; move it away, give another -o, or begin anew with --restart")
        return JobError(
            f"{self._path or 'the temporary journal'}: cannot be written ({error}); give room, rights or another -o; "
            "nothing that was finished is lost"
        )


def _foreign(error: sqlite3.Error) -> bool:
    return "not a database" in str(error) or "malformed" in str(error)


def _difference(name: str, was: str, now: str) -> str:
    """Tell what differs, in JSON as it is kept."""
    return f"{name}" if name in _HASHED else f"{name} was {was}, is {now}"
