"""A sound device through miniaudio, and the choice of a sink."""

from __future__ import annotations

import array
import asyncio
import collections
import contextlib
import os
import threading
from collections.abc import Generator
from typing import Any

from player.adapters.clock_sink import ClockSink
from player.errors import SinkFailed
from player.ports import FULL_VOLUME, Clock, PcmFormat, Sink

_UNITY = 1 << 15
SINKS = ("auto", "sound", "null")


class SoundSink:
    """The default playback device. A Sink.

    The device's own thread takes frames from a queue; it gets silence while paused or starved.
    ``silent`` uses miniaudio's null backend: the real path in real time without a sound card.
    """

    def __init__(self, *, queue_s: float = 0.5, silent: bool = False) -> None:
        self._queue_s = queue_s
        self._silent = silent
        self._device: Any = None
        self._name = ""
        self._pcm = PcmFormat(44_100)
        self._lock = threading.Lock()
        self._blocks: collections.deque[memoryview] = collections.deque()
        self._written = self._played = self._generation = 0
        self._paused = False
        self._volume = FULL_VOLUME
        self._loop: asyncio.AbstractEventLoop | None = None
        self._room = asyncio.Event()

    @property
    def description(self) -> str:
        """See Sink.description."""
        return f"sound device ({self._name})" if self._name else "sound device"

    async def open(self, pcm: PcmFormat) -> None:
        """See Sink.open."""
        await self.close()
        self._pcm = pcm
        self._loop = asyncio.get_running_loop()
        try:
            self._device = self._make_device(pcm)
            source = self._source()
            next(source)
            self._device.start(source)
        except SinkFailed:
            raise
        except Exception as error:
            await self.close()
            raise SinkFailed("this machine has no usable sound device") from error

    def _make_device(self, pcm: PcmFormat) -> Any:
        # It loads a native library, needed only where sound is wanted.
        import miniaudio

        with _native_messages_muted():
            device = miniaudio.PlaybackDevice(
                output_format=miniaudio.SampleFormat.SIGNED16,
                nchannels=pcm.channels,
                sample_rate=pcm.sample_rate,
                buffersize_msec=100,
                backends=[miniaudio.Backend.NULL] if self._silent else [],
                app_name="segue",
            )
        self._name = str(device.backend)
        if self._name == "Null" and not self._silent:
            device.close()
            raise SinkFailed("this machine has no sound device")
        return device

    def _source(self) -> Generator[bytes | array.array[int], int, None]:
        """What the device's thread pulls: up to the frames it asks for, silence for the rest."""
        taken = b""
        while True:
            wanted = (yield taken) * self._pcm.frame_bytes
            taken = self._take(wanted)
            loop = self._loop
            if loop is not None and taken and not loop.is_closed():
                loop.call_soon_threadsafe(self._room.set)

    def _take(self, wanted: int) -> bytes:
        parts: list[bytes] = []
        with self._lock:
            while not self._paused and wanted and self._blocks:
                block = self._blocks.popleft()
                parts.append(bytes(block[:wanted]))
                if len(block) > wanted:
                    self._blocks.appendleft(block[wanted:])
                wanted -= len(parts[-1])
            self._played += sum(map(len, parts)) // self._pcm.frame_bytes
        return scaled(b"".join(parts), self._volume)

    async def write(self, frames: bytes) -> None:
        """See Sink.write."""
        if self._device is None:
            raise SinkFailed("the sound device is closed")
        generation = self._generation
        capacity = int(self._queue_s * self._pcm.sample_rate)
        while generation == self._generation and self.queued_frames() >= capacity:
            self._room.clear()
            await self._room.wait()
        if generation != self._generation:
            return
        with self._lock:
            self._blocks.append(memoryview(frames))
            self._written += len(frames) // self._pcm.frame_bytes

    def played_frames(self) -> int:
        """See Sink.played_frames: frames the device has taken (its own buffer is 100 ms)."""
        return self._played

    def queued_frames(self) -> int:
        """See Sink.queued_frames."""
        return self._written - self._played

    def pause(self) -> None:
        """See Sink.pause."""
        self._paused = True

    def resume(self) -> None:
        """See Sink.resume."""
        self._paused = False

    def set_volume(self, percent: int) -> None:
        """See Sink.set_volume."""
        self._volume = percent

    def flush(self) -> None:
        """See Sink.flush."""
        with self._lock:
            self._blocks.clear()
            self._written = self._played = 0
            self._generation += 1
        self._room.set()

    async def drain(self) -> None:
        """See Sink.drain."""
        generation = self._generation
        while generation == self._generation and self.queued_frames() > 0:
            self._room.clear()
            await self._room.wait()

    async def close(self) -> None:
        """See Sink.close."""
        device, self._device = self._device, None
        if device is not None:
            await asyncio.to_thread(device.close)
        self.flush()


def scaled(pcm: bytes, percent: int) -> bytes:
    """16-bit samples at a volume; ears take the square of the amplitude for even steps."""
    if percent >= FULL_VOLUME:
        return pcm
    factor = round((max(0, percent) / FULL_VOLUME) ** 2 * _UNITY)
    samples = array.array("h", pcm)
    return array.array("h", [sample * factor // _UNITY for sample in samples]).tobytes()


@contextlib.contextmanager
def _native_messages_muted() -> Generator[None, None, None]:
    """ALSA writes a page to standard error on a machine without a card; keep the screen clean."""
    kept, null = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(null)


async def open_sink(kind: str, clock: Clock) -> Sink:
    """A sink by name: ``sound``, ``null``, or ``auto`` (sound, else null saying why).

    The sink is tried once with CD audio; playback opens it again with its own format.
    Raises SinkFailed for ``sound`` without a device, ValueError for another name.
    """
    if kind not in SINKS:
        raise ValueError(f"no sink {kind!r}; there are {', '.join(SINKS)}")
    if kind == "null":
        return ClockSink(clock)
    sound = SoundSink()
    try:
        await sound.open(PcmFormat(44_100))
    except SinkFailed as error:
        if kind == "sound":
            raise
        return ClockSink(clock, why=error.message)
    return sound
