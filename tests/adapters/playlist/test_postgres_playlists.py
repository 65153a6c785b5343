"""Playlists in a real PostgreSQL, under the suites of their port."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from meshkit import feeds_postgres, idempotency_postgres, postgres
from meshkit.faults import Unavailable
from meshkit.feeds import ChangeFeed
from meshkit.migrations import MigrationSource, migrate
from meshkit.testing import stores
from meshkit.testing.stores import PostgresServer
from playlist_svc.adapters.content_cache import ContentCache
from playlist_svc.adapters.memory.heads import MemoryHeads
from playlist_svc.adapters.playlist_locks import MOST_WAITING
from playlist_svc.adapters.postgres import erasure as postgres_erasure
from playlist_svc.adapters.postgres import purge as postgres_purge
from playlist_svc.adapters.postgres.playlists import PostgresPlaylists
from playlist_svc.adapters.postgres.writing import Bounds
from playlist_svc.domain import content as contents
from playlist_svc.domain.access import Role
from playlist_svc.domain.playlist import Member
from playlist_svc.ports.playlists import Writing
from tests.contracts.playlist.playlists_erasure_suite import StoreErasureContract
from tests.contracts.playlist.playlists_history_suite import StoreHistoryContract
from tests.contracts.playlist.playlists_lists_suite import StoreListsContract
from tests.contracts.playlist.playlists_world import (
    NOW,
    change_head,
    edit,
    entries,
    head,
    key,
    known,
    made,
    new_id,
    version,
)
from tests.contracts.playlist.playlists_writes_suite import StoreWritesContract

SCHEMA = "playlist"
SOURCES = [
    MigrationSource.of_package("playlist_svc.migrations"),
    feeds_postgres.TABLES.migrations,
    idempotency_postgres.TABLES.migrations,
]


class PostgresWorld:
    """Two stores over one database, each with its own versions in memory."""

    def __init__(self, pool: postgres.Pool, bounds: Bounds | None = None) -> None:
        self.pool = pool
        self.bounds = bounds
        self.cache = MemoryHeads()
        self.feed: ChangeFeed = feeds_postgres.PostgresChangeFeed(pool)
        self.store = self.cold()
        self.other = self.cold()

    def cold(self) -> PostgresPlaylists:
        return PostgresPlaylists(self.pool, ContentCache(), self.cache, self.bounds)

    async def block(self, user_id: str, blocked_id: str) -> None:
        async with self.pool.connection() as connection:
            await connection.execute(
                "INSERT INTO blocks VALUES (%s, %s, now())", [user_id, blocked_id]
            )

    async def asked(self, question: str, *arguments: object) -> Any:
        async with self.pool.connection() as connection:
            row = await (await connection.execute(question.encode(), arguments)).fetchone()
        assert row is not None
        return row[0]


@pytest.fixture
async def dsn(postgres_server: PostgresServer) -> AsyncIterator[str]:
    async def migrated(dsn: str) -> None:
        await migrate(dsn, schema=SCHEMA, sources=SOURCES)

    template = await postgres_server.template("playlists", migrated)
    with postgres_server.database(template) as dsn:
        yield dsn


@pytest.fixture
async def pool(dsn: str) -> AsyncIterator[postgres.Pool]:
    async with stores.open_pool(dsn, schema=SCHEMA, max_size=12) as pool:
        yield pool


@pytest.fixture
def world(pool: postgres.Pool) -> PostgresWorld:
    return PostgresWorld(pool)


@pytest.fixture
def small_world(pool: postgres.Pool) -> PostgresWorld:
    return PostgresWorld(pool, Bounds(playlists=3, revisions=40, copy_every=16))


class TestPostgresPlaylistsWritten(StoreWritesContract): ...


class TestPostgresPlaylistsHistory(StoreHistoryContract): ...


class TestPostgresPlaylistsListed(StoreListsContract): ...


class TestPostgresPlaylistsErased(StoreErasureContract): ...


async def test_two_thousand_edits_of_a_long_list_take_bounded_space(world: PostgresWorld) -> None:
    owner = new_id()
    playlist_id = (await made(world.store, owner, 9_999)).playlist_id
    for number in range(2_000):

        def one(content: contents.Content, number: int = number) -> contents.Content:
            if len(content.order) == 10_000:
                gone = content.order.entry(number * 37 % 10_000).item_id
                return contents.remove(content, [gone])[0]
            return contents.add(content, entries(1, owner), number * 53 % 9_999)

        await edit(world.store, playlist_id, owner, one)
    deltas = await world.asked("SELECT sum(octet_length(delta)) FROM snapshots")
    copies = await world.asked("SELECT count(*) FROM snapshot_copies")
    rows = await world.asked("SELECT pg_total_relation_size('snapshots')")
    whole = await world.asked("SELECT pg_total_relation_size('snapshot_copies')")
    print(f"{deltas / 2_000:.0f} bytes a delta, {copies} copies,", f"{rows + whole} on disk")
    assert deltas < 2_000 * 64
    assert copies == 1 + 2_000 // 256
    assert rows + whole < 7_000_000


async def test_versions_that_change_much_are_copied_sooner_but_not_each(
    world: PostgresWorld,
) -> None:
    owner = new_id()
    playlist_id = (await made(world.store, owner, 2_000)).playlist_id
    for _ in range(10):
        await edit(
            world.store, playlist_id, owner, lambda c: contents.replace(c, entries(2_000, owner))
        )
    for _ in range(20):
        await edit(world.store, playlist_id, owner, lambda c: contents.add(c, entries(100, owner)))
    copies = await world.asked("SELECT array_agg(revision ORDER BY revision) FROM snapshot_copies")
    assert copies[:11] == list(range(1, 12))
    assert 1 <= len(copies[11:]) <= 2


async def test_counts_of_users_are_those_of_their_rows(small_world: PostgresWorld) -> None:
    store, owner, heir, fan = small_world.store, new_id(), new_id(), new_id()
    one, two, three = [(await made(store, owner)).playlist_id for _ in range(3)]
    for playlist_id in (one, two, three):
        await store.follow(playlist_id, fan, NOW)
    await store.unfollow(one, fan)
    await change_head(store, one, owner_id=heir)
    await change_head(store, two, deleted_at_ms=NOW)
    await change_head(store, two, owner_id=heir)
    await change_head(store, two, deleted_at_ms=1)
    await store.purge(NOW, 10)
    counts = "SELECT (playlists, followed_playlists)::text FROM user_counts WHERE user_id = %s"
    assert [await small_world.asked(counts, user) for user in (owner, heir, fan)] == [
        "(1,0)",
        "(1,0)",
        "(0,1)",
    ]


async def test_an_instance_that_is_behind_reads_what_is_missing_alone(
    world: PostgresWorld,
) -> None:
    owner = new_id()
    created = await made(world.store, owner, 500)
    await world.other.content(created, 1)
    for _ in range(3):
        await edit(
            world.store, created.playlist_id, owner, lambda c: contents.add(c, entries(1, owner))
        )
    after = await known(world.store, created.playlist_id)
    async with world.pool.connection() as connection:
        await connection.execute("DELETE FROM snapshot_copies")
    wanted = await world.store.content(after, 4)
    assert await world.other.content(after, 4) == wanted
    await edit(
        world.other, created.playlist_id, owner, lambda c: contents.add(c, entries(1, owner))
    )
    assert (await known(world.other, created.playlist_id)).track_count == 504


async def test_what_was_not_committed_is_not_in_memory(world: PostgresWorld) -> None:
    owner = new_id()
    created = await made(world.store, owner)

    async def fail(writing: Writing) -> bytes:
        content = contents.rename(await writing.content(1), "Lost")
        writing.record(version(content, owner, reverts=2**40))
        return b""

    with pytest.raises(Exception, match="integer out of range"):
        await world.store.write(created.playlist_id, key(), fail)
    await edit(world.other, created.playlist_id, owner, lambda c: contents.rename(c, "Kept"))
    after = await known(world.store, created.playlist_id)
    assert (await world.store.content(after, 2)).title == "Kept"


async def test_a_decision_that_takes_too_long_loses_the_playlist_and_leaves_nothing(
    dsn: str, world: PostgresWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = new_id()
    created = await made(world.store, owner)
    monkeypatch.setattr(postgres, "TRANSACTION_LIMIT_MS", 300)

    async def dawdle(writing: Writing) -> bytes:
        content = contents.rename(await writing.content(1), "Late")
        # Waits for the row that this decision holds, until it is taken away.
        await edit(world.other, created.playlist_id, owner, lambda c: contents.rename(c, "Other"))
        writing.record(version(content, owner))
        return b""

    async with stores.open_pool(dsn, schema=SCHEMA) as impatient:
        with pytest.raises(Unavailable):
            await PostgresWorld(impatient).store.write(created.playlist_id, None, dawdle)
    after = await known(world.store, created.playlist_id)
    assert (after.title, after.revision) == ("Other", 2)
    assert (await world.store.content(after, 2)).title == "Other"


async def test_a_hot_list_leaves_connections_to_others_and_sheds_what_it_cannot_take(
    dsn: str,
) -> None:
    owner, gate, begun = new_id(), asyncio.Event(), asyncio.Event()
    async with stores.open_pool(dsn, schema=SCHEMA, max_size=2) as narrow:
        store = PostgresWorld(narrow).store
        hot, other = [(await made(store, owner, 3)).playlist_id for _ in range(2)]

        async def decide(writing: Writing) -> bytes:
            begun.set()
            await gate.wait()
            content = await writing.content(writing.head.revision)
            writing.record(version(contents.add(content, entries(1, owner)), owner))
            return b""

        tries = [asyncio.create_task(store.write(hot, key(), decide)) for _ in range(100)]
        await begun.wait()
        for _ in range(5):
            await edit(store, other, owner, lambda c: contents.add(c, entries(1, owner)))
        assert (await known(store, other)).revision == 6
        assert (await known(store, hot)).revision == 1
        gate.set()
        answers = await asyncio.gather(*tries, return_exceptions=True)
        shed = [answer for answer in answers if isinstance(answer, Unavailable)]
        assert [(one.reason, one.retry_after_s) for one in shed] == [("OVERLOADED", 1.0)] * (
            99 - MOST_WAITING
        )
        assert (await known(store, hot)).revision == 1 + 1 + MOST_WAITING
        await asyncio.gather(*(store.write(hot, key(), decide) for _ in shed))
        assert (await known(store, hot)).revision == 101


async def test_many_who_follow_a_list_at_once_all_do_and_leave_connections_to_others(
    dsn: str,
) -> None:
    owner = new_id()
    async with stores.open_pool(dsn, schema=SCHEMA, max_size=2) as narrow:
        store = PostgresWorld(narrow).store
        playlist_id = (await made(store, owner)).playlist_id
        fans = [new_id() for _ in range(200)]
        counts = await asyncio.gather(*(store.follow(playlist_id, fan, NOW) for fan in fans))
        assert sorted(counts) == list(range(1, 201))


async def test_a_list_of_many_followers_is_erased_in_parts(
    world: PostgresWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres_purge, "_FOLLOWERS_AT_ONCE", 2)
    playlist_id = (await made(world.store, new_id())).playlist_id
    for _ in range(5):
        await world.store.follow(playlist_id, new_id(), NOW)
    await change_head(world.store, playlist_id, deleted_at_ms=1)
    assert await world.store.purge(NOW, 10) == 1
    assert await world.store.head(playlist_id) is None
    assert await world.asked("SELECT sum(followed_playlists) FROM user_counts") == 0


async def test_an_erased_user_leaves_no_row_behind(
    world: PostgresWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres_purge, "_FOLLOWERS_AT_ONCE", 2)
    monkeypatch.setattr(postgres_erasure, "_FOUND_AT_ONCE", 2)
    leaver, owner = new_id(), new_id()
    members = (Member(leaver, Role.VIEWER, NOW),)
    for _ in range(5):
        mine = await made(world.store, leaver, 1)
        shared = await made(world.store, owner, 1, members=members)
        await world.store.follow(shared.playlist_id, leaver, NOW)
        for _ in range(5):
            await world.store.follow(mine.playlist_id, new_id(), NOW)
    await world.store.erase(leaver)
    for table, column in (
        ("playlists", "owner_id"),
        ("collaborators", "user_id"),
        ("playlist_followers", "user_id"),
        ("snapshots", "author_id"),
        ("user_counts", "user_id"),
    ):
        rows = f"SELECT count(*) FROM {table} WHERE {column} = %s"
        assert await world.asked(rows, leaver) == 0, table
    assert await world.asked("SELECT sum(followed_playlists) FROM user_counts") == 0
    assert await world.asked("SELECT count(*) FROM playlists") == 5


async def test_an_erasure_that_was_interrupted_is_finished_by_the_next(
    world: PostgresWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    leaver = new_id()
    mine = [await made(world.store, leaver, 1) for _ in range(3)]
    real, dropped = postgres_erasure.drop, 0

    async def interrupted(pool: postgres.Pool, playlist_id: str) -> None:
        nonlocal dropped
        dropped += 1
        if dropped == 2:
            raise Unavailable("gone")
        await real(pool, playlist_id)

    monkeypatch.setattr(postgres_erasure, "drop", interrupted)
    with pytest.raises(Unavailable):
        await world.store.erase(leaver)
    assert await world.asked("SELECT count(*) FROM playlists") == 2
    await world.store.erase(leaver)
    assert [await world.store.head(head.playlist_id) for head in mine] == [None] * 3
    assert await world.asked("SELECT count(*) FROM user_counts") == 0


async def test_a_store_that_is_away_says_so() -> None:
    async with postgres.open_pool(
        "host=/nowhere dbname=x", schema=SCHEMA, acquire_timeout_s=0.2
    ) as away:
        store = PostgresWorld(away).store

        async def never(writing: Writing) -> bytes:
            raise AssertionError("there is nothing to decide about")

        calls = [
            store.head(new_id()),
            store.content(head(new_id()), 1),
            store.write(new_id(), None, never),
            store.follow(new_id(), new_id(), NOW),
            store.purge(NOW, 1),
            store.erase(new_id()),
        ]
        for call in calls:
            with pytest.raises(Unavailable):
                await call
