"""A served feed: what there is, then what changes, each step with the token to resume from."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from meshkit.feed_steps import changed, listed_then_changed
from meshkit.feeds import Change, MemoryChangeFeed, Op


def change(name: str, entity: str = "song") -> Change:
    return Change(entity, name, 1, Op.UPSERT)


async def songs(changes: tuple[Change, ...]) -> AsyncIterator[str]:
    for one in changes:
        if one.entity == "song":
            yield one.id


async def read(feed: MemoryChangeFeed, token: str, count: int) -> list[tuple[str, object]]:
    """The first ``count`` steps after a token."""
    steps: list[tuple[str, object]] = []
    async for step in changed(feed, token, songs, stop=asyncio.Event()):
        steps.append(step)
        if len(steps) == count:
            break
    return steps


async def test_what_changes_during_the_listing_follows_it() -> None:
    feed, stop = MemoryChangeFeed(), asyncio.Event()
    feed.append(change("before"))

    async def listing(_: asyncio.Event) -> AsyncIterator[str]:
        yield "one"
        feed.append(change("meanwhile"))
        yield "two"

    head, told = await feed.head(), []
    async for token, song in listed_then_changed(feed, "", listing, songs, stop=stop):
        told.append((token, song))
        if song == "meanwhile":
            stop.set()
    assert told[:3] == [("", "one"), ("", "two"), (head, None)]
    assert told[3][1] == "meanwhile"
    assert told[3][0] not in ("", head)


async def test_with_a_token_nothing_is_listed() -> None:
    feed, stop = MemoryChangeFeed(), asyncio.Event()
    start = await feed.head()
    feed.append(change("new"))

    async def listing(_: asyncio.Event) -> AsyncIterator[str]:
        raise AssertionError("listed")
        yield

    async for _, song in listed_then_changed(feed, start, listing, songs, stop=stop):
        assert song == "new"
        stop.set()


async def test_a_listing_that_is_stopped_gives_no_token_to_resume_with() -> None:
    feed, stop = MemoryChangeFeed(), asyncio.Event()

    async def listing(stopped: asyncio.Event) -> AsyncIterator[str]:
        yield "one"
        if stopped.is_set():
            return
        yield "two"

    told = []
    async for step in listed_then_changed(feed, "", listing, songs, stop=stop):
        told.append(step)
        stop.set()
    assert told == [("", "one")]


async def test_only_the_last_of_a_batch_moves_the_token() -> None:
    feed = MemoryChangeFeed()
    start = await feed.head()
    for name in ("one", "two", "three"):
        feed.append(change(name))
    steps = await read(feed, start, 3)
    assert [song for _, song in steps] == ["one", "two", "three"]
    assert [token for token, _ in steps[:2]] == [start, start]
    assert await feed.head() == steps[2][0]


async def test_a_batch_of_which_nothing_is_told_moves_the_token() -> None:
    feed = MemoryChangeFeed()
    start = await feed.head()
    feed.append(change("an album", "album"))
    ((token, told),) = await read(feed, start, 1)
    assert told is None
    assert token == await feed.head() != start
