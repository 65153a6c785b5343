"""Following and blocking in memory, under the suite of the port."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from meshkit.feeds import Change, MemoryChangeFeed
from playlist_svc.adapters.memory.social import MemorySocial
from tests.contracts.playlist.social_reading import MOST, ReadFeed, whole_feed
from tests.contracts.playlist.social_suite import SocialContract


class TestMemorySocial(SocialContract):
    @pytest.fixture
    def feed(self) -> MemoryChangeFeed:
        return MemoryChangeFeed()

    @pytest.fixture
    def store(self, feed: MemoryChangeFeed) -> MemorySocial:
        return MemorySocial(feed, most_followed=MOST, most_blocked=MOST)

    @pytest.fixture
    def other(self, store: MemorySocial) -> MemorySocial:
        return store

    @pytest.fixture
    async def changes(self, feed: MemoryChangeFeed) -> ReadFeed:
        start = await feed.head()

        async def read() -> Sequence[Change]:
            return await whole_feed(feed, start)

        return read
