"""The command line: what goes in, what comes out, exit codes, and bad input."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

import smokkel_nlp
from smokkel_nlp.batch import pipeline, source_of
from smokkel_nlp.cli import main
from smokkel_nlp.io import BadRecord, Record, decode, read_records

SECRET = "geheimwoord"


def run(*arguments: object) -> int:
    return main([str(argument) for argument in arguments])


def records(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text(encoding="utf8").splitlines()]


def test_classify_examples_of_the_repository(root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "uit.jsonl"
    assert run("classify", root / "corpus" / "voorbeelden.jsonl", "-o", out) == 0
    printed = capsys.readouterr().out
    assert "gaat over" in printed
    assert len(records(out)) == len(printed.splitlines()) - 2 >= 12


def test_jsonl_goes_to_standard_output(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.txt").write_text("Zes migranten lagen in de laadruimte.", encoding="utf8")
    assert run("classify", tmp_path / "a.txt") == 0
    assert json.loads(capsys.readouterr().out)["id"].endswith("a.txt")


def test_folder_csv_and_fields(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "zaken"
    (folder / "sub").mkdir(parents=True)
    (folder / "b.txt").write_bytes("financi\xeble schuld".encode("cp1252"))
    (folder / "sub" / "c.txt").write_text("niets", encoding="utf-16")
    (tmp_path / "z.csv").write_text('nr;tekst\n7;"een; tekst"\n8;nog een\n', encoding="utf8")
    out = tmp_path / "uit.jsonl"
    assert run("classify", folder, tmp_path / "z.csv", "-o", out, "--text-field", "tekst", "--id-field", "nr") == 0
    assert [Path(str(record["id"])).name for record in records(out)] == ["b.txt", "c.txt", "7", "8"]
    capsys.readouterr()


def test_bad_lines_are_told_skipped_and_counted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = [
        '{"id": 1, "text": "goed"}',
        f'{{"text": "{SECRET}',
        '["lijst"]',
        '{"id": 2}',
        '{"id": 3, "text": 5}',
        "",
        '{"id": 4, "text": "ook goed"}',
    ]
    (tmp_path / "in.jsonl").write_text("\n".join(lines), encoding="utf8")
    out = tmp_path / "uit.jsonl"
    assert run("classify", tmp_path / "in.jsonl", "-o", out) == 1
    assert [record["id"] for record in records(out)] == ["1", "4"]
    told = capsys.readouterr().err
    for number in (2, 3, 4, 5):
        assert f"in.jsonl:{number}: " in told
    assert "4 skipped" in told
    assert SECRET not in told


@pytest.mark.parametrize(
    ("name", "content", "options", "message"),
    [
        (None, "", [], "no such file"),
        ("a.csv", "id,inhoud\n1,x\n", [], "no column 'text'; name the text column with --text-field (there is id, inhoud)"),
        ("a.xml", "<x/>", [], "files that end in '.xml' cannot be read"),
        ("a.txt", "x", ["--model", "weg"], "no model there"),
        ("a.txt", "x", ["--base", "nl_weg_sm"], "python -m spacy download nl_weg_sm"),
        ("a.txt", "x", ["-o", "map/bestaat/niet.jsonl"], "cannot be written"),
    ],
)
def test_what_cannot_run_exits_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str | None, content: str, options: list[str], message: str
) -> None:
    path = tmp_path / (name or "weg.txt")
    if name:
        path.write_text(content, encoding="utf8")
    assert run("classify", path, *options) == 2
    assert message in capsys.readouterr().err


def test_only_bad_records_exits_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "in.jsonl").write_text('{"body": "x"}\n', encoding="utf8")
    assert run("classify", tmp_path / "in.jsonl") == 2
    assert "field 'text' is missing" in capsys.readouterr().err


@pytest.mark.parametrize("damage", ["hash", "manifest", "format", "missing"])
def test_damaged_model_exits_2(root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], damage: str) -> None:
    model = tmp_path / "model"
    model.mkdir()
    for name in ("manifest.json", "model.json", "weights.npz", "assertion.json", "assertion.npz", "spotting.json", "spotting.npz"):
        (model / name).write_bytes((root / "models" / name).read_bytes())
    if damage == "hash":
        content = bytearray((model / "weights.npz").read_bytes())
        content[100] ^= 1
        (model / "weights.npz").write_bytes(content)
    elif damage == "manifest":
        (model / "manifest.json").write_text("{", encoding="utf8")
    elif damage == "format":
        (model / "manifest.json").write_text('{"format": "0"}', encoding="utf8")
    else:
        (model / "model.json").unlink()
    (tmp_path / "a.txt").write_text("x", encoding="utf8")
    assert run("classify", tmp_path / "a.txt", "--model", model) == 2
    wanted = {"hash": "SHA-256", "manifest": "not JSON", "format": "model format", "missing": "cannot be read"}[damage]
    assert wanted in capsys.readouterr().err


def test_a_text_over_the_limit_is_told_and_the_rest_goes_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pipeline(*source_of()), "max_length", 20)
    (tmp_path / "in.jsonl").write_text(
        json.dumps({"text": f"{SECRET} in een lange tekst"}) + '\n{"id": 2, "text": "kort"}\n', encoding="utf8"
    )
    assert run("classify", tmp_path / "in.jsonl", "-o", tmp_path / "uit.jsonl") == 1
    assert [record["id"] for record in records(tmp_path / "uit.jsonl")] == ["2"]
    told = capsys.readouterr().err
    assert "in.jsonl:1: has 30 characters, over the limit of 20" in told
    assert SECRET not in told


def test_encodings() -> None:
    assert decode(b"\xef\xbb\xbfa")[0] == "a"
    assert decode("é".encode("utf-16"))[0] == "é"
    assert decode(b"\x80 5 \x81") == ("€ 5 \x81", "cp1252")


def test_csv_with_a_broken_quote_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text('id,text\n1,goed\n2,"open\n', encoding="utf8")
    found = list(read_records([tmp_path / "a.csv"]))
    assert isinstance(found[0], Record)
    assert isinstance(found[-1], BadRecord)


def test_evaluate_writes_figures(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    gold = [
        {
            "text": "veroordeeld voor mensensmokkel met migranten in een bestelbus",
            "mensensmokkel": 1,
            "mensenhandel": 0,
            "mo": ["transport_land"],
            "feiten": {"mensensmokkel": 0},
        },
        {
            "text": "gedwongen prostitutie van twee vrouwen, mensenhandel",
            "mensensmokkel": 0,
            "mensenhandel": 1,
            "mo": ["seksuele_uitbuiting"],
            "feiten": {"mensenhandel": 1},
        },
        {"text": "diefstal van een fiets", "mensensmokkel": 0, "mensenhandel": 0, "mo": []},
        {"text": "telt niet mee", "mensensmokkel": 1, "mensenhandel": 1, "buiten_score": 1},
    ]
    path = tmp_path / "gold.jsonl"
    path.write_text("".join(json.dumps(record) + "\n" for record in gold) + "{stuk\n", encoding="utf8")
    assert run("evaluate", path, "-o", tmp_path / "figures") == 1
    assert "gold.jsonl:5" in capsys.readouterr().err
    figures = json.loads((tmp_path / "figures.json").read_text())
    assert figures["smokkel_nlp"]["n"] == 3
    assert figures["keyword rule"]["offences"]["mensensmokkel"]["positives"] == 1
    value, low, high = figures["keyword rule"]["exact"]
    assert low <= value <= high
    assert "| keyword rule |" in (tmp_path / "figures.md").read_text()
    path.write_text("".join(json.dumps(record) + "\n" for record in gold), encoding="utf8")
    assert run("evaluate", path, "--mask", "-o", tmp_path / "masked") == 0
    masked = json.loads((tmp_path / "masked.json").read_text())
    assert masked["smokkel_nlp"]["n"] == 2
    assert masked["keyword rule"]["offences"]["mensenhandel"]["recall"][0] == 0.0
    assert run("evaluate", tmp_path / "weg.jsonl") == 2
    capsys.readouterr()


def test_evaluate_measures_assertion_and_offence_status(root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = (root / "corpus" / "dev.jsonl").read_text(encoding="utf8").splitlines()[:12]
    (tmp_path / "gold.jsonl").write_text("\n".join(lines), encoding="utf8")
    assert run("evaluate", tmp_path / "gold.jsonl", "--assertion", "-o", tmp_path / "uit") == 0
    assert "| accuracy |" in capsys.readouterr().out
    stored = json.loads((tmp_path / "uit.json").read_text(encoding="utf8"))
    assert stored["smokkel_nlp"]["n"] == sum(len(json.loads(line)["mentions"]) for line in lines)
    assert stored["smokkel_nlp"]["status"]["accuracy"][0] > stored["rules alone"]["status"]["accuracy"][0]
    assert run("evaluate", tmp_path / "gold.jsonl") == 0
    assert "Status of the offences rightly given" in capsys.readouterr().out
    assert run("evaluate", tmp_path / "gold.jsonl", "--split", "nergens") == 2
    assert "no record of split 'nergens'" in capsys.readouterr().err


def test_evaluate_beside_trained_baselines_and_with_errors(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = {(1, 0): "migranten over de grens gebracht", (0, 1): "gedwongen prostitutie van vrouwen", (0, 0): "fiets gestolen bij station"}
    lines = [
        json.dumps({"text": f"{SECRET} {text} {k}", "mensensmokkel": smokkel, "mensenhandel": handel, "genre": "mutatie"})
        for (smokkel, handel), text in words.items()
        for k in range(8)
    ]
    wrong = json.dumps({"text": f"{SECRET} over een verloren paraplu in de trein", "mensensmokkel": 1, "mensenhandel": 1})
    (tmp_path / "train.jsonl").write_text("\n".join(lines), encoding="utf8")
    path = tmp_path / "gold.jsonl"
    path.write_text("\n".join([*lines, wrong]), encoding="utf8")
    assert run("evaluate", path, "--corpus", tmp_path, "--errors", "-o", tmp_path / "uit") == 0
    printed = capsys.readouterr()
    page, stored = (tmp_path / "uit.md").read_text(encoding="utf8"), (tmp_path / "uit.json").read_text(encoding="utf8")
    assert printed.out == page
    assert SECRET not in page + stored + printed.err
    figures = json.loads(stored)
    assert list(figures) == ["smokkel_nlp", "keyword rule", "TF-IDF + LR", "spaCy textcat"]
    assert f"{path}:25" in [row["id"] for row in figures["smokkel_nlp"]["errors"]]
    assert figures["smokkel_nlp"]["slices"]["genre"]["mutatie"]["n"] == 24
    assert set(figures["spaCy textcat"]["calibration"]) == {"mensensmokkel", "mensenhandel"}
    assert figures["keyword rule"]["compared"]["macro_f1"]["ahead"] == 1.0
    for heading in (
        "Differences on the same texts",
        "Calibration:",
        "Reliability of",
        "Coverage and risk",
        "by slice",
        "otherwise than gold",
    ):
        assert heading in page

    assert run("evaluate", path, "--corpus", tmp_path, "--baselines", "tfidf", "-o", tmp_path / "uit") == 0
    figures = json.loads((tmp_path / "uit.json").read_text(encoding="utf8"))
    assert list(figures) == ["smokkel_nlp", "TF-IDF + LR"]
    assert "errors" not in figures["smokkel_nlp"]
    capsys.readouterr()
    assert run("evaluate", path, "--baselines", "textcat") == 2
    assert "--corpus" in capsys.readouterr().err


def test_explain_shows_what_moved_each_label(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = (
        "Het regende.\nHij bracht zes migranten in een bestelbus over de grens.\x1b[31m Dat was mensensmokkel. "
        + "De markt was open. " * 20
    )
    (tmp_path / "a.txt").write_text(text, encoding="utf8")
    (tmp_path / "b.txt").write_text("", encoding="utf8")
    assert run("explain", tmp_path) == 0
    printed = capsys.readouterr().out
    assert "\x1b" not in printed
    first, second = printed.split("\n\n")[:2]
    lines = first.splitlines()
    assert lines[0].endswith("a.txt: mensensmokkel")
    [row] = [number for number, line in enumerate(lines) if line.startswith("mensensmokkel ")]
    following = next(number for number, line in enumerate(lines) if line.startswith("mensenhandel "))
    assert following - row == 5
    assert re.match(r"mensensmokkel +(> )?\d+ %  ", lines[row])
    place = re.findall(r" [+-]\d\S+ +(\d+-\d+)  ", lines[row])[0]
    start, end = map(int, place.split("-"))
    assert lines[row].endswith(" ".join(text[start:end].replace("\x1b", " ").split()))
    values = [abs(float(re.findall(r" ([+-]\d+\.\d\d) ", line)[0])) for line in lines[row:following]]
    assert values == sorted(values, reverse=True)
    assert "b.txt: ? geen" in second


def test_explain_fits_the_terminal(tmp_path: Path) -> None:
    from smokkel_nlp import classify
    from smokkel_nlp.tables import explanation_table

    text = (
        "Hij bracht zes migranten in een bestelbus over de grens, en vroeg daarvoor tweeduizend euro per persoon, vooraf te betalen. " * 60
    )
    [case] = classify([text], explain=True, keep_text=True)
    narrow = [line.replace("\x1b[1m", "").replace("\x1b[0m", "") for line in explanation_table(case, 60)]
    assert max(map(len, narrow)) == 60
    assert max(map(len, explanation_table(case, None))) > 100
    assert any("[deel 1 van 2]" in line for line in explanation_table(case, None))


def test_explain_tells_what_it_skips(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "in.jsonl").write_text(f'{{"id": 1, "text": "goed"}}\n{{"text": "{SECRET}\n', encoding="utf8")
    assert run("explain", tmp_path / "in.jsonl") == 1
    captured = capsys.readouterr()
    assert captured.out.startswith("1: ")
    assert "skipped" in captured.err
    assert SECRET not in captured.out + captured.err
    (tmp_path / "in.jsonl").write_text('{"body": "x"}\n', encoding="utf8")
    assert run("explain", tmp_path / "in.jsonl") == 2


def test_classify_goes_on_after_half_a_surrogate_pair(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "in.jsonl").write_text('{"text": "Een fiets."}\n{"text": "x \\ud800 y"}\n{"text": "Een boot."}\n', encoding="utf8")
    assert run("classify", tmp_path / "in.jsonl", "-o", tmp_path / "uit.jsonl") == 1
    assert len((tmp_path / "uit.jsonl").read_text(encoding="utf8").splitlines()) == 2
    assert "in.jsonl:2" in capsys.readouterr().err


def test_train_tells_that_nothing_is_marked_before_it_begins(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("train", "snippets"):
        (tmp_path / f"{name}.jsonl").write_text("", encoding="utf8")
    assert run("train", tmp_path, "-o", tmp_path / "model") == 2
    assert "no document of the train part has a passage; mark some in its sources" in capsys.readouterr().err
    assert not (tmp_path / "model").exists()


def test_train_tells_a_damaged_background_before_it_begins(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("train", "snippets"):
        (tmp_path / f"{name}.jsonl").write_text("", encoding="utf8")
    (tmp_path / "background.npz").write_bytes(b"PK\x03\x04")
    assert run("train", tmp_path, "-o", tmp_path / "model") == 2
    assert "background.npz: not readable as a background" in capsys.readouterr().err


def test_version_is_that_of_the_package(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(["--version"])
    assert end.value.code == 0
    assert capsys.readouterr().out == f"smokkel-nlp {smokkel_nlp.library_version()}\n"
