"""Where a run writes: a file that grows, a folder of parts, or a stream. What is written is on the disk before it counts."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from smokkel_nlp.errors import InputError, JobError

_DIGITS = 6
_UNFINISHED = ".tmp"


class Sink(Protocol):
    """Where records go. ``size`` says how far it has come: bytes of a file, parts of a folder."""

    size: int

    def check(self, size: int) -> None:
        """Raise an InputError if it holds less than a size."""
        ...

    def cut(self, size: int) -> None:
        """Go back to a size; what came after it is removed."""
        ...

    def append(self, content: bytes) -> None:
        """Add content, on the disk when this returns."""
        ...

    def close(self) -> None:
        """Let go of it."""
        ...


@contextmanager
def writing(path: str | os.PathLike[str]) -> Iterator[None]:
    """Tell what keeps a path from being written as an error with its mend.

    Raises
    ------
    JobError
    """
    try:
        yield
    except OSError as error:
        raise JobError(
            f"{os.fspath(path)}: cannot be written ({error.strerror or type(error).__name__}); "
            "give room, rights or another -o; nothing that was finished is lost"
        ) from error


class Growing:
    """A file that grows at its end; it is made at the first content."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._handle: int | None = None
        self.size = 0

    def check(self, size: int) -> None:
        """Check that the file is as long as that.

        Raises
        ------
        InputError
        """
        if self._length() < size:
            raise InputError(
                f"{self._path}: shorter than its journal says, so it was changed or moved; put it back, or begin anew with --restart"
            )

    def cut(self, size: int) -> None:
        """Go back to a size."""
        self.check(size)
        with writing(self._path):
            if self._length() > size:
                os.truncate(self._path, size)
        self.size = size

    def _length(self) -> int:
        return self._path.stat().st_size if self._path.exists() else 0

    def append(self, content: bytes) -> None:
        """Add content."""
        with writing(self._path):
            if self._handle is None:
                self._handle = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0), 0o666)
                _sync_folder(self._path.parent)
            _write(self._handle, content)
            os.fsync(self._handle)
        self.size += len(content)

    def close(self) -> None:
        """Close the file."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None


class Parts:
    """A folder of numbered files, each complete in itself: there whole or not at all."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.size = 0

    def _part(self, number: int) -> Path:
        return self._folder / f"part-{number:0{_DIGITS}}{self._folder.suffix.lower()}"

    def check(self, size: int) -> None:
        """Check that the parts are there.

        Raises
        ------
        InputError
        """
        for number in range(size):
            if not self._part(number).is_file():
                raise InputError(f"{self._part(number)}: gone, though its journal has it; put it back, or begin anew with --restart")

    def cut(self, size: int) -> None:
        """Go back to a number of parts."""
        self.check(size)
        wanted = {self._part(number) for number in range(size)}
        with writing(self._folder):
            self._folder.mkdir(exist_ok=True)
            _sync_folder(self._folder.parent)
            for path in self._folder.glob("part-*"):
                if path not in wanted:
                    path.unlink()
        self.size = size

    def append(self, content: bytes) -> None:
        """Add a part."""
        path = self._part(self.size)
        unfinished = path.with_name(path.name + _UNFINISHED)
        with writing(path):
            with unfinished.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            os.replace(unfinished, path)
            _sync_folder(self._folder)
        self.size += 1

    def close(self) -> None:
        """Nothing is open."""


class Stream:
    """Standard output, or a device or pipe by its path: what was written cannot be taken back."""

    def __init__(self, path: Path | None) -> None:
        self._name = path or "standard output"
        with writing(self._name):
            self._file: Any = open(path, "wb", buffering=0) if path else getattr(sys.stdout.buffer, "raw", sys.stdout.buffer)  # noqa: SIM115
        self._own = path is not None
        self.size = 0

    def check(self, size: int) -> None:
        """Nothing can be known."""

    def cut(self, size: int) -> None:
        """Nothing was written yet."""

    def append(self, content: bytes) -> None:
        """Write content."""
        with writing(self._name):
            view = memoryview(content)
            while view:
                view = view[self._file.write(view) :]
        self.size += len(content)

    def close(self) -> None:
        """Close what was opened here."""
        if self._own:
            self._file.close()


def is_stream(path: str | os.PathLike[str]) -> bool:
    """Tell whether an output is standard output, a device or a pipe."""
    if os.fspath(path) == "-":
        return True
    try:
        mode = os.stat(path).st_mode
    except OSError:
        return False
    return not stat.S_ISREG(mode) and not stat.S_ISDIR(mode)


def _write(handle: int, content: bytes) -> None:
    view = memoryview(content)
    while view:
        view = view[os.write(handle, view) :]


def _sync_folder(folder: Path) -> None:
    """Write to the disk which files a folder holds; other systems than POSIX do so by themselves."""
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
