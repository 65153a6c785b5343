"""Streams to the mesh that are opened again whenever they break, with tokens that stay fresh."""

from __future__ import annotations

import asyncio
import collections
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Generic, TypeVar

from meshkit.faults import Fault, InvalidArgument, NotFound, PermissionDenied
from player.mesh_client import MeshClient

FIRST_WAIT_S = 0.2
_MOST_WAIT_S = 10.0
_RENEW_BEFORE_S = 50.0
_RENEW_AGAIN_S = 5.0
_FINAL = (NotFound, InvalidArgument, PermissionDenied)

T = TypeVar("T")


async def keep_open(
    one_stream: Callable[[], Awaitable[float | None]],
    on_lost: Callable[[float], None] | None = None,
) -> Fault | None:
    """Holds one stream after the other, with growing pauses while they fail.

    ``one_stream`` holds one to its end and returns the seconds to wait before the next, or None
    for no next. Returns None then, and the fault where another try would not help. ``on_lost`` is
    told of the seconds until the next try whenever a stream broke.
    """
    wait_s = FIRST_WAIT_S
    while True:
        try:
            again_after_s = await one_stream()
            if again_after_s is None:
                return None
            wait_s = FIRST_WAIT_S
            await asyncio.sleep(again_after_s)
            continue
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is None or task.cancelling():
                raise
            # gRPC cancels a call whose requests failed; nobody has cancelled this task.
        except _FINAL as refused:
            return refused
        except (Fault, OSError):
            pass
        if on_lost is not None:
            on_lost(wait_s)
        await asyncio.sleep(wait_s)
        wait_s = min(2 * wait_s, _MOST_WAIT_S)


class Outbox(Generic[T]):
    """What is to be sent over a stream that is opened again and again; None closes it.

    Only the stream that was opened last takes messages: one that broke still waits for its next
    one for a while, and would lose it. Beyond ``most`` messages the oldest is dropped.
    """

    def __init__(self, client: MeshClient, token_message: Callable[[str], T], most: int) -> None:
        self._client = client
        self._token_message = token_message
        self._waiting: collections.deque[T | None] = collections.deque(maxlen=most)
        self._woken = asyncio.Event()
        self._stream = 0

    def __len__(self) -> int:
        return len(self._waiting)

    def put(self, message: T | None) -> None:
        """Sends a message as soon as a stream is open."""
        self._waiting.append(message)
        self._woken.set()

    def cut(self) -> None:
        """The stream is over; what is put from now on is for the next one."""
        self._stream += 1
        self._woken.set()

    async def messages(self) -> AsyncIterator[T]:
        """The messages for a new stream, and fresh tokens in between before the old one expires."""
        self.cut()
        mine = self._stream
        renew_at = _renewal(await self._client.token())
        while mine == self._stream:
            if self._waiting:
                message = self._waiting.popleft()
                if message is None:
                    return
                yield message
            elif time.time() >= renew_at:
                token = await _fresh_token(self._client)
                renew_at = time.time() + _RENEW_AGAIN_S if token is None else _renewal(token)
                if token is not None:
                    yield self._token_message(token.text)
            else:
                await self._wait(renew_at - time.time())

    async def _wait(self, seconds: float) -> None:
        self._woken.clear()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._woken.wait()


def _renewal(token: Any) -> float:
    """When the client gives another one than this; never sooner than a moment from now."""
    return float(max(token.expires_at - _RENEW_BEFORE_S, time.time() + _RENEW_AGAIN_S))


async def _fresh_token(client: MeshClient) -> Any:
    """A token for the stream; None while none can be had: the one in use is still good."""
    try:
        return await client.token()
    except (Fault, OSError):
        return None
