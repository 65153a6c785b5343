from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from player.adapters.clock_sink import ClockSink
from player.adapters.clocks import ScaledClock
from player.adapters.retrying import RetryingFetcher
from player.adapters.throttle import RateSchedule, ThrottledFetcher
from player.domain.playlist import ByteRange, Resource
from player.domain.throughput import ThroughputMeter
from player.errors import NetworkFailed, StreamExpired
from player.ports import PcmFormat


class JumpingClock:
    """Time that passes only by sleeping."""

    def __init__(self) -> None:
        self.time = 0.0

    def now(self) -> float:
        return self.time

    async def sleep(self, seconds: float) -> None:
        self.time += max(0.0, seconds)
        await asyncio.sleep(0)


class Memory:
    """Serves bytes; breaks off once at each of the given offsets."""

    def __init__(self, content: bytes, *breaks: int, error: Exception | None = None) -> None:
        self.content = content
        self.breaks = list(breaks)
        self.asked: list[Resource] = []
        self._error = error or NetworkFailed("broken off")

    async def stream(self, resource: Resource) -> AsyncIterator[bytes]:
        self.asked.append(resource)
        span = resource.byte_range or ByteRange(0, len(self.content))
        for at in range(span.offset, span.offset + span.length, 10):
            if self.breaks and at >= self.breaks[0]:
                self.breaks.pop(0)
                raise self._error
            yield self.content[at : min(at + 10, span.offset + span.length)]

    async def close(self) -> None:
        self.asked.clear()


async def read(fetcher: Memory | RetryingFetcher | ThrottledFetcher, resource: Resource) -> bytes:
    return b"".join([chunk async for chunk in fetcher.stream(resource)])


CONTENT = bytes(range(256)) * 4


@pytest.mark.parametrize("span", [None, ByteRange(100, 500)])
async def test_a_retry_goes_on_where_the_transfer_broke(span: ByteRange | None) -> None:
    memory = Memory(CONTENT, 0, 250, 400)
    fetcher = RetryingFetcher(memory, attempts=5, first_wait_s=0.001)
    expected = CONTENT if span is None else CONTENT[100:600]
    assert await read(fetcher, Resource("u", span)) == expected
    assert len(memory.asked) == 4
    assert memory.asked[-1].byte_range == (ByteRange(400, 200) if span else None)


async def test_retries_are_bounded() -> None:
    memory = Memory(CONTENT, *[0] * 9)
    with pytest.raises(NetworkFailed):
        await read(RetryingFetcher(memory, attempts=3, first_wait_s=0.001), Resource("u"))
    assert len(memory.asked) == 3


async def test_an_expired_address_is_not_asked_for_again() -> None:
    memory = Memory(CONTENT, 0, error=StreamExpired("gone", status=410))
    with pytest.raises(StreamExpired):
        await read(RetryingFetcher(memory, attempts=3, first_wait_s=0.001), Resource("u"))
    assert len(memory.asked) == 1


async def test_a_throttled_transfer_takes_its_time_on_the_clock() -> None:
    clock = JumpingClock()
    fetcher = ThrottledFetcher(Memory(CONTENT), RateSchedule([(1.0, 8.192)]), clock)
    assert await read(fetcher, Resource("u")) == CONTENT
    assert clock.now() == pytest.approx(1.0)
    await read(fetcher, Resource("u", ByteRange(0, 512)))
    assert clock.now() == pytest.approx(1.5)


async def test_an_idle_link_saves_nothing_up() -> None:
    clock = JumpingClock()
    fetcher = ThrottledFetcher(Memory(CONTENT), RateSchedule([(1.0, 8.192)]), clock)
    await read(fetcher, Resource("u"))
    await clock.sleep(100)
    before = clock.now()
    await read(fetcher, Resource("u"))
    assert clock.now() - before == pytest.approx(1.0)


async def test_two_transfers_share_one_link() -> None:
    clock = JumpingClock()
    fetcher = ThrottledFetcher(Memory(CONTENT), RateSchedule([(1.0, 8.192)]), clock)
    await asyncio.gather(read(fetcher, Resource("a")), read(fetcher, Resource("b")))
    assert clock.now() >= 2.0


async def test_latency_is_waited_before_each_answer() -> None:
    clock = JumpingClock()
    fast = RateSchedule([(1.0, 1e9)])
    fetcher = ThrottledFetcher(Memory(CONTENT), fast, clock, latency_s=0.25)
    await read(fetcher, Resource("u"))
    await read(fetcher, Resource("u"))
    assert clock.now() == pytest.approx(0.5, abs=1e-3)


def test_a_schedule_is_followed_through_a_dead_stretch() -> None:
    schedule = RateSchedule([(10, 80), (5, 0), (1, 160)])
    assert schedule.transfer_s(100_000, 0) == pytest.approx(10)
    assert schedule.transfer_s(120_000, 0) == pytest.approx(16)
    assert schedule.transfer_s(20_000, 12) == pytest.approx(4)


@given(
    steps=st.lists(st.tuples(st.floats(0.1, 100), st.floats(0, 1e4)), max_size=5),
    last=st.floats(1, 1e4),
    sizes=st.lists(st.integers(0, 10**6), min_size=1, max_size=5),
    start=st.floats(0, 300),
)
def test_splitting_a_transfer_does_not_change_when_it_ends(
    steps: list[tuple[float, float]], last: float, sizes: list[int], start: float
) -> None:
    schedule = RateSchedule([*steps, (1.0, last)])
    now = start
    for size in sizes:
        now += schedule.transfer_s(size, now)
    assert now == pytest.approx(start + schedule.transfer_s(sum(sizes), start), rel=1e-6)


@pytest.mark.parametrize(
    "steps", [[], [(1, 0)], [(0, 5)], [(-1, 5)], [(1, -5), (1, 5)], [(1, math.inf)]]
)
def test_a_schedule_that_makes_no_sense_is_refused(steps: list[tuple[float, float]]) -> None:
    with pytest.raises(ValueError, match="step"):
        RateSchedule(steps)


def test_the_meter_believes_the_lower_average() -> None:
    meter = ThroughputMeter()
    assert meter.kbps is None
    for _ in range(10):
        meter.add(250_000, 2.0)
    assert meter.kbps == pytest.approx(1000)
    meter.add(50_000, 4.0)
    assert meter.kbps is not None
    assert 100 < meter.kbps < 600
    assert (meter.last_kbps, meter.previous_kbps) == (100, 1000)


def test_the_meter_leaves_small_requests_out() -> None:
    meter = ThroughputMeter()
    meter.add(15_999, 0.001)
    meter.add(100_000, 0.0)
    assert meter.kbps is None
    assert meter.last_kbps is None


@given(st.lists(st.tuples(st.integers(16_000, 10**8), st.floats(1e-3, 1e3)), min_size=1))
def test_the_estimate_lies_within_what_was_measured(samples: list[tuple[int, float]]) -> None:
    meter = ThroughputMeter()
    for size, took_s in samples:
        meter.add(size, took_s)
    speeds = [size * 8 / 1000 / took_s for size, took_s in samples]
    assert meter.kbps is not None
    assert min(speeds) * 0.999 <= meter.kbps <= max(speeds) * 1.001


SECOND = b"\0" * 176_400


async def test_the_null_sink_plays_at_the_rate_of_its_clock() -> None:
    clock = JumpingClock()
    sink = ClockSink(clock, queue_s=2.0)
    await sink.open(PcmFormat(44_100))
    await sink.write(SECOND)
    await clock.sleep(0.25)
    assert sink.played_frames() == pytest.approx(11_025, abs=1)
    sink.pause()
    await clock.sleep(5)
    assert sink.queued_frames() == pytest.approx(33_075, abs=1)
    sink.resume()
    await sink.drain()
    assert (sink.played_frames(), sink.queued_frames()) == (44_100, 0)


async def test_the_null_sink_holds_writers_back_and_plays_no_more_than_it_got() -> None:
    clock = JumpingClock()
    sink = ClockSink(clock, queue_s=0.5)
    await sink.open(PcmFormat(44_100))
    for _ in range(3):
        await sink.write(SECOND)
    assert clock.now() >= 1.5
    await clock.sleep(100)
    assert sink.played_frames() == 3 * 44_100


async def test_a_flush_drops_what_is_queued_and_counts_anew() -> None:
    clock = JumpingClock()
    sink = ClockSink(clock, queue_s=0.5)
    await sink.open(PcmFormat(44_100))
    await sink.write(SECOND)
    sink.flush()
    assert (sink.played_frames(), sink.queued_frames()) == (0, 0)


async def test_a_fast_clock_runs_that_much_faster() -> None:
    clock = ScaledClock(1000.0)
    before = clock.now()
    await clock.sleep(5.0)
    assert clock.now() - before >= 5.0
    with pytest.raises(ValueError, match="speed"):
        ScaledClock(0)
