"""The corpus: built from its sources, complete, and nobody else's text."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from smokkel_nlp.corpus import SNIPPETS, SPLITS, build, card_with, dump, parse_markup, read_gold
from smokkel_nlp.corpus_checks import counts_of
from smokkel_nlp.errors import CorpusError
from smokkel_nlp.taxonomy import load_taxonomy
from smokkel_nlp.training import groups_of

HEAD = "@@ x-1\ngenre: mutatie\nmensensmokkel: vermoed\nmensenhandel: -\n\n"


@pytest.fixture(scope="module")
def records(root: Path) -> list[dict[str, Any]]:
    return [record for split in (*SPLITS, SNIPPETS) for record in read_gold(root / "corpus" / f"{split}.jsonl")]


def test_built_files_equal_the_sources(root: Path) -> None:
    splits = build(root / "corpus")
    for split, documents in splits.items():
        assert (root / "corpus" / f"{split}.jsonl").read_text(encoding="utf8") == dump(documents)
    card = (root / "corpus" / "README.md").read_text(encoding="utf8")
    assert card == card_with(card, counts_of(root / "corpus", splits))


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


def test_pairs_stay_in_one_fold(records: list[dict[str, Any]]) -> None:
    places: dict[str, set[tuple[str, str]]] = {}
    for record, group in zip(records, groups_of(records), strict=True):
        if record["pair"]:
            places.setdefault(record["pair"], set()).add((record["split"], group))
    assert all(len(where) == 1 for where in places.values())


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
        (HEAD.replace("\n\n", "\nbijna: onderdak\n\n") + "{{onderdak|feitelijk|overig::x}}", "bijna names onderdak"),
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
