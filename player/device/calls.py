"""A device's own calls of the playback service."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from segue.playback.v1 import playback_service_pb2

from meshkit.faults import Aborted, DeadlineExceeded, Fault, NotFound, Unavailable
from meshkit.ulids import new_id
from player.mesh_client import MeshClient

_PATIENCE_S = 120.0
_FIRST_WAIT_S = 0.1
_MOST_WAIT_S = 5.0
_SETTLE_S = 2.0
_LOOK_AGAIN_S = 0.3
_BEATS_LATE = 5
_OVER = ("SESSION_NOT_CURRENT",)


class CannotGoOn(Exception):
    """The session is over, or must not go on by itself; ``reason`` is that of the fault."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message


class Calls:
    """Commands of a session, each a request of its own."""

    def __init__(self, client: MeshClient) -> None:
        self._client = client

    async def command(self, name: str, playback_id: str, **fields: Any) -> Any:
        """Pause, Resume, Seek, Stop or Previous by its name; raises the service's fault."""
        request = getattr(playback_service_pb2, f"{name}Request")(
            playback_id=playback_id, request_id=new_id(), **fields
        )
        return await self._client.call(getattr(self._client.playback, name), request)

    async def resume(self, playback_id: str) -> Any:
        """The ResumeResponse. Raises CannotGoOn for a session that is over, or the fault."""
        try:
            return await self.command("Resume", playback_id)
        except Fault as fault:
            if fault.reason not in _OVER:
                raise
            raise CannotGoOn(_reason_of(fault), fault.message) from fault

    async def skip(self, device_id: str) -> Any:
        """The SkipResponse; raises the service's fault, such as SKIP_LIMIT_REACHED."""
        request = playback_service_pb2.SkipRequest(device_id=device_id, request_id=new_id())
        return await self._client.call(self._client.playback.Skip, request)

    async def advance(
        self, playback_id: str, play_id: str, settled: Callable[[float], Awaitable[None]]
    ) -> Any:
        """The AdvanceResponse of a track that came to its end.

        Asks again, as the same request, while the service cannot answer. ``settled`` waits until
        the beats so far are known: the service goes by them, and refuses the end of a track of
        which it believes that more than 5 s are left. Raises CannotGoOn for a session that is
        over, and the fault where another try would not help.
        """
        request = playback_service_pb2.AdvanceRequest(
            playback_id=playback_id, play_id=play_id, request_id=new_id()
        )
        give_up_at = asyncio.get_running_loop().time() + _PATIENCE_S
        wait_s, early = _FIRST_WAIT_S, 0
        while True:
            try:
                return await self._client.call(self._client.playback.Advance, request)
            except (Unavailable, Aborted, DeadlineExceeded) as fault:
                if asyncio.get_running_loop().time() > give_up_at:
                    raise
                await asyncio.sleep(fault.retry_after_s or wait_s)
                wait_s = min(2 * wait_s, _MOST_WAIT_S)
            except Fault as fault:
                if isinstance(fault, NotFound) or fault.reason in _OVER:
                    raise CannotGoOn(_reason_of(fault), fault.message) from fault
                early += 1
                if fault.reason != "TRACK_NOT_ENDED" or early > _BEATS_LATE:
                    raise
                await settled(_SETTLE_S)
                await asyncio.sleep(_LOOK_AGAIN_S)
                # An answer is kept for its request_id; this is another try, not a retry.
                request.request_id = new_id()


def _reason_of(fault: Fault) -> str:
    return fault.metadata.get("ended_by") or fault.reason
