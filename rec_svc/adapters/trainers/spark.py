"""Spark MLlib's ALS, for what outgrows one machine: it computes in processes of its own."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from scipy.sparse import csr_matrix

from rec_svc.domain.fold_in import Regularisation
from rec_svc.domain.interactions import Size
from rec_svc.domain.scorers import ItemFactors, Scorer
from rec_svc.domain.search import Point
from rec_svc.ports.trainer import Progress, Tuning

PAIRS = "pairs.parquet"
FACTORS = "factors.npy"
_JOB = "rec_svc.adapters.trainers.spark_job"
_LOOK_S = 0.5
_TOLD = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class SparkFit:
    """What is to be fitted and where.

    ``master`` names a cluster or, as ``local[n]``, so many threads of this machine; ``memory_mib``
    is what its driver may take, in MiB. ``folder`` holds the pairs and gets the factors.
    """

    folder: str
    master: str
    memory_mib: int
    tracks: int
    dimensions: int
    epochs: int
    ridge: float
    alpha: float
    seed: int


class SparkTrainer:
    """``Trainer`` by Spark; the pairs reach it as a file of Parquet.

    ``folder`` is one that this process and the cluster share, by default the one for temporary
    files, which does for a ``local`` master. A fit raises ValueError where Spark is not installed
    or fails, with what it said.
    """

    def __init__(
        self,
        master: str = "local[*]",
        memory_mib: int = 2048,
        folder: Path | None = None,
        dimensions: int = 64,
    ) -> None:
        self._master = master
        self._memory_mib = memory_mib
        self._folder = folder
        self._dimensions = dimensions
        self.tuning = Tuning({"ridge": 0.2, "alpha": 4.0, "epochs": 10})

    def fit(self, train: csr_matrix, point: Point, seed: int, progress: Progress) -> Scorer:
        _require_spark()
        with tempfile.TemporaryDirectory(dir=self._folder, prefix="segue-spark-") as folder:
            pq.write_table(pairs_of(train), Path(folder) / PAIRS)
            job = SparkFit(
                folder=folder,
                master=self._master,
                memory_mib=self._memory_mib,
                tracks=train.shape[1],
                dimensions=self._dimensions,
                epochs=int(point["epochs"]),
                ridge=point["ridge"],
                alpha=point["alpha"],
                seed=seed,
            )
            _run(job, lambda: progress(0.0))
            factors = np.load(Path(folder) / FACTORS)
        progress(1.0)
        return ItemFactors(factors, regularisation_of(point))

    def fit_bytes(self, size: Size) -> int:
        rows = 40 * size.pairs + 8 * self._dimensions * size.tracks
        return self.kept_bytes(size) + rows + self._memory_mib * 2**20

    def kept_bytes(self, size: Size) -> int:
        return 4 * self._dimensions * size.tracks


def regularisation_of(point: Point) -> Regularisation:
    """The equations by which Spark folds a listener in.

    Its ridge is per entry; an observed pair weighs 1 + alpha times its value, an unobserved one 1.
    """
    return Regularisation(
        ridge=point["ridge"],
        negatives=1.0,
        exponent=1.0,
        alpha=point["alpha"],
        want_offset=1.0,
        unobserved_ridge=0.0,
    )


def pairs_of(train: csr_matrix) -> Any:
    """The pairs as a table of Arrow: ``listener``, ``track``, ``value``."""
    entries = train.tocoo()
    return pa.table(
        {
            "listener": entries.row.astype(np.int32),
            "track": entries.col.astype(np.int32),
            "value": entries.data.astype(np.float32),
        }
    )


def _require_spark() -> None:
    if importlib.util.find_spec("pyspark") is None:
        raise ValueError("The workers have no Spark. Install it beside them: segue[rec-spark].")
    if shutil.which("java") is None and "JAVA_HOME" not in os.environ:
        raise ValueError(
            "Spark needs Java 17 or later. On Debian: apt-get install default-jre-headless."
        )


def _run(job: SparkFit, look: Callable[[], None]) -> None:
    """Runs the job to its end; what ``look`` raises, now and then, ends it and is raised."""
    with (Path(job.folder) / "log").open("w+b") as log:
        with _started(job, log) as process:
            while True:
                try:
                    failed = process.wait(_LOOK_S)
                    break
                except subprocess.TimeoutExpired:
                    look()
        if failed:
            log.seek(0)
            raise ValueError(f"Spark failed: {_last_words(log.read().decode(errors='replace'))}")


def _last_words(log: str) -> str:
    """What it said last, without where in the code of Java that was."""
    lines = (line for line in log.splitlines() if line.strip() and not line.startswith("\tat "))
    return "\n".join(lines)[-_TOLD:]


@contextmanager
def _started(job: SparkFit, log: IO[bytes]) -> Iterator[subprocess.Popen[bytes]]:
    """A process that does the job. Its machine of Java ends when it does, however it ends."""
    told = Path(job.folder) / "job.json"
    told.write_text(json.dumps(asdict(job)))
    process = subprocess.Popen(
        (sys.executable, "-m", _JOB, str(told)),
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=subprocess.STDOUT,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()
