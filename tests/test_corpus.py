"""The corpus: built from its sources, complete, and nobody else's text."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from smokkel_nlp.corpus import build, class_name, dump, is_near_miss, parse_markup, read_gold
from smokkel_nlp.errors import CorpusError
from smokkel_nlp.taxonomy import load_taxonomy

HEAD = "@@ x-1\ngenre: mutatie\nmensensmokkel: vermoed\nmensenhandel: -\n\n"


@pytest.fixture(scope="module")
def records(root: Path) -> list[dict[str, Any]]:
    return [record for split in ("train", "dev", "test") for record in read_gold(root / "corpus" / f"{split}.jsonl")]


def test_built_files_equal_the_sources(root: Path) -> None:
    for split, documents in build(root / "corpus").items():
        assert (root / "corpus" / f"{split}.jsonl").read_text(encoding="utf8") == dump(documents)


def test_size_and_spread(records: list[dict[str, Any]]) -> None:
    assert len(records) >= 400
    cells = Counter((record["genre"], class_name(record)) for record in records)
    genres = {genre for genre, _ in cells}
    assert len(genres) >= 10
    for genre in genres:
        for name in ("mensensmokkel", "mensenhandel", "beide", "geen"):
            assert cells[genre, name], f"{genre} has no {name}"
    tags = Counter(tag for record in records for tag in record["mo"])
    assert min(tags[tag] for tag in load_taxonomy().tag_ids) >= 15
    assert sum(map(is_near_miss, records)) >= 80


def test_offsets_and_schema(records: list[dict[str, Any]]) -> None:
    fields = (
        "id",
        "text",
        "genre",
        "region",
        "mensensmokkel",
        "mensenhandel",
        "status",
        "mo",
        "mentions",
        "elements",
        "nabij_delict",
        "twijfel",
    )
    for record in records:
        assert set(fields) <= set(record)
        for mention in record["mentions"]:
            assert record["text"][mention["start"] : mention["end"]] == mention["text"]
        assert "{{" not in record["text"]
    assert len({record["text"] for record in records}) == len(records)


def test_pairs_are_two_texts_of_one_split(records: list[dict[str, Any]]) -> None:
    pairs: dict[str, list[dict[str, Any]]] = {}
    for record in records:
        if record["pair"]:
            pairs.setdefault(record["pair"], []).append(record)
    assert len(pairs) >= 40
    for members in pairs.values():
        assert len(members) == 2
        assert len({member["split"] for member in members}) == 1


FORMULA_GENRES = {"vonnis", "vonnis_samenvatting", "tenlastelegging", "wet_regeling", "kamerbrief"}


def test_no_text_of_anyone_else(records: list[dict[str, Any]], shared: Path) -> None:
    """No run of ten words stands in the real texts too; where statute and court formulas are the genre, no run of forty."""
    word = re.compile(r"\w+")

    def grams(text: str, n: int) -> set[str]:
        words = word.findall(text.lower())
        return {" ".join(words[i : i + n]) for i in range(len(words) - n + 1)}

    real: dict[int, set[str]] = {10: set(), 40: set()}
    for path in (shared / "realtext").glob("dev_*.jsonl"):
        for line in path.read_text(encoding="utf8").split("\n"):
            if line:
                for n, seen in real.items():
                    seen |= grams(json.loads(line)["text"], n)
    for record in records:
        n = 40 if record["genre"] in FORMULA_GENRES else 10
        assert not grams(record["text"], n) & real[n], record["id"]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("{{onderdak|feitelijk::x}}", "must be tag|status|source"),
        ("{{huis|feitelijk|overig::x}}", "'huis' is no tag"),
        ("{{onderdak|feitelijk|overig::x", "is never closed"),
        ("x}}", "without an open mention"),
        ("{{onderdak|feitelijk|overig:: x}}", "white space"),
        ("{{onderdak|feitelijk|overig::x}}{{/onderdak}}", "not open"),
    ],
)
def test_marks_that_are_wrong_are_told(body: str, message: str) -> None:
    with pytest.raises(CorpusError, match=re.escape(message)):
        parse_markup(body, load_taxonomy(), "plaats")


def test_crossing_mentions() -> None:
    body = "Er {{onderdak|feitelijk|overig::sliepen {{levensgevaar|vermoed|om::zes man{{/onderdak}} zonder lucht}}."
    text, mentions = parse_markup(body, load_taxonomy(), "plaats")
    assert text == "Er sliepen zes man zonder lucht."
    assert [(m["tag"], m["text"]) for m in mentions] == [("onderdak", "sliepen zes man"), ("levensgevaar", "zes man zonder lucht")]


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (HEAD.replace("mutatie", "roman") + "x", "genre 'roman' is unknown"),
        (HEAD.replace("vermoed", "zeker") + "x", "mensensmokkel must be '-' or one of"),
        (HEAD + "{{arbeidsuitbuiting|feitelijk|overig::x}}", "arbeidsuitbuiting holds but mensenhandel is 0"),
        (HEAD.replace("genre", "soort") + "x", "'soort' is no field"),
        (HEAD + "x\n" + HEAD + "x", "id x-1 stands 2 times"),
        ("los\n" + HEAD + "x", "text before the first"),
    ],
)
def test_source_errors_name_file_and_mend(tmp_path: Path, source: str, message: str) -> None:
    folder = tmp_path / "source" / "train"
    folder.mkdir(parents=True)
    (folder / "bron.txt").write_text(source, encoding="utf8")
    with pytest.raises(CorpusError, match=re.escape(message)):
        build(tmp_path)
