"""The batches of weekly lists in PostgreSQL."""

from __future__ import annotations

from meshkit import postgres
from meshkit.jobs import NewJob
from rec_svc.adapters.postgres.jobs import MAKE_WEEKLY_LISTS, make_jobs
from rec_svc.domain.weeks import Week

_START = "INSERT INTO weekly_batches (week) VALUES (%s) ON CONFLICT DO NOTHING RETURNING week"
_REACHED = "SELECT reached FROM weekly_batches WHERE week = %s AND NOT is_done"
_REACH = "UPDATE weekly_batches SET reached = greatest(reached, %s) WHERE week = %s"
_FINISH = "UPDATE weekly_batches SET is_done = true WHERE week = %s"


class PostgresWeeklyBatches:
    """``WeeklyBatches`` of the schema."""

    def __init__(self, pool: postgres.Pool) -> None:
        self._pool = pool
        self._jobs = make_jobs()

    async def start(self, week: Week) -> bool:
        async with postgres.transaction(self._pool) as connection:
            if await (await connection.execute(_START, [week.key])).fetchone() is None:
                return False
            job = NewJob(MAKE_WEEKLY_LISTS, {"week": week.key}, key=f"weekly-lists/{week}")
            await self._jobs.enqueue(connection, job)
            return True

    async def reached(self, week: Week) -> str | None:
        async def query(connection: postgres.Connection) -> str | None:
            row = await (await connection.execute(_REACHED, [week.key])).fetchone()
            return None if row is None else str(row[0])

        return await postgres.read(self._pool, query)

    async def reach(self, week: Week, user_id: str) -> None:
        async with postgres.transaction(self._pool) as connection:
            await connection.execute(_REACH, [user_id, week.key])

    async def finish(self, week: Week) -> None:
        async with postgres.transaction(self._pool) as connection:
            await connection.execute(_FINISH, [week.key])
