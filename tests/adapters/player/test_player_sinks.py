from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from hls_asset import Origin

from player.adapters import sound_sink
from player.adapters.clock_sink import ClockSink
from player.adapters.clocks import ScaledClock
from player.adapters.ffmpeg_decoder import FfmpegDecoder
from player.adapters.sound_sink import SoundSink, open_sink
from player.domain.status import PlaybackState
from player.errors import DecoderFailed, SinkFailed
from player.ports import PcmFormat, Sink
from player.wiring import PlayerOptions, open_player

QUARTER = b"\x01\x00" * 2 * 11_025


@pytest.fixture(params=["clock", "device"])
async def sink(request: pytest.FixtureRequest) -> AsyncIterator[Sink]:
    made: Sink = ClockSink(ScaledClock()) if request.param == "clock" else SoundSink(silent=True)
    await made.open(PcmFormat(44_100))
    yield made
    await made.close()


async def test_a_sink_plays_all_it_gets_and_no_more(sink: Sink) -> None:
    await sink.write(QUARTER)
    await sink.write(QUARTER)
    assert sink.played_frames() + sink.queued_frames() == 22_050
    await sink.drain()
    await asyncio.sleep(0.15)
    assert (sink.played_frames(), sink.queued_frames()) == (22_050, 0)


async def test_a_paused_sink_holds_what_is_queued(sink: Sink) -> None:
    await sink.write(QUARTER)
    sink.pause()
    await asyncio.sleep(0)
    held = sink.queued_frames()
    await asyncio.sleep(0.3)
    assert sink.queued_frames() == held
    sink.resume()
    await sink.drain()
    assert sink.queued_frames() == 0


async def test_a_sink_opened_while_paused_stays_paused(sink: Sink) -> None:
    sink.pause()
    await sink.open(PcmFormat(48_000))
    await sink.write(QUARTER)
    await asyncio.sleep(0.2)
    assert sink.played_frames() == 0


async def test_a_flush_frees_a_waiting_writer(sink: Sink) -> None:
    sink.pause()
    for _ in range(2):
        await sink.write(QUARTER)
    waiting = asyncio.create_task(sink.write(QUARTER))
    await asyncio.sleep(0.05)
    assert not waiting.done()
    sink.flush()
    sink.resume()
    await asyncio.wait_for(waiting, 60)
    assert sink.queued_frames() == 0


async def test_auto_falls_back_to_silence_and_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    async def refuse(self: SoundSink, pcm: PcmFormat) -> None:
        raise SinkFailed("this machine has no sound device")

    monkeypatch.setattr(sound_sink.SoundSink, "open", refuse)
    chosen = await open_sink("auto", ScaledClock())
    assert chosen.description == "no sound (null sink): this machine has no sound device"
    with pytest.raises(SinkFailed):
        await open_sink("sound", ScaledClock())
    with pytest.raises(ValueError, match="auto, sound, null"):
        await open_sink("speaker", ScaledClock())


async def test_the_wired_player_plays_faster_than_real_time_over_a_simulated_link(
    origin: Origin,
) -> None:
    options = PlayerOptions(speed=10.0, link=[(6, 220), (60, 4000)], latency_s=0.05)
    async with open_player(options) as player:
        await player.play(origin.master)
        status = await player.wait()
        assert "10 x real time" in player.sink_description
    assert status.state is PlaybackState.ENDED
    assert status.switches >= 1
    assert sum(status.rung_seconds.values()) == pytest.approx(25.3)


async def test_the_wired_player_plays_in_real_time(origin: Origin) -> None:
    async with open_player(PlayerOptions(sink="null")) as player:
        await player.play(origin.master, position_ms=24_300)
        status = await player.wait()
    assert status.state is PlaybackState.ENDED
    assert status.start_latency_ms is not None


@pytest.mark.parametrize(
    "options",
    [
        PlayerOptions(policy="greedy"),
        PlayerOptions(speed=0),
        PlayerOptions(speed=2, sink="sound"),
        PlayerOptions(link=[(1, 0)]),
    ],
)
async def test_options_that_make_no_sense_are_refused(options: PlayerOptions) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        async with open_player(options):
            pass


async def test_a_decoder_fed_noise_fails_with_its_own_words() -> None:
    decoder = await FfmpegDecoder.start()
    try:
        with pytest.raises(DecoderFailed, match="exited with"):
            await decoder.feed(b"this is not audio" * 1000)
            await decoder.finish()
            while await decoder.read():
                pass
    finally:
        await decoder.close()
