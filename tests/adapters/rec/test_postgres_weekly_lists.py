"""Lists of Discover Weekly in PostgreSQL keep what their store promises."""

from __future__ import annotations

import pytest

from meshkit import postgres
from rec_svc.adapters.postgres.pending_events import PostgresPendingEvents
from rec_svc.adapters.postgres.weekly_lists import PostgresWeeklyLists
from rec_svc.ports.weekly_lists import WeeklyLists
from tests.contracts.rec.weekly_lists_suite import WeeklyListsContract


class TestPostgresWeeklyLists(WeeklyListsContract):
    @pytest.fixture
    def lists(self, pool: postgres.Pool) -> PostgresWeeklyLists:
        self.pool = pool
        return PostgresWeeklyLists(pool)

    async def erase(self, lists: WeeklyLists, user_id: str) -> None:
        await PostgresPendingEvents(self.pool).erase(user_id)
        await lists.erase(user_id)
