"""How the requests of a held stream come: one task reads on while the stream does other things."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from meshkit.faults import InvalidArgument
from meshkit.stream_ends import SERVICE, HeldStream
from playback_svc.servicers.holding import MOST_WAITING, Inbox


async def three() -> AsyncIterator[int]:
    for number in range(1, 4):
        await asyncio.sleep(0)
        yield number


async def test_an_inbox_reads_one_request_at_a_time_and_loses_none() -> None:
    stream = HeldStream(SERVICE)
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

    stream = HeldStream(SERVICE)
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
