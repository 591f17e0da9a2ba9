"""Reading: each kind of file, packed or not, in its encoding; damage, bombs, limits; order, places and positions."""

from __future__ import annotations

import configparser
import datetime as dt
import decimal
import gzip
import io
import json
import os
import struct
import subprocess
import sys
import tracemalloc
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import spacy
import srsly
import zstandard
from fuzzing import CARRY, SECRET, TEXTS, WORD, docx, jsonl, parquet, pdf, seeds
from spacy.tokens import Doc, DocBin

from smokkel_nlp import io as smokkel_io
from smokkel_nlp.arrow import to_table
from smokkel_nlp.errors import InputError
from smokkel_nlp.evaluation_page import asked_page, to_html
from smokkel_nlp.extras import EXTRAS
from smokkel_nlp.io import BadRecord, Record, RecordReader, expand, read_records
from smokkel_nlp.readers import compressed, delimited, documents, encodings, inputs, pdf_child
from smokkel_nlp.results import read_results
from smokkel_nlp.writers import writer_for

GZ, ZST = gzip.compress, zstandard.ZstdCompressor().compress
LINES = b"".join(b'{"text": "regel %d"}\n' % number for number in range(2000))


def read(tmp_path: Path, name: str, content: bytes, **options: object) -> tuple[list[Record], list[BadRecord]]:
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    found = list(RecordReader([path], **options))  # type: ignore[arg-type]
    bad = [item for item in found if isinstance(item, BadRecord)]
    assert not any(SECRET in item.reason for item in bad)
    return [item for item in found if isinstance(item, Record)], bad


@pytest.mark.parametrize("kind", [kind for kind in seeds() if kind not in (".txt", ".docx", ".pdf")])
def test_every_kind_gives_the_same_records(tmp_path: Path, kind: str) -> None:
    for content in seeds()[kind]:
        good, bad = read(tmp_path, f"a{kind}", content)
        assert [item.text for item in good] == TEXTS
        assert [item.id for item in good] == ["0", "1", "2", "3"]
        assert not bad


@pytest.mark.parametrize(
    ("content", "encoding", "told"),
    [
        ("é", "utf-8", "utf-8"),
        ("é", "utf-8-sig", "utf-8"),
        ("é", "utf-16", "utf-16-le"),
        ("é", "cp1252", "cp1252"),
        ("e", "ascii", "utf-8"),
    ],
)
@pytest.mark.parametrize("name", ["a.jsonl", "a.csv", "a.txt", "a.csv.gz", "a.jsonl.zst"])
def test_encodings_are_found_and_told(tmp_path: Path, name: str, content: str, encoding: str, told: str) -> None:
    text = {"jsonl": json.dumps({"text": content}, ensure_ascii=False) + "\n", "csv": f"id,text\n1,{content}\n", "txt": content}[
        name.split(".")[1]
    ]
    pack = {"gz": GZ, "zst": ZST}.get(name.rpartition(".")[2], bytes)
    (tmp_path / name).write_bytes(pack(text.encode(encoding)))
    reader = RecordReader([tmp_path / name])
    assert [item.text for item in reader if isinstance(item, Record)] == [content]
    assert reader.encodings == {told: 1}


def test_big_endian_utf16_and_lines_of_two_encodings(tmp_path: Path) -> None:
    good, _ = read(tmp_path, "a.jsonl", b"\xfe\xff" + '{"text": "ਊé"}\n{"text": "twee"}\n'.encode("utf-16-be"))  # U+0A0A holds line feeds
    assert [item.text for item in good] == ["ਊé", "twee"]
    path = tmp_path / "b.jsonl"
    path.write_bytes('{"text": "één"}\n'.encode() + '{"text": "één"}\n'.encode("cp1252"))
    reader = RecordReader([path])
    assert [item.text for item in reader if isinstance(item, Record)] == ["één", "één"]
    assert reader.encodings == {"utf-8, cp1252": 1}


def test_a_byte_at_the_end_of_a_csv_file_decides_for_its_beginning(tmp_path: Path) -> None:
    rows = "".join(f"{number},Éen regel\n" for number in range(30_000))
    good, _ = read(tmp_path, "a.csv", f"id,text\n{rows}".encode("cp1252"))
    assert good[0].text == "Éen regel"
    good, _ = read(tmp_path, "b.csv", b"id,text\n" + b"1,regel\n" * 90_000 + b"2,\x80 \x81\n")
    assert good[-1].text == "€ \x81"
    good, bad = read(tmp_path, "c.csv", "id,text\n1,één\n2,twé".encode()[:-1])
    assert [item.text for item in good] == ["één"]  # cut off within a character: still UTF-8, and the last row is told
    assert len(bad) == 1


@pytest.mark.parametrize("name", ["a.jsonl", "a.csv", "a.txt"])
def test_an_encoding_of_ones_own_is_taken_and_bytes_that_do_not_fit_are_told(tmp_path: Path, name: str) -> None:
    whole = {"jsonl": b'{"text": "1"}\n{"text": "%s"}\n', "csv": b"text\n1\n%s\n", "txt": b"%s"}[name[2:]]
    good, bad = read(tmp_path, name, whole % b"\xe9\xa4", encoding="iso8859-15")
    assert good[-1].text == "é€"
    good, bad = read(tmp_path, name, whole % b"goed \xe9 goed", encoding="UTF8")
    assert len(good) == (name != "a.txt")
    assert "do not fit the encoding" in bad[0].reason
    good, bad = read(tmp_path, name, (whole % b"goed").decode().encode("utf-16-be"), encoding="utf-16-be")
    assert good[-1].text == "goed"
    assert not bad


@pytest.mark.parametrize("name", ["utf-99", "hex", "idna", "undefined", ""])
def test_unknown_encodings(tmp_path: Path, name: str) -> None:
    (tmp_path / "a.txt").write_text("x")
    with pytest.raises(InputError, match="no encoding is called"):
        RecordReader([tmp_path / "a.txt"], encoding=name)


@pytest.mark.parametrize(("name", "pack"), [("a.jsonl.gz", GZ), ("a.jsonl.zst", ZST)])
def test_a_packed_file_that_is_cut_or_damaged_gives_what_came_before(tmp_path: Path, name: str, pack: object) -> None:
    first, second = (pack(LINES), pack(LINES.replace(b"regel", b"later")))  # type: ignore[operator]
    good, bad = read(tmp_path, name, first + second)
    assert len(good) == 4000
    assert not bad
    good, bad = read(tmp_path, name, first + second[:-300])
    assert 2000 <= len(good) < 4000
    assert [item.place for item in bad] == [f"{tmp_path / name}:{len(good) + 1}"]
    assert "is cut off here" in bad[0].reason
    good, bad = read(tmp_path, name, first + b"\x01rommel")
    assert len(good) == 2000
    assert "is damaged here" in bad[0].reason
    good, bad = read(tmp_path, name, b"")
    assert len(bad) == 1
    assert read(tmp_path, name, first + b"\0" * 600)[1] == [] or "zst" in name


@pytest.mark.parametrize(("name", "pack"), [("a.jsonl.gz", GZ), ("a.csv.zst", ZST)])
def test_what_unpacks_to_far_more_than_it_holds_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, pack: object
) -> None:
    monkeypatch.setattr(compressed, "MAX_INFLATED", 1 << 20)
    content = b'text\n{"text": "goed"}\n' + b"\n" * (1 << 21)
    good, bad = read(tmp_path, name, pack(content))  # type: ignore[operator]
    assert len(good) == ("gz" in name)  # of zstd a step of the file gives all this at once
    assert "unpacks to over" in bad[-1].reason
    ordinary = b"text\n" + np.random.default_rng(0).integers(97, 122, 1_200_000, np.uint8).tobytes().replace(b"b", b"\n")
    assert read(tmp_path, name.replace("jsonl", "csv"), pack(ordinary))[1] == []  # type: ignore[operator]


def test_a_docbin_that_unpacks_to_far_more_than_it_holds_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compressed, "MAX_INFLATED", 1 << 20)
    _, bad = read(tmp_path, "a.spacy", zlib.compress(srsly.msgpack_dumps({"tokens": b"\0" * (1 << 23)})))
    assert "unpacks to over" in bad[0].reason


def test_a_text_or_line_over_the_limit_is_told_and_the_rest_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (inputs, encodings, delimited, documents):
        monkeypatch.setattr(module, "MAX_CHARS", 100)
    long = "x" * 200
    for name in ("a.jsonl", "a.csv", "b.jsonl"):
        line = f'{{"text": "{long}"}}' if "jsonl" in name else long
        head = "" if "jsonl" in name else "text\n"
        rest = '{"text": "goed"}' if "jsonl" in name else "goed"
        encoding = "utf-16" if name.startswith("b") else "utf-8"
        good, bad = read(tmp_path, name, f"{head}{line}\n{rest}\n".encode(encoding))
        assert [item.text for item in good] == ["goed"]
        assert ["which is the limit" in item.reason for item in bad] == [True]
    assert "over the limit" in read(tmp_path, "a.txt", long.encode())[1][0].reason
    assert "over 100 characters" in read(tmp_path, "a.txt", b"x" * 500)[1][0].reason
    assert "over 100 characters" in read(tmp_path, "a.docx", docx(f"<w:p><w:r><w:t>{long}</w:t></w:r></w:p>"))[1][0].reason
    good, bad = read(tmp_path, "q.csv", ('id,text\n1,"open\n' + "2,woord\n" * 40).encode())
    assert good[-1].text == "woord"
    assert "lines 2 to 14 were skipped" in bad[0].reason


def test_memory_stays_bounded_under_a_quote_that_does_not_close(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (inputs, encodings, delimited):
        monkeypatch.setattr(module, "MAX_CHARS", 1 << 18)
    for name in ("a.csv", "a.jsonl"):
        (tmp_path / name).write_bytes(b'id,text\n1,"' + (b"x" * 99 + b"\n" * (name == "a.csv")) * 100_000)
    tracemalloc.start()
    try:
        assert all(isinstance(item, BadRecord) for item in read_records([tmp_path / "a.csv", tmp_path / "a.jsonl"]))
        assert tracemalloc.get_traced_memory()[1] < 6 << 20
    finally:
        tracemalloc.stop()


def test_csv_rows_with_bad_quotes_or_cells(tmp_path: Path) -> None:
    content = b'id,text\n1,goed\n2,"fout"x\n3,goed\n4,te,veel\n5\n6,goed,,\n\n7,"twee\nregels"\n8,"open\n9,x\n'
    good, bad = read(tmp_path, "a.csv", content)
    path = tmp_path / "a.csv"
    assert [(item.id, item.place) for item in good] == [("1", f"{path}:2"), ("3", f"{path}:4"), ("6", f"{path}:7"), ("7", f"{path}:9")]
    assert [item.place for item in bad] == [f"{path}:{line}" for line in (3, 5, 6, 11)]
    assert "lines 11 to 12 were skipped" in bad[-1].reason
    assert "may be cut off" in read(tmp_path, "a.csv", b"id,text,datum\n1,goed,x\n2,hal")[1][0].reason


def test_csv_line_ends_and_delimiters(tmp_path: Path) -> None:
    for end in (b"\n", b"\r\n", b"\r"):
        for delimiter in (b",", b";", b"\t"):
            good, _ = read(tmp_path, "a.csv", end.join([b"id,text".replace(b",", delimiter), b"1,een".replace(b",", delimiter), b""]))
            assert [item.text for item in good] == ["een"]
    good, _ = read(tmp_path, "a.tsv", b"text\tid\ta,b,c,d\n,\t1\t,\n")
    assert good[0].text == ","


@pytest.mark.parametrize("name", ["a.csv", "a.parquet"])
def test_a_missing_column_is_told_with_the_columns_there_are(tmp_path: Path, name: str) -> None:
    columns = {"nr": ["1"], "tekst": ["x"], f"Een zin: het {SECRET}": ["y"]}
    if name == "a.csv":
        content = "\n".join([",".join(columns), ",".join(cell for [cell] in columns.values())]).encode()
    else:
        pq.write_table(pa.table(columns), out := io.BytesIO())
        content = out.getvalue()
    with pytest.raises(InputError, match=r"no column 'text'; .*--text-field \(there is nr, tekst, 1 more\)"):
        read(tmp_path, name, content)
    with pytest.raises(InputError, match=r"no column 'datum' to carry along; .*\(there is nr, tekst, 1 more\)"):
        read(tmp_path, name, content, text_field="tekst", carry=["datum"])


@pytest.mark.parametrize("name", ["a.csv", "a.parquet"])
def test_the_column_of_ids_is_one_that_is_there(tmp_path: Path, name: str) -> None:
    def table(*columns: str) -> bytes:
        if name == "a.csv":
            return "\n".join([",".join(columns), ",".join("x" for _ in columns)]).encode()
        pq.write_table(pa.Table.from_arrays([pa.array(["x"])] * len(columns), list(columns)), out := io.BytesIO())
        return out.getvalue()

    with pytest.raises(InputError, match=r"no column 'zaaknr' for the id; give another --id-field \(there is text, nr\)"):
        read(tmp_path, name, table("text", "nr"), id_field="zaaknr")
    assert read(tmp_path, name, table("text", "nr"))[0][0].id.startswith(str(tmp_path))
    for asked in ({"id_field": "nr"}, {"carry": ["nr"]}):
        with pytest.raises(InputError, match=r"column 'nr' stands twice; rename one"):
            read(tmp_path, name, table("text", "nr", "nr"), **asked)


def test_a_pipe_is_told_how_to_be_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.jsonl")
    with pytest.raises(InputError, match=r"a\.jsonl: a pipe or device; read it as -"):
        expand([tmp_path / "a.jsonl"])


def test_odd_json(tmp_path: Path) -> None:
    lines = [
        '{"text": "a", "id": 7, "extra": NaN}',
        '{"text": "b", "id": {"x": 1}, "extra": [1e999, -Infinity, 2]}',
        '{"text": "c", "id": null, "extra": ' + "[" * 40 + "]" * 40 + "}",
        '{"text": "d", "extra": ' + "9" * 5000 + "}",
        '{"text": "e\\ud800"}',
        '{"text": "f", "id": "\\udc00"}',
        '{"text": "g", "extra": {"\\ud800": 1}}',
        "[" * 100_000,
        '{"text": "h", "id": "7"}',
        '{"text": "half',
    ]
    good, bad = read(tmp_path, "a.jsonl", "\n".join(lines).encode(), carry=["extra"])
    path = tmp_path / "a.jsonl"
    assert [(item.id, dict(item.fields)) for item in good] == [
        ("7", {"extra": None}),
        ("{'x': 1}", {"extra": [None, None, 2]}),
        ("7", {"extra": None}),
    ]
    assert [item.place for item in bad] == [f"{path}:{line}" for line in (3, 4, 5, 6, 7, 8, 10)]
    assert "nested more than 32 deep" in bad[0].reason
    assert "may be cut off" in bad[-1].reason


def test_carried_fields_of_a_parquet_file(tmp_path: Path) -> None:
    moment = dt.datetime(2024, 5, 1, 12, 30, tzinfo=dt.UTC)
    columns = {
        "text": pa.array([b"financi\xeble", b"x"]),
        "dag": [moment.date(), None],
        "ns": pa.array([1_714_566_600_000_000_001, 2**62], pa.timestamp("ns")),
        "zone": pa.array([moment, moment], pa.timestamp("us", tz="UTC")),
        "som": [decimal.Decimal("1.50"), None],
        "lijst": [[1.5, float("inf")], []],
        "kaart": pa.array([[("a", b"x")], []], pa.map_(pa.string(), pa.binary())),
        "ver": pa.array([2**48, 0], pa.timestamp("ms")),
    }
    pq.write_table(pa.table(columns), out := io.BytesIO())
    good, bad = read(tmp_path, "a.parquet", out.getvalue(), carry=[name for name in columns if name not in ("text", "ver")])
    assert good[0].text == "financiële"
    assert dict(good[0].fields) == {
        "dag": "2024-05-01",
        "ns": "2024-05-01T12:30:00",
        "zone": "2024-05-01T12:30:00+00:00",
        "som": "1.50",
        "lijst": [1.5, None],
        "kaart": [["a", "eA=="]],
    }
    good, bad = read(tmp_path, "a.parquet", out.getvalue(), carry=["ver"])
    assert [item.place for item in (*bad, *good)] == [f"{tmp_path / 'a.parquet'}:1", f"{tmp_path / 'a.parquet'}:2"]
    assert "field 'ver' holds a value that cannot be read" in bad[0].reason


def test_one_long_text_repeated_in_a_parquet_file_takes_little_memory(tmp_path: Path) -> None:
    pq.write_table(pa.table({"text": ["x" * 1_000_000] * 300}), tmp_path / "a.parquet", dictionary_pagesize_limit=1 << 30)
    before = pa.total_allocated_bytes()
    peak = max(pa.total_allocated_bytes() - before for _ in read_records([tmp_path / "a.parquet"]))
    assert peak < 30 << 20


def test_docbin_texts_ids_and_fields(tmp_path: Path) -> None:
    nlp, docs = spacy.blank("nl"), DocBin(store_user_data=True)
    Doc.set_extension("zaaknummer", default=None)
    try:
        doc = nlp("Een  fiets. NOUN \n")
        doc.user_data.update({"datum": "gisteren", "lijst": (1, 2)})
        doc._.zaaknummer = 12
        for one in (doc, nlp(""), Doc(nlp.vocab, words=["geen", "spaties"])):
            docs.add(one)
    finally:
        Doc.remove_extension("zaaknummer")
    good, bad = read(tmp_path, "a.spacy", docs.to_bytes(), id_field="zaaknummer", carry=["datum", "lijst"])
    path = tmp_path / "a.spacy"
    assert [item.text for item in good] == [doc.text for doc in docs.get_docs(nlp.vocab)]
    assert [item.id for item in good] == ["12", f"{path}:2", f"{path}:3"]
    assert dict(good[0].fields) == {"datum": "gisteren", "lijst": [1, 2]}
    assert not bad


def test_a_docbin_of_one_long_word_repeated_is_refused(tmp_path: Path) -> None:
    nlp = spacy.blank("nl")
    docs = DocBin(attrs=["ORTH"], docs=[Doc(nlp.vocab, words=["x" * 100_000] * 300)])
    _, bad = read(tmp_path, "a.spacy", docs.to_bytes())
    assert "over 20,000,000 characters" in bad[0].reason


def test_docx_text_in_order(tmp_path: Path) -> None:
    other = "http://schemas.openxmlformats.org/markup-compatibility/2006"
    body = (
        '<w:p><w:pPr><w:tabs><w:tab w:val="left"/></w:tabs></w:pPr><w:r><w:t>Een</w:t><w:tab/><w:t xml:space="preserve"> twee</w:t></w:r>'
        "<w:del><w:r><w:delText>weg</w:delText></w:r></w:del><w:ins><w:r><w:br/><w:t>&lt;drie&gt;</w:t></w:r></w:ins></w:p>"
        "<w:tbl><w:tr><w:tc><w:p><w:r><w:t>cel</w:t></w:r></w:p></w:tc><w:tc><w:p><w:r><w:t>cel 2</w:t></w:r></w:p></w:tc></w:tr></w:tbl>"
        f'<w:p><w:r><m:AlternateContent xmlns:m="{other}"><m:Choice><w:t>kader</w:t></m:Choice><m:Fallback><w:t>kader</w:t></m:Fallback>'
        "</m:AlternateContent><w:instrText>PAGE</w:instrText><w:noBreakHyphen/></w:r><a:t xmlns:a='ander'>geen tekst</a:t></w:p>"
    )
    [good], _ = read(tmp_path, "a.docx", docx(body))
    assert good.text == "Een\t twee\n<drie>\ncel\ncel 2\nkader-"
    assert good.id == str(tmp_path / "a.docx")
    notes = f'<w:footnotes xmlns:w="{WORD}"><w:footnote><w:p><w:r><w:t>noot</w:t></w:r></w:p></w:footnote></w:footnotes>'
    kind = "application/vnd.openxmlformats-officedocument.wordprocessingml."
    types = "".join(
        f'<Override PartName="/{part}.xml" ContentType="{kind}{what}+xml"/>'
        for part, what in (("n", "footnotes"), ("word/document", "document.main"))
    )
    whole = docx(
        body,
        **{
            "[Content_Types].xml": f'<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">{types}</Types>',
            "n.xml": notes,
        },
    )
    assert read(tmp_path, "a.docx", whole)[0][0].text.endswith("kader-\nnoot")


def _rewritten(content: bytes, field: int, value: int) -> bytes:
    """Change a field of the last entry of a zip's list of parts."""
    place = content.rindex(b"PK\x01\x02")
    return content[: place + field] + struct.pack("<I", value) + content[place + field + 4 :]


BOMBS = {
    "entities": (
        lambda: docx("x", **{"word/document.xml": '<!DOCTYPE a [<!ENTITY b "cc"><!ENTITY d "&b;&b;">]><a>&d;</a>'}),
        "declares a document type",
    ),
    "outside": (lambda: docx("x", **{"word/document.xml": '<!DOCTYPE a SYSTEM "file:///etc/hostname"><a/>'}), "declares a document type"),
    "ratio": (lambda: docx(" " * (20 << 20)), "unpacks to far more"),
    "lie": (lambda: _rewritten(docx(" " * (20 << 20)), 24, 1000), "is damaged"),
    "deep": (lambda: docx("<w:x>" * 600), "nested too deep"),
    "names": (lambda: docx("".join(f"<x{number}/>" for number in range(11_000))), "too many names"),
    "tag": (lambda: docx(f"<w:p x='{'y' * (2 << 20)}'/>"), "a tag too long"),
    "parts": (lambda: _rewritten(docx("x"), 0, 0), "is damaged"),
    "method": (lambda: docx(method=zipfile.ZIP_LZMA), "packed otherwise"),
    "cut": (lambda: docx()[:-30], "is damaged"),
    "empty": (lambda: docx("<w:p/>"), "must be read by OCR first"),
    "old": (lambda: b"\xd0\xcf\x11\xe0" + b"\0" * 100, "password, or an old .doc"),
    "nothing": (lambda: b"", "is damaged"),
    "other": (lambda: docx("x", **{"[Content_Types].xml": "<Types/>"}), "must be read by OCR first"),
}


@pytest.mark.filterwarnings("ignore:Duplicate name")  # the part is given twice; the last one holds
@pytest.mark.parametrize("name", BOMBS)
def test_hostile_documents_are_refused(tmp_path: Path, name: str) -> None:
    make, reason = BOMBS[name]
    good, bad = read(tmp_path, "a.docx", make())
    assert not good
    assert [reason in item.reason for item in bad] == [True]
    assert bad[0].place == str(tmp_path / "a.docx")


def test_a_long_list_of_parts_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(documents, "_MAX_DIRECTORY", 70_000)
    _, bad = read(tmp_path, "a.docx", docx("x", **{f"deel{number}": "" for number in range(2000)}))
    assert "list of parts is too long" in bad[0].reason


def test_pdf_texts_and_what_has_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    [good], _ = read(tmp_path, "a.pdf", pdf("Een fiets, financi\xeble schade.", "Pagina twee."))
    assert good.text == "Een fiets, financiële schade.\nPagina twee."
    [good], _ = read(tmp_path, "a.pdf", pdf("Hij regelde het ver-) Tj 0 -14 Td (voer van 12-) Tj 0 -14 Td (13 mensen."))
    assert good.text == "Hij regelde het ver-\nvoer van 12-\n13 mensen."
    assert "must be read by OCR first" in read(tmp_path, "a.pdf", pdf("", ""))[1][0].reason
    assert "is damaged, or no PDF" in read(tmp_path, "a.pdf", b"%PDF-1.4 niets")[1][0].reason
    path = tmp_path / "b.pdf"
    path.write_bytes(pdf("a", "b", "c"))
    assert pdf_child.text_of(str(path), 2) == ("", "long")
    monkeypatch.setattr(pdf_child, "MAX_PAGES", 2)
    assert pdf_child.text_of(str(path), 9) == ("", "pages")


def test_a_pdf_that_breaks_the_reader_costs_one_record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "breekbaar"
    package.mkdir()
    (package / "kind.py").write_text(
        "import os, sys, json\nprint('ready', flush=True)\nfor line in sys.stdin:\n"
        "    if 'b.pdf' in line: os.abort()\n    print(json.dumps(['goed', '']), flush=True)\n"
    )
    monkeypatch.syspath_prepend(package)
    monkeypatch.setattr(pdf_child, "__name__", "kind")
    for name in "abc":
        (tmp_path / f"{name}.pdf").write_bytes(pdf("x"))
    found = list(read_records([tmp_path]))
    assert [isinstance(item, Record) for item in found] == [True, False, True]
    assert "breaks the reader" in found[1].reason  # type: ignore[union-attr]
    (package / "kind.py").write_text("raise ImportError")
    with pytest.raises(InputError, match="PDFium does not start"):
        list(read_records([tmp_path]))


def test_a_pdf_that_keeps_the_reader_busy_ends_it() -> None:
    busy = "import time; from smokkel_nlp.readers import pdf_child; pdf_child.SECONDS = 0.2; pdf_child.text_of = lambda *_: time.sleep(600); pdf_child.main()"
    asked = subprocess.run([sys.executable, "-c", busy], input='["a.pdf", 1]\n', capture_output=True, text=True)
    assert (asked.stdout, asked.returncode) == ("ready\n", 1)


def test_folders_are_sorted_and_hidden_and_lock_files_are_passed_over(tmp_path: Path) -> None:
    for name in ("b.txt", "a/z.TXT", "a-1.txt", "~$b.docx", ".c.txt", ".git/d.txt", "a/e.csv"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x")
    (tmp_path / "f.docx").write_bytes(docx())
    assert [str(path.relative_to(tmp_path)) for path in expand([tmp_path])] == ["a/z.TXT", "a-1.txt", "b.txt", "f.docx"]
    (tmp_path / "leeg").mkdir()
    with pytest.raises(InputError, match=r"holds no .txt, .docx, .pdf file"):
        expand([tmp_path / "leeg"])


def test_the_files_of_a_folder_are_those_there_were_in_the_order_of_their_paths(tmp_path: Path) -> None:
    names = [
        "a/b/c.txt",
        "a/b.txt",
        "a.txt/d.txt",
        "a.txu.txt",
        "a-.txt",
        "A.txt",
        "é/é.txt",
        "\udcff.txt",
        "z z/\n.txt",
        "a/ a.pdf",
        "b.docx",
    ]
    for name in names:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x")
    elsewhere = tmp_path / ".elders"
    (elsewhere / "map").mkdir(parents=True)
    (elsewhere / "een.txt").touch()
    for link, target in (("link.txt", "een.txt"), ("map", "map"), ("weg.txt", "weg.txt")):
        (tmp_path / link).symlink_to(elsewhere / target)
    (tmp_path / "rond.txt").symlink_to(tmp_path / "rond.txt")
    found = expand([tmp_path, elsewhere / "een.txt"])
    wanted = sorted((tmp_path / name for name in (*names, "link.txt")), key=lambda path: path.parts)
    assert list(found) == [*wanted, elsewhere / "een.txt"]
    (tmp_path / "nieuw.txt").touch()
    (tmp_path / "A.txt").unlink()
    assert list(found) == [*wanted, elsewhere / "een.txt"]  # what is gone is told where it is read
    with pytest.raises(InputError, match=r"A\.txt: no such file any more"):
        list(RecordReader.stats(SimpleNamespace(files=found)))  # type: ignore[arg-type]


def test_names_of_many_files_take_little_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    number = 20_000
    monkeypatch.setattr(smokkel_io, "_inside", lambda folder: (f"zaak-{k:07}.txt" for k in range(number)))
    tracemalloc.start()
    try:
        files = expand([tmp_path])
        assert tracemalloc.get_traced_memory()[1] < 40 * number  # a path takes ten times that
    finally:
        tracemalloc.stop()
    assert sum(1 for _ in files) == number


def test_reading_goes_on_after_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    for name in "abc":
        (tmp_path / f"{name}.txt").write_text(name)
    (tmp_path / "d.parquet").write_bytes(parquet()[:-4])
    reader = RecordReader([tmp_path, tmp_path / "d.parquet"])
    (tmp_path / "b.txt").unlink()
    (tmp_path / "b.txt").mkdir()
    found = list(reader)
    assert [isinstance(item, Record) for item in found] == [True, False, True, False]
    assert "cannot be read" in found[1].reason  # type: ignore[union-attr]
    assert "damaged" in found[3].reason  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("name", "module", "extra"),
    [("a.parquet", "pyarrow", "parquet"), ("a.pdf", "pypdfium2", "documents"), ("a.csv.zst", "zstandard", "zstd")],
)
def test_a_missing_extra_is_told_with_its_install_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, module: str, extra: str
) -> None:
    (tmp_path / name).write_bytes(b"x")
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(InputError, match=rf"{name}: the library {module} is needed; run: pip install 'smokkel_nlp\[{extra}\]'"):
        expand([tmp_path / name])


def test_every_use_of_an_extra_asks_for_it_in_the_same_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "uit.parquet"
    path.touch()
    asking: dict[str, list[Callable[[], object]]] = {
        "pyarrow": [lambda: writer_for(path), lambda: read_results(path), lambda: to_table([]), lambda: expand([path])],
        "matplotlib": [lambda: to_html("x", {}), lambda: asked_page(tmp_path / "uit.html", False, False, False)],
    }
    for module, calls in asking.items():
        with monkeypatch.context() as without:
            without.setitem(sys.modules, module, None)
            for call in calls:
                with pytest.raises(
                    InputError, match=rf": the library {module} is needed; run: pip install 'smokkel_nlp\[{EXTRAS[module]}\]'$"
                ):
                    call()


def test_every_extra_installs_its_library(root: Path) -> None:
    config = configparser.ConfigParser()
    config.read(root / "setup.cfg", encoding="utf8")
    for module, extra in EXTRAS.items():
        assert module in {line.split()[0] for line in config["options.extras_require"][extra].strip().splitlines()}


def test_standard_input_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(jsonl())))
    reader = RecordReader(["-"])
    assert [item.place for item in reader] == ["-:1", "-:2", "-:3", "-:4"]
    assert (list(reader.stats()), reader.position, reader.encodings) == ([], 0, {"utf-8": 1})
    with pytest.raises(InputError, match="can be read once"):
        list(reader)
    with pytest.raises(InputError, match="give it once"):
        RecordReader(["-", "-"])


def _slow(content: bytes) -> Iterator[bytes]:
    yield from (content[place : place + 1] for place in range(len(content)))


def test_a_mark_that_comes_byte_by_byte_is_seen() -> None:
    stream = compressed.buffered(_slow(jsonl().decode().encode("utf-16")))
    assert encodings.marked(stream.peek(4)) == "utf-16-le"


def test_two_readings_give_the_same_and_the_position_runs_to_the_end(tmp_path: Path) -> None:
    (tmp_path / "map").mkdir()
    for kind, [content, *_] in seeds().items():
        (tmp_path / f"a{kind}").write_bytes(content)
    (tmp_path / "map" / "z.txt").write_text("x")
    (tmp_path / "b.csv").write_bytes(b"text,id,datum,extra\n" + b"1,2,3,4\n" * 70_000)
    (tmp_path / "c.jsonl.gz").write_bytes(gzip.compress(jsonl())[:-9])
    paths = [tmp_path / "map", *sorted(path for path in tmp_path.iterdir() if path.is_file())]
    reader = RecordReader(paths, carry=CARRY)
    first, places = [], []
    for item in reader:
        first.append(item)
        places.append(reader.position)
    assert places == sorted(places)
    assert len(set(places)) > len(paths)
    assert reader.position == sum(file.st_size for _, file in reader.stats())
    assert first == list(reader)
    assert all(set(item.fields) == set(CARRY) for item in first if isinstance(item, Record))


def test_readers_that_are_left_halfway_leave_nothing_open(tmp_path: Path) -> None:
    for kind, [content, *_] in seeds().items():
        (tmp_path / f"a{kind}").write_bytes(content)
        reading = iter(RecordReader([tmp_path / f"a{kind}"]))
        assert isinstance(next(reading), Record)
        del reading  # an unclosed file or process would be a warning, which is an error here


def test_a_name_that_is_no_text_gives_a_place_that_is(tmp_path: Path) -> None:
    path = tmp_path / b"zaak\xff.txt".decode(errors="surrogateescape")
    try:
        path.write_text("x")
    except OSError:
        pytest.skip("this disk takes no such name")
    [found] = read_records([path])
    assert found.place.encode().endswith(rb"zaak\udcff.txt")
