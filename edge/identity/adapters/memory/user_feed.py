"""What happened to users and sign-ins of one process."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from edge.identity.adapters.codecs import changes
from edge.identity.adapters.memory.accounts import MemoryAccounts
from edge.identity.domain.events import UserEvents
from meshkit.feeds import ChangeFeed


class MemoryUserFeed:
    """The ``UserFeed`` of one process."""

    def __init__(self, feed: ChangeFeed, accounts: MemoryAccounts) -> None:
        self._feed = feed
        self._accounts = accounts

    async def head(self) -> str:
        return await self._feed.head()

    async def watch(self, token: str, *, stop: asyncio.Event) -> AsyncIterator[UserEvents]:
        async for batch in self._feed.watch(token, stop=stop):
            found = [await self._accounts.find(one) for one in changes.user_ids(batch.changes)]
            users = {user.user_id: user for user in found if user is not None}
            events = changes.events(batch.changes, users)
            yield UserEvents(events, batch.token, batch.caught_up)
