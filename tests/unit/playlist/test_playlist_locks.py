"""Locks of playlists: one at a time, a bounded queue, nothing left behind."""

from __future__ import annotations

import asyncio

import pytest

from meshkit.faults import Unavailable
from playlist_svc.adapters.playlist_locks import PlaylistLocks


async def test_one_at_a_time_is_at_a_playlist_and_first_come_is_first_served() -> None:
    locks, order, inside = PlaylistLocks(), list[int](), 0

    async def work(number: int) -> None:
        nonlocal inside
        async with locks.hold("hot"):
            inside += 1
            assert inside == 1
            await asyncio.sleep(0)
            order.append(number)
            inside -= 1

    await asyncio.gather(*map(work, range(20)))
    assert order == list(range(20))
    assert len(locks) == 0


async def test_others_do_not_wait_for_a_hot_playlist() -> None:
    locks = PlaylistLocks()
    async with locks.hold("hot"), locks.hold("other"):
        assert len(locks) == 2
    assert len(locks) == 0


async def test_more_than_may_wait_are_shed_at_once_and_let_in_later() -> None:
    locks, done = PlaylistLocks(most_waiting=2), list[int]()

    async def work(number: int) -> None:
        async with locks.hold("hot"):
            await asyncio.sleep(0)
            done.append(number)

    answers = await asyncio.gather(*map(work, range(5)), return_exceptions=True)
    assert done == [0, 1, 2]
    shed = [answer for answer in answers if isinstance(answer, Unavailable)]
    assert [(one.reason, one.retry_after_s) for one in shed] == [("OVERLOADED", 1.0)] * 2
    await work(3)
    assert done == [0, 1, 2, 3]
    assert len(locks) == 0


async def test_whoever_gives_up_or_fails_leaves_the_queue() -> None:
    locks = PlaylistLocks(wait_s=0.01)
    async with locks.hold("hot"):
        waiting = asyncio.create_task(_pass(locks))
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        with pytest.raises(Unavailable) as late:
            await _pass(locks)
        assert late.value.reason == "OVERLOADED"
    with pytest.raises(KeyError):
        async with locks.hold("hot"):
            raise KeyError("a decision")
    assert len(locks) == 0
    await _pass(locks)


async def _pass(locks: PlaylistLocks) -> None:
    async with locks.hold("hot"):
        pass
