"""Deliveries in a real PostgreSQL."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from meshkit import postgres
from meshkit.migrations import migrate
from meshkit.testing import stores
from meshkit.testing.stores import PostgresServer
from playback_svc.adapters.postgres.deliveries import PostgresDeliveries
from playback_svc.adapters.postgres.player_states import PostgresPlayerStates
from playback_svc.ports.player_states import Change
from playback_svc.schema import SCHEMA
from tests.contracts.playback.deliveries_suite import DeliveriesContract, DeliveriesUnderTest
from tests.contracts.playback.samples import NOW, playing, record


async def migrated(dsn: str) -> None:
    await migrate(dsn, schema=SCHEMA.name, sources=SCHEMA.sources)


@pytest.fixture
async def pool(postgres_server: PostgresServer) -> AsyncIterator[postgres.Pool]:
    template = await postgres_server.template("playback", SCHEMA.migrate)
    with postgres_server.database(template) as dsn:
        async with stores.open_pool(dsn, schema=SCHEMA.name) as pool:
            yield pool


class TestPostgresDeliveries(DeliveriesContract):
    @pytest.fixture
    def under_test(self, pool: postgres.Pool) -> DeliveriesUnderTest:
        store = PostgresPlayerStates(pool)

        async def begin(user_id: str) -> str:
            session = record(playing())
            assert await store.commit(Change(user_id, (session,)), NOW)
            return session.session_id

        return DeliveriesUnderTest(PostgresDeliveries(pool), begin)
