"""Players put together for tests, and ways to wait for what they do."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from player.adapters.clock_sink import ClockSink
from player.adapters.clocks import ScaledClock
from player.adapters.ffmpeg_decoder import FfmpegDecoder
from player.adapters.hls import HlsReader
from player.adapters.http_fetcher import HttpFetcher
from player.adapters.retrying import RetryingFetcher
from player.adapters.throttle import RateSchedule, ThrottledFetcher
from player.domain.adaptation import AdaptationContext, DynamicPolicy
from player.domain.playlist import Quality, Rung
from player.domain.status import PlayerStatus
from player.engine import Player
from player.ports import (
    AdaptationPolicy,
    Decoder,
    DecoderFactory,
    Fetcher,
    HeartbeatReporter,
    RefreshStream,
    Sink,
)
from player.settings import PlayerSettings


class RecordingSink(ClockSink):
    """A null sink that keeps what it was given."""

    def __init__(self, clock: ScaledClock, queue_s: float) -> None:
        super().__init__(clock, queue_s=queue_s)
        self.recorded = bytearray()

    async def write(self, frames: bytes) -> None:
        self.recorded += frames
        await super().write(frames)

    def flush(self) -> None:
        super().flush()
        self.recorded.clear()


@dataclass
class Bench:
    """What a test needs to make players at 20 times real time and look at what they did."""

    clock: ScaledClock
    sink: RecordingSink
    decoders: list[FfmpegDecoder] = field(default_factory=list)
    fetchers: list[HttpFetcher] = field(default_factory=list)
    players: list[Player] = field(default_factory=list)

    def slow_down(self, speed: float) -> None:
        """Run on a slower clock, where link rates matter more than what the computer is up to."""
        self.clock = ScaledClock(speed)
        self.sink = RecordingSink(self.clock, queue_s=speed / 2)

    async def decoder(self) -> Decoder:
        self.decoders.append(await FfmpegDecoder.start())
        return self.decoders[-1]

    def player(
        self,
        *,
        quality: Quality | None = None,
        link: Sequence[tuple[float, float]] = (),
        policy: AdaptationPolicy | None = None,
        decoders: DecoderFactory | None = None,
        refresh: RefreshStream | None = None,
        reporter: HeartbeatReporter | None = None,
        sink: Sink | None = None,
        **settings: float,
    ) -> Player:
        self.fetchers.append(HttpFetcher(connect_timeout_s=60.0, read_timeout_s=60.0))
        fetcher: Fetcher = self.fetchers[-1]
        if link:
            fetcher = ThrottledFetcher(fetcher, RateSchedule(link), self.clock)
        chosen = PlayerSettings(prefill_s=1.0, quality=quality or Quality())
        player = Player(
            fetcher=RetryingFetcher(fetcher, attempts=3, first_wait_s=0.01),
            reader=HlsReader(),
            decoders=decoders or self.decoder,
            sink=sink or self.sink,
            clock=self.clock,
            policy=policy or DynamicPolicy(),
            settings=replace(chosen, **settings),  # type: ignore[arg-type]
            refresh_stream=refresh,
            reporter=reporter,
        )
        self.players.append(player)
        return player


class Scripted:
    """Chooses rungs by the number of the piece."""

    name = "scripted"

    def __init__(self, *kbps: int) -> None:
        self._script = iter(kbps)
        self._now = kbps[0]
        self._skip = True

    def choose(self, context: AdaptationContext) -> Rung:
        if not self._skip:
            self._now = next(self._script, self._now)
        self._skip = False
        return context.ladder.matching(self._now)


async def when(player: Player, reached: Callable[[PlayerStatus], bool]) -> PlayerStatus:
    async for status in player.watch(0.005):
        if reached(status):
            return status
    raise AssertionError(f"it never came to that: {player.status()}")


async def until(player: Player, position_ms: int) -> PlayerStatus:
    return await when(player, lambda status: status.position_ms >= position_ms)


def running(bench: Bench) -> list[int]:
    """The decoder processes that are still there."""
    return [d.pid for d in bench.decoders if os.path.exists(f"/proc/{d.pid}")]
