"""One sink for one track after the other, so that the next begins where the last one ends."""

from __future__ import annotations

from player.ports import Clock, PcmFormat, Sink

_POLL_S = 0.02


class SharedSink:
    """Keeps a sink open between tracks. ``track`` gives each its own view of it."""

    def __init__(self, sink: Sink, clock: Clock) -> None:
        self.sink = sink
        self.clock = clock
        self.pcm: PcmFormat | None = None
        self.generation = 0

    def track(self) -> TrackSink:
        """A Sink for one track, to be opened when the one before has handed its audio over."""
        return TrackSink(self)

    async def ready(self, pcm: PcmFormat) -> None:
        """Opens the sink for a format; what is queued in another one is heard first."""
        if pcm == self.pcm:
            return
        if self.pcm is not None:
            await self.sink.drain()
        await self.sink.open(pcm)
        self.generation += 1
        self.pcm = pcm

    def flush(self) -> None:
        """Drops what is queued, of whichever track."""
        self.sink.flush()
        self.generation += 1

    def queued_up_to(self) -> int:
        """Frames written since the last flush."""
        return self.sink.played_frames() + self.sink.queued_frames()


class TrackSink:
    """A Sink that counts the frames of its own track alone."""

    def __init__(self, shared: SharedSink) -> None:
        self._shared = shared
        self._pcm: PcmFormat | None = None
        self._begin()

    def _begin(self) -> None:
        self._base = self._shared.queued_up_to()
        self._written = 0
        self._generation = self._shared.generation

    @property
    def _over(self) -> bool:
        """Whether another track has dropped what was left of this one."""
        return self._generation != self._shared.generation

    @property
    def description(self) -> str:
        """See Sink.description."""
        return self._shared.sink.description

    async def open(self, pcm: PcmFormat) -> None:
        """See Sink.open."""
        await self._shared.ready(pcm)
        self._pcm = pcm
        self._begin()

    async def write(self, frames: bytes) -> None:
        """See Sink.write."""
        await self._shared.sink.write(frames)
        if not self._over and self._pcm is not None:
            self._written += len(frames) // self._pcm.frame_bytes

    def played_frames(self) -> int:
        """See Sink.played_frames."""
        if self._over:
            return self._written
        return max(0, min(self._written, self._shared.sink.played_frames() - self._base))

    def queued_frames(self) -> int:
        """See Sink.queued_frames."""
        return self._written - self.played_frames()

    def pause(self) -> None:
        """See Sink.pause."""
        self._shared.sink.pause()

    def resume(self) -> None:
        """See Sink.resume."""
        self._shared.sink.resume()

    def set_volume(self, percent: int) -> None:
        """See Sink.set_volume."""
        self._shared.sink.set_volume(percent)

    def flush(self) -> None:
        """See Sink.flush."""
        self._shared.flush()
        self._begin()

    async def drain(self) -> None:
        """See Sink.drain."""
        generation = self._generation
        while generation == self._shared.generation and (left := self.queued_frames()) > 0:
            rate = self._pcm.sample_rate if self._pcm else 1
            await self._shared.clock.sleep(max(_POLL_S, left / rate))

    async def close(self) -> None:
        """The sink stays open for the next track; its owner closes it."""
