"""The job of Spark, in a process of its own: ``python -m rec_svc.adapters.trainers.spark_job JOB``.

Fits MLlib's ALS to the pairs of a file of Parquet (``listener``, ``track``, ``value``), in a folder
that whoever computes can read, and writes the factors of the tracks beside it. What it is to do is
said in the file JOB; the machine of Java ends with it.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
from pyspark.ml.recommendation import ALS
from pyspark.sql import SparkSession

from rec_svc.adapters.trainers.spark import FACTORS, PAIRS, SparkFit


def open_session(job: SparkFit) -> Any:
    """A session of Spark."""
    settings = {
        "spark.driver.memory": f"{job.memory_mib}m",
        "spark.local.dir": job.folder,
        "spark.ui.enabled": "false",
        "spark.sql.shuffle.partitions": "8",
    }
    if job.master.startswith("local"):
        settings |= {"spark.driver.host": "127.0.0.1", "spark.driver.bindAddress": "127.0.0.1"}
    builder = SparkSession.builder.appName("segue-rec").master(job.master)
    for name, value in settings.items():
        builder = builder.config(name, value)
    return builder.getOrCreate()


def fit(session: Any, job: SparkFit) -> Any:
    """MLlib's model of the pairs in the folder of ``job``."""
    als = ALS(
        rank=job.dimensions,
        maxIter=job.epochs,
        regParam=job.ridge,
        alpha=job.alpha,
        implicitPrefs=True,
        userCol="listener",
        itemCol="track",
        ratingCol="value",
        seed=job.seed,
    )
    return als.fit(session.read.parquet((Path(job.folder) / PAIRS).as_uri()))


def factors_of(rows: Any, count: int, dimensions: int) -> Any:
    """The factors [count, dimensions]; of what nobody has they are 0."""
    factors = np.zeros((count, dimensions), dtype=np.float32)
    for row in rows.toLocalIterator():
        factors[row.id] = row.features
    return factors


def main() -> None:
    """Does the job of the file that is named."""
    job = SparkFit(**json.loads(Path(sys.argv[1]).read_text()))
    session = open_session(job)
    try:
        factors = factors_of(fit(session, job).itemFactors, job.tracks, job.dimensions)
    finally:
        session.stop()
    np.save(Path(job.folder) / FACTORS, factors)


if __name__ == "__main__":
    main()
