"""Spark: rows on a small cluster are classified as ``classify()`` does, bad rows are kept with a reason, and a killed executor loses nothing."""

from __future__ import annotations

import json
import os
import runpy
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from spacy.language import Language

import smokkel_nlp
from smokkel_nlp import InputError, ModelError, read_results, spark
from smokkel_nlp.arrow import schema, to_struct
from smokkel_nlp.batch import _loaded
from smokkel_nlp.settings import Settings

pyarrow = pytest.importorskip("pyarrow", reason="pyarrow is not installed; pip install 'smokkel_nlp[spark]'")
OWN = '[[tag]]\nid = "drone"\nname = "drone"\ntitle = "drone"\ndefinition = "Een drone."\nstrong = ["drone*"]\nfires = ["Een drone."]\nspares = ["Niets."]\n'


@pytest.fixture(scope="module")
def session(root: Path) -> Iterator[Any]:
    """A cluster of two executors of one core each, in processes of their own."""
    pytest.importorskip("pyspark", reason="pyspark is not installed; pip install 'smokkel_nlp[spark]'")
    pytest.importorskip("pandas", reason="pandas is not installed, and Spark asks for it; pip install 'smokkel_nlp[spark]'")
    if not (os.environ.get("JAVA_HOME") or shutil.which("java")):
        pytest.skip("there is no Java, which Spark needs; install Java 17")
    from pyspark.sql import SparkSession

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYSPARK_PYTHON", sys.executable)
        patch.setenv("SPARK_LOCAL_IP", "127.0.0.1")
        builder = SparkSession.builder.master("local-cluster[2,1,1024]").config("spark.driver.host", "127.0.0.1")
        builder = builder.config("spark.ui.enabled", "false").config("spark.executorEnv.PYTHONPATH", str(root))
        builder = builder.config("spark.sql.shuffle.partitions", "4").config("spark.sql.execution.arrow.maxRecordsPerBatch", "4")
        session = builder.getOrCreate()
        session.sparkContext.setLogLevel("OFF")
        yield session
        application, home = session.sparkContext.applicationId, session.sparkContext._jvm.System.getenv("SPARK_HOME")
        session.stop()
        shutil.rmtree(Path(home or "") / "work" / application, ignore_errors=True)


@pytest.fixture(scope="module")
def texts(root: Path) -> list[str]:
    lines = (root / "corpus" / "train.jsonl").read_text(encoding="utf8").splitlines()[:320:20]
    return [*(json.loads(line)["text"] for line in lines), "", "Vóór de grens 🚚 stonden drie bestelbussen met migranten."]


@pytest.fixture(scope="module")
def frame(session: Any, texts: list[str]) -> Any:
    rows = [(number, f"zaak-{number}", text, [number, None]) for number, text in enumerate(texts)]
    return session.createDataFrame(rows, "number bigint, zaak string, tekst string, meer array<int>").repartition(4, "number")


def by_number(df: Any) -> dict[int, Any]:
    rows = df.collect()
    found = {row["number"]: row for row in rows}
    assert len(found) == len(rows)
    return found


def wanted(texts: Sequence[str], name: Callable[[int], str | None], **settings: Any) -> list[dict[str, Any]]:
    return [to_struct(case.with_id(name(number))) for number, case in enumerate(smokkel_nlp.classify(texts, **settings))]


def test_rows_are_classified_as_texts_are(frame: Any, texts: list[str], tmp_path: Path) -> None:
    own = tmp_path / "eigen.toml"
    own.write_text(OWN, encoding="utf8")
    settings: dict[str, Any] = {"explain": True, "keep_text": True, "thresholds": {"mensensmokkel": 0.7}, "taxonomy": own}
    out = spark.classify(frame, "tekst", id_col="zaak", **settings)
    own.unlink()  # its content went along
    assert out.columns == ["number", "zaak", "tekst", "meer", "smokkel", "smokkel_error"]
    assert [(field.name, field.dataType.typeName()) for field in out.schema["smokkel"].dataType][:5] == [
        ("id", "string"), ("offence", "string"), ("offence_forced", "string"), ("uncertain", "boolean"), ("probability_mensensmokkel", "double"),
    ]  # fmt: skip
    rows = by_number(out)
    own.write_text(OWN, encoding="utf8")
    expected = wanted(texts, lambda number: f"zaak-{number}", **settings)
    for number, text in enumerate(texts):
        row = rows[number]
        assert (row["zaak"], row["tekst"], row["meer"], row["smokkel_error"]) == (f"zaak-{number}", text, [number, None], None)
        assert row["smokkel"].asDict(recursive=True) == expected[number]


def test_what_spark_writes_is_read_as_results(frame: Any, texts: list[str], tmp_path: Path) -> None:
    spark.classify(frame, "tekst", id_col="number").select("smokkel.*").write.parquet(str(tmp_path / "uit"))
    found = {case.id: case for case in read_results(tmp_path / "uit")}
    assert found == {str(number): case.with_id(str(number)) for number, case in enumerate(smokkel_nlp.classify(texts))}


def test_bad_rows_are_kept_with_a_reason(session: Any) -> None:
    from pyspark.sql import functions as F

    rows = session.createDataFrame([(number,) for number in range(6)], "number int").repartition(2)
    text = F.expr(
        "CASE number WHEN 0 THEN 'Hij reed met zes migranten over de grens.' WHEN 1 THEN NULL WHEN 2 THEN repeat('x', 20000001) "
        "WHEN 3 THEN cast(X'47EDA08041' AS STRING) WHEN 4 THEN cast(X'47FF' AS STRING) ELSE '' END"
    )
    found = by_number(spark.classify(rows.withColumn("tekst", text), "tekst").drop("tekst"))
    assert {number: row["smokkel_error"] for number, row in found.items()} == {
        0: None,
        1: "there is no text (null)",
        2: "has 20,000,001 characters, over the limit of 20,000,000; split it",
        3: "holds half a surrogate pair, which is no character; decode it anew",
        4: "holds half a surrogate pair, which is no character; decode it anew",
        5: None,
    }
    assert [number for number, row in sorted(found.items()) if row["smokkel"] is None] == [1, 2, 3, 4]
    assert found[5]["smokkel"]["offence"] == "onzeker"


def test_large_arrow_types_and_no_rows(session: Any, frame: Any, texts: list[str]) -> None:
    session.conf.set("spark.sql.execution.arrow.useLargeVarTypes", "true")
    try:
        rows = by_number(spark.classify(frame.where("number < 3"), "tekst"))
    finally:
        session.conf.unset("spark.sql.execution.arrow.useLargeVarTypes")
    assert [rows[number]["smokkel"].asDict(recursive=True) for number in range(3)] == wanted(texts[:3], lambda number: None)
    assert spark.classify(frame.where("number < 0"), "tekst").collect() == []


def killing(marks: Path) -> Callable[[Iterator[Any]], Iterator[Any]]:
    """Pass rows on; after the first ones of a task, kill once all Python of the executor it runs on, in another task the executor."""

    def pass_on(batches: Iterator[Any]) -> Iterator[Any]:
        import os
        import signal
        import time
        from pathlib import Path

        from pyspark import TaskContext

        what = {1: "python", 2: "executor"}.get(TaskContext.get().partitionId())
        for number, batch in enumerate(batches):
            if number == 1 and what and not (marks / what).exists():
                (marks / what).touch()
                time.sleep(2)  # the rows before are under way in the next worker
                daemon = os.getppid()
                executor = int(Path(f"/proc/{daemon}/stat").read_text().rpartition(")")[2].split()[1])
                os.kill(executor, signal.SIGKILL) if what == "executor" else os.killpg(os.getpgid(daemon), signal.SIGKILL)
            yield batch

    return pass_on


@pytest.mark.filterwarnings("ignore:PySpark does not yet fully support pandas:FutureWarning")  # mapInArrow of the test itself
@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="finds the executor by /proc, which is not there")
def test_a_killed_executor_loses_no_row_and_doubles_none(frame: Any, texts: list[str], tmp_path: Path) -> None:
    many = frame.crossJoin(frame.sparkSession.range(3).withColumnRenamed("id", "keer")).repartition(4, "number")
    rows = spark.classify(many.mapInArrow(killing(tmp_path), many.schema), "tekst", id_col="zaak").collect()
    assert {mark.name for mark in tmp_path.iterdir()} == {"python", "executor"}
    assert sorted((row["number"], row["keer"]) for row in rows) == [(number, k) for number in range(len(texts)) for k in range(3)]
    expected = wanted(texts, lambda number: f"zaak-{number}")
    assert all(row["smokkel"].asDict(recursive=True) == expected[row["number"]] for row in rows)
    assert all(row["smokkel_error"] is None for row in rows)


def test_the_example_job_runs(session: Any, root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main = runpy.run_path(str(root / "tests" / "benchmarks" / "spark_submit.py"))["main"]
    given = [json.loads(line) for line in (root / "corpus" / "voorbeelden.jsonl").read_text(encoding="utf8").splitlines()]
    cases = list(smokkel_nlp.classify([record["text"] for record in given]))
    out = tmp_path / "uit.parquet"
    assert main([str(root / "corpus" / "voorbeelden.jsonl"), str(out), "--id-field", "id"]) == 0
    told = dict(reversed(line.split(maxsplit=1)) for line in capsys.readouterr().out.splitlines())
    assert told == {name: str(sum(case.offence == name for case in cases)) for name in {case.offence for case in cases}}
    (tmp_path / "in.csv").write_text('text,nr\n"Hij reed met ""zes"" migranten\nover de grens.",1\n,2\n', encoding="utf8")
    assert main([str(tmp_path / "in.csv"), str(out), "--partitions", "2", "--prior", "0.01"]) == 1
    rows = {row["nr"]: row for row in session.read.parquet(str(out)).collect()}
    assert rows["2"]["smokkel_error"] == "there is no text (null)"
    assert rows["1"]["smokkel"]["prior"] == 0.01


def test_wrong_columns_and_settings_are_told(session: Any, frame: Any, tmp_path: Path) -> None:
    from pyspark.sql import functions as F

    for df, options, message in (
        (frame, {"text_col": "text"}, "text_col: the DataFrame has no column 'text'; there is number, zaak, tekst, meer"),
        (frame, {"text_col": "number"}, "text_col: column 'number' is of type bigint; cast it to string"),
        (frame, {"text_col": "tekst", "id_col": "meer"}, r"id_col: column 'meer' is of type array<int>; cast it to string"),
        (frame.select("*", F.col("tekst")), {"text_col": "tekst"}, "more than one column 'tekst'"),
        (frame.withColumn("Smokkel", F.lit(1)), {"text_col": "tekst"}, "a column 'smokkel' already"),
        (frame, {"text_col": "tekst", "prior": 2}, "prior is 2; give a share between 0 and 1"),
    ):
        with pytest.raises(InputError, match=message):
            spark.classify(df, **options)
    wrong = tmp_path / "eigen.toml"
    wrong.write_text(OWN.replace("id =", "naam ="), encoding="utf8")
    with pytest.raises(smokkel_nlp.TaxonomyError, match=r"eigen\.toml"):
        spark.classify(frame, "tekst", taxonomy=wrong)


# What a worker does, without a cluster.


SOURCE = (None, None, None, Settings())


def worked(batch: Any, source: Any = SOURCE) -> list[dict[str, Any]]:
    return [row for part in spark._mapper(0, 1, source, False)(iter([batch])) for row in part.to_pylist()]


def test_a_worker_loads_the_pipeline_once_and_hands_rows_on_by_piece(texts: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    loaded = []
    monkeypatch.setattr("smokkel_nlp.batch.load", lambda *args, **settings: loaded.append(args) or smokkel_nlp.load(*args, **settings))
    monkeypatch.setattr(spark, "BATCH", 5)
    _loaded.cache_clear()
    batch = pyarrow.record_batch({"tekst": texts[:12], "zaak": list(range(12))})
    work = spark._mapper(0, 1, SOURCE, False)
    parts = [part for _ in range(2) for part in work(iter([batch, batch]))]
    assert [part.num_rows for part in parts] == [5, 5, 2] * 4
    assert len(loaded) == 1
    expected = wanted(texts[:12], str)
    assert [row["smokkel"] for part in parts for row in part.to_pylist()] == expected * 4
    assert all(part.schema.field("smokkel").type == pyarrow.struct(list(schema())) for part in parts)
    _loaded.cache_clear()


def test_only_the_guilty_row_fails_and_its_text_stays_out(nlp: Language, monkeypatch: pytest.MonkeyPatch) -> None:
    real = spark.case_of

    def failing(doc: Any) -> Any:
        if "kapot" in doc.text:
            raise ValueError(f"geheim: {doc.text}")
        return real(doc)

    monkeypatch.setattr(spark, "case_of", failing)
    texts = ["Hij reed met zes migranten over de grens.", "Dit is kapot.", "Zij kwam uit de bus."]
    rows = worked(pyarrow.record_batch({"tekst": texts, "zaak": ["a", "b", None]}))
    assert [row["smokkel_error"] for row in rows] == [
        None, "ValueError while it was classified; look at the text, and report this if it is sound", None
    ]  # fmt: skip
    assert [row["smokkel"] and row["smokkel"]["id"] for row in rows] == ["a", None, None]
    assert rows[2]["smokkel"]["n_chars"] == len(texts[2])


def test_a_damaged_model_ends_the_job(root: Path, tmp_path: Path) -> None:
    shutil.copytree(root / "models", tmp_path / "model")
    (tmp_path / "model" / "weights.npz").write_bytes(b"")
    batch = pyarrow.record_batch({"tekst": ["Hij reed weg."], "zaak": ["a"]})
    with pytest.raises(ModelError, match=r"weights\.npz"):
        worked(batch, (None, str(tmp_path / "model"), None, Settings()))


def test_ids_that_are_no_characters_are_shown_as_bytes() -> None:
    odd = pyarrow.StringArray.from_buffers(1, *pyarrow.array([b"a\xff"]).buffers()[1:])
    batch = pyarrow.RecordBatch.from_arrays([pyarrow.array(["Hij reed weg."]), odd], ["tekst", "zaak"])
    [out] = spark._mapper(0, 1, SOURCE, False)(iter([batch]))
    assert out["smokkel"][0]["id"].as_py() == "a\\xff"
