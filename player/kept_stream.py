"""Streams to the mesh that are opened again whenever they break, with tokens that stay fresh."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, TypeVar

import grpc

from meshkit.faults import Fault
from player.mesh_client import MeshClient

FIRST_WAIT_S = 0.2
_MOST_WAIT_S = 10.0
_RENEW_BEFORE_S = 50.0
_RENEW_AGAIN_S = 5.0
_FINAL = (
    grpc.StatusCode.NOT_FOUND,
    grpc.StatusCode.INVALID_ARGUMENT,
    grpc.StatusCode.PERMISSION_DENIED,
)

T = TypeVar("T")


async def keep_open(
    one_stream: Callable[[], Awaitable[float | None]],
    on_lost: Callable[[float], None] | None = None,
) -> grpc.aio.AioRpcError | None:
    """Holds one stream after the other, with growing pauses while they fail.

    ``one_stream`` holds one to its end and returns the seconds to wait before the next, or None
    for no next. Returns None then, and the error where another try would not help. ``on_lost`` is
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
        except (grpc.aio.AioRpcError, Fault, OSError) as error:
            if isinstance(error, grpc.aio.AioRpcError) and error.code() in _FINAL:
                return error
        if on_lost is not None:
            on_lost(wait_s)
        await asyncio.sleep(wait_s)
        wait_s = min(2 * wait_s, _MOST_WAIT_S)


async def with_fresh_tokens(
    client: MeshClient,
    messages: asyncio.Queue[T | None],
    token_message: Callable[[str], Any],
) -> AsyncIterator[T | Any]:
    """The queue's messages up to None, and a fresh token in between before the old one expires."""
    renew_at = _renewal(await client.token())
    while True:
        try:
            async with asyncio.timeout(max(0.0, renew_at - time.time())):
                message = await messages.get()
        except TimeoutError:
            token = await _fresh_token(client)
            if token is not None:
                yield token_message(token.text)
            renew_at = time.time() + _RENEW_AGAIN_S if token is None else _renewal(token)
            continue
        if message is None:
            return
        yield message


def _renewal(token: Any) -> float:
    """When the client gives another one than this; never sooner than a moment from now."""
    return float(max(token.expires_at - _RENEW_BEFORE_S, time.time() + _RENEW_AGAIN_S))


async def _fresh_token(client: MeshClient) -> Any:
    """A token for the stream; None while none can be had: the one in use is still good."""
    try:
        return await client.token()
    except (grpc.aio.AioRpcError, Fault, OSError):
        return None
