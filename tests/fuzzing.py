"""Valid files of every kind, ways to damage them, and what must hold of whatever is read."""

from __future__ import annotations

import gzip
import io
import json
import random
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import spacy
import zstandard
from spacy.tokens import Doc, DocBin

from smokkel_nlp.errors import InputError
from smokkel_nlp.io import BadRecord, Record, RecordReader

SECRET = "geheim woord staat hier"  # in every text, so in no reason
TEXTS = [
    f"Het {SECRET}. Een fiets werd gestolen bij het station.",
    f"Zes mensen zaten in een bestelbus; het {SECRET}.\nDe financiële schade is € 500.",
    f'Hij zei: "niets", en het {SECRET}.',
    f"Het {SECRET}, " + "en de markt was open " * 40,
]
CARRY = ["datum", "extra"]
WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"


def jsonl() -> bytes:
    extra = [None, 1.5, {"a": [1, "é"]}, "x"]
    rows = [{"id": n, "text": text, "datum": "2024-05-01", "extra": extra[n]} for n, text in enumerate(TEXTS)]
    return "".join(json.dumps(row, ensure_ascii=bool(row["id"] % 2)) + "\n" for row in rows).encode()


def table(delimiter: str = ";") -> bytes:
    cells = [["id", "text", "datum", "extra"], *([str(n), text, "2024-05-01", "é"] for n, text in enumerate(TEXTS))]
    return "".join(delimiter.join('"' + cell.replace('"', '""') + '"' for cell in row) + "\r\n" for row in cells).encode()


def parquet(**options: object) -> bytes:
    columns = {"id": range(len(TEXTS)), "text": TEXTS, "datum": [1.5, None, 2.0, 3.0], "extra": [b"a", b"", None, b"\xff"]}
    out = io.BytesIO()
    pq.write_table(pa.table({name: list(cells) for name, cells in columns.items()}), out, **options)
    return out.getvalue()


def docbin() -> bytes:
    docs, nlp = DocBin(attrs=["ORTH"], store_user_data=True), spacy.blank("nl")
    for number, text in enumerate(TEXTS):
        doc: Doc = nlp(text)
        doc.user_data.update({"id": number, "datum": "2024-05-01"})
        docs.add(doc)
    return docs.to_bytes()


def docx(paragraphs: str | None = None, *, method: int = zipfile.ZIP_DEFLATED, **parts: str) -> bytes:
    """Return a Word document of ready-made XML, or of the texts."""
    body = paragraphs or "".join(f"<w:p><w:r><w:t>{text.replace('&', '&amp;')}</w:t></w:r></w:p>" for text in TEXTS)
    document = f'<?xml version="1.0"?><w:document xmlns:w="{WORD}"><w:body>{body}</w:body></w:document>'
    override = f'<Override PartName="/word/document.xml" ContentType="{TYPE}"/>'
    types = f'<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">{override}</Types>'
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, content in {"[Content_Types].xml": types, "word/document.xml": document, **parts}.items():
            archive.writestr(zipfile.ZipInfo(name), content, method)
    return out.getvalue()


def pdf(*pages: str) -> bytes:
    """Return a PDF with a line of text on each page; an empty one has no text."""
    fonts = b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>"
    kids = " ".join(f"{4 + 2 * number} 0 R" for number in range(len(pages)))
    objects = [b"<< /Type /Catalog /Pages 2 0 R >>", f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>".encode(), fonts]
    for number, page in enumerate(pages):
        box = "/MediaBox [0 0 900 500] /Resources << /Font << /F1 3 0 R >> >>"
        content = f"BT /F1 12 Tf 20 400 Td ({page}) Tj ET".encode("cp1252") if page else b""
        objects.append(f"<< /Type /Page /Parent 2 0 R {box} /Contents {5 + 2 * number} 0 R >>".encode())
        objects.append(f"<< /Length {len(content)} >>\nstream\n".encode() + content + b"\nendstream")
    out, places = b"%PDF-1.4\n", []
    for number, content in enumerate(objects, start=1):
        places.append(len(out))
        out += f"{number} 0 obj\n".encode() + content + b"\nendobj\n"
    table_ = "".join(f"{place:010} 00000 n \n" for place in places)
    tail = f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table_}trailer << /Size {len(objects) + 1} /Root 1 0 R >>\n"
    return out + tail.encode() + f"startxref\n{len(out)}\n%%EOF\n".encode()


def seeds() -> dict[str, list[bytes]]:
    """Return valid files by ending."""
    zst = zstandard.ZstdCompressor().compress
    lines, cells = jsonl(), table()
    return {
        ".jsonl": [lines, lines.decode().encode("utf-16"), lines.decode().encode("cp1252"), b"\xef\xbb\xbf" + lines],
        ".jsonl.gz": [gzip.compress(lines, mtime=0), gzip.compress(lines[:700], mtime=0) + gzip.compress(lines[700:], mtime=0)],
        ".jsonl.zst": [zst(lines), zst(lines[:700]) + zst(lines[700:])],
        ".csv": [cells, table(","), cells.decode().encode("utf-16"), cells.decode().encode("cp1252")],
        ".csv.gz": [gzip.compress(cells, mtime=0)],
        ".tsv.zst": [zst(table("\t"))],
        ".parquet": [parquet(), parquet(compression="none"), parquet(compression="zstd", use_dictionary=False, data_page_version="2.0")],
        ".txt": [text.encode(encoding) for text in TEXTS for encoding in ("utf8", "utf-16", "cp1252")],
        ".docx": [docx(), docx(method=zipfile.ZIP_STORED)],
        ".pdf": [pdf(TEXTS[0], TEXTS[2]), pdf(TEXTS[0])],
        ".spacy": [docbin()],
    }


_JSON = [
    '"',
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "\\",
    "\n",
    "NaN",
    "1e999",
    "-Infinity",
    "\\ud800",
    "null",
    "9" * 5000,
    "[" * 3000,
    '{"text":',
    "\ufeff",
]
_CSV = ['"', '""', ";", ",", "\t", "\n", "\r", "\r\n", "\0", '";"', 'x"', "\ufeff", "id;text\n"]
_XML = ["<w:p>", "</w:p>", '<!DOCTYPE a [<!ENTITY b "c">]>', "&b;", "<![CDATA[", "<w:t", "<w:tab/>", "<x y='z'>" * 600, "<!--", "\0"]
_TOKENS = {"jsonl": _JSON, "csv": _CSV, "tsv": _CSV, "docx": _XML}


def damaged(data: bytes, draw: random.Random, tokens: Sequence[str] = ()) -> bytes:
    """Return a file with some bytes flipped, cut, inserted or said twice; now and then only noise."""
    if draw.random() < 0.03:
        return data[: draw.choice((0, 4, 16))] + draw.randbytes(draw.randrange(400))
    raw = bytearray(data)
    for _ in range(draw.choice((1, 1, 1, 2, 4, 16))):
        place, length = draw.randrange(len(raw) + 1), draw.choice((1, 2, 8, 60))
        match draw.randrange(6):
            case 0 if raw:
                raw[place % len(raw)] ^= 1 << draw.randrange(8)
            case 1:
                raw[place : place + length] = draw.randbytes(length)
            case 2:
                del raw[place : place + length]
            case 3:
                del raw[place:]
            case 4:
                raw[place:place] = raw[draw.randrange(len(raw) + 1) :][: length * 4] * draw.choice((1, 2, 50))
            case 5 if tokens:
                raw[place:place] = draw.choice(tokens).encode()
    return bytes(raw)


def inside(kind: str, draw: random.Random) -> bytes | None:
    """Return a packed file that is sound outside and damaged within; None for kinds that have no inside."""
    match kind:
        case ".jsonl.gz":
            return gzip.compress(damaged(jsonl(), draw, _JSON), 1, mtime=0)
        case ".csv.gz":
            return gzip.compress(damaged(table(), draw, _CSV), 1, mtime=0)
        case ".docx":
            body = damaged("".join(f"<w:p><w:r><w:t>{text}</w:t></w:r></w:p>" for text in TEXTS).encode(), draw, _XML)
            return docx(body.decode(errors="replace"))
        case ".spacy":
            return zlib.compress(damaged(zlib.decompress(_DOCBIN), draw), 1)
    return None


_DOCBIN = docbin()


def inputs(kind: str, files: Sequence[bytes], draw: random.Random) -> Callable[[], bytes]:
    """Return a source of damaged files of a kind."""
    tokens = _TOKENS.get(kind.split(".")[1], ()) if kind.count(".") == 1 else ()

    def one() -> bytes:
        made = inside(kind, draw) if draw.random() < 0.5 else None
        return damaged(draw.choice(files), draw, tokens) if made is None else made

    return one


def outcome(paths: Sequence[Path], encoding: str | None = None) -> Counter[str]:
    """Read files, and check what must hold of whatever comes of them; returns what came."""
    found: Counter[str] = Counter()
    try:
        for item in RecordReader(paths, carry=CARRY, encoding=encoding):
            found[type(item).__name__] += 1
            if isinstance(item, Record):
                (item.text + item.id + json.dumps(dict(item.fields), allow_nan=False)).encode()
            else:
                assert isinstance(item, BadRecord)
                assert SECRET not in item.reason
                assert item.place.startswith(tuple(map(str, paths)))
    except InputError as error:
        assert SECRET not in str(error)  # noqa: PT017  # an error is no failure here
        found["InputError"] += 1
    return found
