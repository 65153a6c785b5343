"""What the stores of trainings must do."""

from __future__ import annotations

from abc import ABC, abstractmethod

import pytest

from meshkit.idempotency import RequestKey
from meshkit.testing.at_once import at_once
from meshkit.ulids import new_id
from rec_svc.domain.search import Trial
from rec_svc.domain.trainings import Training, TrainingState, checkpoint_of
from rec_svc.ports.trainings import Trainings


def some_training(created_at_ms: int = 1) -> Training:
    """One that was asked for."""
    return Training(
        training_id=new_id(),
        state=TrainingState.QUEUED,
        trainer="BLEND",
        seed=3,
        until_ms=created_at_ms,
        created_at_ms=created_at_ms,
        search_parameters=True,
    )


class TrainingsContract(ABC):
    """One training is under way at a time, and is told as it goes on."""

    @abstractmethod
    @pytest.fixture
    def trainings(self) -> Trainings:
        """The store under test."""

    async def test_a_training_is_told_as_it_was_asked_for(self, trainings: Trainings) -> None:
        new = some_training()
        assert await trainings.start(new) == new
        assert await trainings.get(new.training_id) == new
        assert await trainings.unfinished() == new
        assert await trainings.get(new_id()) is None

    async def test_of_trainings_at_once_one_starts(self, trainings: Trainings) -> None:
        started = await at_once([trainings.start(some_training()) for _ in range(8)])
        assert sum(one is not None for one in started) == 1
        assert len(await trainings.list_trainings(after=None, limit=10)) == 1

    async def test_a_retry_starts_no_second_one(self, trainings: Trainings) -> None:
        key = RequestKey("somebody", "/Start", "once", b"\x01" * 32)
        first = await trainings.start(some_training(), key)
        assert first is not None
        assert await trainings.start(some_training(), key) == first
        await trainings.finish(first.training_id, model_id=first.training_id)
        assert await trainings.start(some_training(), key) == first
        assert await trainings.unfinished() is None

    async def test_what_it_has_tried_is_kept(self, trainings: Trainings) -> None:
        new = some_training()
        await trainings.start(new)
        trials = [Trial({"ridge": 0.01}, 0.2), Trial({"ridge": 0.02}, 0.25)]
        await trainings.report(new.training_id, "trying", 0.5, checkpoint_of(trials))
        found = await trainings.get(new.training_id)
        assert found is not None
        assert found.trials() == trials
        assert (found.state, found.stage, found.progress) == (TrainingState.RUNNING, "trying", 0.5)

    @pytest.mark.parametrize("error", ["", "it is broken"], ids=["done", "failed"])
    async def test_the_first_end_stays(self, trainings: Trainings, error: str) -> None:
        new = some_training()
        await trainings.start(new)
        model_id = "" if error else new.training_id
        await trainings.finish(new.training_id, model_id=model_id, error=error)
        ended = await trainings.get(new.training_id)
        await trainings.report(new.training_id, "again", 0.1, {})
        await trainings.finish(new.training_id, error="another")
        assert await trainings.get(new.training_id) == ended
        assert ended is not None
        assert ended.finished
        assert (ended.model_id, ended.error) == (model_id, error)
        assert await trainings.start(some_training()) is not None

    async def test_trainings_are_listed_the_newest_first(self, trainings: Trainings) -> None:
        found = []
        for created_at_ms in (1, 3, 2):
            new = some_training(created_at_ms)
            await trainings.start(new)
            await trainings.finish(new.training_id, error="-")
            found.append(new.training_id)
        first = await trainings.list_trainings(after=None, limit=2)
        assert [one.training_id for one in first] == [found[1], found[2]]
        rest = await trainings.list_trainings(after=(2, found[2]), limit=2)
        assert [one.training_id for one in rest] == [found[0]]
