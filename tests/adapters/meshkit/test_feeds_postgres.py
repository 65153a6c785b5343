"""The PostgreSQL feed keeps the contract of change feeds, and what only it can break."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from meshkit import feeds, feeds_postgres, postgres
from meshkit.faults import OutOfRange
from meshkit.feeds import Change, Position, decode_token, encode_token
from meshkit.migrations import migrate
from meshkit.testing import stores
from meshkit.testing.feed_suite import ChangeFeedContract, FeedUnderTest, change

SCHEMA = "catalog"


@pytest.fixture
async def pool(database_dsn: str) -> AsyncIterator[postgres.Pool]:
    await migrate(database_dsn, schema=SCHEMA, sources=[feeds_postgres.TABLES.migrations])
    async with stores.open_pool(database_dsn, schema=SCHEMA) as pool:
        yield pool


@pytest.fixture
async def feed(
    database_dsn: str, pool: postgres.Pool, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[FeedUnderTest]:
    # Polling would hide a wake-up that never came.
    monkeypatch.setattr(feeds_postgres, "_IDLE_POLL_S", 3600.0)

    async def append(*changes: Change) -> None:
        async with postgres.transaction(pool) as connection:
            await feeds_postgres.append(connection, *changes)

    async def prune_all() -> None:
        await feeds_postgres.prune(pool, kept=timedelta())

    async def forget(entity: str, *ids: str) -> None:
        async with postgres.transaction(pool) as connection:
            await feeds_postgres.forget(connection, entity, ids)

    async def start_epoch() -> None:
        async with postgres.transaction(pool) as connection:
            await feeds_postgres.start_epoch(connection)

    async with feeds_postgres.open_feed(database_dsn, schema=SCHEMA, pool=pool) as opened:
        yield FeedUnderTest(opened, append, prune_all, forget, start_epoch)


class TestPostgresChangeFeed(ChangeFeedContract):
    @pytest.fixture
    def often(self, monkeypatch: pytest.MonkeyPatch, feed: FeedUnderTest) -> None:
        monkeypatch.setattr(feeds, "CAUGHT_UP_EVERY_S", 0.01)
        # A watcher is told so where it looks anyway.
        monkeypatch.setattr(feeds_postgres, "_IDLE_POLL_S", 0.01)


async def test_a_change_that_a_stranger_holds_back_is_not_told_as_complete(
    pool: postgres.Pool, feed: FeedUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feeds, "CAUGHT_UP_EVERY_S", 0.0)
    watcher = feed.feed.watch(await feed.feed.head(), stop=asyncio.Event())
    async with postgres.transaction(pool) as stranger:
        await stranger.execute("SELECT pg_current_xact_id()")
        await feed.append(change(1))
        waiting = asyncio.ensure_future(anext(watcher))
        await asyncio.sleep(0.2)
        assert not waiting.done()
    assert (await waiting).changes == (change(1),)
    assert (await anext(watcher)).caught_up is not None


async def test_a_late_commit_is_delayed_and_never_skipped(
    pool: postgres.Pool, feed: FeedUnderTest
) -> None:
    token = await feed.feed.head()
    async with postgres.transaction(pool) as early:
        await feeds_postgres.append(early, change(1))
        await feed.append(change(2))
        assert (await feed.feed.read(token)).changes == ()
    assert (await feed.feed.read(token)).changes == (change(1), change(2))


async def test_a_watcher_gets_what_a_late_commit_of_a_stranger_held_back(
    pool: postgres.Pool, feed: FeedUnderTest
) -> None:
    token, stop = await feed.feed.head(), asyncio.Event()
    watcher = feed.feed.watch(token, stop=stop)
    waiting = asyncio.ensure_future(anext(watcher))
    async with postgres.transaction(pool) as stranger:
        await stranger.execute("SELECT pg_current_xact_id()")
        await feed.append(change(1))
        await asyncio.sleep(0.1)
        assert not waiting.done()
    assert (await waiting).changes == (change(1),)


async def test_a_head_taken_while_a_write_is_open_comes_before_it(
    pool: postgres.Pool, feed: FeedUnderTest
) -> None:
    async with postgres.transaction(pool) as early:
        await feeds_postgres.append(early, change(1))
        head = await feed.feed.head()
    assert (await feed.feed.read(head)).changes == (change(1),)


async def test_nothing_is_skipped_or_doubled_under_concurrent_writers(
    pool: postgres.Pool, feed: FeedUnderTest
) -> None:
    token, stop = await feed.feed.head(), asyncio.Event()
    seen: list[str] = []

    async def watch() -> None:
        async for batch in feed.feed.watch(token, stop=stop):
            seen.extend(found.id for found in batch.changes)
            if len(seen) >= 200:
                stop.set()

    async def write(writer: int) -> None:
        for number in range(25):
            async with postgres.transaction(pool) as connection:
                await feeds_postgres.append(connection, change(writer * 1000 + number))
                await asyncio.sleep(0.001 * (writer % 3))

    await asyncio.gather(watch(), *(write(writer) for writer in range(8)))
    assert len(seen) == 200
    assert len(set(seen)) == 200


async def test_a_rolled_back_change_is_never_seen(pool: postgres.Pool, feed: FeedUnderTest) -> None:
    token = await feed.feed.head()
    with pytest.raises(ZeroDivisionError):
        async with postgres.transaction(pool) as connection:
            await feeds_postgres.append(connection, change(1))
            raise ZeroDivisionError
    assert (await feed.feed.read(token)).changes == ()


async def test_a_change_outside_a_transaction_is_refused(pool: postgres.Pool) -> None:
    async with pool.connection() as connection:
        with pytest.raises(RuntimeError, match="inside the transaction"):
            await feeds_postgres.append(connection, change(1))


async def test_pruning_stops_at_the_first_young_change(
    pool: postgres.Pool, feed: FeedUnderTest
) -> None:
    await feed.append(change(1))
    await feed.append(change(2))
    await feed.append(change(3))
    async with pool.connection() as connection:
        await connection.execute(
            "UPDATE change_feed SET written_at = now() - interval '31 days' WHERE id <> 'id-2'"
        )
    assert await feeds_postgres.prune(pool) == 1
    async with pool.connection() as connection:
        rows = await connection.execute("SELECT id FROM change_feed ORDER BY xid, seq")
        assert await rows.fetchall() == [("id-2",), ("id-3",)]


async def test_a_token_from_a_later_life_of_the_database_is_expired(feed: FeedUnderTest) -> None:
    epoch, position = decode_token(await feed.feed.head())
    with pytest.raises(OutOfRange):
        await feed.feed.read(encode_token(epoch, Position(position.xid + 1_000_000, 1)))


async def test_a_watcher_survives_the_loss_of_the_listening_connection(
    pool: postgres.Pool, feed: FeedUnderTest
) -> None:
    watcher = feed.feed.watch(await feed.feed.head(), stop=asyncio.Event())
    waiting = asyncio.ensure_future(anext(watcher))
    async with pool.connection() as connection:
        await connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE application_name = 'change feed listener' AND datname = current_database()"
        )
    await feed.append(change(1))
    assert (await waiting).changes == (change(1),)
