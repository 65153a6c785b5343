"""The player: one stream, from its address to the last sample heard.

``play`` starts and returns; ``wait`` returns when playback has ended and raises what broke it.
Meanwhile ``pause``, ``resume``, ``seek`` and ``stop`` steer, ``status`` and ``watch`` tell.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Coroutine
from types import TracebackType
from typing import Any, Self

from player.domain.status import PlaybackState, PlayerStatus, percentile
from player.errors import PlayerError
from player.loading import Loader
from player.ports import (
    AdaptationPolicy,
    Clock,
    DecoderFactory,
    Fetcher,
    HeartbeatReporter,
    PlaylistReader,
    RefreshStream,
    Sink,
)
from player.rendering import Delivery, Renderer
from player.settings import PlayerSettings
from player.source import StreamSource

_log = logging.getLogger(__name__)
_LAST_BEAT_S = 2.0


class Player:
    """Plays one stream. Make another for the next; the sink and the fetcher can be shared.

    ``refresh_stream`` is asked for a fresh address, with the position in ms, when the present one
    has expired. ``reporter`` gets a status every ``heartbeat_s`` and at every change.
    """

    def __init__(
        self,
        *,
        fetcher: Fetcher,
        reader: PlaylistReader,
        decoders: DecoderFactory,
        sink: Sink,
        clock: Clock,
        policy: AdaptationPolicy,
        settings: PlayerSettings | None = None,
        refresh_stream: RefreshStream | None = None,
        reporter: HeartbeatReporter | None = None,
    ) -> None:
        self._settings = settings or PlayerSettings()
        self._decoders = decoders
        self._sink = sink
        self._clock = clock
        self._reporter = reporter
        self._source = StreamSource(fetcher, reader, self._settings.quality)
        self._loader = Loader(self._source, policy, clock, self._settings, refresh_stream)
        self._loader.play_head = self._play_head
        self._delivery = Delivery()
        self._renderer: Renderer | None = None
        self._run: asyncio.Task[None] | None = None
        self._beats: asyncio.Task[None] | None = None
        self._final: PlaybackState | None = None
        self._failure: BaseException | None = None
        self._paused = False
        self._position_s = 0.0
        self._requested_at = 0.0
        self._url = ""
        self._change = asyncio.Event()
        self._steering = asyncio.Lock()

    @property
    def sink_description(self) -> str:
        """What the sound comes out of, for people."""
        return self._sink.description

    async def play(self, stream_url: str, *, position_ms: int = 0, paused: bool = False) -> None:
        """Start playing an HLS master playlist at a position. Once a player."""
        if self._run is not None:
            raise RuntimeError("this player already has a stream; make another one")
        if position_ms < 0:
            raise ValueError("position_ms must not be negative")
        self._url = stream_url
        self._requested_at = self._clock.now()
        self._position_s = position_ms / 1000
        self._paused = paused
        if paused:
            self._sink.pause()
        else:
            self._sink.resume()
        self._start()
        if self._reporter is not None:
            self._beats = asyncio.create_task(self._report(self._reporter))

    def pause(self) -> None:
        """Stop the sound; fetching goes on. Does nothing when paused or done."""
        if not self._paused and self._final is None:
            self._paused = True
            self._sink.pause()
            self._changed()

    def resume(self) -> None:
        """Go on after ``pause``."""
        if self._paused and self._final is None:
            self._paused = False
            self._sink.resume()
            self._changed()

    async def seek(self, position_ms: int) -> None:
        """Go on at exactly this position; beyond the end it ends there. Keeps what is fetched."""
        if position_ms < 0:
            raise ValueError("position_ms must not be negative")
        async with self._steering:
            if self._run is None or self._final is not None:
                return
            await self._cancel_run()
            if self._final is not None:
                return
            self._position_s = position_ms / 1000
            self._sink.flush()
            self._start()

    async def stop(self) -> None:
        """Stop for good."""
        async with self._steering:
            if self._final is None:
                self._position_s = self._heard_s()
                await self._cancel_run()
                self._finish(PlaybackState.STOPPED)
                self._sink.flush()

    async def wait(self) -> PlayerStatus:
        """Return the last status once playback has ended or was stopped. Raises PlayerError."""
        while self._final is None:
            await self._next(self._change)
        if self._failure is not None:
            raise self._failure
        return self.status()

    async def nearly_over(self) -> None:
        """Return once all that is left to be heard lies in the sink's queue, or playback is over.

        A seek may still move away from there. Raises PlayerError.
        """
        while self._final is None:
            change, renderer = self._change, self._renderer
            if renderer is not None and renderer.handed_over.is_set():
                return
            handed = asyncio.Event() if renderer is None else renderer.handed_over
            await self._next(change, handed.wait())
        await self.wait()

    @property
    def at_end(self) -> bool:
        """Whether playback came to the end of the track, or all that is left lies in the sink."""
        if self._final is not None:
            return self._final is PlaybackState.ENDED
        return self._renderer is not None and self._renderer.handed_over.is_set()

    async def close_at_end(self) -> None:
        """Close once the rest was heard; while another player goes on with the same sink."""
        with contextlib.suppress(PlayerError):
            await self.wait()
        await self.close()

    async def close(self) -> None:
        """Stop, and let the last heartbeat out. The sink and the fetcher stay open."""
        await self.stop()
        if self._beats is not None:
            with contextlib.suppress(TimeoutError):
                # Unlike wait_for before Python 3.12 it never loses a cancellation.
                async with asyncio.timeout(_LAST_BEAT_S):
                    await self._beats

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def watch(self, interval_s: float = 0.25) -> AsyncIterator[PlayerStatus]:
        """A status at once, at every change and every ``interval_s`` of real time, to the end."""
        while True:
            change, status = self._change, self.status()
            yield status
            if status.state.final:
                return
            await self._next(change, asyncio.sleep(interval_s))

    def status(self) -> PlayerStatus:
        """This moment."""
        head = self._play_head()
        rung = self._renderer.rung_at(head) if self._renderer else None
        starved = bool(self._renderer and self._renderer.starved and not self._paused)
        first = self._delivery.first_audio_at
        p95_s = percentile(self._loader.fetch_times_s, 0.95)
        done, counted = self._final is not None, self._delivery.underruns
        return PlayerStatus(
            state=self._state(starved=starved),
            rung=rung.name if rung else "",
            rung_kbps=rung.kbps if rung else 0,
            codec=rung.codec if rung else "",
            buffer_s=0.0 if done else self._loader.ahead_s(head),
            throughput_kbps=self._loader.throughput.kbps,
            position_ms=round(self._heard_s() * 1000),
            duration_ms=round(self._loader.duration_s * 1000),
            underruns=self._renderer.underruns if self._renderer and not done else counted,
            switches=self._delivery.switches,
            rung_seconds=dict(self._delivery.rung_seconds),
            start_latency_ms=None if first is None else round((first - self._requested_at) * 1000),
            bytes_fetched=self._source.bytes_fetched,
            fetch_p95_ms=None if p95_s is None else round(p95_s * 1000),
            refreshes=self._loader.refreshes,
        )

    def _state(self, *, starved: bool) -> PlaybackState:
        if self._final is not None:
            return self._final
        if self._run is None:
            return PlaybackState.IDLE
        if self._paused:
            return PlaybackState.PAUSED
        if starved or (self._delivery.first_audio_at and not self._sounding()):
            return PlaybackState.BUFFERING
        return PlaybackState.PLAYING if self._sounding() else PlaybackState.STARTING

    def _sounding(self) -> bool:
        return self._renderer is not None and self._renderer.sounding

    def _play_head(self) -> int:
        head = self._renderer.play_head() if self._renderer else None
        return -1 if head is None else head

    def _heard_s(self) -> float:
        """The position; where playback was to start as long as nothing is known."""
        heard = self._renderer.position_s() if self._renderer else None
        if heard is None or self._final is not None:
            heard = self._position_s
        return min(heard, self._loader.duration_s) if self._loader.duration_s else heard

    def _start(self) -> None:
        self._loader.aim(self._position_s)
        self._renderer = Renderer(
            self._loader,
            self._decoders,
            self._sink,
            self._clock,
            self._settings,
            self._delivery,
            self._changed,
        )
        self._run = asyncio.create_task(self._play_through(self._renderer))
        self._changed()

    async def _play_through(self, renderer: Renderer) -> None:
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._loader.run(self._url, self._position_s))
                tasks.create_task(renderer.run(self._position_s))
        except BaseExceptionGroup as group:
            self._failure = _innermost(group)
            self._position_s = self._heard_s()
            self._finish(PlaybackState.FAILED)
        else:
            self._position_s = self._loader.duration_s
            self._finish(PlaybackState.ENDED)

    async def _cancel_run(self) -> None:
        if self._run is not None:
            self._run.cancel()
            await asyncio.gather(self._run, return_exceptions=True)

    def _finish(self, state: PlaybackState) -> None:
        self._final = state
        self._changed()

    def _changed(self) -> None:
        self._change.set()
        self._change = asyncio.Event()

    async def _next(
        self, change: asyncio.Event, timer: Coroutine[Any, Any, Any] | None = None
    ) -> None:
        """Wait for a change, or for ``timer`` if that is over first."""
        waits: list[asyncio.Task[Any]] = [asyncio.create_task(change.wait())]
        if timer is not None:
            waits.append(asyncio.create_task(timer))
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in waits:
                task.cancel()
            await asyncio.gather(*waits, return_exceptions=True)

    async def _report(self, reporter: HeartbeatReporter) -> None:
        while True:
            change, status = self._change, self.status()
            try:
                await reporter.report(status)
            except Exception:  # noqa: BLE001 - a reporter may fail in any way
                # Music does not depend on the service hearing of it.
                _log.warning("a heartbeat was not delivered", exc_info=True)
            if status.state.final:
                return
            await self._next(change, self._clock.sleep(self._settings.heartbeat_s))


def _innermost(error: BaseException) -> BaseException:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
