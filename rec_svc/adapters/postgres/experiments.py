"""Experiments in PostgreSQL."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from psycopg.types.json import Jsonb

from meshkit import postgres
from meshkit.idempotency import RequestKey
from meshkit.idempotency_postgres import PostgresAnswers
from rec_svc.adapters.codecs import experiments as codec
from rec_svc.domain.experiment_faults import (
    ExperimentExists,
    too_many_experiments_error,
    unknown_experiment_error,
)
from rec_svc.domain.experiment_reports import Look
from rec_svc.domain.experiments import Experiment, State
from rec_svc.ports.experiments import MOST_EXPERIMENTS, Decide

# Whoever changes an experiment looks at all that run: one at a time does. Readers are not held up.
_ONE_AT_A_TIME = "LOCK TABLE experiments IN SHARE ROW EXCLUSIVE MODE"
_COUNT = "SELECT count(*), count(*) FILTER (WHERE name = %s) FROM experiments"
_INSERT = """
INSERT INTO experiments (experiment_id, name, state, created_at_ms, body)
VALUES (%s, %s, %s, %s, %s)
"""
_FIND = "SELECT body FROM experiments WHERE name = %s"
_RUNNING = "SELECT body FROM experiments WHERE state = 'running' ORDER BY experiment_id"
_UPDATE = "UPDATE experiments SET state = %s, body = %s WHERE experiment_id = %s"
_PAGE = """
SELECT body FROM experiments
WHERE (%(state)s::text IS NULL OR state = %(state)s)
  AND (created_at_ms, experiment_id) < (%(created_at_ms)s, %(experiment_id)s)
ORDER BY created_at_ms DESC, experiment_id DESC LIMIT %(limit)s
"""
_AFTER_ALL = ((1 << 63) - 1, "Z" * 26)
_LOOKS = "SELECT number, body FROM experiment_looks WHERE experiment_id = %s ORDER BY number"
_ADD_LOOK = """
INSERT INTO experiment_looks (experiment_id, number, body) VALUES (%s, %s, %s)
ON CONFLICT DO NOTHING RETURNING number
"""


class PostgresExperiments:
    """The ``Experiments`` of the schema."""

    def __init__(self, pool: postgres.Pool, *, most: int = MOST_EXPERIMENTS) -> None:
        self._pool = pool
        self._most = most
        self._answers = PostgresAnswers()

    async def create(self, experiment: Experiment, key: RequestKey | None = None) -> Experiment:
        async with postgres.transaction(self._pool) as connection:

            async def produce() -> bytes:
                await connection.execute(_ONE_AT_A_TIME)
                await self._insert(connection, experiment)
                return codec.encode(experiment)

            return codec.decode(await self._answers.answer_once(connection, key, produce))

    async def _insert(self, connection: postgres.Connection, experiment: Experiment) -> None:
        row = await (await connection.execute(_COUNT, [experiment.name])).fetchone()
        total, of_name = row or (0, 0)
        if of_name:
            raise ExperimentExists(experiment.name)
        if total >= self._most:
            raise too_many_experiments_error(self._most)
        values = [experiment.experiment_id, experiment.name, experiment.state.value]
        body = Jsonb(codec.body_of(experiment))
        await connection.execute(_INSERT, [*values, experiment.created_at_ms, body])

    async def change(self, name: str, decide: Decide, key: RequestKey | None = None) -> Experiment:
        async with postgres.transaction(self._pool) as connection:

            async def produce() -> bytes:
                await connection.execute(_ONE_AT_A_TIME)
                return codec.encode(await _changed(connection, name, decide))

            return codec.decode(await self._answers.answer_once(connection, key, produce))

    async def find(self, name: str) -> Experiment | None:
        found = await self._read(_FIND, [name])
        return found[0] if found else None

    async def page(
        self, state: State | None, after: tuple[int, str] | None, limit: int
    ) -> Sequence[Experiment]:
        created_at_ms, experiment_id = after or _AFTER_ALL
        values = {
            "state": state.value if state else None,
            "created_at_ms": created_at_ms,
            "experiment_id": experiment_id,
            "limit": limit,
        }
        return await self._read(_PAGE, values)

    async def running(self) -> Sequence[Experiment]:
        return await self._read(_RUNNING, [])

    async def _read(self, statement: str, values: Any) -> list[Experiment]:
        async def query(connection: postgres.Connection) -> list[Experiment]:
            return await _fetch(connection, statement, values)

        return await postgres.read(self._pool, query)


class PostgresLooks:
    """The ``Looks`` of the schema."""

    def __init__(self, pool: postgres.Pool) -> None:
        self._pool = pool

    async def of(self, experiment_id: str) -> Sequence[Look]:
        async def query(connection: postgres.Connection) -> list[tuple[Any, ...]]:
            return await (await connection.execute(_LOOKS, [experiment_id])).fetchall()

        return [
            codec.look_of(number, body) for number, body in await postgres.read(self._pool, query)
        ]

    async def add(self, experiment_id: str, look: Look) -> bool:
        values = [experiment_id, look.number, Jsonb(codec.look_body(look))]
        async with postgres.transaction(self._pool) as connection:
            return await (await connection.execute(_ADD_LOOK, values)).fetchone() is not None


async def _changed(connection: postgres.Connection, name: str, decide: Decide) -> Experiment:
    found = await _fetch(connection, _FIND, [name])
    if not found:
        raise unknown_experiment_error(name)
    changed = decide(found[0], await _fetch(connection, _RUNNING, []))
    values = [changed.state.value, Jsonb(codec.body_of(changed)), changed.experiment_id]
    await connection.execute(_UPDATE, values)
    return changed


async def _fetch(connection: postgres.Connection, statement: str, values: Any) -> list[Experiment]:
    rows = await (await connection.execute(statement.encode(), values)).fetchall()
    return [codec.experiment_of(body) for (body,) in rows]
