"""The listening history in a real PostgreSQL."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from meshkit import postgres
from meshkit.migrations import migrate
from meshkit.testing import stores
from meshkit.testing.stores import PostgresServer
from playback_svc.adapters.postgres.player_states import PostgresPlayerStates
from playback_svc.adapters.postgres.plays import PostgresPlays
from playback_svc.domain.plays import PlayRecord
from playback_svc.ports.player_states import Change, PutState
from playback_svc.schema import SCHEMA
from tests.contracts.playback.plays_suite import PlaysContract, PlaysUnderTest
from tests.contracts.playback.samples import NOW, new_id, playing

MANY = 100_000


async def migrated(dsn: str) -> None:
    await migrate(dsn, schema=SCHEMA.name, sources=SCHEMA.sources)


@pytest.fixture
async def pool(postgres_server: PostgresServer) -> AsyncIterator[postgres.Pool]:
    template = await postgres_server.template("playback", SCHEMA.migrate)
    with postgres_server.database(template) as dsn:
        async with stores.open_pool(dsn, schema=SCHEMA.name) as pool:
            yield pool


@pytest.fixture
async def single(postgres_server: PostgresServer) -> AsyncIterator[postgres.Pool]:
    """One connection: what it read is counted when it is asked."""
    template = await postgres_server.template("playback", SCHEMA.migrate)
    with postgres_server.database(template) as dsn:
        async with stores.open_pool(dsn, schema=SCHEMA.name, max_size=1) as pool:
            yield pool


class TestPostgresPlays(PlaysContract):
    @pytest.fixture
    def under_test(self, pool: postgres.Pool) -> PlaysUnderTest:
        store = PostgresPlayerStates(pool)

        async def enter(user_id: str, play: PlayRecord) -> None:
            before = (await store.read(user_id, None, NOW)).state
            change = Change(
                user_id, (PutState(playing(before), before.version if before else None), play)
            )
            assert await store.commit(change, NOW)

        return PlaysUnderTest(PostgresPlays(pool), enter)


async def test_a_page_of_a_hundred_thousand_plays_reads_little_more_than_itself(
    single: postgres.Pool,
) -> None:
    pool = single
    user, plays = new_id(), PostgresPlays(pool)
    async with pool.connection() as connection:
        # Ten tracks, nine of which were heard last ninety thousand plays ago: the worst for
        # whoever looks for distinct ones from play to play.
        await connection.execute(
            "INSERT INTO plays (user_id, play_id, session_id, device_id, track_id, started_at,"
            " ended_at, heard_ms, counted, private, context_id)"
            " SELECT %s, lpad(n::text, 26, '0'), 's', 'kitchen',"
            " lpad((CASE WHEN n > 10000 THEN 0 ELSE n %% 10 END)::text, 26, 'T'),"
            " now(), now(), 60000, n %% 7 > 0, false, '' FROM generate_series(1, %s) n",
            (user, MANY),
        )
        await connection.execute(
            "INSERT INTO latest_plays SELECT user_id, track_id, max(play_id) FROM plays"
            " WHERE counted GROUP BY user_id, track_id"
        )
        await connection.execute("ANALYZE plays, latest_plays")
    for distinct, expected in ((False, 51), (True, 10)):
        before = await _rows_read(pool)
        for _ in range(12):  # Until the statement is planned for whatever values.
            page = await plays.page(user, None, 51, distinct=distinct)
            middle = await plays.page(user, f"{MANY // 2:026d}", 51, distinct=distinct)
        assert len(page) == expected
        assert middle[0].play_id <= f"{MANY // 2:026d}"
        assert await _rows_read(pool) - before < 3_000


async def _rows_read(pool: postgres.Pool) -> int:
    """How many rows of plays were read so far, by whatever plan."""
    async with pool.connection() as connection:
        await connection.execute("SELECT pg_stat_force_next_flush()")
    async with pool.connection() as connection:
        found = await connection.execute(
            "SELECT sum(seq_tup_read + idx_tup_fetch)::bigint FROM pg_stat_user_tables"
            " WHERE relname IN ('plays', 'latest_plays')"
        )
        row = await found.fetchone()
    assert row is not None
    return int(row[0])
