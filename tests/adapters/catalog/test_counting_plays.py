"""Plays are counted once: whoever is told of them, how often, and whoever dies over it."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import suppress

import pytest

from catalog_svc.adapters.postgres import play_counts
from catalog_svc.adapters.postgres.catalogue import PostgresCatalogue
from catalog_svc.adapters.postgres.imports import PostgresImports
from catalog_svc.adapters.postgres.job_queue import JobQueue
from catalog_svc.adapters.postgres.play_counts import PostgresPlayCounts
from catalog_svc.adapters.postgres.play_orders import PostgresPlayOrders
from catalog_svc.adapters.postgres.scan_store import PostgresScanStore
from catalog_svc.domain.plays import Play
from meshkit import postgres
from meshkit.background import running
from meshkit.consuming import Consumer, Step
from meshkit.faults import Fault, OutOfRange, Unavailable
from meshkit.ulids import new_id
from tests.contracts.catalog.plays_suite import plays_of
from tests.contracts.catalog.stores import ROOT, found, new_import, tagged

TRACKS = 12
PLAYS = 1_500
AT_ONCE = 40


@pytest.fixture
async def track_ids(pool: postgres.Pool) -> list[str]:
    """Tracks of the catalogue."""
    imports = PostgresImports(pool, JobQueue())
    scans = PostgresScanStore(pool, JobQueue())
    run = new_import()
    await imports.create(run, None)
    await scans.record(
        run.id, ROOT, [found(f"{n}.flac", tagged(f"Song {n}")) for n in range(TRACKS)]
    )
    tracks = await PostgresCatalogue(pool, JobQueue()).tracks(after=None, limit=TRACKS)
    return [track.id for track in tracks]


@pytest.fixture
def feed(track_ids: Sequence[str]) -> list[Play]:
    """Plays whose ids are in no order: what began first may end last."""
    plays = [Play(new_id(), random.choice(track_ids)) for _ in range(PLAYS)]
    random.shuffle(plays)
    return plays


def counts_of(plays: Sequence[Play]) -> dict[str, int]:
    return dict(Counter(play.track_id for play in plays))


async def streams(pool: postgres.Pool) -> dict[str, int]:
    """How often each track was played, by the catalogue; without those that never were."""
    found = await PostgresPlayOrders(pool).most_played(TRACKS)
    return {one.track_id: one.total for one in found if one.total}


async def follow(
    pool: postgres.Pool, feed: Sequence[Play], chance: random.Random, deaths: int
) -> None:
    """Applies the feed to its end from the stored place, in batches of any size.

    Tokens are places in the feed, the one of a batch may lie before its end, and so many times the
    consumer is killed at any point of a batch; another one goes on in its place.
    """
    while True:
        plays = PostgresPlayCounts(pool)
        try:
            place = int(await plays.resume_token() or 0)
            while place < len(feed):
                batch = feed[place : place + chance.randint(1, AT_ONCE)]
                place += len(batch)
                token = str(place - chance.randint(0, len(batch) - 1))
                applying = asyncio.create_task(plays.apply(batch, token))
                if deaths and not chance.randrange(8):
                    deaths -= 1
                    await asyncio.sleep(chance.uniform(0, 0.006))
                    applying.cancel()
                    with suppress(asyncio.CancelledError):
                        await applying
                    break
                await applying
            else:
                return
        except Fault:
            # Two that met: the consumer tries again, and so does this one.
            await asyncio.sleep(0)


@pytest.mark.parametrize("seed", range(3))
async def test_consumers_of_one_feed_count_each_play_once_though_they_are_killed(
    pool: postgres.Pool, feed: list[Play], seed: int
) -> None:
    chance = [random.Random(seed * 10 + number) for number in range(3)]
    await asyncio.gather(*(follow(pool, feed, one, deaths=10) for one in chance))
    assert await streams(pool) == counts_of(feed)


async def test_two_consumers_of_the_same_batches_count_each_play_once(
    pool: postgres.Pool, feed: list[Play]
) -> None:
    first, second = PostgresPlayCounts(pool), PostgresPlayCounts(pool)
    for start in range(0, PLAYS, 100):
        batch = feed[start : start + 100]
        await asyncio.gather(first.apply(batch, str(start)), second.apply(batch[::-1], str(start)))
    assert await streams(pool) == counts_of(feed)


async def test_a_killed_connection_leaves_the_batch_uncounted_and_untold(
    pool: postgres.Pool, feed: list[Play], monkeypatch: pytest.MonkeyPatch
) -> None:
    plays, batch = PostgresPlayCounts(pool), feed[:50]
    advance = plays._cursor.advance

    async def killed(connection: postgres.Connection, token: str) -> None:
        await connection.execute("SELECT pg_terminate_backend(pg_backend_pid())")
        await advance(connection, token)

    monkeypatch.setattr(plays._cursor, "advance", killed)
    with pytest.raises(Unavailable):
        await plays.apply(batch, "1")
    monkeypatch.undo()
    assert (await streams(pool), await plays.resume_token()) == ({}, "")
    await plays.apply(batch, "1")
    assert await streams(pool) == counts_of(batch)


async def test_a_feed_that_begins_again_is_not_counted_twice(
    pool: postgres.Pool, feed: list[Play]
) -> None:
    asked: list[str] = []
    length = 700

    async def watch(resume_token: str, /) -> AsyncIterator[Step[Play]]:
        asked.append(resume_token)
        if resume_token and len(asked) == 2:
            raise OutOfRange("too old", reason="RESUME_TOKEN_EXPIRED")
        for place in range(int(resume_token or 0), length):
            yield Step(str(place + 1), feed[place])
        await until_cancelled.wait()

    until_cancelled = asyncio.Event()
    plays = PostgresPlayCounts(pool)

    async def counted() -> bool:
        return await plays.resume_token() == str(length)

    for expected, length in (([""], 700), (["", "700", ""], 900)):
        consumer = Consumer("playback", watch, PostgresPlayCounts(pool), pause_s=lambda _: 0.0)
        async with running(consumer.run):
            await until(counted)
        assert asked == expected
        assert await streams(pool) == counts_of(feed[:length])


async def test_ids_are_kept_for_as_long_as_plays_are_told_and_no_longer(
    pool: postgres.Pool, track_ids: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(play_counts, "_FORGOTTEN_AT_ONCE", 2)
    plays = PostgresPlayCounts(pool)
    old, young = plays_of(track_ids[0], 5), plays_of(track_ids[0], 2)
    await plays.apply(old, "a")
    async with pool.connection() as connection:
        await connection.execute("UPDATE counted_plays SET counted_at = now() - interval '36 days'")
    await plays.apply(young, "b")
    assert await plays.prune() == 5
    assert await plays.prune() == 0
    await plays.apply(young, "c")
    assert await streams(pool) == {track_ids[0]: 7}


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    """Returns when it holds; the test's own time limit ends a wait in vain."""
    while not await condition():
        await asyncio.sleep(0.01)
