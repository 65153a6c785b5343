"""Work beside the server: what runs until the process ends, and what is done now and then."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import structlog

from meshkit import telemetry
from meshkit.faults import Fault

_RESTART_S = 1.0
_CANCEL_AGAIN_S = 1.0

_log = structlog.get_logger("background")


@asynccontextmanager
async def running(*work: Callable[[], Coroutine[Any, Any, None]]) -> AsyncIterator[None]:
    """Runs ``work`` beside the block and cancels it, last started first, at the end.

    What fails unexpectedly is logged, counted and begun again after a second: a process that
    served on without it would acknowledge what nobody does.
    """
    async with AsyncExitStack() as stack:
        for one in work:
            stack.push_async_callback(ended, asyncio.create_task(_kept_up(one)))
        yield


async def _kept_up(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    task = asyncio.current_task()
    while task is None or not task.cancelling():
        try:
            await work()
        except Exception as error:  # noqa: BLE001 - nobody else would begin it again
            name = getattr(work, "__qualname__", "work")
            telemetry.degraded.labels(part=name, mode="restarted").inc()
            _log.error("background work failed", work=name, exc_info=error)
            await asyncio.sleep(_RESTART_S)
        else:
            return


async def ended(task: asyncio.Task[None]) -> None:
    """Cancels a task and waits for its end.

    Again and again: a driver may take a cancellation for its own and swallow it, and a loop that
    begins anew after every fault would then go on for ever.
    """
    while not task.done():
        task.cancel()
        await asyncio.wait({task}, timeout=_CANCEL_AGAIN_S)


async def unless(stop: asyncio.Event, work: Coroutine[Any, Any, None]) -> bool:
    """Does ``work``, but not longer than until ``stop`` is set; whether it was done."""
    doing, stopping = asyncio.ensure_future(work), asyncio.ensure_future(stop.wait())
    try:
        await asyncio.wait({doing, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if not doing.done():
            return False
        doing.result()
        return True
    finally:
        for task in (doing, stopping):
            task.cancel()
        await asyncio.wait({doing, stopping})


async def regularly(every_s: float, *chores: Callable[[], Awaitable[object]]) -> None:
    """Does ``chores`` every so many seconds, the first time after that; a fault puts one off."""
    while True:
        await asyncio.sleep(every_s)
        for chore in chores:
            try:
                await chore()
            except Fault as fault:
                _log.warning("put off", reason=fault.reason)
