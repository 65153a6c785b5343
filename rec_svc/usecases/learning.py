"""From what was heard to a model and its verdict: pure computing, in a thread of its own."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from rec_svc.domain.blend import fit_weights, scoring_bytes
from rec_svc.domain.calibration import Calibration, fit_calibration
from rec_svc.domain.evaluation import Evaluation, Scores, evaluate
from rec_svc.domain.gate import (
    COVERAGE_FLOOR,
    LEAST_TESTED,
    Difference,
    Verdict,
    coverage_floor,
    judge,
    paired,
)
from rec_svc.domain.interactions import Heard, Interactions, Size, interactions
from rec_svc.domain.model import Model
from rec_svc.domain.popularity import popularity
from rec_svc.domain.scorers import Blend, Constant, Part, Scorer
from rec_svc.domain.search import Point, Trial, points, search
from rec_svc.domain.splits import WEEK_MS, Split, first_heard_since, holdout, temporal
from rec_svc.domain.trainings import BLENDED
from rec_svc.ports.trainer import Trainer

HOLDOUT = 0.2
_PAIR_BYTES = 120
"""What a pair takes in the matrices of all parts, and while they are cut."""
MEASURE = "ndcg@10"

Tell = Callable[[str, float], None]
"""Is told the stage and the share that is done; what it raises ends the learning."""


@dataclass(frozen=True, slots=True)
class Serving:
    """The model that serves, until when it learnt (Unix ms), and what it was trained with."""

    model: Model
    until_ms: int
    trainer: str
    configuration: str
    parameters: Point


@dataclass(frozen=True, slots=True)
class Plan:
    """What to train with: ``trainer`` is a name of ``trainers``, or BLEND.

    The parameters of its first member are searched ``trials`` times where there is nothing to take
    over from a model of the same trainer that serves, or where ``anew`` says so.
    """

    trainer: str
    trainers: Mapping[str, Trainer]
    seed: int
    trials: int
    anew: bool = False
    coverage_floor: float = COVERAGE_FLOOR

    @property
    def members(self) -> dict[str, Trainer]:
        """The trainers of what is blended, by name."""
        return members_of(self.trainer, self.trainers)


@dataclass(frozen=True, slots=True)
class Learned:
    """What came of it. ``split`` is TEMPORAL or RANDOM, ``until_ms`` where what it knows ends."""

    scorer: Scorer
    calibration: Calibration
    data: Interactions
    split: str
    until_ms: int
    parameters: dict[str, float]
    configuration: str
    metrics: dict[str, float]
    verdict: Verdict
    fit_s: float


@dataclass(frozen=True, slots=True)
class Opponent:
    """What a new model stands beside: its scores of ``histories``, and what they are held against.

    The three are in the lines and columns of what the new model learnt from.
    """

    scores: Scores
    histories: csr_matrix
    test: csr_matrix


@dataclass(frozen=True, slots=True)
class Cuts:
    """The parts: ``inner`` to choose by, its test the validation part; ``outer`` to judge by."""

    inner: Split
    outer: Split
    kind: str
    until_ms: int


def cut(heard: Heard, until_ms: int, seed: int) -> Cuts:
    """By weeks where there are enough, else a fifth of what each listener heard, at random.

    Raises ValueError where nobody heard two tracks.
    """
    judged_from = until_ms - WEEK_MS
    chosen_from = judged_from - WEEK_MS
    if len(heard) and int(heard.at_ms.min()) < chosen_from:
        outer = temporal(heard, judged_from, until_ms)
        inner = temporal(heard, chosen_from, judged_from)
        if min(_tested(outer.test), _tested(inner.test)) >= LEAST_TESTED:
            return Cuts(inner, outer, "TEMPORAL", judged_from)
    outer = holdout(interactions(heard), HOLDOUT, seed)
    inner = holdout(outer.train, HOLDOUT, seed + 1)
    if not outer.test.nnz or not inner.test.nnz:
        raise ValueError("There is too little to learn from: nobody has heard four tracks.")
    return Cuts(inner, outer, "RANDOM", until_ms)


def learn(
    heard: Heard,
    until_ms: int,
    plan: Plan,
    serving: Serving | None,
    *,
    done: list[Trial],
    tell: Tell,
) -> Learned:
    """All of it: search, blend and calibration on the validation part, then fit, judge and verdict.

    ``done`` are the trials of an earlier attempt, and gets those of this one.
    """
    parts = cut(heard, until_ms, plan.seed)
    parameters = _parameters(parts.inner, plan, serving, done, tell)
    tell("weighing the blend", 0.6)
    fitted = _fitted(parts.inner.train.matrix, plan, parameters)
    chosen = parts.inner.train.matrix, parts.inner.test
    weights = fit_weights(fitted, *chosen)
    calibration = fit_calibration(_blend(fitted, weights).batch, *chosen)
    del fitted
    tell("fitting", 0.7)
    began = time.perf_counter()
    scorer = _blend(_fitted(parts.outer.train.matrix, plan, parameters), weights)
    took_s = time.perf_counter() - began
    tell("judging", 0.8)
    configuration = _configuration(plan.trainer, parameters)
    metrics, verdict = _judged(scorer, heard, parts, plan, serving, configuration)
    data = parts.outer.train
    if parts.kind == "RANDOM":
        # Nothing is later than what it learnt from, so that what was kept back is worth learning.
        tell("fitting on all", 0.9)
        data = data.with_matrix(csr_matrix(data.matrix + parts.outer.test))
        del scorer
        scorer = _blend(_fitted(data.matrix, plan, parameters), weights)
    metrics |= {f"weight_{name}": weight for name, weight in weights.items()}
    return Learned(
        scorer, calibration, data, parts.kind, parts.until_ms, parameters, configuration, metrics,
        verdict, took_s,
    )  # fmt: skip


def members_of(trainer: str, trainers: Mapping[str, Trainer]) -> dict[str, Trainer]:
    """What a trainer of the contract is made of. Raises KeyError for one that there is not."""
    names = BLENDED if trainer == "BLEND" else (trainer,)
    return {name: trainers[name] for name in names}


def needs_bytes(size: Size, members: Mapping[str, Trainer]) -> int:
    """What learning takes at its peak, beside the events."""
    kept = sum(member.kept_bytes(size) for member in members.values())
    fit = max(member.fit_bytes(size) - member.kept_bytes(size) for member in members.values())
    # What was fitted to a part stays while the like is fitted to more.
    return 2 * kept + max(fit, scoring_bytes(size, len(members))) + _PAIR_BYTES * size.pairs


def _parameters(
    inner: Split, plan: Plan, serving: Serving | None, done: list[Trial], tell: Tell
) -> dict[str, float]:
    """Those of all members, each under its member's name."""
    starts = {
        f"{name}.{key}": value
        for name, member in plan.members.items()
        for key, value in member.tuning.start.items()
    }
    taken_over = serving is not None and serving.trainer == plan.trainer and not plan.anew
    if serving is not None and taken_over and set(serving.parameters) == set(starts):
        return dict(serving.parameters)
    name, first = next(iter(plan.members.items()))
    if not first.tuning.space:
        return starts
    asked = points(first.tuning.space, first.tuning.start, plan.trials, plan.seed)

    def attempt(point: Point) -> float:
        tell(f"trying parameters, {len(done) + 1} of {plan.trials}", 0.6 * len(done) / plan.trials)
        fitted = first.fit(inner.train.matrix, point, plan.seed, lambda _: None)
        return evaluate(fitted.batch, inner.train.matrix, inner.test).mean(MEASURE)

    best = search(asked, attempt, tuple(done), done.append)
    return starts | {f"{name}.{key}": value for key, value in best.point.items()}


def _fitted(train: csr_matrix, plan: Plan, parameters: Point) -> dict[str, Scorer]:
    found: dict[str, Scorer] = {}
    for name, member in plan.members.items():
        point = {key: parameters[f"{name}.{key}"] for key in member.tuning.start}
        found[name] = member.fit(train, point, plan.seed, lambda _: None)
    return found


def _blend(fitted: Mapping[str, Scorer], weights: Mapping[str, float]) -> Scorer:
    parts = tuple(
        Part(name, scorer, weights[name]) for name, scorer in fitted.items() if weights[name]
    )
    return parts[0].scorer if len(parts) == 1 else Blend(parts)


def _judged(
    scorer: Scorer,
    heard: Heard,
    parts: Cuts,
    plan: Plan,
    serving: Serving | None,
    configuration: str,
) -> tuple[dict[str, float], Verdict]:
    """What it reaches on what was kept back, beside popularity and what serves."""
    train, test = parts.outer.train, parts.outer.test
    found = evaluate(scorer.batch, train.matrix, test)
    popular = evaluate(Constant(popularity(train.matrix)).batch, train.matrix, test)
    metrics = found.figures() | {f"popularity_{MEASURE}": popular.mean(MEASURE)}
    same = serving is not None and serving.configuration == configuration
    beside: Difference | None = None
    if serving is not None:
        against = _opponent(serving, heard, parts, plan, same_configuration=same)
        if against is not None:
            known = evaluate(against.scores, against.histories, against.test)
            beside = _paired(evaluate(scorer.batch, against.histories, against.test), known)
            metrics[f"serving_{MEASURE}"] = known.mean(MEASURE)
    tested = _tested(test)
    verdict = judge(
        to_popularity=_paired(found, popular),
        to_serving=beside,
        same_configuration=same,
        coverage=metrics["coverage@10"],
        listeners=tested,
        coverage_floor=coverage_floor(tested, len(train.tracks), plan.coverage_floor),
    )
    return metrics, verdict


def _opponent(
    serving: Serving, heard: Heard, parts: Cuts, plan: Plan, *, same_configuration: bool
) -> Opponent | None:
    """What a new model stands beside: the model that serves, or the like of it, or nothing.

    The model that serves, by what neither learnt from: of a week from before which both are, or
    of what was kept back at random that was first heard after the serving one had learnt. Where
    that is too little, another one of its configuration is fitted to what the new one has learnt
    from; of the same configuration that would be the new one itself.
    """
    train, test = parts.outer.train, parts.outer.test
    unseen = test
    if parts.kind != "TEMPORAL" or serving.until_ms > parts.until_ms:
        unseen = first_heard_since(parts.outer, heard, serving.until_ms)
    if _tested(unseen) >= LEAST_TESTED:
        # What it has seen of the test is no answer and must not stand among its ten.
        histories = csr_matrix(train.matrix + (test - unseen))
        histories.eliminate_zeros()
        return Opponent(_translated(serving.model, train), histories, unseen)
    if same_configuration:
        return None
    theirs = replace(plan, trainer=serving.trainer)
    inner = parts.inner.train.matrix
    weights = fit_weights(_fitted(inner, theirs, serving.parameters), inner, parts.inner.test)
    fitted = _fitted(train.matrix, theirs, serving.parameters)
    return Opponent(_blend(fitted, weights).batch, train.matrix, test)


def _paired(one: Evaluation, other: Evaluation) -> Difference:
    return paired(one.per_listener[MEASURE], other.per_listener[MEASURE])


def _translated(model: Model, data: Interactions) -> Scores:
    """The scores of a model whose tracks are others, in the columns of ``data``."""
    own = {track_id: row for row, track_id in enumerate(model.tracks.all())}
    rows = np.array([own.get(track_id, -1) for track_id in data.tracks.all()])
    known = np.flatnonzero(rows >= 0)

    def scores(histories: csr_matrix) -> NDArray[np.float32]:
        entries = histories.tocsc()[:, known].tocoo()
        shape = (histories.shape[0], len(model.tracks))
        theirs = csr_matrix((entries.data, (entries.row, rows[known][entries.col])), shape=shape)
        found = np.full(histories.shape, -np.inf, dtype=np.float32)
        found[:, known] = model.batch(theirs)[:, rows[known]]
        return found

    return scores


def _configuration(trainer: str, parameters: Point) -> str:
    told = ",".join(f"{name}={value:.6g}" for name, value in sorted(parameters.items()))
    return f"{trainer}({told})"


def _tested(test: csr_matrix) -> int:
    return int((np.diff(test.indptr) > 0).sum())
