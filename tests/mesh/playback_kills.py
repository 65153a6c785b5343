"""Instances of playback that are killed again and again, while others of them serve."""

from __future__ import annotations

import asyncio
import os
import random
import signal
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from tests.mesh.mesh_processes import Seen, processes, scale, until, until_ready

# The wait before the next start doubles with every early death, and begins anew after 10 s of life.
_BURST = 4
_REST_S = 10.5
_LONGEST_LIFE_S = 1.2


@asynccontextmanager
async def playback_instances(folder: Path, count: int) -> AsyncIterator[list[str]]:
    """So many instances of playback, and two again at the end."""
    try:
        names = await scale(folder, "playback", count)
        await until_ready(folder)
        yield names
    finally:
        await until_ready(folder)
        await scale(folder, "playback", 2)


async def kill_at_random(folder: Path, names: Sequence[str], kills: int) -> None:
    """SIGKILLs that many processes, each at a random moment of its life, and sees all come back.

    Every instance dies in bursts and rests between them, since the supervisor waits ever longer
    before it starts a process that dies young. Some 2 s a kill and instance.
    """
    before = await _restarts(folder, names)
    shares = [kills // len(names) + (number < kills % len(names)) for number in range(len(names))]
    async with asyncio.TaskGroup() as group:
        for name, share in zip(names, shares, strict=True):
            group.create_task(_kill_again_and_again(folder, name, share))
    await until_ready(folder)
    assert await _restarts(folder, names) - before == kills


async def _kill_again_and_again(folder: Path, name: str, kills: int) -> None:
    await asyncio.sleep(random.uniform(0, 2))
    for number in range(kills):
        if number and number % _BURST == 0:
            await asyncio.sleep(_REST_S)
        victim = await _ready(folder, name)
        await asyncio.sleep(random.uniform(0, _LONGEST_LIFE_S))
        assert victim.pid is not None
        os.kill(victim.pid, signal.SIGKILL)
        await _noticed(folder, victim)


async def _ready(folder: Path, name: str) -> Seen:
    async def ready() -> Seen | None:
        seen = (await processes(folder))[name]
        return seen if seen.state == "ready" else None

    found: Seen = await until(ready, f"{name} did not come back")
    return found


async def _noticed(folder: Path, victim: Seen) -> None:
    """Returns when the supervisor knows that the process has died."""

    async def noticed() -> bool:
        return (await processes(folder))[victim.name].restarts > victim.restarts

    await until(noticed, f"nobody noticed that {victim.name} died")


async def _restarts(folder: Path, names: Sequence[str]) -> int:
    seen = await processes(folder)
    return sum(seen[name].restarts for name in names)


@asynccontextmanager
async def beside(work: asyncio.Task[None]) -> AsyncIterator[None]:
    """Ends a task that runs beside the block; what it raised is raised here."""
    try:
        yield
    finally:
        work.cancel()
        with suppress(asyncio.CancelledError):
            await work
