"""The session store in a real PostgreSQL."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from meshkit import postgres
from meshkit.faults import Unavailable
from meshkit.migrations import migrate
from meshkit.testing.stores import PostgresServer
from playback_svc.adapters.postgres import PostgresPlayerStates
from playback_svc.ports.states import Change
from playback_svc.wiring import SCHEMA, migrations
from tests.contracts.playback.player_states import PlayerStatesContract
from tests.contracts.playback.samples import NOW, device, new_id, playing


async def migrated(dsn: str) -> None:
    await migrate(dsn, schema=SCHEMA, sources=migrations())


@pytest.fixture
async def pool(postgres_server: PostgresServer) -> AsyncIterator[postgres.Pool]:
    template = await postgres_server.template("playback", migrated)
    with postgres_server.database(template) as dsn:
        async with postgres.open_pool(dsn, schema=SCHEMA, max_size=8) as pool:
            yield pool


class TestPostgresPlayerStates(PlayerStatesContract):
    @pytest.fixture
    def store(self, pool: postgres.Pool) -> PostgresPlayerStates:
        return PostgresPlayerStates(pool)


async def test_playing_on_an_unknown_device_registers_it(pool: postgres.Pool) -> None:
    store, user, state = PostgresPlayerStates(pool), new_id(), playing()
    await store.commit(Change(user, None, state, devices=(device("kitchen"),)), NOW)
    after, seen = playing(state), device("kitchen", NOW + 5, registered_at_ms=NOW + 5)
    await store.commit(Change(user, state.version, after, devices=(seen,)), NOW)
    async with pool.connection() as connection:
        found = await connection.execute(
            "SELECT device_id, extract(epoch FROM seen_at - registered_at) FROM devices"
        )
        assert [(row[0], float(row[1])) for row in await found.fetchall()] == [("kitchen", 0.005)]


async def test_a_store_that_is_away_says_so() -> None:
    async with postgres.open_pool(
        "host=/nowhere dbname=x", schema=SCHEMA, acquire_timeout_s=0.2
    ) as pool:
        store = PostgresPlayerStates(pool)
        with pytest.raises(Unavailable):
            await store.read(new_id(), None, NOW)
        with pytest.raises(Unavailable):
            await store.commit(Change(new_id(), None, playing()), NOW)
