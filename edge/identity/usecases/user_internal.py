"""``UserInternalService``: users for the services that hold their ids."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence

from edge.identity.domain.events import SessionRevoked, UserErased, UserEvent
from edge.identity.domain.tokens import Erasure
from edge.identity.domain.users import User
from edge.identity.ports.accounts import Accounts
from edge.identity.ports.clock import Clock
from edge.identity.ports.erasures import Erasures
from edge.identity.ports.revocations import Revocations
from edge.identity.ports.user_feed import UserFeed
from meshkit.feeds import CaughtUp

_PAGE = 500


class LookupUsers:
    """Finds users by id."""

    def __init__(self, accounts: Accounts) -> None:
        self._accounts = accounts

    async def __call__(self, user_ids: Sequence[str]) -> list[User]:
        """The users that there are, in no order."""
        return await self._accounts.find_many(user_ids)


class WatchUsers:
    """Turns the feed's batches into single steps."""

    def __init__(
        self, feed: UserFeed, revocations: Revocations, erasures: Erasures, now: Clock
    ) -> None:
        self._feed = feed
        self._revocations = revocations
        self._erasures = erasures
        self._now = now

    async def __call__(
        self, token: str, *, stop: asyncio.Event, tell_erased: bool = False
    ) -> AsyncIterator[tuple[str, UserEvent | CaughtUp | None]]:
        """Events after ``token``, each with the token to resume with once it is processed.

        A watcher without a token starts at the head. It first gets a step without an event, so
        that it can resume from there before anything happened, then the revocations that are in
        force: it may have just started, and the revoked tokens may still be good. With
        ``tell_erased`` everyone who was ever erased comes before, without tokens: who is
        interrupted has to hear all of it again.
        Within a batch, only the last event moves the token: resuming earlier repeats the batch
        and loses nothing.
        """
        if not token:
            token = await self._feed.head()
            if tell_erased:
                async for erasure in self._everyone_erased(stop):
                    yield "", UserErased(erasure.user_id, erasure.forget_at)
            yield token, None
            for event in await self._in_force():
                yield token, event
        async for batch in self._feed.watch(token, stop=stop):
            for event in batch.events[:-1]:
                yield token, event
            token = batch.token
            yield token, batch.events[-1] if batch.events else batch.caught_up

    async def _in_force(self) -> list[UserEvent]:
        now = self._now()
        erasures = await self._erasures.in_force(now)
        revocations = await self._revocations.in_force(now)
        return [
            *(UserErased(one.user_id, one.forget_at) for one in erasures),
            *(SessionRevoked(one.sid, one.forget_at) for one in revocations),
        ]

    async def _everyone_erased(self, stop: asyncio.Event) -> AsyncIterator[Erasure]:
        after = ""
        while not stop.is_set():
            page = await self._erasures.page(after, _PAGE)
            for erasure in page:
                yield erasure
            if len(page) < _PAGE:
                return
            after = page[-1].user_id
