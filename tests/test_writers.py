"""Records in every form: their JSON Schema, flat rows, Arrow, and files of results written and read back."""

from __future__ import annotations

import copy
import csv
import io
import json
import os
import re
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from spacy.language import Language
from spacy.tokens import DocBin

import smokkel_nlp
from smokkel_nlp import CaseAnalysis, InputError, read_results
from smokkel_nlp.records import EXAMPLE_JSON, ROW_COLUMNS, SCHEMA_VERSION, json_schema
from smokkel_nlp.report import write_report
from smokkel_nlp.results import read_each
from smokkel_nlp.writers import JsonLinesWriter, Result, writer_for

OWN = '[[tag]]\nid = "drone"\nname = "drone"\ntitle = "drone"\ndefinition = "Een drone."\nstrong = ["drone*"]\nfires = ["Een drone."]\nspares = ["Niets."]\n'
CARRIED = {
    "datum": "2024-05-01",
    "bedrag": -12.5,
    "regio": None,
    "lijst": ["a", {"b": 1}],
    "open": True,
    "spatie naam": 'een "cel", met\r\nregels',
}


@pytest.fixture(scope="module")
def texts(root: Path) -> list[str]:
    lines = (root / "corpus" / "train.jsonl").read_text(encoding="utf8").splitlines()[:320:20]
    return [
        *(json.loads(line)["text"] for line in lines),
        "",
        "The weather is fine today and nobody went anywhere.",
        "Vóór de grens 🚚 stonden drie bestelbussen met in elk acht migranten, één reed door.",
        "Zij is veroordeeld voor mensensmokkel en mensenhandel: zij bracht de vrouwen over de grens en dwong hen in de prostitutie te werken.",
        "De verdachte wordt vervolgd voor mensensmokkel. " + "Hij liep naar huis en las de krant bij het raam. " * 60,
    ]


@pytest.fixture(scope="module")
def cases(texts: list[str], prior_model: Path, tmp_path_factory: pytest.TempPathFactory) -> list[CaseAnalysis]:
    """Records of all kinds: with and without text, explanation, prior, thresholds, a tag of one's own, id and carried fields."""
    own = tmp_path_factory.mktemp("eigen") / "eigen.toml"
    own.write_text(OWN, encoding="utf8")
    given: list[dict[str, Any]] = [
        {},
        {"keep_text": True},
        {"explain": True},
        {"explain": True, "keep_text": True},
        {"prior": 0.01, "thresholds": {"mensensmokkel": 0.7, "onderdak": 0.6}, "model": prior_model},
        {"taxonomy": own},
    ]
    texts = [*texts, "De politie heeft een man aangehouden op verdenking van mensensmokkel. Boven het strand hing een drone."]
    found = [case for settings in given for case in smokkel_nlp.classify(texts, **settings)]
    carried = [replace(case.with_id(f"zaak-{number}"), carried=CARRIED) for number, case in enumerate(found[:8])]
    return [*found, *carried]


def test_the_records_are_of_all_kinds(cases: list[CaseAnalysis]) -> None:
    assert {case.offence for case in cases} == {"mensensmokkel", "mensenhandel", "beide", "geen", "onzeker"}
    assert any(result.window for case in cases for result in case.offences.values())
    assert any(mo.probability is None for case in cases for mo in case.modi_operandi)
    assert any(case.elements for case in cases)
    assert any(case.prior for case in cases)
    assert any(case.text == "" for case in cases)


def test_every_record_fits_the_schema(cases: list[CaseAnalysis]) -> None:
    jsonschema.Draft202012Validator.check_schema(json_schema())
    validator = jsonschema.Draft202012Validator(json_schema())
    for case in cases:
        validator.validate(json.loads(case.to_json()))
    assert json_schema()["properties"]["schema"] == {"const": SCHEMA_VERSION}


def shortened(data: Any) -> Any:
    """The same with one object in each list, the longest, so that what is inside stays."""
    if isinstance(data, list) and data and isinstance(data[0], dict):
        return [shortened(max(data, key=lambda item: len(json.dumps(item))))]
    return {key: shortened(value) for key, value in data.items()} if isinstance(data, dict) else data


def objects(data: Any, *path: Any) -> list[tuple[Any, ...]]:
    """The paths of all objects inside a value."""
    pairs = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    return [*([path] if isinstance(data, dict) else []), *(found for key, item in pairs for found in objects(item, *path, key))]


def at(data: Any, path: Sequence[Any]) -> Any:
    for key in path:
        data = data[key]
    return data


def test_the_schema_refuses_unknown_and_missing_fields(cases: list[CaseAnalysis]) -> None:
    validator = jsonschema.Draft202012Validator(json_schema())
    case = max(cases, key=lambda case: len(case.explanation or ()) * bool(case.elements))
    window = next(result.window for case in cases for result in case.offences.values() if result.window)
    whole = shortened(case.to_dict())
    whole["explanation"] = {"mensensmokkel": max(whole["explanation"].values(), key=lambda told: len(json.dumps(told)))}
    whole["offences"]["mensensmokkel"]["window"] = list(window)
    validator.validate(whole)
    paths = [path for path in objects(whole) if path not in (("thresholds",), ("explanation",))]
    assert {path[-2] for path in paths if path and path[-1] == 0} == {
        "evidence", "modi_operandi", "elements", "passages", "mentions", "sections"
    }  # fmt: skip
    for path in paths:
        for name in [*at(whole, path), "onbekend"]:
            data = copy.deepcopy(whole)
            if name == "onbekend":
                at(data, path)[name] = 1
            else:
                del at(data, path)[name]
            assert validator.is_valid(data) == (not path and name == "explanation"), (path, name)
    for wrong in ({"offence": "smokkel"}, {"offence_forced": "onzeker"}, {"n_chars": -1}, {"schema": "0"}, {"prior": 1}, {"carried": []}):
        assert not validator.is_valid({**whole, **wrong}), wrong
    whole["offences"]["mensensmokkel"]["window"] = [1]
    assert not validator.is_valid(whole)


SECRET = "Geheime woorden van een zaak"
WRONG = (SECRET, "", -1, 1.5, 2, True, None, [], {}, [SECRET], {SECRET: SECRET}, [[1, 2]], [None])
# What the schema takes, and a record holds no other way: a passage of another length than its place.
LENGTHS = ("start", "end", "text")


def test_what_the_schema_refuses_is_told_by_record_and_field(cases: list[CaseAnalysis]) -> None:
    validator = jsonschema.Draft202012Validator(json_schema())
    case = max(cases, key=lambda case: len(case.explanation or ()) * bool(case.elements) * (case.text is not None))
    whole = {**shortened(replace(case, id="zaak-1").to_dict()), "carried": {"datum": "2024-05-01"}, "thresholds": {"onderdak": 0.5}}
    whole["explanation"] = {"mensensmokkel": max(whole["explanation"].values(), key=lambda told: len(json.dumps(told)))}
    whole["offences"]["mensenhandel"]["window"] = [1, 2]
    assert CaseAnalysis.from_dict(whole).to_dict() == whole
    refused = 0
    for path in objects(whole):
        for name in at(whole, path):
            for wrong in (*WRONG, float("nan"), float("-inf")):
                data = copy.deepcopy(whole)
                at(data, path)[name] = wrong
                fits = validator.is_valid(data) and wrong == wrong and wrong != float("-inf")
                fits |= (path, name, wrong) == ((), "explanation", None) or path == ("carried",)
                field = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in (*path, name)).removeprefix(".")
                try:
                    CaseAnalysis.from_dict(data)
                except InputError as error:
                    told = str(error)
                    refused += 1
                    assert f"field '{field}" in told or (fits and name in LENGTHS and "does not stand at its place" in told), (field, wrong)
                    assert ("record 'zaak-1'" in told) == (name != "id")
                    assert SECRET not in told
                else:
                    assert fits, (field, wrong)
    assert refused > 500


def test_records_of_earlier_schemas_are_read_and_unknown_fields_passed_over() -> None:
    data = json.loads(EXAMPLE_JSON)
    case = CaseAnalysis.from_dict(data)
    for schema in ("1.0", "1.1"):
        assert CaseAnalysis.from_dict({**data, "schema": schema}) == replace(case, schema=schema)
    data["offences"]["mensensmokkel"]["onbekend"] = data["onbekend"] = 1
    assert CaseAnalysis.from_dict(data) == case
    for wrong, told in (
        ({"schema": "2.0"}, "field 'schema' is not one of 1.0, 1.1, 1.2"),
        ({"n_chars": None}, "field 'n_chars' is null, not a"),
    ):
        with pytest.raises(InputError, match=told):
            CaseAnalysis.from_dict({**data, **wrong})
    for missing in ("id", "offences", "versions"):
        with pytest.raises(InputError, match=f"field '{missing}' is missing; mend it"):
            CaseAnalysis.from_dict({key: value for key, value in data.items() if key != missing})
    del data["offences"]["mensenhandel"]["evidence"]
    with pytest.raises(InputError, match=r"field 'offences\.mensenhandel\.evidence' is missing"):
        CaseAnalysis.from_dict(data)
    with pytest.raises(InputError, match="a list, not an object"):
        CaseAnalysis.from_dict([SECRET])  # type: ignore[arg-type]


def test_rows_have_the_columns_of_csv(cases: list[CaseAnalysis]) -> None:
    for case in cases:
        row = case.to_row()
        assert list(row) == [*ROW_COLUMNS, *(["text"] if case.text is not None else []), *case.carried]
        assert row["tags"].split(";") == [mo.tag for mo in case.modi_operandi] or not case.modi_operandi
        assert row["uncertain"] == any(result.uncertain for result in case.offences.values())
    with pytest.raises(InputError, match="'offence' has the name of a column"):
        replace(cases[0], carried={"offence": 1}).to_row()


def test_rows_make_data_frames(cases: list[CaseAnalysis]) -> None:
    pandas, polars = pytest.importorskip("pandas"), pytest.importorskip("polars")
    pyarrow = pytest.importorskip("pyarrow")
    plain = [case for case in cases if case.text is None and not case.carried]
    rows = [case.to_row() for case in plain]
    frame = pandas.DataFrame(case.to_row() for case in plain)
    assert list(frame.columns) == list(ROW_COLUMNS)
    assert frame["probability_mensensmokkel"].tolist() == [row["probability_mensensmokkel"] for row in rows]
    assert frame[~frame["uncertain"]]["offence"].tolist() == [case.offence for case in plain if case.offence != "onzeker"]
    assert polars.DataFrame(rows, infer_schema_length=None).to_dicts() == rows
    assert pyarrow.Table.from_pylist(rows).to_pylist() == rows


def test_arrow_gives_the_records_back(cases: list[CaseAnalysis]) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    from smokkel_nlp.arrow import from_table, schema, to_table

    table = to_table(iter(cases))
    assert table.schema == schema()
    assert list(from_table(table)) == cases
    assert [case.to_json() for case in from_table(table)] == [case.to_json() for case in cases]
    assert list(from_table(table.append_column("meer", pyarrow.array(range(len(cases)))))) == cases
    assert to_table([]).schema == schema()
    assert list(from_table(to_table([]))) == []
    with pytest.raises(InputError, match="column 'elements' is missing"):
        from_table(table.drop_columns(["elements"]))


def test_parquet_is_read_by_others(cases: list[CaseAnalysis], tmp_path: Path) -> None:
    polars, parquet = pytest.importorskip("polars"), pytest.importorskip("pyarrow.parquet")
    path = tmp_path / "deel.parquet"
    path.write_bytes(writer_for(path).encode([Result(case, None) for case in cases]))  # type: ignore[arg-type]
    wanted = [case.id for case in cases if "transport_land" in [mo.tag for mo in case.modi_operandi]]
    assert wanted
    assert polars.read_parquet(path).filter(polars.col("tags").list.contains("transport_land"))["id"].to_list() == wanted
    assert parquet.read_table(path, columns=["offence"])["offence"].to_pylist() == [case.offence for case in cases]


@pytest.fixture(scope="module")
def results(nlp: Language, texts: list[str]) -> list[Result]:
    """Some results as a job has them: with ids and carried fields, some of which try to be more than data."""
    ids = [
        "=1+1",
        "+31",
        "-5",
        "@SUM(A1)",
        "\t=1",
        "\r\n=1",
        "＝1",
        "zaak;1",
        'zaak "twee"',
        "zaak, drie",
        "zaak\r\nvier",
        "'vijf",
        " =1",
        "é",
    ]
    docs = list(nlp.pipe(texts))
    return [
        Result(replace(doc._.case, id=ids[number % len(ids)], carried={"bedrag": -number, "noot": ids[-number % len(ids)]}), doc)
        for number, doc in enumerate(docs)
    ]


def write(path: Path, results: Sequence[Result], **options: Any) -> Path:
    """Write results as a job does: a file that grows by pieces, or a folder of parts."""
    writer = writer_for(path, carry=["bedrag", "noot"], **options)
    pieces = [writer.encode(results[:7]), writer.encode(results[7:])]
    if writer.parts:
        path.mkdir()
        for number, piece in enumerate(pieces):
            (path / f"part-{number:05}{writer.suffix}").write_bytes(piece)
    else:
        path.write_bytes(b"".join([writer.header(), *pieces]))
    return path


@pytest.mark.parametrize("suffix", ["jsonl", "parquet", "spacy"])
def test_results_are_read_back(results: list[Result], tmp_path: Path, suffix: str) -> None:
    if suffix == "parquet":
        pytest.importorskip("pyarrow")
    path = write(tmp_path / f"uit.{suffix}", results)
    assert list(read_results(path)) == [result.case for result in results]
    if path.is_dir():
        (path / "_tijdelijk.parquet").write_bytes(b"niet af")
        assert len(list(read_results(path))) == len(results)
        assert list(read_results(path / f"part-00000.{suffix}")) == [result.case for result in results[:7]]


def test_csv_is_safe_and_holds_what_was_said(results: list[Result], tmp_path: Path) -> None:
    kept = [Result(replace(result.case, text=result.doc.text), result.doc) for result in results]
    raw = write(tmp_path / "uit.csv", kept, keep_text=True).read_bytes()
    assert raw.startswith(b"\xef\xbb\xbfid,offence,")
    rows = list(csv.DictReader(io.StringIO(raw.decode("utf-8-sig"), newline=""), strict=True))
    assert list(rows[0]) == [*ROW_COLUMNS, "text", "bedrag", "noot"]
    assert len(rows) == len(results)
    for row, (case, _) in zip(rows, kept, strict=True):
        assert row["id"].removeprefix("'") == str(case.id).removeprefix("'")
        assert not any(str(value).startswith(("=", "+", "@", "\t", "\r", "\n", "＝")) for value in row.values())
        assert row["bedrag"] == str(case.carried["bedrag"])  # a number below nothing is a number
        assert row["text"] == case.text
        assert float(row["probability_mensenhandel"]) == case.offences["mensenhandel"].probability
        assert row["tags"] == ";".join(mo.tag for mo in case.modi_operandi)
        assert row["uncertain"] == json.dumps(case.offence == "onzeker")
    assert {row["id"] for row in rows} >= {"'=1+1", "'-5", "'\t=1", "'\r\n=1", "zaak\r\nvier", " =1"}
    lines = list(csv.reader(io.StringIO(raw.decode("utf-8-sig"), newline="")))
    again = io.StringIO(newline="")
    csv.writer(again, lineterminator="\r\n").writerows(lines)
    assert again.getvalue().encode("utf-8-sig") == raw


def test_csv_writes_other_values_as_json_and_leaves_missing_ones_empty(cases: list[CaseAnalysis]) -> None:
    writer = writer_for("uit.csv", carry=[*CARRIED, "=veld"])
    given = Result(replace(cases[0], carried=CARRIED), None)  # type: ignore[arg-type]
    head, row = csv.reader(io.StringIO((writer.header() + writer.encode([given])).decode("utf-8-sig"), newline=""))
    assert head[-1] == "'=veld"
    assert row[len(ROW_COLUMNS) :] == ["2024-05-01", "-12.5", "", '["a", {"b": 1}]', "true", 'een "cel", met\r\nregels', ""]
    assert len(head) == len(row)


def test_csv_opens_as_a_data_frame(results: list[Result], tmp_path: Path) -> None:
    pandas, polars = pytest.importorskip("pandas"), pytest.importorskip("polars")
    path = write(tmp_path / "uit.csv", results)
    for frame in (pandas.read_csv(path), polars.read_csv(path, infer_schema_length=None)):
        assert list(frame.columns) == [*ROW_COLUMNS, "bedrag", "noot"]
        assert list(frame["bedrag"]) == [result.case.carried["bedrag"] for result in results]
        assert list(frame["offence"]) == [result.case.offence for result in results]


def test_half_characters_are_written_and_read(results: list[Result], tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    odd = Result(replace(results[0].case, id="a\ud800", carried={"bedrag": 1, "noot": "\udc00é"}), results[0].doc)
    for suffix in ("jsonl", "parquet", "spacy"):
        [first, *_] = read_results(write(tmp_path / f"uit.{suffix}", [odd, results[1]]))
        assert first.carried == odd.case.carried, suffix
        assert first.id == ("a\\ud800" if suffix == "parquet" else odd.case.id)
    assert b"a\\ud800" in writer_for("uit.csv").encode([odd])


def test_a_docbin_gives_docs_with_their_records(results: list[Result], tmp_path: Path, nlp: Language) -> None:
    path = write(tmp_path / "uit.spacy", results)
    docs = [doc for part in sorted(path.iterdir()) for doc in DocBin().from_disk(part).get_docs(nlp.vocab)]
    assert [doc._.case for doc in docs] == [result.case for result in results]
    for doc, (case, given) in zip(docs, results, strict=True):
        assert doc.text == given.text
        assert {name: doc.user_data[name] for name in ("id", "bedrag", "noot")} == {"id": case.id, **case.carried}
        assert doc.cats == given.cats
        assert [(span.text, span.label_, span._.status) for span in doc.spans["modus_operandi"]] == [
            (span.text, span.label_, span._.status) for span in given.spans["modus_operandi"]
        ]


WRITE = """
import hashlib, json, sys
from dataclasses import replace
import smokkel_nlp
from smokkel_nlp.writers import Result, writer_for
texts = json.load(sys.stdin)
before, texts = texts[0], texts[1]
nlp = smokkel_nlp.load()
list(nlp.pipe(before))
results = [Result(replace(doc._.case, id="x", carried={"noot": "é", "a": 1}), doc) for doc in nlp.pipe(texts)]
for suffix in sys.argv[1:]:
    writer = writer_for("uit." + suffix, carry=["noot", "a"])
    print(hashlib.sha256(writer.header() + writer.encode(results)).hexdigest())
"""


def test_a_docbin_holds_whatever_is_carried(results: list[Result], tmp_path: Path) -> None:
    carried = {**CARRIED, "groot": 2**70, "half": "\ud800", "smokkel_scores": "x", "id": 3}
    case = replace(results[2].case, carried=carried)
    (tmp_path / "uit.spacy").write_bytes(writer_for("uit.spacy").encode([Result(case, results[2].doc.copy())]))
    assert list(read_results(tmp_path / "uit.spacy")) == [case]
    [doc] = DocBin().from_disk(tmp_path / "uit.spacy").get_docs(results[2].doc.vocab)
    found = {name: doc.user_data[name] for name in carried}
    scores = results[2].doc.user_data["smokkel_scores"]
    told = {"lijst": '["a", {"b": 1}]', "groot": str(2**70), "half": "\\ud800", "smokkel_scores": scores, "id": case.id}
    assert json.dumps(found) == json.dumps({**carried, **told})


def test_a_part_may_hold_no_result(tmp_path: Path) -> None:
    for suffix in ("parquet", "spacy"):
        (tmp_path / f"uit.{suffix}").write_bytes(writer_for(f"uit.{suffix}").encode([]))
        assert list(read_results(tmp_path / f"uit.{suffix}")) == []
    for suffix in ("jsonl", "csv"):
        assert writer_for(f"uit.{suffix}").encode([]) == b""


def test_the_same_results_give_the_same_bytes_in_any_run(texts: list[str]) -> None:
    pytest.importorskip("pyarrow")
    found = []
    for seed, before in (("1", []), ("2", texts[12:])):  # another order of sets, and another history of the process
        done = subprocess.run(
            [sys.executable, "-c", WRITE, "jsonl", "csv", "parquet", "spacy"], input=json.dumps([before, texts[:12]]),
            env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True, text=True, check=True,
        )  # fmt: skip
        found.append(done.stdout.split())
    assert len(found[0]) == 4
    assert found[0] == found[1]


def test_what_cannot_be_written_or_read_is_told(results: list[Result], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match=r"cannot be written as '\.xlsx'; give a name"):
        writer_for("uit.xlsx")
    with pytest.raises(InputError, match="carried field 'note' has the name of a column"):
        writer_for("uit.csv", carry=["note"])
    geheim = "Geheime tekst van een zaak"
    (tmp_path / "uit.jsonl").write_bytes(JsonLinesWriter().encode(results[:1]) + json.dumps({"text": geheim}).encode() + b"\n")
    (tmp_path / "half.jsonl").write_bytes(JsonLinesWriter().encode(results[:1])[:-20])
    (tmp_path / "latin.jsonl").write_bytes(geheim.encode() + b"\xeb")
    (tmp_path / "uit.parquet").write_text(geheim)
    (tmp_path / "uit.spacy").write_text(geheim)
    (tmp_path / "uit.csv").write_text(geheim)
    DocBin(docs=[results[0].doc]).to_disk(tmp_path / "kaal.spacy")
    (tmp_path / "leeg").mkdir()
    (tmp_path / "beide").mkdir()
    (tmp_path / "beide" / "a.spacy").touch()
    (tmp_path / "beide" / "a.parquet").touch()
    told = {
        "uit.jsonl": "uit.jsonl:2: not a result", "half.jsonl": "half.jsonl:1: not a result", "latin.jsonl": ":1: not a result",
        "uit.parquet": "not a Parquet file of results", "uit.spacy": "not a DocBin of results", "kaal.spacy": "not a DocBin of results",
        "uit.csv": "cannot be read from '.csv'", "leeg": "this one neither", "beide": "files of both kinds", "weg": "no such file",
    }  # fmt: skip
    for name, message in told.items():
        with pytest.raises(InputError, match=message) as caught:
            list(read_results(tmp_path / name))
        assert geheim not in str(caught.value)
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    for call in (writer_for, read_results):
        with pytest.raises(InputError, match=r"pip install 'smokkel_nlp\[parquet\]'"):
            call(tmp_path / "uit.parquet")


def test_a_table_of_other_things_is_told(tmp_path: Path) -> None:
    pyarrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    parquet.write_table(pyarrow.table({"id": ["a"]}), tmp_path / "a.parquet")
    with pytest.raises(InputError, match=r"a\.parquet: column 'offence' is missing"):
        list(read_results(tmp_path / "a.parquet"))


@pytest.mark.parametrize("suffix", ["jsonl", "parquet", "spacy"])
def test_one_wrong_record_is_told_in_any_form_and_the_rest_is_read(results: list[Result], tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"uit.{suffix}"
    given = [replace(result.case, id=f"zaak-{number}", carried={}) for number, result in enumerate(results[:3])]
    data = given[1].to_dict()
    data["offences"]["mensenhandel"]["probability"] = 2
    if suffix == "jsonl":
        path.write_text("\n".join(json.dumps(one) for one in (given[0].to_dict(), data, given[2].to_dict())), encoding="utf8")
    elif suffix == "spacy":
        docs = [result.doc.copy() for result in results[:3]]
        for doc, one in zip(docs, (given[0].to_dict(), data, given[2].to_dict()), strict=True):
            doc.user_data = {"smokkel_case": json.dumps(one)}
        DocBin(docs=docs, store_user_data=True).to_disk(path)
    else:
        pyarrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
        from smokkel_nlp.arrow import schema, to_struct

        rows = [to_struct(case) for case in given]
        rows[1]["offences"][1]["probability"] = 2.0
        parquet.write_table(pyarrow.Table.from_pylist(rows, schema=schema()), path)
    (first, one), (place, error), (last, other) = read_each(path)
    assert [first, place, last] == [f"{path}:{number}" for number in (1, 2, 3)]
    assert [one, other] == [given[0], given[2]]
    told = "record 'zaak-1', field 'offences.mensenhandel.probability' is not a number from 0 to 1; mend it"
    assert isinstance(error, InputError)
    assert told in str(error)
    with pytest.raises(InputError, match=re.escape(f"{place}: not a result of this library: {told}")):
        list(read_results(path))
    report = write_report(path, tmp_path / "uit.html")
    assert (report.cases, [bad.place for bad in report.failed]) == (2, [place])


def test_columns_that_hold_something_else_are_told(cases: list[CaseAnalysis]) -> None:
    pytest.importorskip("pyarrow")
    from smokkel_nlp.arrow import from_struct, to_struct

    row = {**to_struct(cases[0]), "id": "zaak-1"}
    for name, wrong in (
        ("offences", SECRET),
        ("offences", [{"offence": "x"}]),
        ("offences", None),
        ("thresholds", None),
        ("thresholds", [SECRET]),
        ("explanation", SECRET),
        ("carried", "[" + SECRET),
        ("carried", 3),
    ):
        with pytest.raises(InputError, match=f"record 'zaak-1', field '{name}' does not hold") as caught:
            from_struct({**row, name: wrong})
        assert SECRET not in str(caught.value)
    for name, wrong in (("n_chars", None), ("carried", "[1]"), ("version_model", 1)):
        with pytest.raises(InputError, match=r"field '(n_chars|carried|versions\.model)'"):
            from_struct({**row, name: wrong})
