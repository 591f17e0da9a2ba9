"""Records from PDF files, read in a process of its own, so that a file that breaks the reader breaks nothing else."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from types import TracebackType

from smokkel_nlp.errors import InputError
from smokkel_nlp.readers import pdf_child
from smokkel_nlp.readers.compressed import Source
from smokkel_nlp.readers.inputs import BadRecord, Record, Wanted
from smokkel_nlp.text import MAX_CHARS

_REASONS = {
    "damaged": "is damaged, or no PDF; get the file anew",
    "locked": "is locked with a password; store it without one",
    "pages": f"has over {pdf_child.MAX_PAGES:,} pages, which is the limit; split it",
    "long": f"a text of over {MAX_CHARS:,} characters, which is the limit; split it",
    "scan": "has no layer of text: it is a scan, and must be read by OCR first",
}
_BROKEN = f"breaks the reader of PDF files, or keeps it busy for over {pdf_child.SECONDS} seconds; store it anew"


class PdfReader:
    """Reads PDF files; the process is started with the first and ended when the block is left.

    Raises
    ------
    InputError
        If PDFium cannot be loaded.
    """

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> PdfReader:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._stop()

    def read(self, source: Source, wanted: Wanted) -> Iterator[Record | BadRecord]:
        """Yield the record of a PDF file."""
        try:
            with source.path.open("rb") as file:
                source.done = file.seek(0, os.SEEK_END)
        except OSError as error:
            yield BadRecord(source.place, f"cannot be read ({error.strerror}); check its rights")
            return
        answer = self._ask(json.dumps([str(source.path.absolute()), MAX_CHARS]))
        if not answer:
            self._stop()
            yield BadRecord(source.place, _BROKEN)
            return
        text, reason = json.loads(answer)
        yield BadRecord(source.place, _REASONS[reason]) if reason else wanted.document(source.place, text)

    def _ask(self, question: str) -> str:
        process = self._process = self._process or _started()
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            process.stdin.write(question + "\n")
            process.stdin.flush()
            answer = process.stdout.readline()
        except OSError:
            return ""
        return answer if answer.endswith("\n") else ""

    def _stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None


def _started() -> subprocess.Popen[str]:
    """Start the process, out of reach of the signals that a terminal or scheduler sends to the whole job."""
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", pdf_child.__name__],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        encoding="utf8",
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        start_new_session=True,
    )
    assert process.stdout is not None
    if process.stdout.readline() != "ready\n":
        process.kill()
        process.communicate()
        raise InputError("PDF files cannot be read: PDFium does not start; run: pip install --force-reinstall pypdfium2")
    return process
