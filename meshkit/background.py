"""Work beside the server: what runs until the process ends, and what is done now and then."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import structlog

from meshkit.faults import Fault

_log = structlog.get_logger("background")


@asynccontextmanager
async def running(*work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Runs ``work`` beside the block and cancels it, last started first, at the end."""
    async with AsyncExitStack() as stack:
        for one in work:
            stack.push_async_callback(_cancelled, asyncio.create_task(one))
        yield


async def _cancelled(task: asyncio.Task[None]) -> None:
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


async def regularly(every_s: float, *chores: Callable[[], Awaitable[object]]) -> None:
    """Does ``chores`` every so many seconds, the first time after that; a fault puts one off."""
    while True:
        await asyncio.sleep(every_s)
        for chore in chores:
            try:
                await chore()
            except Fault as fault:
                _log.warning("put off", reason=fault.reason)
