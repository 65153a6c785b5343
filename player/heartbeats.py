"""Tells the playback service how a session goes, over its heartbeat stream."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

from segue.playback.v1 import playback_pb2, playback_service_pb2

from meshkit.stream_ends import StreamEnded, require_going_on
from player.domain.status import PlaybackState, PlayerStatus
from player.kept_stream import FIRST_WAIT_S, Outbox, keep_open
from player.mesh_client import MeshClient

_REQUEST = playback_service_pb2.StreamHeartbeatsRequest
_STATUS = playback_pb2.Playback.Status
_ENDS = playback_pb2.SessionEnd.Reason
_MOST = 64
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
        self._beats: Outbox[Any] = Outbox(client, lambda text: _REQUEST(access_token=text), _MOST)
        self._seq = 0
        self._previous = PlayerStatus()
        self._latency_sent = False
        self._news = asyncio.Event()
        self._task = asyncio.create_task(self._run(), name="heartbeats")
        self.acknowledged = 0

    async def report(self, status: PlayerStatus) -> None:
        """Queues one beat; the oldest of a full queue is dropped, the newest counts."""
        self._put(status)

    async def settled(self, within_s: float) -> None:
        """Returns when the server knows every beat so far, or after ``within_s``."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                while len(self._beats) or self.acknowledged < self._seq:
                    await self._news.wait()

    async def close(self) -> None:
        """Lets the last beats out and closes the stream."""
        self._beats.put(None)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(2.0):
                await asyncio.shield(self._task)
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    def _put(self, status: PlayerStatus) -> None:
        self._beats.put(_REQUEST(heartbeat=self._beat(status)))

    def _beat(self, status: PlayerStatus) -> playback_pb2.Heartbeat:
        before, self._previous = self._previous, status
        latency_ms = 0 if self._latency_sent else (status.start_latency_ms or 0)
        self._latency_sent = self._latency_sent or latency_ms > 0
        return playback_pb2.Heartbeat(
            epoch=self._session.epoch,
            revision=self._session.revision,
            position_ms=status.position_ms,
            status=_STATES.get(status.state, _STATUS.PLAYING),
            rung=status.rung,
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
        refused = await keep_open(self._one_stream)
        if refused is not None:
            self._on_end(refused.code, refused.message)

    async def _one_stream(self) -> float | None:
        """Holds one stream to its end; the seconds to wait before the next, None for no next."""
        call = self._client.heartbeats.StreamHeartbeats(
            self._requests(), metadata=await self._client.metadata()
        )
        try:
            return await self._listen(call)
        finally:
            self._beats.cut()

    async def _listen(self, call: Any) -> float | None:
        over = False
        try:
            async for answer in call:
                require_going_on(answer)
                if answer.HasField("ack"):
                    self._note(answer.ack.seq)
                else:
                    over, end = True, answer.session_end
                    self._on_end(_ENDS.Name(end.reason), end.message)
        except StreamEnded as ended:
            if ended.reconnect_after_s is not None:
                return max(FIRST_WAIT_S, ended.reconnect_after_s)
            if not over:
                self._on_end(ended.reason, ended.message)
        return None

    async def _requests(self) -> AsyncIterator[Any]:
        yield _REQUEST(
            hello=_REQUEST.Hello(
                playback_id=self._session.playback_id, device_id=self._session.device_id
            )
        )
        async for message in self._beats.messages():
            if message.HasField("heartbeat"):
                self._seq += 1
                message.heartbeat.seq = self._seq
            yield message

    def _note(self, seq: int) -> None:
        """The server knows a beat: where it is ahead, one from before this program was started."""
        self.acknowledged = max(self.acknowledged, seq)
        self._news.set()
        self._news.clear()
        if seq > self._seq:
            self._seq = seq
            if self._previous.state is not PlaybackState.IDLE:
                self._put(self._previous)
