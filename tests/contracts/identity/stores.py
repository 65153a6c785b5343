"""What the contract suites of identity's stores share: the stores, and short ways to ask them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from ulid import ULID

from edge.identity.domain.events import UserEvent
from edge.identity.domain.plans import Tier
from edge.identity.domain.users import User
from edge.identity.ports.accounts import Account, Accounts
from edge.identity.ports.erasures import Erasures
from edge.identity.ports.revocations import Revocations
from edge.identity.ports.user_feed import UserFeed
from meshkit.feeds import Change
from meshkit.idempotency import RequestKey

WATCH_LIMIT_S = 20


@dataclass(frozen=True, slots=True)
class StoresUnderTest:
    """Empty stores that share one feed. ``append`` and ``start_epoch`` are back doors of it."""

    accounts: Accounts
    revocations: Revocations
    erasures: Erasures
    feed: UserFeed
    append: Callable[[Change], Awaitable[None]]
    start_epoch: Callable[[], Awaitable[None]]


def account(username: str, email: str | None = None, tier: Tier = Tier.FREE) -> Account:
    """A new account with an id of its own."""
    return Account(User(str(ULID()), username, email, tier, datetime.now(UTC)), "$argon2id$…")


def key(request_id: str, body: bytes = b"same") -> RequestKey:
    """The key of a write."""
    return RequestKey("", "/Write", request_id, body)


async def told(stores: StoresUnderTest, token: str, count: int) -> tuple[list[UserEvent], str]:
    """The first ``count`` events after ``token`` at least, and where they end."""
    stop = asyncio.Event()
    seen: list[UserEvent] = []
    async with asyncio.timeout(WATCH_LIMIT_S):
        async for batch in stores.feed.watch(token, stop=stop):
            seen += batch.events
            token = batch.token
            if len(seen) >= count:
                stop.set()
    return seen, token
