"""The checks on the corpus find what they are for, and the corpus passes them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from smokkel_nlp.cli import main
from smokkel_nlp.corpus import SNIPPETS, build, card_with
from smokkel_nlp.corpus_checks import Rules, agreement, check, leaks, load_rules, near_duplicates, repeated_runs, shared_runs, shortfalls
from smokkel_nlp.errors import CorpusError
from smokkel_nlp.taxonomy import load_taxonomy

NONE = Rules({}, {}, frozenset())
SENTENCE = "de man stapte op zijn oude fiets en reed langzaam naar de haven van het eiland"


def record(id_: str, text: str, smokkel: int = 0, pair: str | None = None) -> dict[str, Any]:
    return {"id": id_, "text": text, "mensensmokkel": smokkel, "mensenhandel": 0, "pair": pair}


@pytest.fixture(scope="module")
def splits(root: Path) -> dict[str, list[dict[str, Any]]]:
    return build(root / "corpus")


@pytest.fixture(scope="module")
def documents(splits: dict[str, list[dict[str, Any]]]) -> list[dict[str, Any]]:
    return [item for name, part in splits.items() if name != SNIPPETS for item in part]


def test_the_corpus_passes(splits: dict[str, list[dict[str, Any]]], documents: list[dict[str, Any]], root: Path) -> None:
    assert check(documents, splits[SNIPPETS], load_rules(root / "corpus")) == []


def test_near_duplicates_but_not_pairs() -> None:
    other = SENTENCE.replace("eiland", "dorp")
    assert near_duplicates([record("a", SENTENCE), record("b", other), record("c", "iets heel anders dan dit")]) == [("a", "b", 0.85)]
    assert near_duplicates([record("a", SENTENCE, pair="p"), record("b", other, pair="p")]) == []


def test_repeated_runs_but_not_formulas() -> None:
    texts = [record(str(n), SENTENCE) for n in range(6)]
    assert len(repeated_runs(texts, NONE)) == 9
    assert repeated_runs(texts[:5], NONE) == []
    assert repeated_runs(texts, Rules({}, {"de": (tuple(SENTENCE.split()),)}, frozenset())) == []


def test_shared_runs_are_told_once_in_full() -> None:
    assert shared_runs([record("a", f"Toen: {SENTENCE}.")], [f"Gisteren {SENTENCE}"], NONE) == [("a", SENTENCE)]
    assert shared_runs([record("a", SENTENCE)], [" ".join(SENTENCE.split()[:9])], NONE) == []


def test_a_name_that_gives_the_label_away_is_told() -> None:
    texts = [record(str(n), "hij woonde in Lutjebroek" if n < 20 else "hij woonde in een huis", int(n < 20)) for n in range(60)]
    found, tests = leaks(texts, NONE)
    assert [(leak.name, leak.label, leak.documents, leak.share) for leak in found] == [("Lutjebroek", "mensensmokkel", 20, 1.0)]
    assert tests == 2
    spread = [{**text, "mensensmokkel": n % 3 == 0} for n, text in enumerate(texts)]
    assert leaks(spread, NONE)[0] == []
    assert leaks(texts, Rules({}, {}, frozenset(["Lutjebroek"])))[0] == []


def test_what_lacks_is_told(documents: list[dict[str, Any]]) -> None:
    found = shortfalls(documents[:200], [], Rules({"documents": 201, "pairs": 0, "loten": 1}, {}, frozenset()))
    assert len(found) == 2
    assert "'loten' is not counted" in found[0]
    assert found[1] == "documents: 200, at least 201 asked"


def test_agreement_of_two_annotators() -> None:
    yes, no = (
        {"mensensmokkel": "vermoed", "mensenhandel": None, "mo": ["onderdak"]},
        {"mensensmokkel": None, "mensenhandel": None, "mo": []},
    )
    rows = (
        [{"first": yes, "second": yes}] * 4
        + [{"first": no, "second": no}] * 4
        + [{"first": yes, "second": no}, {"first": no, "second": yes}]
    )
    result = agreement(rows)
    assert result["mensensmokkel"] == (pytest.approx(0.6), 10, 8)
    assert result["mensenhandel"] == (None, 10, 10)
    assert result["onderdak"][0] == pytest.approx(0.6)
    assert result["tags"][1:] == (10 * len(load_taxonomy().tag_ids), 10 * len(load_taxonomy().tag_ids) - 2)


def test_second_annotation_covers_a_fifth(documents: list[dict[str, Any]], root: Path) -> None:
    rows = [json.loads(line) for line in (root / "corpus" / "second_annotation.jsonl").read_text(encoding="utf8").splitlines()]
    ids = {item["id"] for item in documents}
    assert {row["id"] for row in rows} <= ids
    assert len({row["id"] for row in rows}) == len(rows) >= 0.2 * len(ids)


def test_the_command_tells_what_is_wrong(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "source" / "train"
    folder.mkdir(parents=True)
    (folder / "a-1.txt").write_text(f"@@ a-1\ngenre: nieuws\nmensensmokkel: -\nmensenhandel: -\n\n{SENTENCE}\n", encoding="utf8")
    (tmp_path / "checks.toml").write_text('formulas = []\nordinary = []\n[least]\n"documents" = 2\n', encoding="utf8")
    (tmp_path / "other.jsonl").write_text(json.dumps({"text": SENTENCE}), encoding="utf8")
    assert main(["corpus", "check", str(tmp_path)]) == 2
    assert "differ from the sources" in capsys.readouterr().err
    assert main(["corpus", "build", str(tmp_path)]) == 0
    assert main(["corpus", "check", str(tmp_path), "--against", str(tmp_path / "other.jsonl")]) == 2
    told = capsys.readouterr().err
    assert "documents: 1, at least 2 asked" in told
    assert f"a-1 shares '{SENTENCE}' with another text" in told


def test_counts_stand_between_marks() -> None:
    assert card_with("a <!-- counts -->oud<!-- /counts --> b", "nieuw") == "a <!-- counts -->\n\nnieuw\n\n<!-- /counts --> b"
    with pytest.raises(CorpusError, match="between"):
        card_with("a", "b")
