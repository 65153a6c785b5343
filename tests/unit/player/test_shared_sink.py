"""Tracks that follow each other on one sink, each counting its own frames."""

from __future__ import annotations

import asyncio

from player.adapters.clock_sink import ClockSink
from player.adapters.shared_sink import SharedSink, TrackSink
from player.ports import PcmFormat

CD, STUDIO = PcmFormat(44_100), PcmFormat(48_000)
SECOND = b"\0" * CD.second_bytes


class SteppedClock:
    """Time that passes only by sleeping."""

    def __init__(self) -> None:
        self.time = 0.0

    def now(self) -> float:
        return self.time

    async def sleep(self, seconds: float) -> None:
        self.time += max(0.0, seconds)
        await asyncio.sleep(0)


async def two_tracks(
    pcm: PcmFormat = CD,
) -> tuple[SteppedClock, ClockSink, TrackSink, TrackSink]:
    """A second of the first track is queued when the second one opens."""
    clock = SteppedClock()
    sink = ClockSink(clock, queue_s=4.0)
    shared = SharedSink(sink, clock)
    first, second = shared.track(), shared.track()
    await first.open(CD)
    await first.write(SECOND)
    await second.open(pcm)
    return clock, sink, first, second


async def test_the_next_track_begins_when_the_last_one_was_heard() -> None:
    clock, sink, first, second = await two_tracks()
    await second.write(SECOND)
    await clock.sleep(0.75)
    assert (first.queued_frames(), second.played_frames()) == (11_025, 0)
    await clock.sleep(0.5)
    assert (first.queued_frames(), second.played_frames()) == (0, 11_025)
    assert (second.queued_frames(), sink.queued_frames()) == (33_075, 33_075)


async def test_a_track_drains_without_waiting_for_the_next_one() -> None:
    clock, _, first, second = await two_tracks()
    await second.write(SECOND * 2)
    await first.drain()
    assert 1.0 <= clock.now() < 1.1
    await second.drain()
    assert 3.0 <= clock.now() < 3.1


async def test_what_the_next_track_drops_is_over_for_the_last_one() -> None:
    clock, _, first, second = await two_tracks()
    await clock.sleep(0.25)
    second.flush()
    assert first.queued_frames() == 0
    await first.drain()
    assert clock.now() == 0.25
    await second.write(SECOND)
    await clock.sleep(0.5)
    assert (second.played_frames(), first.played_frames()) == (22_050, 44_100)


async def test_another_format_waits_for_what_is_queued() -> None:
    clock, sink, _, second = await two_tracks(STUDIO)
    assert clock.now() >= 1.0
    assert sink.queued_frames() == 0
    await second.write(b"\0" * STUDIO.second_bytes)
    await clock.sleep(0.5)
    assert second.played_frames() == 24_000


async def test_a_pause_holds_both() -> None:
    clock, _, first, second = await two_tracks()
    second.pause()
    await clock.sleep(5.0)
    assert (first.played_frames(), second.played_frames()) == (0, 0)
    second.resume()
    await clock.sleep(0.5)
    assert first.played_frames() == 22_050
