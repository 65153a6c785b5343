"""A training from events to a model that serves, over stores in memory."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from meshkit.clock import now_ms
from rec_svc.adapters.memory.events import MemoryEvents
from rec_svc.adapters.memory.models import MemoryModelArtefacts, MemoryModels
from rec_svc.adapters.memory.tracks import MemoryTracks
from rec_svc.adapters.memory.trainings import MemoryTrainings
from rec_svc.adapters.trainers.computed import (
    EdlaeTrainer,
    IalsTrainer,
    ItemKnnTrainer,
    PopularityTrainer,
)
from rec_svc.domain.events import Event, EventKind, event_id
from rec_svc.domain.gate import LEAST_TESTED
from rec_svc.domain.interactions import Heard, Interactions, interactions
from rec_svc.domain.models import ModelInfo
from rec_svc.domain.scorers import Scorer
from rec_svc.domain.search import Point
from rec_svc.domain.splits import WEEK_MS, holdout
from rec_svc.domain.trainings import Training, TrainingState
from rec_svc.ports.trainer import Progress, Trainer
from rec_svc.usecases.gather_heard import EVENT_BYTES, TooMuchHeardError, gather_heard
from rec_svc.usecases.learning import cut
from rec_svc.usecases.train_model import TrainingLimits, TrainModel
from rec_svc.usecases.training import StartDaily, training_of_now
from tests.contracts.rec.trainings_suite import TrainingsContract
from tests.unit.rec.invented_listeners import invented

DAY_MS = WEEK_MS // 7
LIMITS = TrainingLimits(memory_bytes=2**30, trials=3, days=100, code_version="1")


class TestMemoryTrainings(TrainingsContract):
    @pytest.fixture
    def trainings(self) -> MemoryTrainings:
        return MemoryTrainings()


def trainers() -> dict[str, Trainer]:
    return {
        "IALS": IalsTrainer(dimensions=8, epochs=4),
        "EDLAE": EdlaeTrainer(),
        "ITEM_KNN": ItemKnnTrainer(),
        "POPULARITY": PopularityTrainer(),
    }


class Killed(Exception):
    pass


class CountedTrainer(IalsTrainer):
    """Counts its fits, and dies at the ``dies_at``-th."""

    def __init__(self, dies_at: int = 0) -> None:
        super().__init__(dimensions=8, epochs=4)
        self.fits = 0
        self._dies_at = dies_at

    def fit(self, train: csr_matrix, point: Point, seed: int, progress: Progress) -> Scorer:
        self.fits += 1
        if self.fits == self._dies_at:
            raise Killed
        return super().fit(train, point, seed, progress)


def some_events(days: int, users: int = 80, each: int = 20) -> list[Event]:
    """Plays of invented listeners, evenly over so many days until now."""
    data, rng = invented(users=users, tracks=120, each=each), np.random.default_rng(5)
    now = now_ms()
    entries = data.matrix.tocoo()
    found = []
    for user, track in zip(entries.row, entries.col, strict=True):
        at_ms = int(now - 1 - rng.random() * days * DAY_MS)
        names = data.users[user], data.tracks.ids([track])[0]
        found.append(
            Event(
                event_id=event_id(at_ms, *names),
                user_id=names[0],
                track_id=names[1],
                at_ms=at_ms,
                kind=EventKind.PLAY,
            )
        )
    return found


class World:
    """A worker and its stores."""

    def __init__(self, events: list[Event]) -> None:
        self.trainings, self.models = MemoryTrainings(), MemoryModels()
        self.artefacts, self.events = MemoryModelArtefacts(), MemoryEvents()
        self.events.append(events)

    def worker(
        self, own: Mapping[str, Trainer] | None = None, limits: TrainingLimits = LIMITS
    ) -> TrainModel:
        return TrainModel(
            trainings=self.trainings,
            events=self.events,
            tracks=MemoryTracks(),
            models=self.models,
            artefacts=self.artefacts,
            trainers=trainers() | dict(own or {}),
            limits=limits,
        )

    async def started(self, trainer: str = "IALS", seed: int = 0) -> str:
        new = await self.trainings.start(training_of_now(trainer, seed, anew=False))
        assert new is not None
        return new.training_id

    async def ended(self, training_id: str) -> Training:
        found = await self.trainings.get(training_id)
        assert found is not None
        return found

    async def trained(self, trainer: str = "IALS", seed: int = 0) -> ModelInfo:
        training_id = await self.started(trainer, seed)
        await self.worker()(training_id)
        info = await self.models.get((await self.ended(training_id)).model_id)
        assert info is not None
        return info


async def test_a_blend_is_trained_judged_and_serves() -> None:
    world = World(some_events(days=3))
    info = await world.trained("BLEND")
    assert info.passed, info.verdict
    assert (info.split, info.trainer, info.listeners) == ("RANDOM", "BLEND", 80)
    assert info.metrics["ndcg@10"] > info.metrics["popularity_ndcg@10"]
    served = await world.models.promotions()
    assert [one.model_id for one in served] == [info.model_id]
    model = await world.artefacts.load(info.model_id, info.sha256)
    assert len(model.tracks) == info.tracks


async def test_popularity_does_not_beat_itself() -> None:
    world = World(some_events(days=3))
    info = await world.trained("POPULARITY")
    assert not info.passed
    assert "popularity" in info.verdict
    assert not await world.models.promotions()


async def test_the_last_week_is_never_learnt_where_there_are_weeks_before() -> None:
    world = World(some_events(days=40))
    info = await world.trained()
    assert info.split == "TEMPORAL"
    training = await world.ended(info.training_id)
    assert info.until_ms == training.until_ms - WEEK_MS
    heard = await gather_heard(world.events, DAWN, training.until_ms, 2**30)
    parts = cut(heard, training.until_ms, seed=0)
    assert info.pairs == parts.outer.train.pairs
    assert parts.inner.train.pairs < parts.outer.train.pairs
    assert parts.outer.train.matrix.multiply(parts.outer.test).nnz == 0


async def test_a_daily_retraining_takes_the_parameters_over() -> None:
    world = World(some_events(days=3))
    first = await world.trained()
    counted = CountedTrainer()
    again = await world.started(seed=9)
    await world.worker({"IALS": counted})(again)
    info = await world.models.get(again)
    assert info is not None
    assert info.configuration == first.configuration
    # To choose by, to judge by, and of all: no search.
    assert counted.fits == 3


async def test_a_model_of_another_kind_must_beat_the_one_that_serves() -> None:
    world = World(some_events(days=3))
    first = await world.trained("IALS")
    second = await world.trained("POPULARITY")
    assert "serving_ndcg@10" in second.metrics
    assert [one.model_id for one in await world.models.promotions()] == [first.model_id]


async def heard_since(world: World, info: ModelInfo, users: int) -> None:
    """So many listeners take to five tracks that they had not heard when a model was made."""
    training = await world.ended(info.training_id)
    data, each = invented(users=80, tracks=120, each=20), 5
    new = [
        Event(
            event_id=event_id(training.until_ms, data.users[user], track_id),
            user_id=data.users[user],
            track_id=track_id,
            at_ms=training.until_ms,
            kind=EventKind.PLAY,
        )
        for user in range(users)
        for track_id in unheard(data, user)[:each]
    ]
    world.events.append(new)
    while now_ms() <= training.until_ms:
        await asyncio.sleep(0.001)


def unheard(data: Interactions, user: int) -> list[str]:
    return data.tracks.ids(np.flatnonzero(data.matrix[user].toarray()[0] == 0))


@pytest.mark.parametrize(
    ("users", "compared"), [(0, False), (LEAST_TESTED // 2, False), (80, True)]
)
async def test_a_model_of_the_same_configuration_is_held_against_what_neither_saw(
    users: int, *, compared: bool
) -> None:
    world = World(some_events(days=3))
    first = await world.trained()
    await heard_since(world, first, users)
    second = await world.trained(seed=1)
    assert (second.split, second.configuration) == ("RANDOM", first.configuration)
    assert ("serving_ndcg@10" in second.metrics) is compared
    if compared:
        # Of what it had learnt it would have known the answers.
        assert second.metrics["serving_ndcg@10"] < 0.5
        assert "than the model that serves" in second.verdict


async def test_a_training_that_was_killed_tries_no_parameters_again() -> None:
    world = World(some_events(days=3))
    training_id = await world.started()
    with pytest.raises(Killed):
        await world.worker({"IALS": CountedTrainer(dies_at=3)})(training_id)
    # What it had told by then is in the store; its death told nothing more.
    kept = await world.ended(training_id)
    tried = [{"point": dict(one.point), "reached": one.reached} for one in kept.trials()]
    counted = CountedTrainer()
    await world.worker({"IALS": counted})(training_id)
    assert counted.fits == LIMITS.trials - len(tried) + 3
    assert (await world.ended(training_id)).state is TrainingState.DONE


async def test_a_job_that_is_done_again_after_its_end_changes_nothing() -> None:
    world = World(some_events(days=3))
    info = await world.trained()
    await world.worker()(info.training_id)
    assert len(await world.models.promotions()) == 1
    assert len(await world.models.list_models(after=None, limit=9)) == 1


async def test_killed_between_model_and_promotion_it_promotes_what_is_there() -> None:
    world = World(some_events(days=3))
    info = await world.trained()
    other = World([])
    other.models, other.artefacts = MemoryModels(), world.artefacts
    await other.models.add(replace(info, model_id=info.model_id))
    other.trainings = MemoryTrainings()
    training = await world.ended(info.training_id)
    await other.trainings.start(
        replace(training, state=TrainingState.QUEUED, model_id="", finished_at_ms=None)
    )
    await other.worker()(info.training_id)
    assert [one.model_id for one in await other.models.promotions()] == [info.model_id]


@pytest.mark.parametrize(
    ("events", "limits", "words"),
    [
        ([], LIMITS, "too little"),
        (some_events(days=3, users=3, each=1), LIMITS, "too little"),
        (some_events(days=3), replace(LIMITS, memory_bytes=2**20), "more memory"),
    ],
    ids=["nothing", "one-track-each", "memory"],
)
async def test_what_cannot_be_learnt_ends_the_training_with_a_reason(
    events: list[Event], limits: TrainingLimits, words: str
) -> None:
    world = World(events)
    training_id = await world.started()
    await world.worker(limits=limits)(training_id)
    ended = await world.ended(training_id)
    assert ended.state is TrainingState.FAILED
    assert words in ended.error
    assert not await world.models.list_models(after=None, limit=9)


async def test_a_stopped_worker_ends_its_thread_and_leaves_the_training_to_others() -> None:
    world = World(some_events(days=3))
    training_id = await world.started()
    working = asyncio.create_task(world.worker()(training_id))
    while not (await world.ended(training_id)).stage:
        await asyncio.sleep(0)
    working.cancel()
    with pytest.raises(asyncio.CancelledError):
        await working
    assert not (await world.ended(training_id)).finished
    await world.worker()(training_id)
    assert (await world.ended(training_id)).state is TrainingState.DONE


async def test_events_are_bounded_by_memory_to_the_event() -> None:
    events = some_events(days=1)
    store = MemoryEvents()
    store.append(events)
    until_ms = now_ms() + 1
    found = await gather_heard(store, DAWN, until_ms, len(events) * EVENT_BYTES)
    assert len(found) == len(events)
    with pytest.raises(TooMuchHeardError):
        await gather_heard(store, DAWN, until_ms, len(events) * EVENT_BYTES - 1)


async def test_a_daily_training_starts_when_its_time_has_come() -> None:
    trainings = MemoryTrainings()
    await StartDaily(trainings, every_ms=1_000_000)()
    assert len(trainings.queued) == 1
    await StartDaily(trainings, every_ms=0)()
    assert len(trainings.queued) == 1
    await trainings.finish(trainings.queued[0], model_id=trainings.queued[0])
    await StartDaily(trainings, every_ms=1_000_000)()
    assert len(trainings.queued) == 1
    await StartDaily(trainings, every_ms=0)()
    assert len(trainings.queued) == 2


@pytest.mark.parametrize(("minutes", "started"), [(59, 1), (60, 2)])
async def test_one_that_failed_is_tried_again_after_an_hour(minutes: int, started: int) -> None:
    trainings = MemoryTrainings()
    earlier = training_of_now("BLEND", 0, anew=False)
    at_ms = earlier.created_at_ms - minutes * 60_000
    await trainings.start(replace(earlier, created_at_ms=at_ms))
    await trainings.finish(earlier.training_id, error="nothing was heard")
    await StartDaily(trainings, every_ms=24 * 3_600_000)()
    assert len(trainings.queued) == started


def test_with_too_few_listeners_in_a_week_the_split_is_random() -> None:
    whole = invented(users=LEAST_TESTED - 1)
    entries = whole.matrix.tocoo()
    at_ms = np.random.default_rng(1).integers(0, 6 * WEEK_MS, whole.pairs)
    heard = Heard(
        np.array([whole.users[row] for row in entries.row], dtype=object),
        np.array(whole.tracks.ids(entries.col), dtype=object),
        np.ones(whole.pairs, np.float32),
        at_ms,
    )
    parts = cut(heard, 6 * WEEK_MS, seed=1)
    assert parts.kind == "RANDOM"
    expected = holdout(interactions(heard), 0.2, 1)
    assert (parts.outer.test != expected.test).nnz == 0


DAWN = np.datetime64("1970-01-01").item()
