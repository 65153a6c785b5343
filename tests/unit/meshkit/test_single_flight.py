"""Work that is done once for all who ask for it."""

from __future__ import annotations

import asyncio
from contextvars import ContextVar

import pytest

from meshkit.faults import Unavailable
from meshkit.single_flight import SingleFlight

_ASKER: ContextVar[str] = ContextVar("asker", default="nobody")


class Counted:
    """Answers with the number of its run once the gate is open; the first runs may fail."""

    def __init__(self, failing: int = 0) -> None:
        self.runs = 0
        self.gate = asyncio.Event()
        self._failing = failing

    async def __call__(self) -> int:
        self.runs += 1
        run = self.runs
        await self.gate.wait()
        if run <= self._failing:
            raise Unavailable("away")
        return run


async def test_all_who_ask_at_once_and_soon_after_get_one_run() -> None:
    shared, work = SingleFlight[str, int](kept_s=600), Counted()
    asked = [asyncio.create_task(shared("a", work)) for _ in range(5)]
    await asyncio.sleep(0)
    work.gate.set()
    assert await asyncio.gather(*asked) == [1] * 5
    assert await shared("a", work) == 1
    assert await shared("b", work) == 2


async def test_a_result_is_forgotten_when_its_time_is_over() -> None:
    shared, work = SingleFlight[str, int](kept_s=0.01), Counted()
    work.gate.set()
    assert await shared("a", work) == 1
    while await shared("a", work) == 1:
        await asyncio.sleep(0)
    assert work.runs == 2


async def test_who_is_cancelled_leaves_the_run_to_the_others() -> None:
    shared, work = SingleFlight[str, int](), Counted()
    first, second = (asyncio.create_task(shared("a", work)) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    work.gate.set()
    assert await second == 1


async def test_a_failure_goes_to_all_who_wait_and_is_not_kept() -> None:
    shared, work = SingleFlight[str, int](), Counted(failing=1)
    asked = [asyncio.create_task(shared("a", work)) for _ in range(3)]
    await asyncio.sleep(0)
    work.gate.set()
    results = await asyncio.gather(*asked, return_exceptions=True)
    assert [type(one) for one in results] == [Unavailable] * 3
    assert await shared("a", work) == 2


async def test_more_than_the_limit_pushes_out_what_was_asked_for_longest_ago() -> None:
    shared, work = SingleFlight[str, int](limit=2, kept_s=600), Counted()
    work.gate.set()
    assert [await shared(key, work) for key in "abac"] == [1, 2, 1, 3]
    assert [await shared(key, work) for key in "acb"] == [1, 3, 4]


async def test_work_has_nothing_of_who_asked_first() -> None:
    async def asker() -> str:
        return _ASKER.get()

    _ASKER.set("ann")
    assert await SingleFlight[str, str]()("a", asker) == "nobody"


async def test_what_is_not_kept_is_done_anew_as_soon_as_it_is_done() -> None:
    flights, work = SingleFlight[str, int](), Counted()
    work.gate.set()
    assert [await flights("a", work) for _ in range(3)] == [1, 2, 3]


async def test_what_all_have_left_can_be_waited_for_and_its_failure_is_nobodys() -> None:
    flights, work = SingleFlight[str, int](), Counted(failing=1)
    asked = asyncio.create_task(flights("a", work))
    await asyncio.sleep(0)
    asked.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asked
    asyncio.get_running_loop().call_soon(work.gate.set)
    await flights.landed()
    assert work.runs == 1
    assert await flights("a", work) == 2
