"""Changes of users and sign-ins, for who watches them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Protocol

from edge.identity.domain.events import UserEvents


class UserFeed(Protocol):
    """What happened to users and sign-ins, in the order of commits, at least once each."""

    async def head(self) -> str:
        """The token of now: everything committed later must come after it."""
        ...

    def watch(self, token: str, *, stop: asyncio.Event) -> AsyncIterator[UserEvents]:
        """What follows ``token``, as it happens, until ``stop`` is set.

        Must raise ``OutOfRange`` for a token older than what is kept, or of before a restore,
        and ``InvalidArgument`` on ``resume_token`` for one that is damaged. A changed user
        must be told as they are at the time of reading.
        """
        ...
