"""The process that reads PDF files for :mod:`smokkel_nlp.readers.pdf`: a path a line in, a line of JSON out.

PDFium is machine code, and a PDF can be made to break it or to keep it busy. Here it can break no more than this process, within bounds of
memory and time.
"""

from __future__ import annotations

import faulthandler
import json
import sys
from contextlib import suppress
from typing import Any

SECONDS = 60
MAX_PAGES = 20_000
_MEMORY = 2 << 30
_HYPHENS = {0xFFFE: "-\n", 0x02: "-\n"}  # PDFium's signs for a hyphen that ends a line, whose word it joins to the next


def text_of(path: str, max_chars: int) -> tuple[str, str]:
    """Return the text of a PDF, its pages one under the other; or nothing, and why not."""
    import pypdfium2

    try:
        document: Any = pypdfium2.PdfDocument(open(path, "rb"), autoclose=True)  # noqa: SIM115  # the name may be no UTF-8
    except pypdfium2.PdfiumError as error:
        return "", "locked" if "password" in str(error).lower() else "damaged"
    pages, length = [], 0
    try:
        if len(document) > MAX_PAGES:
            return "", "pages"
        for number in range(len(document)):
            page = document[number]
            content = page.get_textpage()
            length += content.count_chars()
            if length > max_chars:
                return "", "long"
            pages.append(content.get_text_range().replace("\r\n", "\n").translate(_HYPHENS))
            content.close()
            page.close()
    except pypdfium2.PdfiumError:
        return "", "damaged"  # a text of which some pages are lost is no text to classify
    finally:
        document.close()
    text = "\n".join(pages)
    return (text, "") if text.strip() else ("", "scan")


def main() -> None:
    """Answer until the input ends; an answer that takes too long ends the process."""
    with suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    import pypdfium2  # noqa: F401  # fails before the greeting where it cannot be loaded

    print("ready", flush=True)
    for line in sys.stdin:
        path, max_chars = json.loads(line)
        faulthandler.dump_traceback_later(SECONDS, exit=True)
        print(json.dumps(text_of(path, max_chars)), flush=True)
        faulthandler.cancel_dump_traceback_later()


if __name__ == "__main__":
    main()
