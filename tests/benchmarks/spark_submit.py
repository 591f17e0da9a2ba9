"""Classify a file with Spark, and tell how many of each class there are.

    spark-submit --master 'local[2]' tests/benchmarks/spark_submit.py zaken.jsonl uit.parquet --text-field text --id-field id

Reads JSON Lines, CSV or Parquet, one file or a folder of them, wherever Spark finds them; writes Parquet with all columns of the input,
``smokkel`` and ``smokkel_error``. Exit codes: 0 all well, 1 some rows could not be classified.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import PurePath

from smokkel_nlp.spark import classify


def main(argv: Sequence[str] | None = None) -> int:
    """Run the job; returns the exit code."""
    from pyspark.sql import SparkSession  # an extra

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("input")
    parser.add_argument("output")
    parser.add_argument("--text-field", default="text")
    parser.add_argument("--id-field")
    parser.add_argument("--prior", type=float)
    parser.add_argument("--partitions", type=int, help="spread the rows over so many tasks (default: as Spark reads them)")
    options = parser.parse_args(argv)

    spark = SparkSession.builder.appName("smokkel_nlp").getOrCreate()
    kind = PurePath(options.input).suffix.lower()
    if kind == ".csv":
        cases = spark.read.csv(options.input, header=True, multiLine=True, escape='"')
    else:
        cases = spark.read.parquet(options.input) if kind == ".parquet" else spark.read.json(options.input)
    if options.partitions:
        cases = cases.repartition(options.partitions)
    classify(cases, options.text_field, id_col=options.id_field, prior=options.prior).write.mode("overwrite").parquet(options.output)

    written = spark.read.parquet(options.output)  # what is counted here is not classified once more
    told = written.selectExpr("coalesce(smokkel.offence, smokkel_error) AS what", "smokkel_error IS NOT NULL AS failed")
    rows = told.groupBy("what", "failed").count().orderBy("failed", "what").collect()
    for row in rows:
        print(f"{row['count']:>10} {row['what']}")
    return int(any(row["failed"] for row in rows))


if __name__ == "__main__":
    sys.exit(main())
