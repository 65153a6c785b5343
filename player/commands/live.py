"""Live views: one answer stream after the other, each of which begins with everything."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import grpc
from segue.playback.v1 import playback_pb2

from meshkit.faults import Unavailable
from meshkit.status import fault_of
from player.commands.outcome import CommandFailed
from player.commands.terminal_text import plain
from player.mesh_client import MeshClient

_REASON = playback_pb2.SessionEnd.Reason
_GO_ON = (_REASON.DRAINING, _REASON.TOKEN_EXPIRED)
_AGAIN_S = 0.5


async def live(client: MeshClient, method: Any, request: Any) -> AsyncIterator[Any]:
    """Every answer but the last of each stream, across cut streams and ended tokens, for ever.

    A server that goes away says how long to wait before coming back. Raises CommandFailed where the
    service ends it for good, and its fault where it refuses.
    """
    while True:
        wait_s = _AGAIN_S
        try:
            call = method(request, metadata=await client.metadata())
            async for answer in call:
                if answer.HasField("end"):
                    if answer.end.reason not in _GO_ON:
                        raise CommandFailed(
                            plain(answer.end.message) or _REASON.Name(answer.end.reason)
                        )
                    wait_s = max(_AGAIN_S, answer.reconnect_after.ToMilliseconds() / 1000)
                    break
                yield answer
            call.cancel()
        except grpc.aio.AioRpcError as error:
            fault = fault_of(error)
            if not (isinstance(fault, Unavailable) or fault.reason == "TOKEN_EXPIRED"):
                raise fault from error
        except Unavailable:
            # The mesh is on its way up or down; the next try tells.
            wait_s = 2 * _AGAIN_S
        await asyncio.sleep(wait_s)
