"""The follower of the catalogue's feed, with the memory feed and the memory index."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import asynccontextmanager

import pytest

from catalog_svc.adapters.memory.search_index import MemorySearchIndex
from catalog_svc.domain.search import Entry, IndexChange, Kind
from catalog_svc.ports.search import IndexDamaged
from catalog_svc.usecases.consume_into_index import IndexConsumer, Pace
from meshkit.faults import Unavailable
from meshkit.feeds import Change, FeedBatch, MemoryChangeFeed, Op
from tests.contracts.catalog.search_suite import names, put, track

PACE = Pace(gather_s=0.001, batch_most=10, retry_s=0.001, retry_most_s=0.004)


class Listing:
    """A catalogue that is listed two entries at a time."""

    def __init__(self, *entries: Entry) -> None:
        self.entries = list(entries)
        self.listed = 0
        self.between: Callable[[], None] = lambda: None

    async def everything(self, entities: Collection[str]) -> AsyncIterator[Sequence[Change]]:
        self.listed += 1
        assert {entry.kind.value for entry in self.entries} <= set(entities)
        for at in range(0, len(self.entries), 2):
            yield [listed(entry) for entry in self.entries[at : at + 2]]
            self.between()


class CountingIndex(MemorySearchIndex):
    """Counts commits and fails when told to."""

    def __init__(self) -> None:
        super().__init__()
        self.commits: list[int] = []
        self.faults: list[Exception] = []

    async def apply(self, changes: Sequence[IndexChange], token: str) -> None:
        if self.faults:
            raise self.faults.pop()
        self.commits.append(len(changes))
        await super().apply(changes, token)


def change(number: int, title: str, version: int = 1, op: Op = Op.UPSERT) -> Change:
    return Change("track", track(number, title).id, version, op, f"{number}:{title}".encode())


def listed(entry: Entry) -> Change:
    payload = f"{int(entry.id[1:])}:{entry.name}".encode()
    return Change(entry.kind.value, entry.id, 1, Op.UPSERT, payload)


def decode(change: Change) -> IndexChange | None:
    if change.entity != "track":
        return None
    if change.op is Op.DELETE:
        return IndexChange(Kind.TRACK, change.id, change.version, None)
    number, title = change.payload.decode().split(":")
    return put(track(int(number), title), change.version)


@asynccontextmanager
async def following(follower: IndexConsumer) -> AsyncIterator[None]:
    task = asyncio.create_task(follower.run())
    try:
        yield
    finally:
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


async def until(condition: Callable[[], bool]) -> None:
    while not condition():
        await asyncio.sleep(0.001)


async def reaches(index: MemorySearchIndex, feed: MemoryChangeFeed) -> None:
    while await index.token() != await feed.head():
        await asyncio.sleep(0.001)


async def test_a_new_index_takes_the_listing_and_then_the_changes() -> None:
    feed, index = MemoryChangeFeed(), CountingIndex()
    listing = Listing(*(track(n, f"Listed {n}") for n in range(25)))
    follower = IndexConsumer(feed, index, listing, decode, pace=PACE)
    assert not follower.caught_up.is_set()
    async with following(follower):
        await follower.caught_up.wait()
        assert len(await names(index, "listed", limit=50)) == 25
        feed.append(change(30, "Later"))
        await reaches(index, feed)
    assert await names(index, "later") == ["Later"]
    assert listing.listed == 1
    assert max(index.commits) <= PACE.batch_most + 2


async def test_what_changes_during_the_listing_is_not_lost() -> None:
    feed, index = MemoryChangeFeed(), MemorySearchIndex()
    listing = Listing(track(1, "Old Title"), track(2, "Other"), track(3, "Third"))
    changed = iter([change(1, "New Title", 2)])
    listing.between = lambda: feed.append(*list(changed))
    follower = IndexConsumer(feed, index, listing, decode, pace=PACE)
    async with following(follower):
        await follower.caught_up.wait()
    assert await names(index, "title") == ["New Title"]


async def test_an_index_with_a_token_goes_on_from_there_without_a_listing() -> None:
    feed, index, listing = MemoryChangeFeed(), MemorySearchIndex(), Listing(track(9, "Listed"))
    feed.append(change(1, "Before"))
    await index.apply([], await feed.head())
    feed.append(change(2, "After"))
    follower = IndexConsumer(feed, index, listing, decode, pace=PACE)
    async with following(follower):
        await follower.caught_up.wait()
    assert await names(index, "after") == ["After"]
    assert await names(index, "before") == []
    assert listing.listed == 0


async def test_a_backlog_is_committed_in_big_batches() -> None:
    feed, index = MemoryChangeFeed(), CountingIndex()
    await index.apply([], await feed.head())
    feed.append(*(change(n, f"Song {n}") for n in range(35)))
    follower = IndexConsumer(feed, index, Listing(), decode, pace=PACE)
    async with following(follower):
        await follower.caught_up.wait()
    assert index.commits == [0, 10, 10, 10, 5]


@pytest.mark.parametrize("foreign", ["", "not-a-token"])
async def test_an_expired_or_unreadable_token_starts_over_from_a_listing(foreign: str) -> None:
    feed, index = MemoryChangeFeed(), MemorySearchIndex()
    await index.apply([put(track(1, "Stale"))], foreign or await feed.head())
    feed.start_epoch()
    follower = IndexConsumer(feed, index, Listing(track(2, "Listed")), decode, pace=PACE)
    async with following(follower):
        await follower.caught_up.wait()
    assert await names(index, "stale") == []
    assert await names(index, "listed") == ["Listed"]


async def test_a_feed_that_expires_while_it_is_followed_starts_over() -> None:
    feed, index, listing = MemoryChangeFeed(), MemorySearchIndex(), Listing(track(1, "Listed"))
    follower = IndexConsumer(feed, index, listing, decode, pace=PACE)
    async with following(follower):
        await follower.caught_up.wait()
        listing.entries = [track(2, "Restored")]
        feed.start_epoch()
        await until(lambda: listing.listed == 2)
        await reaches(index, feed)
    assert await names(index, "listed") == []
    assert await names(index, "restored") == ["Restored"]


async def test_failures_are_survived_and_nothing_is_skipped() -> None:
    feed, index = MemoryChangeFeed(), CountingIndex()
    follower = IndexConsumer(feed, index, Listing(), decode, pace=PACE)
    async with following(follower):
        await follower.caught_up.wait()
        index.faults = [Unavailable("down"), RuntimeError("odd"), OSError("disk")]
        feed.append(change(1, "Survivor"))
        await reaches(index, feed)
    assert await names(index, "survivor") == ["Survivor"]


async def test_a_damaged_index_is_cleared_and_filled_again() -> None:
    feed, index, listing = MemoryChangeFeed(), CountingIndex(), Listing(track(1, "Listed"))
    follower = IndexConsumer(feed, index, listing, decode, pace=PACE)
    async with following(follower):
        await follower.caught_up.wait()
        listing.entries.append(track(2, "Listed Too"))
        index.faults = [IndexDamaged("broken")]
        feed.append(change(3, "Lost With The Index"))
        await until(lambda: listing.listed == 2)
        await reaches(index, feed)
    assert sorted(await names(index, "listed")) == ["Listed", "Listed Too"]


async def test_damage_that_a_search_finds_is_mended_without_a_change() -> None:
    class Damaged(MemorySearchIndex):
        damaged = False

        async def token(self) -> str:
            if self.damaged:
                raise IndexDamaged("broken")
            return await super().token()

        async def clear(self) -> None:
            self.damaged = False
            await super().clear()

    feed, index, listing = MemoryChangeFeed(), Damaged(), Listing(track(1, "Listed"))
    pace = Pace(gather_s=0.001, retry_s=0.001, retry_most_s=0.004, check_s=0.01)
    follower = IndexConsumer(feed, index, listing, decode, pace=pace)
    async with following(follower):
        await follower.caught_up.wait()
        index.damaged = True
        await until(lambda: listing.listed == 2)
        await reaches(index, feed)
    assert await names(index, "listed") == ["Listed"]


async def test_a_change_that_nobody_can_read_does_not_stop_the_rest() -> None:
    feed, index = MemoryChangeFeed(), MemorySearchIndex()
    follower = IndexConsumer(feed, index, Listing(), decode, pace=PACE)
    async with following(follower):
        await follower.caught_up.wait()
        feed.append(
            Change("track", "x", 1, Op.UPSERT, b"unreadable"),
            Change("playlist", "y", 1, Op.UPSERT, b"not ours"),
            change(1, "Readable"),
        )
        await reaches(index, feed)
    assert await names(index, "readable") == ["Readable"]


async def test_removals_and_older_versions_are_kept_apart() -> None:
    feed, index = MemoryChangeFeed(), MemorySearchIndex()
    follower = IndexConsumer(feed, index, Listing(track(1, "Song")), decode, pace=PACE)
    async with following(follower):
        await follower.caught_up.wait()
        feed.append(change(1, "", 3, Op.DELETE), change(1, "Older", 2))
        await reaches(index, feed)
    assert await names(index, "song") == []
    assert await names(index, "older") == []


async def test_lag_grows_while_the_feed_fails_and_falls_to_zero_after() -> None:
    class Failing(MemoryChangeFeed):
        down = True

        async def read(self, token: str, limit: int = 500) -> FeedBatch:
            if self.down:
                raise Unavailable("down")
            return await super().read(token, limit)

    feed, lags = Failing(), list[float]()
    follower = IndexConsumer(
        feed, MemorySearchIndex(), Listing(), decode, report_lag=lags.append, pace=PACE
    )
    async with following(follower):
        await until(lambda: len(lags) >= 3)
        assert lags == sorted(lags)
        assert lags[-1] > lags[0] >= 0
        assert not follower.caught_up.is_set()
        feed.down = False
        await follower.caught_up.wait()
    assert lags[-1] == 0
