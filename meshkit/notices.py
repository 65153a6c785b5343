"""Watching a piece of work that other processes carry on: its state at once, then as it changes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractContextManager
from typing import Final, Protocol, TypeVar

from meshkit.feeds import first_of

POLL_S: Final = 5.0
"""How often it is looked at where nothing is told of it."""

_REST_S = 0.1


class Finishing(Protocol):
    """The state of a piece of work."""

    @property
    def finished(self) -> bool:
        """Whether it will not change any more."""
        ...


T = TypeVar("T", bound=Finishing)


class Notices(Protocol):
    """Tells that pieces of work have changed, whichever process changed them."""

    def watching(self, subject: str) -> AbstractContextManager[asyncio.Event]:
        """An event for the length of the block, which the caller clears before it reads.

        Must be set after every change of ``subject``. It may be lost while the store is away, and
        be set without a change.
        """
        ...


async def watched(
    subject: str,
    read: Callable[[str], Awaitable[T]],
    notices: Notices,
    *,
    stop: asyncio.Event,
    poll_s: float = POLL_S,
) -> AsyncIterator[T]:
    """What ``read`` says at once, then as it changes, until it is finished or ``stop`` is set.

    Of changes that follow each other closely the last is shown, at most ten a second. It is looked
    at every ``poll_s`` though nothing is told. Raises what ``read`` raises.
    """
    last: T | None = None
    with notices.watching(subject) as changed:
        while not stop.is_set():
            changed.clear()
            now = await read(subject)
            if now != last:
                yield now
            if now.finished:
                return
            last = now
            await first_of(stop, timeout_s=min(_REST_S, poll_s))
            await first_of(stop, changed, timeout_s=poll_s)
