# ruff: noqa: D102 - the name of a test is its sentence
"""The contract of ``meshkit.feeds.ChangeFeed``, run against every adapter of it.

Subclass ``ChangeFeedContract`` and give it a fixture ``feed`` that returns a ``FeedUnderTest``.
"""

from __future__ import annotations

import asyncio
import base64
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import pytest

from meshkit import feeds
from meshkit.faults import InvalidArgument, OutOfRange
from meshkit.feeds import Change, ChangeFeed, FeedBatch, Op


@dataclass(frozen=True, slots=True)
class FeedUnderTest:
    """A fresh, empty feed with the back doors that the suite needs.

    ``append`` commits changes together; ``prune_all`` drops what stands in the feed; ``forget``
    is that of the feed;
    ``start_epoch`` begins anew, as after a restore.
    """

    feed: ChangeFeed
    append: Callable[..., Awaitable[None]]
    prune_all: Callable[[], Awaitable[None]]
    forget: Callable[..., Awaitable[None]]
    start_epoch: Callable[[], Awaitable[None]]


def change(number: int, op: Op = Op.UPSERT) -> Change:
    """A change that its number alone determines."""
    return Change("track", f"id-{number}", number, op, f"payload {number}".encode())


class ChangeFeedContract:
    """What every adapter must keep."""

    @pytest.fixture
    def often(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Watchers are told often that they were told everything."""
        monkeypatch.setattr(feeds, "CAUGHT_UP_EVERY_S", 0.01)

    async def test_changes_come_in_order_and_whole(self, feed: FeedUnderTest) -> None:
        start = await feed.feed.head()
        await feed.append(change(1), change(2, Op.DELETE))
        await feed.append(change(3))
        batch = await feed.feed.read(start)
        assert batch.changes == (change(1), change(2, Op.DELETE), change(3))

    async def test_a_token_resumes_after_the_last_change_read(self, feed: FeedUnderTest) -> None:
        token = await feed.feed.head()
        await feed.append(*(change(n) for n in range(5)))
        seen: list[Change] = []
        while (batch := await feed.feed.read(token, limit=2)).changes:
            assert len(batch.changes) <= 2
            seen += batch.changes
            token = batch.token
        assert seen == [change(n) for n in range(5)]

    async def test_reading_at_the_head_finds_nothing_and_keeps_the_place(
        self, feed: FeedUnderTest
    ) -> None:
        await feed.append(change(1))
        head = await feed.feed.head()
        batch = await feed.feed.read(head)
        assert batch.changes == ()
        await feed.append(change(2))
        assert (await feed.feed.read(batch.token)).changes == (change(2),)

    async def test_an_empty_token_means_the_head(self, feed: FeedUnderTest) -> None:
        await feed.append(change(1))
        batch = await feed.feed.read("")
        assert batch.changes == ()
        await feed.append(change(2))
        assert (await feed.feed.read(batch.token)).changes == (change(2),)

    async def test_everything_that_is_kept_follows_the_oldest_token(
        self, feed: FeedUnderTest
    ) -> None:
        empty = await feed.feed.oldest()
        assert (await feed.feed.read(empty)).changes == ()
        await feed.append(change(1), change(2))
        assert await feed.feed.oldest() == empty
        assert (await feed.feed.read(empty)).changes == (change(1), change(2))
        await feed.prune_all()
        await feed.append(change(3))
        assert (await feed.feed.read(await feed.feed.oldest())).changes == (change(3),)
        await feed.start_epoch()
        await feed.append(change(4))
        assert (await feed.feed.read(await feed.feed.oldest())).changes == (change(3), change(4))

    @pytest.mark.parametrize(
        "token", ["x", "not a token", "💥", "AAAA", base64.urlsafe_b64encode(bytes(39)).decode()]
    )
    async def test_garbage_is_an_invalid_resume_token(
        self, feed: FeedUnderTest, token: str
    ) -> None:
        with pytest.raises(InvalidArgument) as caught:
            await feed.feed.read(token)
        assert [violation.field for violation in caught.value.violations] == ["resume_token"]

    async def test_one_changed_character_is_noticed(self, feed: FeedUnderTest) -> None:
        token = await feed.feed.head()
        for place in range(len(token)):
            other = "B" if token[place] == "A" else "A"
            with pytest.raises(InvalidArgument):
                await feed.feed.read(token[:place] + other + token[place + 1 :])

    async def test_a_token_older_than_what_is_kept_is_expired(self, feed: FeedUnderTest) -> None:
        old = await feed.feed.head()
        await feed.append(change(1), change(2))
        fresh = (await feed.feed.read(old)).token
        await feed.prune_all()
        with pytest.raises(OutOfRange) as caught:
            await feed.feed.read(old)
        assert caught.value.reason == "RESUME_TOKEN_EXPIRED"
        await feed.append(change(3))
        assert (await feed.feed.read(fresh)).changes == (change(3),)

    async def test_a_new_epoch_expires_every_token(self, feed: FeedUnderTest) -> None:
        await feed.append(change(1))
        token = await feed.feed.head()
        await feed.start_epoch()
        with pytest.raises(OutOfRange):
            await feed.feed.read(token)
        token = await feed.feed.head()
        await feed.append(change(2))
        assert (await feed.feed.read(token)).changes == (change(2),)

    async def test_watchers_are_woken_by_a_change(self, feed: FeedUnderTest) -> None:
        token, stop = await feed.feed.head(), asyncio.Event()
        watchers = [feed.feed.watch(token, stop=stop) for _ in range(3)]
        waits = [asyncio.ensure_future(anext(watcher)) for watcher in watchers]
        await asyncio.sleep(0)
        await feed.append(change(1))
        batches = await asyncio.gather(*waits)
        assert [batch.changes for batch in batches] == [(change(1),)] * 3
        stop.set()
        for watcher in watchers:
            with pytest.raises(StopAsyncIteration):
                await anext(watcher)

    async def test_a_watch_ends_when_told_to_stop(self, feed: FeedUnderTest) -> None:
        stop = asyncio.Event()

        async def watch() -> list[FeedBatch]:
            return [batch async for batch in feed.feed.watch("", stop=stop)]

        watching = asyncio.ensure_future(watch())
        await asyncio.sleep(0)
        stop.set()
        assert await watching == []

    async def test_a_watcher_that_was_told_everything_is_told_so_again_and_again(
        self, feed: FeedUnderTest, often: None
    ) -> None:
        await feed.append(change(1))
        token = await feed.feed.head()
        watcher = feed.feed.watch(token, stop=asyncio.Event())
        before = time.time()
        beats = [await anext(watcher) for _ in range(3)]
        assert [batch.changes for batch in beats] == [()] * 3
        # What is repeated is the place: whoever keeps it has nothing to write.
        assert {batch.token for batch in beats} == {token}
        at = [batch.caught_up.at for batch in beats if batch.caught_up]
        assert at == sorted(set(at))
        assert before <= at[0]
        assert at[-1] <= time.time()

    async def test_what_is_told_as_complete_holds_all_that_was_committed_before(
        self, feed: FeedUnderTest, often: None
    ) -> None:
        stop = asyncio.Event()
        watcher = feed.feed.watch(await feed.feed.head(), stop=stop)
        committed: list[float] = []
        seen = 0

        async def write() -> None:
            for number in range(40):
                await feed.append(change(number))
                committed.append(time.time())
                await asyncio.sleep(0)

        async with asyncio.TaskGroup() as group:
            writing = group.create_task(write())
            async for batch in watcher:
                seen += len(batch.changes)
                if batch.caught_up is not None:
                    known = sum(at < batch.caught_up.at for at in committed)
                    assert seen >= known
                    # The last of them may have come after this was asked.
                    if writing.done() and known == len(committed):
                        break
        assert seen == len(committed)

    async def test_a_watcher_is_told_so_no_oftener_than_said(
        self, feed: FeedUnderTest, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(feeds, "CAUGHT_UP_EVERY_S", 3600.0)
        stop = asyncio.Event()
        watcher = feed.feed.watch(await feed.feed.head(), stop=stop)
        for number in range(3):
            await feed.append(change(number))
            assert (await anext(watcher)).changes == (change(number),)
        waiting = asyncio.ensure_future(anext(watcher))
        await asyncio.sleep(0.2)
        assert not waiting.done()
        stop.set()
        with pytest.raises(StopAsyncIteration):
            await waiting

    async def test_a_watch_across_a_new_epoch_ends_with_an_expired_token(
        self, feed: FeedUnderTest
    ) -> None:
        watcher = feed.feed.watch(await feed.feed.head(), stop=asyncio.Event())
        waiting = asyncio.ensure_future(anext(watcher))
        await asyncio.sleep(0)
        await feed.start_epoch()
        with pytest.raises(OutOfRange):
            await waiting

    async def test_what_was_forgotten_is_told_to_nobody_and_no_place_is_lost(
        self, feed: FeedUnderTest
    ) -> None:
        start = await feed.feed.head()
        await feed.append(change(1), change(2), change(2), change(3))
        between = (await feed.feed.read(start, limit=2)).token
        await feed.forget("track", "id-2", "id-9")
        await feed.forget("album", "id-3")
        assert (await feed.feed.read(start)).changes == (change(1), change(3))
        assert (await feed.feed.read(between)).changes == (change(3),)
        await feed.append(change(2))
        assert (await feed.feed.read(between)).changes == (change(3), change(2))
