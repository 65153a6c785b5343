"""Lists of Discover Weekly in PostgreSQL keep what their store promises."""

from __future__ import annotations

import pytest

from meshkit import postgres
from rec_svc.adapters.postgres.pending_events import PostgresPendingEvents
from rec_svc.adapters.postgres.weekly_batches import PostgresWeeklyBatches
from rec_svc.adapters.postgres.weekly_lists import PostgresWeeklyLists
from rec_svc.domain.weeks import Week
from rec_svc.ports.weekly_batches import WeeklyBatches
from rec_svc.ports.weekly_lists import WeeklyLists
from tests.contracts.rec.weekly_batches_suite import WeeklyBatchesContract
from tests.contracts.rec.weekly_lists_suite import WeeklyListsContract


class TestPostgresWeeklyLists(WeeklyListsContract):
    @pytest.fixture
    def lists(self, pool: postgres.Pool) -> PostgresWeeklyLists:
        self.pool = pool
        return PostgresWeeklyLists(pool)

    async def erase(self, lists: WeeklyLists, user_id: str) -> None:
        await PostgresPendingEvents(self.pool).erase(user_id)
        await lists.erase(user_id)


class TestPostgresWeeklyBatches(WeeklyBatchesContract):
    @pytest.fixture
    def batches(self, pool: postgres.Pool) -> PostgresWeeklyBatches:
        self.pool = pool
        return PostgresWeeklyBatches(pool)

    async def queued(self, batches: WeeklyBatches) -> list[Week]:
        async with self.pool.connection() as connection:
            rows = await connection.execute("SELECT args FROM procrastinate_jobs ORDER BY id")
            return [Week.of_key(row[0]["week"]) for row in await rows.fetchall()]
