"""Held streams by themselves: how they wake up, how many there may be, how their requests come."""

from __future__ import annotations

import asyncio
import gc
import weakref
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from meshkit.faults import InvalidArgument, ResourceExhausted
from meshkit.stream_ends import TOKEN_REVOKED, Reason, StreamEnd
from playback_svc.servicers.holding import MOST_WAITING, Inbox
from playback_svc.streams.held_streams import (
    STREAMS_PER_USER,
    Alarms,
    HeldStream,
    HeldStreams,
    Holder,
)
from tests.contracts.playback.measures import NoMeasures
from tests.contracts.playback.samples import new_id

HOLDER = Holder(new_id(), "sid", "free", 1_000.0)
STOPPED = StreamEnd(Reason.DELETED, "removed")


class Counted(NoMeasures):
    """Counts what is held of each kind."""

    def __init__(self) -> None:
        self.held = Counter[str]()

    def streams(self, kind: str, difference: int) -> None:
        """See the port."""
        self.held[kind] += difference


class Referable(HeldStream):
    """A stream of which it can be seen that nobody keeps it."""

    __slots__ = ("__weakref__",)


def holding(measures: NoMeasures | None = None) -> HeldStreams[HeldStream]:
    return HeldStreams("test", measures or NoMeasures(), now_s=0)


async def waiting(stream: HeldStream) -> asyncio.Task[None]:
    task = asyncio.create_task(stream.idle())
    await asyncio.sleep(0)
    assert stream.listening
    return task


async def test_a_nudge_wakes_a_stream_that_waits_and_no_other() -> None:
    stream = HeldStream(HOLDER)
    stream.nudge()
    for _ in range(3):
        task = await waiting(stream)
        await asyncio.sleep(0)
        assert not task.done()
        stream.nudge()
        stream.nudge()
        await task


async def test_an_end_wakes_a_stream_and_the_first_one_stands() -> None:
    stream = HeldStream(HOLDER)
    task = await waiting(stream)
    stream.finish(STOPPED)
    stream.finish(TOKEN_REVOKED)
    await task
    assert stream.end is STOPPED


async def test_a_stream_that_closed_is_let_go_of_before_its_token_expires() -> None:
    held = holding()
    streams = [Referable(HOLDER) for _ in range(2)]
    for stream in streams:
        held.add(stream)
    held.remove(streams[0])
    known = weakref.ref(streams.pop(0))
    del stream
    gc.collect()
    assert known() is None
    held.end_expired(1_001)
    assert streams[0].end is not None


def test_an_alarm_rings_once_after_its_time_and_not_when_it_is_off() -> None:
    alarms: Alarms[HeldStream] = Alarms(10.5)
    past, soon, off, late = (HeldStream(HOLDER) for _ in range(4))
    for stream, at_s in ((past, 3.0), (soon, 11.9), (off, 11.9), (late, 12.0), (late, 20.0)):
        alarms.set(stream, at_s)
    alarms.off(off)
    alarms.off(off)
    assert set(alarms.ring(11.95)) == {past}
    assert set(alarms.ring(12.0)) == {soon}
    alarms.set(soon, 12.5)
    assert set(alarms.ring(19.0)) == {soon}
    assert set(alarms.ring(100.0)) == {late}
    assert len(alarms) == 0


async def test_a_nudge_for_a_call_that_was_just_cancelled_harms_nobody() -> None:
    stream = HeldStream(HOLDER)
    task = await waiting(stream)
    task.cancel()
    stream.nudge()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not stream.listening


def test_streams_that_are_ending_leave_room_but_not_without_bound() -> None:
    measures = Counted()
    held = holding(measures)
    for one in range(2 * STREAMS_PER_USER):
        stream = HeldStream(HOLDER)
        held.add(stream)
        if one < STREAMS_PER_USER:
            stream.finish(STOPPED)
    with pytest.raises(ResourceExhausted) as refused:
        held.add(HeldStream(HOLDER))
    assert refused.value.metadata == {"limit": "streams_per_user"}
    assert refused.value.retry_after_s
    held.add(HeldStream(replace(HOLDER, user_id=new_id())))
    for stream in held.of_user(HOLDER.user_id):
        stream.finish(STOPPED)
    with pytest.raises(ResourceExhausted):
        held.add(HeldStream(HOLDER))
    assert measures.held == {"test": 2 * STREAMS_PER_USER + 1}
    for stream in held:
        held.remove(stream)
    assert (measures.held["test"], held.held, held.of_user(HOLDER.user_id)) == (0, 0, ())


async def test_who_comes_while_streams_drain_is_sent_on() -> None:
    held = holding()
    streams = [HeldStream(replace(HOLDER, user_id=new_id())) for _ in range(3)]
    held.add(streams[0])
    held.add(streams[1])
    await held.drain(over_s=0, spread_s=2)
    held.add(streams[2])
    for stream in streams:
        assert stream.end is not None
        assert stream.end.reason is Reason.DRAINING
        assert stream.end.reconnect_after_s is not None
        assert 0 <= stream.end.reconnect_after_s <= 2


def test_a_revoked_sign_in_ends_its_streams_alone() -> None:
    held = holding()
    streams = [HeldStream(replace(HOLDER, sid=sid)) for sid in ("a", "b", "a")]
    for stream in streams:
        held.add(stream)
    held.revoke("a")
    assert [stream.end for stream in streams] == [TOKEN_REVOKED, None, TOKEN_REVOKED]


async def three() -> AsyncIterator[int]:
    for number in range(1, 4):
        await asyncio.sleep(0)
        yield number


async def test_an_inbox_reads_one_request_at_a_time_and_loses_none() -> None:
    stream = HeldStream(HOLDER)
    inbox, taken = Inbox(three(), stream.nudge), list[int]()
    while True:
        if not inbox.ready:
            await stream.idle()
        requests = inbox.take()
        if requests is None:
            break
        taken += requests
    assert taken == [1, 2, 3]


async def test_an_inbox_raises_what_reading_raised() -> None:
    async def broken() -> AsyncIterator[int]:
        raise InvalidArgument.field("x", "is broken")
        yield 1

    stream = HeldStream(HOLDER)
    inbox = Inbox(broken(), stream.nudge)
    await stream.idle()
    with pytest.raises(InvalidArgument):
        inbox.take()


async def test_an_inbox_that_was_closed_reads_no_further() -> None:
    read = list[int]()

    async def endless() -> AsyncIterator[int]:
        while True:
            await asyncio.sleep(0)
            read.append(1)
            yield 1

    inbox = Inbox(endless(), lambda: None)
    # Nor does one that nobody takes from read without end.
    for _ in range(3 * MOST_WAITING):
        await asyncio.sleep(0)
    assert len(read) == MOST_WAITING
    assert inbox.take() == read
    for _ in range(5):
        await asyncio.sleep(0)
    inbox.close()
    for _ in range(5):
        await asyncio.sleep(0)
    count = len(read)
    assert count > MOST_WAITING
    for _ in range(5):
        await asyncio.sleep(0)
    assert len(read) == count
