"""The memory feed keeps the contract of change feeds."""

from __future__ import annotations

import pytest

from meshkit.feeds import Change, MemoryChangeFeed
from meshkit.testing.feed_suite import ChangeFeedContract, FeedUnderTest


class TestMemoryChangeFeed(ChangeFeedContract):
    @pytest.fixture
    def feed(self) -> FeedUnderTest:
        memory = MemoryChangeFeed()

        async def append(*changes: Change) -> None:
            memory.append(*changes)

        async def prune_all() -> None:
            memory.prune(keep=0)

        async def forget(entity: str, *ids: str) -> None:
            memory.forget(entity, *ids)

        async def start_epoch() -> None:
            memory.start_epoch()

        return FeedUnderTest(memory, append, prune_all, forget, start_epoch)
