"""Many calls at once, as far as a store is ever asked at once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterable
from typing import TypeVar

T = TypeVar("T")

MOST = 64
"""Twice the connections of four instances with eight each, so that all of them are always busy."""


async def at_once(calls: Iterable[Awaitable[T]], *, most: int = MOST) -> list[T]:
    """What ``calls`` answer, in their order, with ``most`` of them on their way at any time.

    What waits in line for a connection races with nobody, and on a busy machine it waits so long
    that the limits of clients and pools end it.
    """
    room = asyncio.Semaphore(most)

    async def admitted(call: Awaitable[T]) -> T:
        async with room:
            return await call

    return await asyncio.gather(*map(admitted, calls))
