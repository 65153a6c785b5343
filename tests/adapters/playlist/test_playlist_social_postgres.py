"""Following and blocking in a real PostgreSQL."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from meshkit import postgres
from meshkit.faults import Unavailable
from meshkit.feeds import Change
from meshkit.feeds_postgres import PostgresChangeFeed
from playlist_svc.adapters.codecs import social_changes
from playlist_svc.adapters.postgres.social import PostgresSocial
from playlist_svc.schema import SCHEMA
from tests.contracts.playlist.social_reading import (
    MOST,
    NOW,
    ReadFeed,
    an_artist,
    new_ids,
    told_counts,
    whole_feed,
)
from tests.contracts.playlist.social_suite import SocialContract


@pytest.fixture
async def changes(pool: postgres.Pool) -> ReadFeed:
    feed = PostgresChangeFeed(pool)
    start = await feed.head()

    async def read() -> Sequence[Change]:
        async with pool.connection() as connection:
            written = (await connection.execute("SELECT FROM change_feed")).rowcount
        # A transaction of the server itself, such as an autovacuum's, may hold the feed back.
        while len(told := await whole_feed(feed, start)) < written:
            await asyncio.sleep(0.01)
        return told

    return read


class TestPostgresSocial(SocialContract):
    @pytest.fixture
    def store(self, pool: postgres.Pool) -> PostgresSocial:
        return PostgresSocial(pool, most_followed=MOST, most_blocked=MOST)

    @pytest.fixture
    def other(self, pool: postgres.Pool) -> PostgresSocial:
        return PostgresSocial(pool, most_followed=MOST, most_blocked=MOST)


async def test_what_the_feed_tells_is_what_is_listed(
    pool: postgres.Pool, changes: ReadFeed
) -> None:
    store = PostgresSocial(pool)
    await store.follow(new_ids(1)[0], [], [an_artist(), an_artist()], NOW)
    told = map(social_changes.decode, await told_counts(changes))
    listed = await store.artists_with_followers("", 9)
    assert sorted(told, key=lambda one: one.artist_id) == list(listed)


async def test_an_erased_user_leaves_no_row_behind(pool: postgres.Pool) -> None:
    store = PostgresSocial(pool)
    user, *people = new_ids(1_201)
    await store.follow(user, people[:500], [an_artist()], NOW)
    await store.follow(user, people[500:1_000], [], NOW)
    for person in people[-3:]:
        await store.follow(person, [user], [], NOW)
        await store.block(user, person, NOW)
        await store.block(person, user, NOW)
    await store.set_audience(user, None, None)
    await store.erase(user)
    async with pool.connection() as connection:
        for query in (
            "SELECT FROM user_counts WHERE user_id = %s",
            "SELECT FROM follows WHERE user_id = %s",
            "SELECT FROM follows WHERE target_id = %s",
            "SELECT FROM blocks WHERE user_id = %s",
            "SELECT FROM blocks WHERE blocked_id = %s",
            "SELECT FROM privacy WHERE user_id = %s",
        ):
            assert (await connection.execute(query.encode(), [user])).rowcount == 0, query
        counted = await connection.execute("SELECT sum(followers), sum(blocks) FROM user_counts")
        assert await counted.fetchone() == (0, 0)


async def test_a_store_that_is_away_says_so() -> None:
    async with postgres.open_pool(
        "host=/nowhere dbname=x", schema=SCHEMA.name, acquire_timeout_s=0.2
    ) as pool:
        store = PostgresSocial(pool)
        one, two = new_ids(2)
        with pytest.raises(Unavailable):
            await store.relation(one, two)
        with pytest.raises(Unavailable):
            await store.block(one, two, NOW)
