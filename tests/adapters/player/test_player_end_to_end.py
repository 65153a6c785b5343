from __future__ import annotations

import pytest
from hls_asset import RATE, SAMPLES, Origin
from pcm_compare import cut, frames, likeness, longest_silence, misalignment
from player_bench import Bench, Scripted, running, until, when

from player.domain.playlist import Quality
from player.domain.status import PlaybackState, PlayerStatus


class Beats:
    """Keeps every status reported."""

    def __init__(self) -> None:
        self.seen: list[PlayerStatus] = []

    async def report(self, status: PlayerStatus) -> None:
        self.seen.append(status)


@pytest.mark.parametrize("kbps", [128, 320])
async def test_every_sample_of_an_aac_rung_is_played_and_none_more(
    bench: Bench, origin: Origin, decoded: dict[str, bytes], kbps: int
) -> None:
    player = bench.player(quality=Quality(kbps=kbps))
    await player.play(origin.master)
    status = await player.wait()
    assert frames(bench.sink.recorded) == SAMPLES
    for start in (0, 10 * RATE, 25 * RATE):
        span = start, start + RATE // 10
        heard, expected = cut(bench.sink.recorded, *span), cut(decoded[f"a{kbps}"], *span)
        alike, moved = likeness(heard, expected), misalignment(heard, expected)
        assert (moved, alike > 0.98) == (0, True)
    assert status.state is PlaybackState.ENDED
    assert status.position_ms == status.duration_ms == 25_300
    assert status.rung_seconds == {kbps: pytest.approx(25.3)}
    assert status.switches == 0


async def test_lossless_is_played_bit_for_bit_when_asked_for(
    bench: Bench, origin: Origin, decoded: dict[str, bytes]
) -> None:
    player = bench.player(quality=Quality(lossless=True))
    await player.play(origin.master)
    status = await player.wait()
    same = bytes(bench.sink.recorded) == decoded["source"]
    assert same
    assert status.codec == "fLaC"


async def test_rung_changes_keep_one_decoder_and_lose_no_sample(
    bench: Bench, origin: Origin, decoded: dict[str, bytes]
) -> None:
    player = bench.player(policy=Scripted(128, 128, 320, 192, 192, 192, 256, 128))
    await player.play(origin.master)
    status = await player.wait()
    assert len(bench.decoders) == 1
    assert frames(bench.sink.recorded) == SAMPLES
    assert longest_silence(bench.sink.recorded) < 64
    assert status.switches == 4
    assert sum(status.rung_seconds.values()) == pytest.approx(SAMPLES / RATE)
    assert set(status.rung_seconds) == {128, 192, 256, 320}
    for second in range(25):
        span = second * RATE, second * RATE + RATE // 20
        moved = misalignment(cut(bench.sink.recorded, *span), cut(decoded["source"], *span))
        assert moved == 0


async def test_a_link_that_grows_faster_makes_the_player_climb(
    bench: Bench, origin: Origin
) -> None:
    bench.slow_down(8.0)
    player = bench.player(link=[(8, 200), (100, 3000)])
    await player.play(origin.master)
    status = await player.wait()
    assert status.switches >= 1
    assert max(status.rung_seconds) > 128
    assert frames(bench.sink.recorded) == SAMPLES
    assert status.throughput_kbps is not None
    assert status.throughput_kbps > 200


@pytest.mark.parametrize("position_ms", [1, 1_997, 5_000, 10_008, 20_016, 25_000])
async def test_a_seek_lands_on_the_exact_sample(
    bench: Bench, origin: Origin, decoded: dict[str, bytes], position_ms: int
) -> None:
    player = bench.player(quality=Quality(kbps=320))
    await player.play(origin.master)
    await until(player, 500)
    await player.seek(position_ms)
    await player.wait()
    start = round(position_ms * RATE / 1000)
    assert frames(bench.sink.recorded) == SAMPLES - start
    head = RATE // 10
    # The first samples are the hard ones: AAC overlaps frames, so that the one before is needed.
    heard, expected = cut(bench.sink.recorded, 0, head), cut(decoded["a320"], start, start + head)
    alike, moved = likeness(heard, expected), misalignment(heard, expected)
    assert (moved, alike > 0.98) == (0, True)


async def test_starting_at_a_position_is_exact_for_lossless_too(
    bench: Bench, origin: Origin, decoded: dict[str, bytes]
) -> None:
    player = bench.player(quality=Quality(lossless=True))
    await player.play(origin.master, position_ms=12_345)
    await player.wait()
    same = bytes(bench.sink.recorded) == cut(decoded["source"], round(12.345 * RATE))
    assert same
    assert origin.requests["flac/1.m4s"] == 0


async def test_a_seek_within_what_is_fetched_asks_the_server_for_nothing(
    bench: Bench, origin: Origin
) -> None:
    player = bench.player(quality=Quality(kbps=128))
    await player.play(origin.master)
    await until(player, 15_000)
    fetched = dict(origin.requests)
    await player.seek(12_000)
    await player.wait()
    assert dict(origin.requests) == fetched


@pytest.mark.parametrize("position_ms", [0, 9_000, 11_000, 22_000])
async def test_a_seek_while_a_segment_arrives_loses_nothing(
    bench: Bench, origin: Origin, position_ms: int
) -> None:
    player = bench.player(quality=Quality(kbps=128), link=[(1000, 260)])
    await player.play(origin.master)
    await until(player, 8_000)
    await player.seek(position_ms)
    await player.wait()
    assert frames(bench.sink.recorded) == SAMPLES - position_ms * RATE // 1000


async def test_a_seek_beyond_the_end_ends_the_track(bench: Bench, origin: Origin) -> None:
    player = bench.player()
    await player.play(origin.master)
    await until(player, 500)
    await player.seek(3_600_000)
    status = await player.wait()
    assert status.state is PlaybackState.ENDED
    assert status.position_ms == 25_300


async def test_seeks_in_a_row_leave_no_process_behind(bench: Bench, origin: Origin) -> None:
    player = bench.player()
    await player.play(origin.master)
    for position_ms in (20_000, 3_000, 12_000, 12_001, 0):
        await player.seek(position_ms)
    await player.seek(24_000)
    await player.wait()
    assert frames(bench.sink.recorded) == SAMPLES - 24 * RATE
    assert running(bench) == []


async def test_a_pause_holds_the_position_and_the_fetching_goes_on(
    bench: Bench, origin: Origin
) -> None:
    player = bench.player(quality=Quality(kbps=128))
    await player.play(origin.master)
    await until(player, 1_000)
    player.pause()
    paused = player.status()
    assert paused.state is PlaybackState.PAUSED
    await when(player, lambda status: status.buffer_s >= 20)
    assert player.status().position_ms == paused.position_ms
    player.resume()
    await player.wait()
    assert frames(bench.sink.recorded) == SAMPLES


async def test_starting_paused_makes_no_sound_until_resumed(bench: Bench, origin: Origin) -> None:
    player = bench.player()
    await player.play(origin.master, position_ms=24_000, paused=True)
    await when(player, lambda status: status.start_latency_ms is not None)
    assert player.status().state is PlaybackState.PAUSED
    assert bench.sink.played_frames() == 0
    player.resume()
    assert (await player.wait()).state is PlaybackState.ENDED


async def test_stop_ends_at_the_position_heard(bench: Bench, origin: Origin) -> None:
    player = bench.player()
    await player.play(origin.master)
    await until(player, 2_000)
    await player.stop()
    status = await player.wait()
    assert status.state is PlaybackState.STOPPED
    assert 2_000 <= status.position_ms < 25_300
    assert running(bench) == []


async def test_sound_starts_after_the_first_piece_of_two_seconds(
    bench: Bench, origin: Origin
) -> None:
    more = origin.hold("aac128/1.m4s", after=1)
    player = bench.player(quality=Quality(kbps=128))
    await player.play(origin.master)
    await when(player, lambda status: status.start_latency_ms is not None)
    assert player.status().bytes_fetched < 80_000
    assert origin.requests["aac128/2.m4s"] == 0
    more.set()


async def test_running_dry_is_one_underrun_and_no_lost_sample(bench: Bench, origin: Origin) -> None:
    back = origin.hold("aac128/2.m4s")
    player = bench.player(quality=Quality(kbps=128))
    await player.play(origin.master)
    dry = await when(player, lambda status: status.state is PlaybackState.BUFFERING)
    assert 9_000 < dry.position_ms < 10_100
    assert dry.underruns == 1
    back.set()
    status = await player.wait()
    assert status.underruns >= 1
    assert frames(bench.sink.recorded) == SAMPLES


async def test_no_more_than_the_allowed_segments_are_fetched_ahead(
    bench: Bench, origin: Origin
) -> None:
    player = bench.player(quality=Quality(kbps=128), min_segments=1, max_segments=1)
    await player.play(origin.master, paused=True)
    await when(player, lambda status: status.start_latency_ms is not None)
    await bench.clock.sleep(10)
    assert player.status().buffer_s <= 10.1
    assert origin.requests["aac128/3.m4s"] == 0


async def test_heartbeats_tell_the_start_the_changes_and_the_end(
    bench: Bench, origin: Origin
) -> None:
    beats = Beats()
    player = bench.player(
        policy=Scripted(128, 128, 128, 128, 128, 320), reporter=beats, heartbeat_s=5.0
    )
    await player.play(origin.master)
    await player.wait()
    await player.close()
    states = [status.state for status in beats.seen]
    assert states[0] is PlaybackState.STARTING
    assert states[-1] is PlaybackState.ENDED
    assert len(beats.seen) >= 5
    assert [s.position_ms for s in beats.seen] == sorted(s.position_ms for s in beats.seen)
