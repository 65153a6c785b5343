"""One listening session: the playback service's commands and the player's doings, kept together."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

from segue.playback.v1 import playback_service_pb2
from ulid import ULID

from meshkit.faults import Fault, Unavailable
from player.domain.status import PlayerStatus
from player.engine import Player
from player.heartbeats import SessionClock, StreamReporter
from player.mesh_client import MeshClient
from player.wiring import PlayerOptions, open_player

_READY_PATIENCE_S = 120.0


@dataclass(frozen=True, slots=True)
class Ended:
    """Why the service ended the session, where it did: a reason of SessionEnd and its words."""

    reason: str
    message: str


async def start_session(
    client: MeshClient,
    track_id: str,
    device_id: str,
    *,
    position_ms: int = 0,
    on_wait: Callable[[Fault], None] | None = None,
) -> Any:
    """Plays a track and returns the PlayResponse; waits while the track is still being prepared.

    ``on_wait`` is told each time. Raises the service's fault, TRACK_NOT_READY after two minutes.
    """
    request = playback_service_pb2.PlayRequest(
        track_id=track_id, device_id=device_id, position_ms=position_ms, request_id=str(ULID())
    )
    give_up_at = asyncio.get_running_loop().time() + _READY_PATIENCE_S
    while True:
        try:
            return await client.call(client.playback.Play, request)
        except Unavailable as fault:
            late = asyncio.get_running_loop().time() > give_up_at
            if fault.reason != "TRACK_NOT_READY" or late:
                raise
            if on_wait is not None:
                on_wait(fault)
            await asyncio.sleep(fault.retry_after_s or 1.0)


class Listening:
    """A session that plays. Commands go to the service first: it is the truth, then to the ear."""

    def __init__(self, client: MeshClient, answer: Any, player: Player, clock: SessionClock):
        self._client = client
        self._clock = clock
        self.answer = answer
        self.player = player
        self.ended: Ended | None = None
        self.leaving = False

    async def pause(self) -> None:
        """Holds the session."""
        answer = await self._command("Pause", playback_service_pb2.PauseRequest)
        self._clock.revision = answer.revision
        self.player.pause()

    async def resume(self) -> None:
        """Goes on with a held session."""
        answer = await self._command("Resume", playback_service_pb2.ResumeRequest)
        self._clock.revision = answer.revision
        self.player.resume()

    async def seek(self, position_ms: int) -> None:
        """Moves to a position; what lies outside the track is taken as its nearer end."""
        wanted = max(0, position_ms)
        answer = await self._command("Seek", playback_service_pb2.SeekRequest, position_ms=wanted)
        self._clock.revision = answer.revision
        await self.player.seek(answer.position_ms)

    async def stop(self) -> None:
        """Ends the session."""
        self.leaving = True
        await self.player.stop()
        if self.ended is None:
            await self._command("Stop", playback_service_pb2.StopRequest)

    async def _command(self, name: str, request: Any, **fields: Any) -> Any:
        message = request(playback_id=self._clock.playback_id, request_id=str(ULID()), **fields)
        return await self._client.call(getattr(self._client.playback, name), message)


@asynccontextmanager
async def listening(
    client: MeshClient, answer: Any, device_id: str, options: PlayerOptions
) -> AsyncIterator[Listening]:
    """Plays what a PlayResponse offers, with heartbeats, until left or stopped."""
    clock = SessionClock(answer.playback_id, device_id, answer.epoch, answer.revision)
    held: list[Listening] = []

    def on_end(reason: str, message: str) -> None:
        for session in held:
            if session.leaving:
                continue
            session.ended = Ended(reason, message)
            stopping.append(asyncio.ensure_future(session.player.stop()))

    async def fresh_stream(_position_ms: int) -> str:
        request = playback_service_pb2.ResumeRequest(
            playback_id=clock.playback_id, request_id=str(ULID())
        )
        resumed = await client.call(client.playback.Resume, request)
        clock.revision = resumed.revision
        return str(resumed.stream_url)

    stopping: list[asyncio.Future[None]] = []
    reporter = StreamReporter(client, clock, on_end, options.speed)
    try:
        async with open_player(options, refresh_stream=fresh_stream, reporter=reporter) as player:
            session = Listening(client, answer, player, clock)
            held.append(session)
            await player.play(answer.stream_url, position_ms=answer.position_ms)
            yield session
    finally:
        await reporter.close()
        await asyncio.gather(*stopping)


def at_real_latency(status: PlayerStatus, speed: float) -> PlayerStatus:
    """The status with its start latency in milliseconds of the wall, for a sped-up clock."""
    if status.start_latency_ms is None or speed == 1.0:
        return status
    return replace(status, start_latency_ms=round(status.start_latency_ms / speed))
