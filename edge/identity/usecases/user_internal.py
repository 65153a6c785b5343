"""``UserInternalService``: users for the services that hold their ids."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence

from edge.identity.domain.events import SessionRevoked, UserEvent
from edge.identity.domain.users import User
from edge.identity.ports.accounts import Accounts
from edge.identity.ports.clock import Clock
from edge.identity.ports.revocations import Revocations
from edge.identity.ports.user_feed import UserFeed
from meshkit.feeds import CaughtUp


class LookupUsers:
    """Finds users by id."""

    def __init__(self, accounts: Accounts) -> None:
        self._accounts = accounts

    async def __call__(self, user_ids: Sequence[str]) -> list[User]:
        """The users that there are, in no order."""
        return await self._accounts.find_many(user_ids)


class WatchUsers:
    """Turns the feed's batches into single steps."""

    def __init__(self, feed: UserFeed, revocations: Revocations, now: Clock) -> None:
        self._feed = feed
        self._revocations = revocations
        self._now = now

    async def __call__(
        self, token: str, *, stop: asyncio.Event
    ) -> AsyncIterator[tuple[str, UserEvent | CaughtUp | None]]:
        """Events after ``token``, each with the token to resume with once it is processed.

        A watcher without a token starts at the head and first gets a step without an event,
        so that it can resume from there before anything happened, then the revocations that
        are in force: it may have just started, and the revoked tokens may still be good.
        Within a batch, only the last event moves the token: resuming earlier repeats the batch
        and loses nothing.
        """
        if not token:
            token = await self._feed.head()
            yield token, None
            for revocation in await self._revocations.in_force(self._now()):
                yield token, SessionRevoked(revocation.sid, revocation.forget_at)
        async for batch in self._feed.watch(token, stop=stop):
            for event in batch.events[:-1]:
                yield token, event
            token = batch.token
            yield token, batch.events[-1] if batch.events else batch.caught_up
