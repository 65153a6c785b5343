"""Turns at a playlist: one at a time, a bounded queue, nothing left behind."""

from __future__ import annotations

import asyncio

import pytest

from meshkit.faults import Unavailable
from playlist_svc.adapters.turns import Turns


async def test_one_at_a_time_is_at_a_playlist_and_first_come_is_first_served() -> None:
    turns, order, inside = Turns(), list[int](), 0

    async def work(number: int) -> None:
        nonlocal inside
        async with turns.turn("hot"):
            inside += 1
            assert inside == 1
            await asyncio.sleep(0)
            order.append(number)
            inside -= 1

    await asyncio.gather(*map(work, range(20)))
    assert order == list(range(20))
    assert len(turns) == 0


async def test_others_do_not_wait_for_a_hot_playlist() -> None:
    turns = Turns()
    async with turns.turn("hot"), turns.turn("other"):
        assert len(turns) == 2
    assert len(turns) == 0


async def test_more_than_may_wait_are_shed_at_once_and_let_in_later() -> None:
    turns, done = Turns(most_waiting=2), list[int]()

    async def work(number: int) -> None:
        async with turns.turn("hot"):
            await asyncio.sleep(0)
            done.append(number)

    answers = await asyncio.gather(*map(work, range(5)), return_exceptions=True)
    assert done == [0, 1, 2]
    shed = [answer for answer in answers if isinstance(answer, Unavailable)]
    assert [(one.reason, one.retry_after_s) for one in shed] == [("OVERLOADED", 1.0)] * 2
    await work(3)
    assert done == [0, 1, 2, 3]
    assert len(turns) == 0


async def test_whoever_gives_up_or_fails_leaves_the_queue() -> None:
    turns = Turns(wait_s=0.01)
    async with turns.turn("hot"):
        waiting = asyncio.create_task(_pass(turns))
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        with pytest.raises(Unavailable) as late:
            await _pass(turns)
        assert late.value.reason == "OVERLOADED"
    with pytest.raises(KeyError):
        async with turns.turn("hot"):
            raise KeyError("a decision")
    assert len(turns) == 0
    await _pass(turns)


async def _pass(turns: Turns) -> None:
    async with turns.turn("hot"):
        pass
