"""What feeds tell of lists, the metrics of it, and when looks are taken and experiments read."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
from prometheus_client import REGISTRY

from meshkit.faults import Unavailable
from meshkit.replicas import MemoryReplica
from meshkit.ulids import new_id
from rec_svc.adapters.memory.experiments import MemoryExperiments, MemoryLooks
from rec_svc.adapters.memory.exposures import MemoryExposures
from rec_svc.adapters.prometheus_outcomes import MOST_MODELS, PrometheusOutcomes
from rec_svc.domain.arm_statistics import ArmSums, Metric
from rec_svc.domain.experiments import Experiment, Running, started
from rec_svc.domain.exposure_outcomes import CountedOutcome, Exposure, Kind, Outcome
from rec_svc.domain.plays import Play
from rec_svc.domain.user_items import ItemChange, ItemChanged, UserForgotten
from rec_svc.usecases import running_experiments
from rec_svc.usecases.exposure_outcomes import CountOutcomes, PlayOutcomes, SaveOutcomes
from rec_svc.usecases.looks import TakeLooks
from rec_svc.usecases.running_experiments import RefreshedExperiments
from tests.contracts.rec.experiment_samples import NOW_MS, a_draft, arm_sums

TRACK = new_id()


class Told:
    """``OutcomeMetrics`` that remember."""

    def __init__(self) -> None:
        self.outcomes: list[Outcome] = []

    def count(self, counted: CountedOutcome) -> None:
        self.outcomes.append(counted.outcome)


def a_play(shown_id: str, user_id: str, **fields: object) -> Play:
    given = {
        "play_id": new_id(),
        "user_id": user_id,
        "track_id": TRACK,
        "begun_ms": NOW_MS,
        "left_ms": NOW_MS + 1,
        "heard_ms": 0,
        "counted": False,
        "shown_id": shown_id,
    }
    return Play(**{**given, **fields})  # type: ignore[arg-type]


async def test_feeds_that_tell_again_are_counted_and_measured_once() -> None:
    experiments, told = MemoryExperiments(), Told()
    log = MemoryExposures(experiments)
    running = started(a_draft(), 100, [], NOW_MS)
    await experiments.create(running)
    user, shown_id = new_id(), new_id()
    arms = {running.experiment_id: "control"}
    await log.record(Exposure(user, shown_id, "home", (TRACK,), "m", NOW_MS, arms))
    count = CountOutcomes(log, told)
    plays = PlayOutcomes(MemoryReplica[Play](), count)
    saves = SaveOutcomes(MemoryReplica[ItemChange](), count)
    skipped = a_play(shown_id, user, skipped=True)
    late_skip = a_play(shown_id, user, skipped=True, counted=True)
    ended = a_play(shown_id, user, counted=True, completed=True)
    unshown = a_play("", user, skipped=True)
    items: list[ItemChange] = [
        ItemChanged(user, TRACK, 1, NOW_MS + 5, kept=True),
        ItemChanged(user, TRACK, 2, NOW_MS + 6, kept=False),
        UserForgotten(new_id()),
    ]
    for _ in range(2):
        await plays.apply([skipped, late_skip, ended, unshown], "token")
        await saves.apply(items, "token")
    control = (await log.of(running, NOW_MS))[0]
    assert (control.of(Metric.SKIP_RATE).x, control.of(Metric.SKIP_RATE).y) == (3, 1)
    assert control.of(Metric.COMPLETION_RATE).y == 1
    assert control.of(Metric.SAVE_RATE).y == 1
    assert [one.kind for one in told.outcomes] == [Kind.PLAY] * 3 + [Kind.SAVE]
    assert await plays.resume_token() == "token"


class Now:
    """``RunningExperiments`` of a test."""

    def __init__(self, *experiments: Experiment) -> None:
        self._experiments = experiments

    def current(self) -> Running:
        return Running(self._experiments)


def value(name: str, **labels: str) -> float | None:
    return REGISTRY.get_sample_value(f"segue_rec_{name}_total", labels)


def counted(model: str, arms: dict[str, str], **fields: object) -> CountedOutcome:
    held_back = bool(fields.pop("held_back", False))
    given = {"kind": Kind.PLAY, "user_id": "u", "subject": "s", "at_ms": 0}
    outcome = Outcome(**{**given, **fields})  # type: ignore[arg-type]
    return CountedOutcome(outcome, "home", model, arms, held_back)


def test_plays_skips_and_saves_are_told_by_model_and_by_arm() -> None:
    one, two = a_draft(f"one-{new_id().lower()}"), a_draft(f"two-{new_id().lower()}")
    metrics, model = PrometheusOutcomes(Now(one, two)), new_id()
    arms = {one.experiment_id: "control", two.experiment_id: "popular", new_id(): "over"}
    metrics.count(counted(model, arms, skipped=True))
    metrics.count(counted(model, arms))
    metrics.count(counted(model, arms, kind=Kind.SAVE))
    assert [value(name, model=model) for name in ("plays", "skips", "saves")] == [2, 1, 1]
    for experiment, arm in ((one, "control"), (two, "popular")):
        labels = {"experiment": experiment.name, "arm": arm}
        found = [value(name, **labels) for name in ("arm_plays", "arm_skips", "arm_saves")]
        assert found == [2, 1, 1]


def test_who_is_in_no_arm_is_told_apart_from_who_is_held_back() -> None:
    metrics, model = PrometheusOutcomes(Now()), new_id()
    labels = [{"experiment": "", "arm": arm} for arm in ("none", "held-back")]
    before = [value("arm_plays", **one) or 0 for one in labels]
    metrics.count(counted(model, {}))
    metrics.count(counted(model, {}, held_back=True))
    metrics.count(counted("", {}, held_back=True))
    after = [value("arm_plays", **one) or 0 for one in labels]
    assert [b - a for a, b in zip(before, after, strict=True)] == [1, 2]
    assert value("plays", model="none") is not None


def test_of_many_models_the_last_have_series() -> None:
    metrics = PrometheusOutcomes(Now())
    models = [new_id() for _ in range(MOST_MODELS + 1)]
    for model in models:
        metrics.count(counted(model, {}))
    assert value("plays", model=models[0]) is None
    assert all(value("plays", model=model) == 1 for model in models[1:])


class Counts:
    """``ArmCounts`` of a test."""

    def __init__(self) -> None:
        self.users = 0

    async def of(self, experiment: Experiment, now_ms: int) -> Sequence[ArmSums]:
        return [arm_sums(arm.name, self.users // 2, 3) for arm in experiment.arms]


async def test_looks_are_taken_by_what_was_seen_and_once_by_many_instances() -> None:
    experiments, looks, counts = MemoryExperiments(), MemoryLooks(), Counts()
    running = started(a_draft(planned_users=1_000), 100, [], NOW_MS)
    await experiments.create(running)
    await experiments.create(a_draft("draft"))
    instances = [TakeLooks(experiments, looks, counts, lambda: NOW_MS) for _ in range(3)]
    for users in (0, 30, 60, 70, 110, 980, 1_000, 2_000):
        counts.users = users
        await asyncio.gather(*(take() for take in instances))
    taken = await looks.of(running.experiment_id)
    assert [(one.number, one.users) for one in taken] == [(1, 60), (2, 110), (3, 1_000)]


async def test_what_runs_is_read_again_and_again_and_serves_on_without_the_store(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Failing(MemoryExperiments):
        away = False
        reads = asyncio.Condition()

        async def running(self) -> Sequence[Experiment]:
            async with self.reads:
                self.reads.notify_all()
            if self.away:
                raise Unavailable("away")
            return await super().running()

        async def read_again(self) -> None:
            async with self.reads:
                for _ in range(2):
                    await self.reads.wait()

    monkeypatch.setattr(running_experiments, "REFRESH_S", 0.001)
    experiments = Failing()
    refreshed = RefreshedExperiments(experiments, held_back_percent=7)
    assert refreshed.current() == Running((), 7)
    reading = asyncio.create_task(refreshed.run())
    try:
        running = started(a_draft(), 100, [], NOW_MS)
        await experiments.create(running)
        await experiments.read_again()
        assert refreshed.current() == Running([running], 7)
        experiments.away = True
        await experiments.read_again()
        assert refreshed.current() == Running([running], 7)
    finally:
        reading.cancel()
