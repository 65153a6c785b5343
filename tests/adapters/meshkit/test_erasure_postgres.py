"""Users to be erased once more, in a real PostgreSQL."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from meshkit import erasure_postgres
from meshkit.erasure_postgres import PostgresPendingErasures
from meshkit.migrations import migrate
from meshkit.testing import stores
from meshkit.testing.erasure_suite import PendingErasuresContract

SCHEMA = "playback"


class TestPostgresPendingErasures(PendingErasuresContract):
    @pytest.fixture
    async def pending(self, database_dsn: str) -> AsyncIterator[PostgresPendingErasures]:
        sources = [erasure_postgres.TABLES.migrations]
        await migrate(database_dsn, schema=SCHEMA, sources=sources)
        async with stores.open_pool(database_dsn, schema=SCHEMA) as pool:
            yield PostgresPendingErasures(pool)
