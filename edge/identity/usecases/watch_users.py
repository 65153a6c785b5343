"""Follow what happens to users and their sign-ins."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from edge.identity.domain.events import SessionRevoked, UserEvent
from edge.identity.ports import Clock, Revocations, UserFeed


class WatchUsers:
    """Turns the feed's batches into single steps."""

    def __init__(self, feed: UserFeed, revocations: Revocations, now: Clock) -> None:
        self._feed = feed
        self._revocations = revocations
        self._now = now

    async def __call__(
        self, token: str, *, stop: asyncio.Event
    ) -> AsyncIterator[tuple[UserEvent | None, str]]:
        """Events after ``token``, each with the token to resume with once it is processed.

        A watcher without a token starts at the head and first gets a step without an event,
        so that it can resume from there before anything happened, then the revocations that
        are in force: it may have just started, and the revoked tokens may still be good.
        Within a batch, only the last event moves the token: resuming earlier repeats the batch
        and loses nothing.
        """
        if not token:
            token = await self._feed.head()
            yield None, token
            for revocation in await self._revocations.in_force(self._now()):
                yield SessionRevoked(revocation.sid, revocation.forget_at), token
        async for batch in self._feed.watch(token, stop=stop):
            for event in batch.events[:-1]:
                yield event, token
            token = batch.token
            yield (batch.events[-1] if batch.events else None), token
