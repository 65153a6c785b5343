"""Other users in a real PostgreSQL."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from meshkit import postgres
from meshkit.faults import Unavailable
from meshkit.migrations import migrate
from meshkit.testing import stores
from meshkit.testing.stores import PostgresServer
from playback_svc.adapters.postgres.player_states import PostgresPlayerStates
from playback_svc.adapters.postgres.user_snapshots import PostgresUserSnapshots
from playback_svc.schema import SCHEMA
from tests.contracts.playback.samples import new_id
from tests.contracts.playback.user_snapshots_suite import (
    UserSnapshotsContract,
    UserSnapshotsUnderTest,
)


async def migrated(dsn: str) -> None:
    await migrate(dsn, schema=SCHEMA.name, sources=SCHEMA.sources)


@pytest.fixture
async def pool(postgres_server: PostgresServer) -> AsyncIterator[postgres.Pool]:
    template = await postgres_server.template("playback", SCHEMA.migrate)
    with postgres_server.database(template) as dsn:
        async with stores.open_pool(dsn, schema=SCHEMA.name) as pool:
            yield pool


class TestPostgresUserSnapshots(UserSnapshotsContract):
    @pytest.fixture
    def under_test(self, pool: postgres.Pool) -> UserSnapshotsUnderTest:
        return UserSnapshotsUnderTest(PostgresUserSnapshots(pool), PostgresPlayerStates(pool))


async def test_a_store_that_is_away_says_so() -> None:
    async with postgres.open_pool(
        "host=/nowhere dbname=x", schema=SCHEMA.name, acquire_timeout_s=0.2
    ) as pool:
        with pytest.raises(Unavailable):
            await PostgresUserSnapshots(pool).read([new_id()])
