"""A sink without a device: audio is "heard" at the rate of a clock, real or sped up."""

from __future__ import annotations

import asyncio

from player.ports import Clock, PcmFormat

_SILENT = PcmFormat(44_100)


class ClockSink:
    """Plays into nothing, in the clock's time. A Sink.

    ``queue_s`` is how much audio it takes ahead, as a sound device does.
    """

    def __init__(self, clock: Clock, *, queue_s: float = 0.5, why: str = "") -> None:
        self._clock = clock
        self._queue_s = queue_s
        self._why = why
        self._pcm = _SILENT
        self._paused = False
        self._generation = 0
        self._reset()

    def _reset(self) -> None:
        self._written = 0
        self._played = 0.0
        self._since: float | None = None
        self._generation += 1

    @property
    def description(self) -> str:
        """See Sink.description."""
        return "no sound (null sink)" + (f": {self._why}" if self._why else "")

    async def open(self, pcm: PcmFormat) -> None:
        """See Sink.open."""
        self._pcm = pcm
        self._reset()

    async def write(self, frames: bytes) -> None:
        """See Sink.write."""
        generation = self._generation
        capacity = int(self._queue_s * self._pcm.sample_rate)
        while generation == self._generation and self.queued_frames() >= capacity:
            excess = self.queued_frames() - capacity + 1
            await self._clock.sleep(max(0.02, excess / self._pcm.sample_rate))
        if generation != self._generation:
            return
        self._advance()
        self._written += len(frames) // self._pcm.frame_bytes
        if self._since is None and not self._paused:
            self._since = self._clock.now()

    def played_frames(self) -> int:
        """See Sink.played_frames."""
        self._advance()
        return int(self._played)

    def queued_frames(self) -> int:
        """See Sink.queued_frames."""
        return self._written - self.played_frames()

    def _advance(self) -> None:
        """Move the play head; at the end of what was written it stops and waits."""
        if self._since is None:
            return
        now = self._clock.now()
        self._played += (now - self._since) * self._pcm.sample_rate
        self._since = now
        if self._played >= self._written:
            self._played, self._since = float(self._written), None

    def pause(self) -> None:
        """See Sink.pause."""
        self._advance()
        self._paused, self._since = True, None

    def resume(self) -> None:
        """See Sink.resume."""
        self._paused = False
        if self._since is None and self._played < self._written:
            self._since = self._clock.now()

    def set_volume(self, percent: int) -> None:
        """See Sink.set_volume. Silence is as loud at every volume."""

    def flush(self) -> None:
        """See Sink.flush."""
        self._reset()

    async def drain(self) -> None:
        """See Sink.drain."""
        generation = self._generation
        while generation == self._generation and (left := self.queued_frames()) > 0:
            await self._clock.sleep(max(0.02, left / self._pcm.sample_rate))

    async def close(self) -> None:
        """See Sink.close."""
        self._reset()
        await asyncio.sleep(0)
