"""Locks of playlists within one process, taken before a connection is."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from meshkit.faults import Unavailable

MOST_WAITING = 64
"""How many wait for their turn at one playlist; as many edits of a long list take seconds."""

MOST_FOLLOWING = 512
"""How many wait to follow one playlist or to follow it no longer, which takes milliseconds."""

WAIT_S = 8.0
"""How long one waits at most: within the 10 s that the edge gives a call, so that whoever waits is
told why. Whoever brings less time gives up by itself."""

_RETRY_AFTER_S = 1.0


@dataclass(slots=True)
class _Queue:
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    held: int = 0


class PlaylistLocks:
    """One at a time for each playlist, first come, first served, of those in this process.

    The lock of the row would order them as well, but whoever waits for it holds a connection: the
    writers of one list would leave none to those of all others.
    """

    def __init__(self, most_waiting: int = MOST_WAITING, wait_s: float = WAIT_S) -> None:
        self._most_waiting = most_waiting
        self._wait_s = wait_s
        self._queues: dict[str, _Queue] = {}

    def __len__(self) -> int:
        """How many playlists have somebody at them."""
        return len(self._queues)

    @asynccontextmanager
    async def hold(self, playlist_id: str) -> AsyncIterator[None]:
        """The block is alone with the playlist.

        Unavailable (OVERLOADED) when ``most_waiting`` wait already, or the turn does not come.
        """
        queue = self._queues.setdefault(playlist_id, _Queue())
        if queue.held > self._most_waiting:
            raise _overloaded_error()
        queue.held += 1
        try:
            await self._acquire(queue.lock)
            try:
                yield
            finally:
                queue.lock.release()
        finally:
            queue.held -= 1
            if not queue.held:
                del self._queues[playlist_id]

    async def _acquire(self, lock: asyncio.Lock) -> None:
        try:
            async with asyncio.timeout(self._wait_s):
                await lock.acquire()
        except TimeoutError:
            raise _overloaded_error() from None


def _overloaded_error() -> Unavailable:
    return Unavailable(
        "Too many change this playlist at once; nothing was done.",
        reason="OVERLOADED",
        retry_after_s=_RETRY_AFTER_S,
    )
