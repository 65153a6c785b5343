"""Tells the playback service how a session goes, over its heartbeat stream."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

import grpc
from segue.playback.v1 import playback_pb2, playback_service_pb2

from meshkit.faults import Fault
from player.domain.status import PlaybackState, PlayerStatus
from player.mesh_client import MeshClient

_RECONNECT_FIRST_S = 0.2
_RECONNECT_MOST_S = 10.0
_RENEW_TOKEN_S = 180.0
_RENEW_AGAIN_S = 5.0
_FINAL = (
    grpc.StatusCode.NOT_FOUND,
    grpc.StatusCode.INVALID_ARGUMENT,
    grpc.StatusCode.PERMISSION_DENIED,
)
_STATUS = playback_pb2.Playback.Status
_STATES = {
    PlaybackState.PAUSED: _STATUS.PAUSED,
    PlaybackState.ENDED: _STATUS.STOPPED,
    PlaybackState.STOPPED: _STATUS.STOPPED,
    PlaybackState.FAILED: _STATUS.STOPPED,
}


@dataclass(slots=True)
class SessionClock:
    """The epoch and the last applied revision of a session, as this device knows them."""

    playback_id: str
    device_id: str
    epoch: int
    revision: int


class StreamReporter:
    """A HeartbeatReporter over ``StreamHeartbeats``; reconnects, renews its token, never waits.

    ``on_end`` is called once with the server's words when the session takes no more beats.
    ``speed`` is how many times faster than the wall the player's clock runs.
    """

    def __init__(
        self,
        client: MeshClient,
        session: SessionClock,
        on_end: Callable[[str, str], None],
        speed: float = 1.0,
    ) -> None:
        self._speed = speed
        self._client = client
        self._session = session
        self._on_end = on_end
        self._beats: asyncio.Queue[playback_pb2.Heartbeat | None] = asyncio.Queue(maxsize=64)
        self._seq = 0
        self._previous = PlayerStatus()
        self._latency_sent = False
        self._task = asyncio.create_task(self._run(), name="heartbeats")
        self.acknowledged = 0

    async def report(self, status: PlayerStatus) -> None:
        """Queues one beat; the oldest of a full queue is dropped, the newest counts."""
        if self._beats.full():
            self._beats.get_nowait()
        self._beats.put_nowait(self._beat(status))

    async def close(self) -> None:
        """Lets the last beats out and closes the stream."""
        with contextlib.suppress(asyncio.QueueFull):
            self._beats.put_nowait(None)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(2.0):
                await asyncio.shield(self._task)
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task

    def _beat(self, status: PlayerStatus) -> playback_pb2.Heartbeat:
        self._seq += 1
        before, self._previous = self._previous, status
        latency_ms = 0 if self._latency_sent else (status.start_latency_ms or 0)
        self._latency_sent = self._latency_sent or latency_ms > 0
        return playback_pb2.Heartbeat(
            epoch=self._session.epoch,
            revision=self._session.revision,
            seq=self._seq,
            position_ms=status.position_ms,
            status=_STATES.get(status.state, _STATUS.PLAYING),
            bitrate_kbps=status.rung_kbps,
            buffer_ms=round(status.buffer_s * 1000),
            throughput_kbps=min(round(status.throughput_kbps or 0), 2_000_000),
            measurements=playback_pb2.Measurements(
                underruns=max(0, status.underruns - before.underruns),
                switches=max(0, status.switches - before.switches),
                start_latency_ms=round(latency_ms / self._speed),
                slowest_fetch_ms=round((status.fetch_p95_ms or 0) / self._speed),
            ),
        )

    async def _run(self) -> None:
        wait_s = _RECONNECT_FIRST_S
        while True:
            try:
                again_after_s = await self._one_stream()
                if again_after_s is None:
                    return
                wait_s = _RECONNECT_FIRST_S
                await asyncio.sleep(again_after_s)
            except asyncio.CancelledError:
                task = asyncio.current_task()
                if task is None or task.cancelling():
                    raise
                # gRPC cancels a call whose requests failed; nobody has cancelled this task.
                await asyncio.sleep(wait_s)
            except (grpc.aio.AioRpcError, Fault, OSError) as error:
                if isinstance(error, grpc.aio.AioRpcError) and error.code() in _FINAL:
                    self._on_end(error.code().name, error.details() or "")
                    return
                await asyncio.sleep(wait_s)
                wait_s = min(2 * wait_s, _RECONNECT_MOST_S)

    async def _one_stream(self) -> float | None:
        """Holds one stream to its end; the seconds to wait before the next, None for no next."""
        again_after_s: float | None = None
        call = self._client.heartbeats.StreamHeartbeats(
            self._requests(), metadata=await self._client.metadata()
        )
        async for answer in call:
            kind = answer.WhichOneof("message")
            if kind == "ack":
                self.acknowledged = max(self.acknowledged, answer.ack.seq)
            elif kind == "reconnect":
                again_after_s = answer.reconnect.after.ToMilliseconds() / 1000
            elif answer.end.reason == playback_pb2.SessionEnd.Reason.DRAINING:
                return again_after_s or _RECONNECT_FIRST_S
            elif answer.end.reason == playback_pb2.SessionEnd.Reason.TOKEN_EXPIRED:
                return _RECONNECT_FIRST_S
            else:
                reason = playback_pb2.SessionEnd.Reason.Name(answer.end.reason)
                self._on_end(reason, answer.end.message)
                return None
        return again_after_s

    async def _requests(self) -> AsyncIterator[playback_service_pb2.StreamHeartbeatsRequest]:
        request = playback_service_pb2.StreamHeartbeatsRequest
        yield request(
            hello=request.Hello(
                playback_id=self._session.playback_id, device_id=self._session.device_id
            )
        )
        renew_at = time.monotonic() + _RENEW_TOKEN_S
        while True:
            try:
                async with asyncio.timeout(max(0.0, renew_at - time.monotonic())):
                    beat = await self._beats.get()
            except TimeoutError:
                token = await self._fresh_token()
                if token is not None:
                    yield request(access_token=token)
                renew_at = time.monotonic() + (_RENEW_TOKEN_S if token else _RENEW_AGAIN_S)
                continue
            if beat is None:
                return
            yield request(heartbeat=beat)

    async def _fresh_token(self) -> str | None:
        """A token for the stream; None while none can be had: the one in use is still good."""
        try:
            return (await self._client.token()).text
        except (grpc.aio.AioRpcError, Fault, OSError):
            return None
