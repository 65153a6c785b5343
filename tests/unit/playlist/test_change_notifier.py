"""The tail of the feed, when the feed goes away or begins anew."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from meshkit.background import running
from meshkit.faults import Unavailable
from meshkit.feeds import Change, FeedBatch, MemoryChangeFeed, Op
from playlist_svc.adapters.codecs import heads
from playlist_svc.adapters.memory.heads import MemoryHeads
from playlist_svc.usecases import change_notifier as notifiers
from playlist_svc.usecases.change_notifier import ChangeNotifier
from tests.contracts.playlist.playlists_world import head, new_id


class FailingFeed(MemoryChangeFeed):
    """Fails the first watches."""

    def __init__(self) -> None:
        super().__init__()
        self.failures = 2

    async def watch(self, token: str, *, stop: asyncio.Event) -> AsyncIterator[FeedBatch]:
        if self.failures:
            self.failures -= 1
            raise Unavailable("away")
        async for batch in super().watch(token, stop=stop):
            yield batch


async def test_a_feed_that_goes_away_is_tailed_again_where_it_was(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(notifiers, "_RETRY_S", 0.0)
    feed, cache = FailingFeed(), MemoryHeads()
    notifier = ChangeNotifier(feed, cache, heads.decode)
    one = head(new_id())
    with notifier.subscribe(one.playlist_id) as subscription:
        async with running(notifier.run), asyncio.timeout(10):
            await subscription.changed.wait()
            subscription.changed.clear()
            feed.append(heads.change_of(one))
            await subscription.changed.wait()
    assert subscription.head == one
    assert cache.kept == {one.playlist_id: one}
    assert feed.failures == 0


async def test_a_feed_that_begins_anew_has_every_watcher_look_for_itself() -> None:
    feed = MemoryChangeFeed()
    notifier = ChangeNotifier(feed, MemoryHeads(), heads.decode)
    one = head(new_id())
    with notifier.subscribe(one.playlist_id) as subscription:
        async with running(notifier.run), asyncio.timeout(10):
            await subscription.changed.wait()
            subscription.changed.clear()
            feed.append(heads.change_of(one))
            await subscription.changed.wait()
            assert subscription.head == one
            subscription.changed.clear()
            feed.start_epoch()
            await subscription.changed.wait()
    assert subscription.head is None


async def test_an_older_head_does_not_replace_a_newer_one_and_others_changes_pass() -> None:
    feed, cache = MemoryChangeFeed(), MemoryHeads()
    notifier = ChangeNotifier(feed, cache, heads.decode)
    one = replace(head(new_id()), version=5)
    with notifier.subscribe(one.playlist_id) as subscription:
        async with running(notifier.run), asyncio.timeout(10):
            await subscription.changed.wait()
            subscription.changed.clear()
            feed.append(
                heads.change_of(one),
                Change("artist_followers", new_id(), 1, Op.UPSERT, b"{}"),
                heads.change_of(replace(one, version=4, title="old")),
            )
            await subscription.changed.wait()
    assert subscription.head == one
    assert cache.kept[one.playlist_id] == one
