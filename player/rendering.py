"""From fetched pieces to the sink: one decoder, trimmed to the exact sample."""

from __future__ import annotations

import asyncio
import bisect
from collections.abc import Callable
from dataclasses import dataclass, field

from player.domain.buffer import LoadedPiece
from player.domain.playlist import Rung
from player.errors import DecoderFailed
from player.loading import PREROLL_S, Loader
from player.ports import (
    DECODED_FRAME_BYTES,
    Clock,
    Decoder,
    DecoderFactory,
    PcmFormat,
    Sink,
)
from player.settings import PlayerSettings

_WATCH_S = 0.1


@dataclass
class Delivery:
    """What has reached the sink over the whole life of a player."""

    rung_seconds: dict[int, float] = field(default_factory=dict)
    switches: int = 0
    underruns: int = 0
    first_audio_at: float | None = None
    rung: Rung | None = None
    pcm: PcmFormat | None = None

    def count(self, rung: Rung, seconds: float) -> None:
        """Audio of a rung was handed over."""
        self.rung_seconds[rung.kbps] = self.rung_seconds.get(rung.kbps, 0.0) + seconds
        if self.rung is not None and self.rung.kbps != rung.kbps:
            self.switches += 1
        self.rung = rung


class Renderer:
    """Plays from one position to the end; a seek makes another one.

    Positions are media ticks: one tick a sample frame, the track's first audible one at
    ``track.delay``.
    """

    def __init__(
        self,
        loader: Loader,
        decoders: DecoderFactory,
        sink: Sink,
        clock: Clock,
        settings: PlayerSettings,
        delivery: Delivery,
        changed: Callable[[], None],
    ) -> None:
        self._loader = loader
        self._decoders = decoders
        self._sink = sink
        self._clock = clock
        self._settings = settings
        self._delivery = delivery
        self._changed = changed
        self._fed: list[tuple[int, Rung]] = []
        self._end: int | None = None
        self._first: LoadedPiece | None = None
        self._target: int | None = None
        self._held = bytearray()
        self._exhausted = False
        self._counted = False
        self.sounding = False
        self.handed_over = asyncio.Event()

    @property
    def starved(self) -> bool:
        """Whether the audio has run out before its end."""
        return self.sounding and not self._exhausted and self._sink.queued_frames() == 0

    @property
    def underruns(self) -> int:
        """Underruns so far, with one that has begun and was not counted yet."""
        return self._delivery.underruns + (self.starved and not self._counted)

    def play_head(self) -> int | None:
        """The tick heard now; None until the track's format is known."""
        return None if self._target is None else self._target + self._sink.played_frames()

    def position_s(self) -> float | None:
        """The play head in seconds from the first audible sample."""
        head = self.play_head()
        if head is None or self._first is None:
            return None
        return (head - self._first.track.delay) / self._first.track.sample_rate

    def rung_at(self, tick: int) -> Rung | None:
        """The rung that a fed tick was decoded from."""
        at = bisect.bisect_right(self._fed, tick, key=lambda entry: entry[0]) - 1
        return self._fed[max(0, at)][1] if self._fed else None

    async def run(self, position_s: float) -> None:
        """Play until the last sample was heard. Raises PlayerError."""
        starting = asyncio.create_task(_started(self._decoders))
        try:
            first, target = await self._begin(position_s)
            decoder = await starting
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._feed(decoder, first))
                tasks.create_task(self._render(decoder, first, target))
        finally:
            starting.cancel()
            (decoder_or_error,) = await asyncio.gather(starting, return_exceptions=True)
            if not isinstance(decoder_or_error, BaseException):
                await decoder_or_error.close()
        self.handed_over.set()
        await self._sink.drain()

    async def _begin(self, position_s: float) -> tuple[LoadedPiece, int]:
        """The piece to decode from and the tick to be heard first, once there is enough of both."""
        buffer = self._loader.buffer
        last = await self._loader.wait_for(lambda: buffer.tail)
        track = last.track
        self._target = target = track.delay + round(position_s * track.sample_rate)
        await self._ready_sink(PcmFormat(track.sample_rate))
        need = self._settings.startup_s
        await self._loader.wait_for(lambda: buffer.complete or self._loader.ahead_s(target) >= need)
        preroll = target - int(PREROLL_S / 2 * track.sample_rate)
        first = buffer.holding(preroll) or buffer.holding(target) or last
        self._first = first
        return first, target

    async def _ready_sink(self, pcm: PcmFormat) -> None:
        """A device is opened once: reopening it at every seek would be slow and could click."""
        if pcm == self._delivery.pcm:
            self._sink.flush()
        else:
            await self._sink.open(pcm)
            self._delivery.pcm = pcm

    async def _feed(self, decoder: Decoder, piece: LoadedPiece) -> None:
        await decoder.feed(piece.init)
        while True:
            self._fed.append((piece.span.start, piece.rung))
            if piece.last:
                self._end = piece.span.end
            await decoder.feed(piece.payload)
            if piece.last:
                await decoder.finish()
                return
            piece = await self._following(piece)

    async def _following(self, piece: LoadedPiece) -> LoadedPiece:
        buffer = self._loader.buffer
        return await self._loader.wait_for(lambda: buffer.after(piece))

    async def _render(self, decoder: Decoder, first: LoadedPiece, target: int) -> None:
        tick = first.span.start
        rate = first.track.sample_rate
        while pcm := await self._read(decoder):
            frames = len(pcm) // DECODED_FRAME_BYTES
            begin = max(0, target - tick)
            stop = frames if self._end is None else min(frames, self._end - tick)
            tick += frames
            self._exhausted = self._end is not None and tick >= self._end
            if begin < stop:
                audible = pcm[begin * DECODED_FRAME_BYTES : stop * DECODED_FRAME_BYTES]
                await self._refill(tick)
                await self._deliver(audible, tick - frames + begin, rate)
        if self._end is None or tick < self._end:
            raise DecoderFailed(
                f"the decoder (ffmpeg) gave {tick - first.span.start} samples and then stopped; "
                f"{(self._end or tick) - tick} are missing"
            )

    async def _read(self, decoder: Decoder) -> bytes:
        """Some PCM; meanwhile notices the moment at which the sink runs dry."""
        reading = asyncio.create_task(decoder.read())
        try:
            while self.sounding and not self._exhausted and not self._counted:
                pause = asyncio.create_task(self._clock.sleep(_WATCH_S))
                await asyncio.wait((reading, pause), return_when=asyncio.FIRST_COMPLETED)
                pause.cancel()
                if reading.done():
                    break
                self._note_starvation()
            return await reading
        finally:
            reading.cancel()

    def _note_starvation(self) -> None:
        if self.starved and not self._counted:
            self._counted = True
            self._delivery.underruns += 1
            self._loader.starved = True
            self._changed()

    async def _refill(self, tick: int) -> None:
        """After the audio ran out, wait for enough of it to go on for a while, if more can come."""
        self._note_starvation()
        if not self._counted:
            return
        need = self._settings.rebuffer_s
        await self._loader.wait_for(
            lambda: (
                self._loader.buffer.complete
                or self._loader.failing
                or self._loader.ahead_s(tick) >= need
            )
        )
        self._counted = False

    async def _deliver(self, pcm: bytes, tick: int, rate: int) -> None:
        """Hand audio over; the first of it in one block, so that the sink does not start dry."""
        if not self.sounding:
            self._held += pcm
            held = len(self._held) // DECODED_FRAME_BYTES
            if held < self._settings.prefill_s * rate and not self._exhausted:
                return
            pcm, tick = bytes(self._held), tick + len(pcm) // DECODED_FRAME_BYTES - held
        await self._sink.write(pcm)
        self._count(tick, len(pcm) / DECODED_FRAME_BYTES / rate)

    def _count(self, tick: int, seconds: float) -> None:
        switches = self._delivery.switches
        rung = self.rung_at(tick)
        if rung is not None:
            self._delivery.count(rung, seconds)
        if self._delivery.first_audio_at is None:
            self._delivery.first_audio_at = self._clock.now()
        if not self.sounding or switches != self._delivery.switches:
            self.sounding = True
            self._changed()


async def _started(decoders: DecoderFactory) -> Decoder:
    return await decoders()
