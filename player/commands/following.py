"""Streams of the service that are followed over their ends: drains, cut connections, old tokens."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

from meshkit.faults import Fault, OutOfRange, Unavailable
from meshkit.stream_ends import Reason, StreamEnded, require_going_on
from player.mesh_client import MeshClient

_AGAIN_S = 0.5


async def followed(
    client: MeshClient,
    method: Any,
    request: Any,
    *,
    on_missed: Callable[[], None] = lambda: None,
) -> AsyncIterator[Any]:
    """Every answer but the last of each stream, for as long as the service wants to be asked again.

    Where requests have a ``resume_token``, the next stream goes on after the last answer;
    ``on_missed`` is called where that is too long ago, and it begins anew. Ends when everything was
    told. Raises StreamEnded where the service ends it for good for another reason, and its fault
    where it refuses.
    """
    task = asyncio.current_task()
    # Asked for every turn: gRPC may take the cancellation of Ctrl-C for one of its call.
    while task is None or not task.cancelling():
        wait_s = _AGAIN_S
        try:
            call = method(request, metadata=await client.metadata())
            async for answer in call:
                _keep_place(request, answer)
                require_going_on(answer)
                yield answer
        except StreamEnded as ended:
            if ended.reason == Reason.FINISHED:
                return
            if ended.reconnect_after_s is None:
                raise
            wait_s = max(_AGAIN_S, ended.reconnect_after_s)
        except Fault as fault:
            _pass_over(fault, request, on_missed)
        await asyncio.sleep(wait_s)
    raise asyncio.CancelledError


def _keep_place(request: Any, answer: Any) -> None:
    token = getattr(answer, "resume_token", "")
    if token:
        request.resume_token = token


def _pass_over(fault: Fault, request: Any, on_missed: Callable[[], None]) -> None:
    """Readies the request for another try; raises the fault where none would help."""
    if isinstance(fault, OutOfRange):
        on_missed()
        request.resume_token = ""
    elif not (isinstance(fault, Unavailable) or fault.reason == "TOKEN_EXPIRED"):
        raise fault
