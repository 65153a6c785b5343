"""What the servicers of held streams share: its first message, its requests."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Generic, TypeVar

HELLO_WITHIN_S = 10.0
MOST_WAITING = 100
# Of the contract of both streams that take fresh tokens.
SCOPES = ("playback.control",)

Request = TypeVar("Request")


async def first(requests: AsyncIterator[Request]) -> Request | None:
    """The first message, None where there is none. Raises TimeoutError where it takes too long."""
    async with asyncio.timeout(HELLO_WITHIN_S):
        return await anext(requests, None)


class Inbox(Generic[Request]):
    """Reads the requests of a stream while the stream does other things.

    A read that was cancelled would lose what it was about to return, so one task reads on, until
    ``MOST_WAITING`` wait to be taken; ``arrived`` is called when there is something.
    """

    __slots__ = ("_arrived", "_reading", "_requests", "_waiting")

    def __init__(self, requests: AsyncIterator[Request], arrived: Callable[[], None]) -> None:
        self._requests = requests
        self._arrived = arrived
        self._waiting: list[Request] = []
        self._reading = self._begun()

    @property
    def ready(self) -> bool:
        """Whether :meth:`take` has something."""
        return bool(self._waiting) or self._reading.done()

    def take(self) -> Sequence[Request] | None:
        """What came, in order, None where nothing more will. Raises what reading raised."""
        if not self._waiting:
            self._reading.result()
            return None
        taken, self._waiting = self._waiting, []
        if len(taken) == MOST_WAITING:
            self._reading = self._begun()
        return taken

    def close(self) -> None:
        """Reads no further."""
        self._reading.cancel()

    def _begun(self) -> asyncio.Task[None]:
        reading = asyncio.create_task(self._read())
        reading.add_done_callback(self._settled)
        return reading

    async def _read(self) -> None:
        async for request in self._requests:
            self._waiting.append(request)
            # While it waits for the next, it keeps none.
            del request
            self._arrived()
            if len(self._waiting) == MOST_WAITING:
                return

    def _settled(self, reading: asyncio.Task[None]) -> None:
        if not reading.cancelled():
            # Looked at, so that an end that nobody takes is not reported as forgotten.
            reading.exception()
            self._arrived()
