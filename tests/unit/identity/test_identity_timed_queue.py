"""Nobody waits for a thread in vain: what would not be done in its time is refused early."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator

import pytest

from edge.identity.adapters.argon2.timed_queue import TimedQueue
from meshkit.faults import Unavailable

THREADS = 2


class Time:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class Gate:
    """Work that holds its thread until it is let through, or for so long by the clock."""

    def __init__(self) -> None:
        self.done = threading.Event()

    def __call__(self) -> str:
        assert self.done.wait(30)
        return "done"


@pytest.fixture
def now() -> Time:
    return Time()


@pytest.fixture
def queue(now: Time) -> Iterator[TimedQueue]:
    """Work takes a second, as far as is known."""
    made = TimedQueue(THREADS, assumed_s=1.0, monotonic=now)
    yield made
    made.close()


async def started(*work: asyncio.Task[str]) -> tuple[asyncio.Task[str], ...]:
    """Lets tasks come to where they wait."""
    for _ in range(3):
        await asyncio.sleep(0)
    return work


def begin(queue: TimedQueue, work: Callable[[], str], within_s: float = 30.0) -> asyncio.Task[str]:
    return asyncio.create_task(queue.run(work, within_s=within_s))


async def test_idle_threads_take_whatever_comes(queue: TimedQueue) -> None:
    for _ in range(2 * THREADS):
        assert await queue.run(lambda: "done", within_s=0.001) == "done"


@pytest.mark.parametrize(("ahead", "needed_s"), [(0, 2.0), (1, 2.0), (2, 3.0), (3, 3.0), (4, 4.0)])
async def test_what_would_be_late_by_the_wait_that_is_known_is_refused_at_once(
    queue: TimedQueue, ahead: int, needed_s: float
) -> None:
    gate = Gate()
    busy = await started(*(begin(queue, gate) for _ in range(THREADS + ahead)))
    with pytest.raises(Unavailable) as refused:
        await queue.run(gate, within_s=needed_s - 0.001)
    assert (refused.value.reason, refused.value.retry_after_s) == ("OVERLOADED", needed_s)
    waiting = await started(begin(queue, gate, needed_s))
    assert queue.length == ahead + 1
    gate.done.set()
    assert set(await asyncio.gather(*busy, *waiting)) == {"done"}


async def test_who_waits_is_refused_as_soon_as_others_turn_out_to_take_longer(
    queue: TimedQueue, now: Time
) -> None:
    first, rest = Gate(), Gate()
    running = await started(begin(queue, first), begin(queue, rest))
    patient, hurried = await started(begin(queue, rest, 30.0), begin(queue, rest, 3.0))
    now.now = 2.5
    first.done.set()
    assert await running[0] == "done"
    with pytest.raises(Unavailable) as refused:
        await hurried
    assert refused.value.reason == "OVERLOADED"
    rest.done.set()
    assert await patient == "done"
    assert await running[1] == "done"


async def test_the_first_in_line_is_not_begun_when_it_cannot_be_done_any_more(
    queue: TimedQueue, now: Time
) -> None:
    gate = Gate()
    running = await started(*(begin(queue, gate) for _ in range(THREADS)))
    late = (await started(begin(queue, gate, 2.0)))[0]
    now.now = 1.5
    gate.done.set()
    with pytest.raises(Unavailable):
        await late
    await asyncio.gather(*running)


async def test_work_that_fails_frees_its_thread(queue: TimedQueue) -> None:
    def fail() -> str:
        raise ValueError("no")

    for _ in range(THREADS + 1):
        with pytest.raises(ValueError, match="no"):
            await queue.run(fail, within_s=30)
    assert await queue.run(lambda: "done", within_s=30) == "done"


async def test_a_bad_hour_is_forgotten(queue: TimedQueue, now: Time) -> None:
    def slow() -> str:
        now.now += 60
        return "done"

    await queue.run(slow, within_s=1)
    for _ in range(30):
        await queue.run(lambda: "done", within_s=1)
    gate = Gate()
    running = await started(*(begin(queue, gate) for _ in range(THREADS)))
    waiting = await started(begin(queue, gate, 1.0))
    gate.done.set()
    assert set(await asyncio.gather(*running, *waiting)) == {"done"}


async def test_who_leaves_while_waiting_gives_up_the_place(queue: TimedQueue) -> None:
    gate = Gate()
    running = await started(*(begin(queue, gate) for _ in range(THREADS)))
    leaving, staying = await started(begin(queue, gate), begin(queue, gate))
    leaving.cancel()
    await started()
    assert queue.length == 1
    gate.done.set()
    assert set(await asyncio.gather(*running, staying)) == {"done"}
    assert leaving.cancelled()


async def test_who_leaves_while_a_thread_works_frees_it_when_the_work_is_done(
    queue: TimedQueue,
) -> None:
    gate = Gate()
    for leaving in await started(*(begin(queue, gate) for _ in range(THREADS))):
        leaving.cancel()
    waiting = (await started(begin(queue, gate)))[0]
    assert queue.length == 1
    gate.done.set()
    assert await waiting == "done"


async def test_whose_turn_comes_as_they_leave_passes_it_on(queue: TimedQueue) -> None:
    gate = Gate()
    running = await started(*(begin(queue, gate) for _ in range(THREADS)))
    waiting = await started(begin(queue, lambda: "done"))
    gate.done.set()
    await asyncio.gather(*running)
    for one in waiting:
        one.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    for _ in range(THREADS + 1):
        assert await queue.run(lambda: "done", within_s=30) == "done"
