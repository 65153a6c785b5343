"""What happened to users and sign-ins, from the change feed in PostgreSQL."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from edge.identity.adapters.codecs import changes
from edge.identity.adapters.postgres.user_rows import fetch_users
from edge.identity.domain.events import UserEvents
from meshkit import postgres
from meshkit.feeds import ChangeFeed


class PostgresUserFeed:
    """The ``UserFeed`` of the schema, over its change feed."""

    def __init__(self, feed: ChangeFeed, pool: postgres.Pool) -> None:
        self._feed = feed
        self._pool = pool

    async def head(self) -> str:
        return await self._feed.head()

    async def watch(self, token: str, *, stop: asyncio.Event) -> AsyncIterator[UserEvents]:
        async for batch in self._feed.watch(token, stop=stop):
            found = await fetch_users(self._pool, changes.user_ids(batch.changes))
            users = {user.user_id: user for user in found}
            events = changes.events(batch.changes, users)
            yield UserEvents(events, batch.token, batch.caught_up)
