"""Instances of playback that are killed again and again, while others of them serve."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests.mesh.mesh_processes import Seen, processes, scale, until, until_ready

# The wait before the next start doubles with every early death, and begins anew after 10 s of life.
_BURST = 4
_REST_S = 10.5
_LONGEST_PAUSE_S = 1.0
# The edge asks once a second who is there.
_SETTLES_S = 2.0


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
    """SIGKILLs that many processes at random moments of their lives, and sees all come back.

    Another one has served for a while whenever one dies: there is always someone to turn to. How
    long a process takes to start sets the pace: on two busy cores there is a kill in three seconds.
    """
    before = await _restarts(folder, names)
    reign = _Reign(dict.fromkeys(names, 0))
    while sum(reign.deaths.values()) < kills:
        await asyncio.sleep(random.uniform(0, _LONGEST_PAUSE_S))
        seen = await processes(folder)
        victims = reign.victims([seen[name] for name in names], time.monotonic())
        if victims:
            reign.kill(random.choice(victims))

    async def noticed() -> bool:
        return await _restarts(folder, names) - before >= kills

    await until(noticed, "nobody noticed who died last")
    await until_ready(folder)
    assert await _restarts(folder, names) - before >= kills


@dataclass(slots=True)
class _Reign:
    """How often instances died, and since when (monotonic) each of their lives is ready."""

    deaths: dict[str, int]
    ready_at: dict[tuple[str, int], float] = field(default_factory=dict)
    killed: set[tuple[str, int]] = field(default_factory=set)

    def victims(self, instances: Sequence[Seen], now: float) -> list[Seen]:
        """Those that may die now."""
        ready = [each for each in instances if each.state == "ready"]
        # The supervisor may not know yet that a process is dead.
        ready = [each for each in ready if _life(each) not in self.killed]
        for each in ready:
            self.ready_at.setdefault(_life(each), now)
        served = [each.name for each in ready if self._age(each, now) >= _SETTLES_S]
        return [
            each
            for each in ready
            if set(served) - {each.name} and not self._rests(each, now) and self._has_turn(each)
        ]

    def kill(self, victim: Seen) -> None:
        """Kills one."""
        assert victim.pid is not None
        os.kill(victim.pid, signal.SIGKILL)
        self.killed.add(_life(victim))
        self.deaths[victim.name] += 1

    def _age(self, one: Seen, now: float) -> float:
        return now - self.ready_at[_life(one)]

    def _rests(self, one: Seen, now: float) -> bool:
        died = self.deaths[one.name]
        return died > 0 and died % _BURST == 0 and self._age(one, now) < _REST_S

    def _has_turn(self, one: Seen) -> bool:
        """Not where others wait: who dies as soon as it is ready never serves in their place."""
        return self.deaths[one.name] < min(self.deaths.values()) + _BURST


def _life(one: Seen) -> tuple[str, int]:
    return one.name, one.restarts


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
