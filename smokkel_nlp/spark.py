"""Spark: classify a column of texts of a DataFrame on a cluster.

A job, run with ``spark-submit job.py``::

    from pyspark.sql import SparkSession
    from smokkel_nlp.spark import classify

    spark = SparkSession.builder.getOrCreate()
    zaken = spark.read.parquet("zaken.parquet")
    uit = classify(zaken, "tekst", id_col="zaaknummer", prior=0.01)
    uit.where("smokkel.offence = 'mensenhandel'").select("zaaknummer", "smokkel.tags").show()
    uit.where("smokkel_error is not null").groupBy("smokkel_error").count().show()

Executors need Python with this package and pyarrow; the model comes with the package, nothing is fetched. On a cluster without network,
pack an environment and send it along (``venv-pack -o smokkel.tar.gz``, then ``spark-submit --archives smokkel.tar.gz#env`` with
``PYSPARK_PYTHON=env/bin/python``), or install it on every node. A model of your own goes along in the same way (``--archives
model.tar.gz#model`` and ``classify(..., model="model")``), or lies in a folder that every node can read. ``--py-files`` will not do for
the package, since spaCy and NumPy hold compiled code.

Spark runs a task again when its executor dies, and keeps the rows of the attempt that ended well: none is lost, none comes twice.
Memory is that of the pipeline and of 64 texts, besides the batch of rows that Spark hands over; with long texts make that smaller with
``spark.sql.execution.arrow.maxRecordsPerBatch``, 10,000 rows by default. pyspark, pyarrow and pandas, which Spark asks for wherever it
maps Arrow batches, are extras: ``pip install 'smokkel_nlp[spark]'``.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from spacy.language import Language

from smokkel_nlp.arrow import import_pyarrow, schema, to_struct
from smokkel_nlp.batch import BATCH, Source, fault, pipeline, source_of, together
from smokkel_nlp.components.classify import case_of
from smokkel_nlp.errors import InputError
from smokkel_nlp.memory import zone
from smokkel_nlp.records import CaseAnalysis
from smokkel_nlp.settings import Settings
from smokkel_nlp.userrules import parse_user_rules

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql import DataFrame
    from pyspark.sql.types import StructType

RESULT, ERROR = "smokkel", "smokkel_error"


def classify(
    df: DataFrame,
    text_col: str,
    *,
    id_col: str | None = None,
    base: str | os.PathLike[str] | None = None,
    model: str | os.PathLike[str] | None = None,
    taxonomy: str | os.PathLike[str] | None = None,
    explain: bool = False,
    prior: float | None = None,
    thresholds: Mapping[str, float] | None = None,
    keep_text: bool = False,
) -> DataFrame:
    """Classify a column of texts; each Python worker loads the pipeline once, and anew when it is worn.

    Parameters
    ----------
    df : pyspark.sql.DataFrame
    text_col : str
        Column of strings.
    id_col : str, optional
        Column of strings or whole numbers, for ``smokkel.id``.
    base, model : str or path, optional
        As in :func:`smokkel_nlp.load`; names and paths are those of the executors.
    taxonomy : str or path, optional
        As in :func:`smokkel_nlp.load`; the file is read here and its content sent along.
    explain, prior, thresholds, keep_text
        As in :func:`smokkel_nlp.classify`.

    Returns
    -------
    pyspark.sql.DataFrame
        All columns of ``df``, and two more. ``smokkel`` is a struct with the columns of :mod:`smokkel_nlp.arrow`, null where the row
        could not be classified; ``smokkel_error`` then says why, in words that hold nothing of the text, and is null elsewhere.

    Raises
    ------
    InputError
        If a column is missing, there twice or of another type, ``df`` has a column of a name that is given here, or a setting cannot be
        used.
    TaxonomyError
        If something in your file is wrong.
    """
    text = _position(df, text_col, "text_col", ("string",))
    key = None if id_col is None else _position(df, id_col, "id_col", ("string", "tinyint", "smallint", "int", "bigint"))
    taken = next((name for name in (RESULT, ERROR) if name in map(str.lower, df.columns)), None)
    if taken:
        raise InputError(f"the DataFrame has a column '{taken}' already; rename it with withColumnRenamed")
    source = source_of(base, model, taxonomy, Settings.of(explain, prior, thresholds))
    if source[2] is not None:
        parse_user_rules(*source[2])
    with warnings.catch_warnings():
        # Spark looks for pandas here and warns of a new one, though no pandas is used on the way.
        warnings.filterwarnings("ignore", "PySpark does not yet fully support pandas", FutureWarning)
        return df.mapInArrow(_mapper(text, key, source, keep_text), _with_results(df.schema))


def _position(df: DataFrame, name: str, option: str, types: Sequence[str]) -> int:
    """Return the position of a column, which must be there once and of one of the types."""
    if df.columns.count(name) != 1:
        what = "more than one column" if name in df.columns else "no column"
        raise InputError(f"{option}: the DataFrame has {what} '{name}'; there is {', '.join(df.columns)}")
    position = int(df.columns.index(name))
    kind = df.schema[position].dataType.simpleString()
    if kind.split()[0] not in types:  # a string may have a collation
        raise InputError(f"{option}: column '{name}' is of type {kind}; cast it to string")
    return position


def _with_results(given: StructType) -> StructType:
    """Return the columns of a DataFrame and those of the results as Spark's types."""
    from pyspark.sql.pandas.types import from_arrow_schema
    from pyspark.sql.types import StringType, StructField, StructType

    return StructType([*given.fields, StructField(RESULT, from_arrow_schema(schema())), StructField(ERROR, StringType())])


def _mapper(text: int, key: int | None, source: Source, keep_text: bool) -> Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    """Return what a worker does with the batches of its rows, given the positions of text and id."""

    def add_results(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for whole in batches:
            for first in range(0, whole.num_rows, BATCH):
                batch = whole.slice(first, BATCH)
                # Asked for each time, and not held: a worn pipeline is loaded anew between batches.
                outcomes = _outcomes(pipeline(*source), list(map(_text, batch.column(text))), keep_text)
                ids = [None] * batch.num_rows if key is None else list(map(_id, batch.column(key)))
                yield _with_columns(batch, ids, outcomes)

    return add_results


def _with_columns(batch: pa.RecordBatch, ids: Sequence[str | None], outcomes: Sequence[CaseAnalysis | str]) -> pa.RecordBatch:
    pa = import_pyarrow()
    structs = [to_struct(case.with_id(id_)) if isinstance(case, CaseAnalysis) else None for id_, case in zip(ids, outcomes, strict=True)]
    errors = [None if isinstance(case, CaseAnalysis) else case for case in outcomes]
    columns = [pa.array(structs, pa.struct(list(schema()))), pa.array(errors, pa.string())]
    return pa.RecordBatch.from_arrays([*batch.columns, *columns], [*batch.schema.names, RESULT, ERROR])


def _text(value: pa.Scalar) -> str | None:
    """Return the text of a cell, as half a character where its bytes are none: Spark lets strings hold any."""
    try:
        text: str | None = value.as_py()
    except UnicodeDecodeError:
        return "\ud800"
    return text


def _id(value: pa.Scalar) -> str | None:
    """Return the id of a row; bytes that are no characters are shown as such."""
    try:
        id_ = value.as_py()
    except UnicodeDecodeError:
        id_ = value.as_buffer().to_pybytes().decode("utf8", "backslashreplace")
    return None if id_ is None else str(id_)


def _outcomes(nlp: Language, texts: Sequence[str | None], keep_text: bool) -> list[CaseAnalysis | str]:
    """Return for each text its record, or why there is none."""
    outcomes: list[CaseAnalysis | str] = [_fault(text, nlp.max_length) or "" for text in texts]
    usable = [(number, str(text)) for number, text in enumerate(texts) if not outcomes[number]]
    with zone(nlp):  # a worker lives as long as its executor
        done, failed = together(lambda some: [case_of(doc) for doc in nlp.pipe([text for _, text in some], batch_size=BATCH)], usable)
    cases = (case for found in done for case in found)
    for place, (number, text) in enumerate(usable):
        outcomes[number] = failed[place] if place in failed else replace(next(cases), text=text if keep_text else None)
    return outcomes


def _fault(text: str | None, limit: int) -> str | None:
    """Return why a text cannot be classified; None where it can."""
    return "there is no text (null)" if text is None else fault(text, limit)
