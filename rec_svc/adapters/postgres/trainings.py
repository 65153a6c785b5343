"""Trainings in PostgreSQL, and what is told of them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from functools import partial
from typing import Any, Final

from psycopg.types.json import Jsonb

from meshkit import postgres
from meshkit.clock import now_ms
from meshkit.idempotency import RequestKey
from meshkit.idempotency_postgres import PostgresAnswers
from meshkit.jobs import NewJob
from rec_svc.adapters.postgres.jobs import TRAIN, make_jobs
from rec_svc.domain.trainings import Training, TrainingState

CHANNEL: Final = "trainings"
"""Where every change of a training is told, by its id."""
_LAST = 2**62

_FOUND = """
SELECT training_id, state, trainer, seed, until_ms, created_at_ms, search_parameters, stage,
       progress, checkpoint, model_id, error, finished_at_ms
FROM trainings
"""
_NAMES = (
    "training_id",
    "state",
    "trainer",
    "seed",
    "until_ms",
    "created_at_ms",
    "search_parameters",
    "stage",
    "progress",
    "checkpoint",
    "model_id",
    "error",
    "finished_at_ms",
)
_START = """
INSERT INTO trainings
    (training_id, state, trainer, seed, until_ms, created_at_ms, search_parameters)
VALUES (%(training_id)s, %(state)s, %(trainer)s, %(seed)s, %(until_ms)s, %(created_at_ms)s,
        %(search_parameters)s)
ON CONFLICT DO NOTHING RETURNING training_id
"""
_GET = f"{_FOUND} WHERE training_id = %s"
_UNFINISHED = f"{_FOUND} WHERE finished_at_ms IS NULL"
_LIST = f"""{_FOUND} WHERE (created_at_ms, training_id) < (%s, %s)
ORDER BY created_at_ms DESC, training_id DESC LIMIT %s
"""
_REPORT = """
UPDATE trainings SET state = %(state)s, stage = %(stage)s, progress = %(progress)s,
    checkpoint = %(checkpoint)s
WHERE training_id = %(training_id)s AND finished_at_ms IS NULL
    AND (state, stage, progress, checkpoint)
        IS DISTINCT FROM (%(state)s, %(stage)s, %(progress)s, %(checkpoint)s)
RETURNING pg_notify(current_schema() || '.trainings', training_id)
"""
_FINISH = """
UPDATE trainings SET state = %(state)s, model_id = %(model_id)s, error = %(error)s,
    progress = CASE WHEN %(error)s = '' THEN 1 ELSE progress END, finished_at_ms = %(now)s
WHERE training_id = %(training_id)s AND finished_at_ms IS NULL
RETURNING pg_notify(current_schema() || '.trainings', training_id)
"""


class PostgresTrainings:
    """``Trainings``."""

    def __init__(self, pool: postgres.Pool) -> None:
        self._pool = pool
        self._jobs = make_jobs()
        self._answers = PostgresAnswers()

    async def start(self, new: Training, key: RequestKey | None = None) -> Training | None:
        try:
            async with postgres.transaction(self._pool) as connection:
                produce = partial(self._started, connection, new)
                answer = await self._answers.answer_once(connection, key, produce)
        except _UnderWayError:
            return None
        told = json.loads(answer)
        return Training(**told | {"state": TrainingState(told["state"])})

    async def unfinished(self) -> Training | None:
        return next(iter(await self._found(_UNFINISHED, [])), None)

    async def get(self, training_id: str) -> Training | None:
        return next(iter(await self._found(_GET, [training_id])), None)

    async def list_trainings(
        self, *, after: tuple[int, str] | None, limit: int
    ) -> Sequence[Training]:
        return await self._found(_LIST, [*(after or (_LAST, "")), limit])

    async def report(
        self, training_id: str, stage: str, progress: float, checkpoint: Mapping[str, Any]
    ) -> None:
        values = {
            "training_id": training_id,
            "state": TrainingState.RUNNING,
            "stage": stage,
            "progress": progress,
            "checkpoint": Jsonb(dict(checkpoint)),
        }
        async with postgres.transaction(self._pool) as connection:
            await connection.execute(_REPORT.encode(), values)

    async def finish(self, training_id: str, *, model_id: str = "", error: str = "") -> None:
        values = {
            "training_id": training_id,
            "state": TrainingState.FAILED if error else TrainingState.DONE,
            "model_id": model_id,
            "error": error,
            "now": now_ms(),
        }
        async with postgres.transaction(self._pool) as connection:
            await connection.execute(_FINISH.encode(), values)

    async def _started(self, connection: postgres.Connection, new: Training) -> bytes:
        values = asdict(new)
        values.pop("checkpoint")
        if await (await connection.execute(_START, values)).fetchone() is None:
            raise _UnderWayError
        job = NewJob(TRAIN, {"subject": new.training_id}, key=f"train/{new.training_id}")
        await self._jobs.enqueue(connection, job)
        return json.dumps(values).encode()

    async def _found(self, query: str, arguments: Sequence[object]) -> list[Training]:
        async def run(connection: postgres.Connection) -> list[tuple[Any, ...]]:
            return await (await connection.execute(query.encode(), arguments)).fetchall()

        rows = await postgres.read(self._pool, run)
        told = [dict(zip(_NAMES, row, strict=True)) for row in rows]
        return [Training(**one | {"state": TrainingState(one["state"])}) for one in told]


class _UnderWayError(Exception):
    """Another training is unfinished."""
