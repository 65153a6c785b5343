"""What the engine needs from outside. Every "must" here has a test."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

from player.domain.adaptation import AdaptationContext
from player.domain.playlist import MediaPlaylist, Resource, Rung
from player.domain.status import PlayerStatus

DECODED_CHANNELS = 2
DECODED_FRAME_BYTES = 2 * DECODED_CHANNELS
FULL_VOLUME = 100


class Clock(Protocol):
    """The time that playback, link throttling and measurement run on, in seconds.

    Real time, or real time sped up: then a second here lasts less than one on the wall, for
    everything alike, so that rates keep their meaning.
    """

    def now(self) -> float:
        """Seconds since an arbitrary start; never goes back."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait that many seconds of this clock."""
        ...


class Fetcher(Protocol):
    """Reads resources over the network."""

    def stream(self, resource: Resource) -> AsyncIterator[bytes]:
        """The bytes of a resource, as they arrive; exactly its byte range where it has one.

        Raises StreamExpired, StreamRefused or NetworkFailed. Must not follow redirects.
        """
        ...

    async def close(self) -> None:
        """Close connections."""
        ...


class PlaylistReader(Protocol):
    """Understands a manifest format. Addresses it returns must be of the playlist's own origin."""

    def master(self, content: bytes, url: str) -> tuple[Rung, ...]:
        """The audio rungs; at least one. Raises PlaylistRejected."""
        ...

    def media(self, content: bytes, url: str) -> MediaPlaylist:
        """The timeline of one rung; at least one piece. Raises PlaylistRejected."""
        ...


@dataclass(frozen=True, slots=True)
class PcmFormat:
    """Interleaved signed 16-bit little-endian samples."""

    sample_rate: int
    channels: int = DECODED_CHANNELS

    @property
    def frame_bytes(self) -> int:
        """Bytes of one sample frame (one sample of every channel)."""
        return 2 * self.channels

    @property
    def second_bytes(self) -> int:
        """Bytes of one second."""
        return self.sample_rate * self.frame_bytes


class Decoder(Protocol):
    """Turns one initialisation segment and the fragments after it into PCM.

    The first frame out must be the first coded sample in: priming is not removed here.
    """

    async def feed(self, encoded: bytes) -> None:
        """Take more bytes; waits while the decoder is full. Raises DecoderFailed."""
        ...

    async def finish(self) -> None:
        """Say that nothing more comes; ``read`` then drains and returns b""."""
        ...

    async def read(self) -> bytes:
        """Some PCM, whole frames; b"" at the end. Raises DecoderFailed if the end came early."""
        ...

    async def close(self) -> None:
        """End at once, whatever it is doing. Must leave no process behind."""
        ...


DecoderFactory = Callable[[], Awaitable[Decoder]]
"""Starts a decoder whose PCM is stereo (16 bits a sample) at the stream's own sample rate."""


class Sink(Protocol):
    """Plays PCM at the rate of its clock."""

    @property
    def description(self) -> str:
        """What this is, for people: the device, or why there is none."""
        ...

    async def open(self, pcm: PcmFormat) -> None:
        """Get ready for this format; may be called again with another.

        Must stay paused if it was. Raises SinkFailed.
        """
        ...

    async def write(self, frames: bytes) -> None:
        """Queue whole frames; waits while the queue is full. Raises SinkFailed."""
        ...

    def played_frames(self) -> int:
        """Frames heard since the last ``open`` or ``flush``; must never exceed those written."""
        ...

    def queued_frames(self) -> int:
        """Frames written and not yet heard."""
        ...

    def pause(self) -> None:
        """Stop hearing at once; what is queued stays."""
        ...

    def resume(self) -> None:
        """Go on after ``pause``."""
        ...

    def set_volume(self, percent: int) -> None:
        """Loudness, 0 to 100, for what is heard from now on. 100 leaves samples as they are."""
        ...

    def flush(self) -> None:
        """Drop what is queued and count from 0 again. Must free a waiting ``write``."""
        ...

    async def drain(self) -> None:
        """Wait until all that was written was heard."""
        ...

    async def close(self) -> None:
        """Let go of the device."""
        ...


class AdaptationPolicy(Protocol):
    """Chooses rungs. Must return a rung of the context's ladder."""

    @property
    def name(self) -> str:
        """How people select it."""
        ...

    def choose(self, context: AdaptationContext) -> Rung:
        """The rung for the next piece."""
        ...


class HeartbeatReporter(Protocol):
    """Tells the service how playback goes."""

    async def report(self, status: PlayerStatus) -> None:
        """Send one beat. A failure must not stop the music: the engine logs it and goes on."""
        ...


RefreshStream = Callable[[int], Awaitable[str]]
"""Given the position in ms, gets a fresh stream_url for the same track."""
