"""Work in threads behind a queue whose wait is known, so that nobody waits for nothing."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

from meshkit.faults import Unavailable

# How much of what was known before counts beside a piece of work that took less.
_KEPT = 0.8

T = TypeVar("T")


@dataclass(slots=True, eq=False)
class _Waiting:
    """Who waits for a thread, and when the work must be done (monotonic seconds)."""

    ends_at: float
    turn: asyncio.Future[None]


class TimedQueue:
    """Does pieces of work alike, ``threads`` at a time, in the order in which they came.

    How long one takes is learned from those that were done; ``assumed_s`` before there was one.
    What would not be done in its time is refused as OVERLOADED: at once where that is known when
    it comes, and otherwise as soon as the work before it turns out to take longer. Idle threads
    take whatever comes, so that what was learned in a bad hour is learned anew.
    """

    def __init__(
        self,
        threads: int,
        *,
        assumed_s: float,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._threads = threads
        self._monotonic = monotonic
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="argon2")
        self._takes_s = assumed_s
        self._running = 0
        self._waiting: list[_Waiting] = []

    @property
    def length(self) -> int:
        """How many wait for a thread."""
        return len(self._waiting)

    def close(self) -> None:
        """Ends the threads, after what runs in them."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    async def run(self, work: Callable[[], T], *, within_s: float) -> T:
        """What ``work`` returns; raises ``Unavailable`` where it would take more than ``within_s``.

        A caller who leaves while it waits gives up its place. One who leaves later does not end
        the work, which holds its thread until it is done.
        """
        await self._turn(within_s)
        future = self._pool.submit(self._timed, work)
        loop = asyncio.get_running_loop()
        future.add_done_callback(lambda done: _tell(loop, lambda: self._done(done)))
        result, _ = await asyncio.wrap_future(future)
        return result

    async def _turn(self, within_s: float) -> None:
        if self._running < self._threads:
            self._running += 1
            return
        if self._done_in_s(len(self._waiting)) > within_s:
            raise self._overloaded_error()
        turn = asyncio.get_running_loop().create_future()
        mine = _Waiting(self._monotonic() + within_s, turn)
        self._waiting.append(mine)
        try:
            await turn
        except asyncio.CancelledError:
            if mine in self._waiting:
                self._waiting.remove(mine)
            elif not turn.cancelled() and turn.exception() is None:
                self._give_up_place()
            raise

    def _done_in_s(self, ahead: int) -> float:
        """When what waits behind ``ahead`` others is done: all threads work, and begin anew."""
        return (math.ceil((ahead + 1) / self._threads) + 1) * self._takes_s

    def _overloaded_error(self) -> Unavailable:
        return Unavailable(
            "There are more passwords to hash than can be in time; nothing was done.",
            reason="OVERLOADED",
            retry_after_s=self._done_in_s(len(self._waiting)),
        )

    def _done(self, future: Future[tuple[T, float]]) -> None:
        if not future.cancelled() and future.exception() is None:
            _, took_s = future.result()
            # Slower counts at once, faster little by little: who waits is told the truth early.
            self._takes_s = max(took_s, _KEPT * self._takes_s + (1 - _KEPT) * took_s)
        self._give_up_place()

    def _give_up_place(self) -> None:
        self._running -= 1
        while self._waiting and self._running < self._threads:
            first = self._waiting.pop(0)
            if first.turn.done():
                continue
            if self._monotonic() + self._takes_s > first.ends_at:
                first.turn.set_exception(self._overloaded_error())
                continue
            self._running += 1
            first.turn.set_result(None)
        self._shed()

    def _shed(self) -> None:
        """Refuses who would be done too late, by what is known now."""
        now, kept = self._monotonic(), list[_Waiting]()
        for one in self._waiting:
            if one.turn.done():
                continue
            if now + self._done_in_s(len(kept)) > one.ends_at:
                one.turn.set_exception(self._overloaded_error())
            else:
                kept.append(one)
        self._waiting = kept

    def _timed(self, work: Callable[[], T]) -> tuple[T, float]:
        begun = self._monotonic()
        result = work()
        return result, self._monotonic() - begun


def _tell(loop: asyncio.AbstractEventLoop, done: Callable[[], None]) -> None:
    # A loop that is closed has nobody left who waits.
    if not loop.is_closed():
        loop.call_soon_threadsafe(done)
