"""Work beside a server goes on for as long as the server does."""

from __future__ import annotations

import asyncio

import pytest

from meshkit import background
from meshkit.background import regularly, running
from meshkit.faults import Unavailable


async def test_work_that_fails_is_begun_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(background, "_RESTART_S", 0.0)
    begun: list[int] = []
    third = asyncio.Event()

    async def work() -> None:
        begun.append(1)
        if len(begun) == 3:
            third.set()
            await asyncio.Event().wait()
        raise ValueError("a bug")

    async with running(work):
        async with asyncio.timeout(5):
            await third.wait()
    assert len(begun) == 3


async def test_work_is_cancelled_at_the_end_the_last_first() -> None:
    ended: list[str] = []

    def named(name: str) -> object:
        async def work() -> None:
            try:
                await asyncio.Event().wait()
            finally:
                ended.append(name)

        return work

    async with running(named("first"), named("second")):  # type: ignore[arg-type]
        await asyncio.sleep(0)
    assert ended == ["second", "first"]


async def test_a_chore_that_a_store_puts_off_is_done_the_next_time() -> None:
    tries: list[int] = []
    done = asyncio.Event()

    async def chore() -> None:
        tries.append(1)
        if len(tries) == 1:
            raise Unavailable("away")
        done.set()

    async with running(lambda: regularly(0.001, chore)):
        async with asyncio.timeout(5):
            await done.wait()
    assert len(tries) >= 2


async def test_work_whose_driver_swallows_a_cancellation_is_ended_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(background, "_CANCEL_AGAIN_S", 0.001)
    swallowed: list[str] = []

    async def work() -> None:
        while True:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                if swallowed:
                    raise
                swallowed.append("once")

    async with asyncio.timeout(10), running(work):
        await asyncio.sleep(0)
    assert swallowed == ["once"]
