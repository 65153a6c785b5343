"""How well models rank what listeners heard beside, and what a training costs.

    python -m bench recommendations
    python -m bench.recommendations PLAYS.dat[.gz] [--trials 12]

The first measures invented data: listeners whose taste drifts, cut by time, tracks that were hidden
from the training, and matrices of up to 120,000 listeners for the laws of time and memory. The
second measures accuracy on a file with a line a pair, tabulated: listener, track, and what is not
read; the first line is a heading. HetRec 2011's user_artists.dat (Last.fm, for research;
grouplens.org/datasets/hetrec-2011) is one. None is kept here, for its terms.

Protocol: a fifth of each listener's tracks is kept back at random, seed 42; all tracks are ranked,
those learnt from left out; NDCG's ideal and recall's divisor are min(k, kept back); ± one standard
error over listeners. Parameters of iALS and weights of the blend are chosen on a validation part: a
fifth of what is left, which models then learn from again. Nothing is chosen by what was kept back.
Fits use one thread each, ``implicit``'s too; their times are of the processor.
Spark's ALS is measured where it is installed (make test-spark does that), by the clock.
"""

from __future__ import annotations

import argparse
import gzip
import importlib.util
import multiprocessing
import sys
import time
import tracemalloc
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.sparse import csr_matrix
from threadpoolctl import threadpool_limits

from bench import new_tracks
from bench.drifting_listeners import WEEKS, drifting
from bench.report import Figure, table
from rec_svc.adapters.trainers.computed import (
    EdlaeTrainer,
    IalsTrainer,
    ItemKnnTrainer,
    PopularityTrainer,
)
from rec_svc.adapters.trainers.implicit_als import ImplicitTrainer
from rec_svc.adapters.trainers.spark import SparkTrainer
from rec_svc.domain.blend import fit_weights
from rec_svc.domain.evaluation import BATCH, Evaluation, evaluate
from rec_svc.domain.gate import paired
from rec_svc.domain.ials import IalsParameters, fit_ials
from rec_svc.domain.interactions import Heard, Interactions, interactions, ones_where_positive
from rec_svc.domain.scorers import Blend, ItemFactors, Part, Scorer
from rec_svc.domain.search import Point, points, search
from rec_svc.domain.splits import WEEK_MS, Split, holdout, temporal
from rec_svc.ports.trainer import Trainer

SEED = 42
TRIALS = 12
SIZES = ((24_000, 48_000, 420_000), (60_000, 120_000, 1_050_000), (120_000, 240_000, 2_100_000))
MODELS: dict[str, tuple[Trainer, Point]] = {
    "popularity": (PopularityTrainer(), {}),
    "item-kNN": (ItemKnnTrainer(), {"neighbours": 400, "shrink": 0.0}),
    "implicit ALS": (ImplicitTrainer(), {"ridge": 10.0, "alpha": 1.0, "epochs": 15}),
    "EASE": (EdlaeTrainer(), {"ridge": 100.0, "dropout": 0.0}),
    "EDLAE": (EdlaeTrainer(), {"ridge": 50.0, "dropout": 0.33}),
}
if importlib.util.find_spec("pyspark"):
    MODELS["Spark ALS"] = (SparkTrainer("local[2]"), {"ridge": 0.2, "alpha": 4.0, "epochs": 10})
IALS = IalsTrainer()
BLENDED = ("iALS", "EDLAE", "item-kNN")


@dataclass(frozen=True, slots=True)
class Fitted:
    """A scorer, and the seconds of the processor that its fit took."""

    scorer: Scorer
    took_s: float


def read(path: Path) -> Interactions:
    """The pairs of a file."""
    with gzip.open(path, "rt") if path.suffix == ".gz" else path.open() as lines:
        next(lines)
        pairs = np.array([line.split("\t")[:2] for line in lines], dtype=object)
    size = len(pairs)
    ones, never = np.ones(size, np.float32), np.zeros(size, np.int64)
    return interactions(Heard(pairs[:, 0], pairs[:, 1], ones, never))


def timed(trainer: Trainer, train: csr_matrix, point: Point) -> Fitted:
    """A fit on one thread; Spark's, which is in other processes, by the clock."""
    now = time.monotonic if isinstance(trainer, SparkTrainer) else time.process_time
    began = now()
    scorer = trainer.fit(train, point, SEED, lambda _: None)
    return Fitted(scorer, now() - began)


def tuned(inner: Split, trials: int) -> Point:
    """The parameters of iALS that are best on the validation part."""
    asked = points(IALS.tuning.space, IALS.tuning.start, trials, SEED)

    def attempt(point: Point) -> float:
        scorer = IALS.fit(inner.train.matrix, point, SEED, lambda _: None)
        reached = evaluate(scorer.batch, inner.train.matrix, inner.test).mean("ndcg@10")
        told = ", ".join(f"{name} {value:.4f}" for name, value in point.items())
        print(f"  {told}: NDCG@10 {reached:.4f} on the validation part", file=sys.stderr)
        return reached

    return search(asked, attempt).point


def fitted(train: csr_matrix, ials: Point) -> dict[str, Fitted]:
    """Every model on its own."""
    found = {name: timed(trainer, train, point) for name, (trainer, point) in MODELS.items()}
    return found | {"iALS": timed(IALS, train, ials)}


def blended(models: Mapping[str, Fitted], weights: Mapping[str, float]) -> Fitted:
    """The blend of models with these weights."""
    parts = (Part(name, models[name].scorer, weight) for name, weight in weights.items())
    took_s = sum(models[name].took_s for name in weights)
    return Fitted(Blend(tuple(part for part in parts if part.weight)), took_s)


def accuracy(outer: Split, inner: Split, trials: int, about: str) -> list[Figure]:
    """All models on one split, each beside its limit."""
    ials = tuned(inner, trials)
    chosen = fitted(inner.train.matrix, ials)
    own = {name: chosen[name].scorer for name in BLENDED}
    weights = fit_weights(own, inner.train.matrix, inner.test)
    models = fitted(outer.train.matrix, ials)
    told = ", ".join(f"{weight:g} {name}" for name, weight in weights.items())
    models[f"blend ({told})"] = blended(models, weights)
    found = {
        name: evaluate(one.scorer.batch, outer.train.matrix, outer.test)
        for name, one in models.items()
    }
    figures = [
        figure
        for name, one in models.items()
        for figure in _told(f"{about}: {name}", found[name], one.took_s)
    ]
    ratio = models["iALS"].took_s / models["implicit ALS"].took_s
    figures.append(Figure(f"{about}: iALS ÷ implicit ALS, time of a fit", ratio, "", None))
    blend, first = list(found.values())[-1], found["iALS"]
    ahead = paired(blend.per_listener["ndcg@10"], first.per_listener["ndcg@10"])
    beside = f"± {ahead.standard_error:.4f}, paired"
    figures.append(Figure(f"{about}: blend - iALS, NDCG@10 x 1000", ahead.mean * 1000, "", beside))
    return figures


def _told(name: str, found: Evaluation, took_s: float) -> list[Figure]:
    ndcg, error = found.mean("ndcg@10"), found.standard_error("ndcg@10")
    told = found.figures()
    beside = (
        f"NDCG@10 **{ndcg:.4f}** ± {error:.4f}; R@20 {told['recall@20']:.4f};"
        f" MRR {told['mrr']:.3f}; hit rate {told['hit_rate@10']:.3f};"
        f" coverage@10 {told['coverage@10']:.3f}; Gini {told['gini@10']:.3f};"
        f" novelty {told['novelty@10']:.1f} bits"
    )
    return [Figure(name, took_s, "s a fit", beside)]


def invented_matrix(listeners: int, tracks: int, pairs: int) -> csr_matrix:
    """Pairs at random with the marginals of HetRec's: tracks by Zipf's law, listeners alike."""
    rng = np.random.default_rng(SEED)
    chances = 1 / np.arange(1, tracks + 1) ** 0.9
    columns = rng.choice(tracks, size=pairs * 5 // 4, p=chances / chances.sum())
    lines = rng.integers(0, listeners, size=len(columns))
    kept = np.unique(lines * np.int64(tracks) + columns)
    kept = rng.permutation(kept)[:pairs]
    ones = np.ones(len(kept), np.float32)
    made = csr_matrix((ones, (kept // tracks, kept % tracks)), shape=(listeners, tracks))
    return ones_where_positive(made)


def cost(size: tuple[int, int, int]) -> tuple[float, float, float, int]:
    """Seconds of an epoch, MiB of a fit beside the matrix, listeners a second; how many pairs."""
    with threadpool_limits(1):
        train = invented_matrix(*size)
        began = time.process_time()
        factors = fit_ials(train, IalsParameters(epochs=2), SEED)
        epoch_s = (time.process_time() - began) / 2
        # By itself: what traces memory takes time.
        tracemalloc.start()
        fit_ials(train, IalsParameters(epochs=1), SEED)
        memory = tracemalloc.get_traced_memory()[1] / 2**20
        tracemalloc.stop()
        scorer = ItemFactors(factors, IalsParameters().regularisation)
        began = time.process_time()
        scorer.batch(train[:BATCH])
        return epoch_s, memory, BATCH / (time.process_time() - began), train.nnz


def costs() -> list[Figure]:
    """The cost of iALS by size, each in a process of its own, and the law that they follow."""
    figures = []
    measured = []
    for size in SIZES:
        with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
            epoch_s, memory, batch, pairs = pool.submit(cost, size).result()
        listeners, tracks, _ = size
        about = f"iALS of 64, {listeners:,} x {tracks:,}, {pairs:,} pairs"
        figures += [
            Figure(f"{about}: an epoch", epoch_s, "s", f"16 epochs: {16 * epoch_s:.1f} s"),
            Figure(f"{about}: memory of a fit at its peak", memory, "MiB", None),
            Figure(f"{about}: all tracks scored", batch, "listeners/s", None),
        ]
        measured.append((pairs, listeners + tracks, epoch_s, memory))
    law = np.array(measured)
    for column, unit in ((2, "s"), (3, "MiB")):
        per_million = law[-1, column] / (law[-1, 1] / 1e6)
        what = "an epoch" if column == 2 else "memory"
        grows = np.log(law[-1, column] / law[0, column]) / np.log(law[-1, 1] / law[0, 1])
        beside = f"grows by the power {grows:.2f} of the size; 2,000,000 lines: twice this"
        figures.append(
            Figure(f"iALS: {what} a million lines, listeners and tracks", per_million, unit, beside)
        )
    return figures


def over_time() -> list[Figure]:
    """Listeners whose taste drifts, judged on the last week."""
    heard = drifting(listeners=1_000, tracks=4_000, seed=SEED)
    last = (WEEKS - 1) * WEEK_MS
    outer, inner = temporal(heard, last), temporal(heard, last - WEEK_MS, last)
    return accuracy(outer, inner, TRIALS, "drifting listeners, last week")


def run() -> list[Figure]:
    """Measures invented data; about three minutes."""
    with threadpool_limits(1):
        return [*over_time(), *new_tracks.figures(), *costs()]


def main() -> None:
    assert __doc__
    parser = argparse.ArgumentParser(
        prog="python -m bench.recommendations",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("plays", type=Path)
    parser.add_argument("--trials", type=int, default=TRIALS)
    arguments = parser.parse_args()
    if not arguments.plays.is_file():
        sys.exit(f"{arguments.plays} is not there.\n\n{__doc__}")
    outer = holdout(read(arguments.plays), 0.2, SEED)
    inner = holdout(outer.train, 0.2, SEED + 1)
    with threadpool_limits(1):
        print(table(accuracy(outer, inner, arguments.trials, arguments.plays.name)))


if __name__ == "__main__":
    main()
