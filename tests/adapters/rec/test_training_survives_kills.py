"""Workers are killed while they train: there is one whole model of a training, or none."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from meshkit import postgres
from meshkit.testing.stores import PATIENCE_S
from rec_svc.adapters.objects.models import ObjectModelArtefacts
from rec_svc.adapters.postgres import pending_events
from rec_svc.adapters.postgres.models import PostgresModels
from rec_svc.adapters.postgres.trainings import PostgresTrainings
from rec_svc.domain.trainings import Training, TrainingState
from rec_svc.usecases.training import training_of_now
from tests.unit.rec.test_training import some_events


@asynccontextmanager
async def worker(dsn: str, objects: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    """``python -m rec_svc work``, killed at the end of the block."""
    own = {
        "SEGUE_REC_DATABASE_DSN": dsn,
        "SEGUE_REC_OBJECTS_URL": objects.as_uri(),
        "SEGUE_REC_WORKER_DEAD_AFTER_S": "1",
        "SEGUE_REC_TRAINING_TRIALS": "6",
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "rec_svc", "work", env=os.environ | own
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def until(
    trainings: PostgresTrainings, reached: Callable[[Training], Awaitable[bool]]
) -> Training:
    """The one training, when it is as far as ``reached`` says."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            for one in await trainings.list_trainings(after=None, limit=2):
                if await reached(one):
                    return one
            await asyncio.sleep(0.01)


@pytest.mark.timeout(300)
async def test_killed_at_every_stage_it_makes_one_model_that_serves(
    pool: postgres.Pool, rec_dsn: str, tmp_path: Path
) -> None:
    events = await asyncio.to_thread(some_events, 3)
    async with postgres.transaction(pool) as connection:
        await pending_events.append(connection, events)
    trainings, models = PostgresTrainings(pool), PostgresModels(pool)
    await trainings.start(training_of_now("BLEND", 0, anew=False))
    artefacts = ObjectModelArtefacts(tmp_path.as_uri())

    async def begun(one: Training) -> bool:
        return one.state is TrainingState.RUNNING

    async def tried(one: Training) -> bool:
        return bool(one.trials()) or one.finished

    async def stored(one: Training) -> bool:
        return bool(await artefacts.objects.names()) or one.finished

    async def finished(one: Training) -> bool:
        return one.finished

    for reached in (begun, tried, stored):
        async with worker(rec_dsn, tmp_path):
            await until(trainings, reached)
        for one in await models.promotions():
            info = await models.get(one.model_id)
            assert info is not None
            await artefacts.load(info.model_id, info.sha256)
    async with worker(rec_dsn, tmp_path):
        done = await until(trainings, finished)
    assert (done.state, done.error) == (TrainingState.DONE, "")
    assert len(await trainings.list_trainings(after=None, limit=9)) == 1
    made = await models.list_models(after=None, limit=9)
    assert [info.model_id for info in made] == [done.training_id]
    assert made[0].passed, made[0].verdict
    assert [one.model_id for one in await models.promotions()] == [done.training_id]
    await artefacts.load(done.model_id, made[0].sha256)
