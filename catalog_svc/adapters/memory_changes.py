"""The change log over a feed in memory."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from meshkit.feeds import FeedBatch, MemoryChangeFeed, Position, decode_token, encode_token


class MemoryChangeLog:
    """``ChangeLog``; nothing of a memory feed is ever dropped, so the oldest place is its first."""

    def __init__(self, feed: MemoryChangeFeed) -> None:
        self._feed = feed

    async def oldest(self) -> str:
        """See ``ChangeLog.oldest``."""
        epoch, _ = decode_token(await self._feed.head())
        return encode_token(epoch, Position(0, 0))

    def watch(self, token: str, *, stop: asyncio.Event) -> AsyncIterator[FeedBatch]:
        """See ``ChangeLog.watch``."""
        return self._feed.watch(token, stop=stop)
