"""A slow link, simulated: a token bucket in front of a fetcher, after a schedule of rates."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator, Sequence

from player.domain.playlist import Resource
from player.ports import Clock, Fetcher


class RateSchedule:
    """Link rates over time: ``[(seconds, kbps), …]``; the last rate goes on for ever.

    A rate of 0 is a dead link; the last one must not be dead.
    """

    def __init__(self, steps: Sequence[tuple[float, float]]) -> None:
        if not steps or steps[-1][1] <= 0:
            raise ValueError("a rate schedule needs at least one step and must not end dead")
        if any(seconds <= 0 or kbps < 0 or not math.isfinite(kbps) for seconds, kbps in steps):
            raise ValueError("a step lasts more than 0 seconds at 0 or more kbit/s")
        self._steps = tuple(steps)

    def transfer_s(self, size_bytes: int, elapsed_s: float) -> float:
        """How long ``size_bytes`` take when their transfer starts at ``elapsed_s``."""
        left, took_s, skip_s = size_bytes * 8 / 1000, 0.0, elapsed_s
        if left == 0:
            return 0.0
        for seconds, kbps in self._steps[:-1]:
            holds_s = max(0.0, seconds - skip_s)
            skip_s = max(0.0, skip_s - seconds)
            if left <= kbps * holds_s:
                return took_s + left / kbps
            left -= kbps * holds_s
            took_s += holds_s
        return took_s + left / self._steps[-1][1]


class ThrottledFetcher:
    """Decorates a Fetcher: all its transfers share one link that follows a RateSchedule.

    ``latency_s`` is waited before the first byte of each request. The schedule starts with the
    first request, and runs on the same clock as playback.
    """

    def __init__(
        self, inner: Fetcher, schedule: RateSchedule, clock: Clock, *, latency_s: float = 0.0
    ) -> None:
        self._inner = inner
        self._schedule = schedule
        self._clock = clock
        self._latency_s = latency_s
        self._start: float | None = None
        self._free_at = 0.0
        self._link = asyncio.Lock()

    async def stream(self, resource: Resource) -> AsyncIterator[bytes]:
        """See Fetcher.stream."""
        if self._start is None:
            self._start = self._clock.now()
        await self._clock.sleep(self._latency_s)
        # The bytes' time on the link starts when they were asked for, not when they are here.
        asked = self._clock.now() - self._start
        async for chunk in self._inner.stream(resource):
            async with self._link:
                begin = max(self._free_at, asked)
                self._free_at = begin + self._schedule.transfer_s(len(chunk), begin)
            await self._clock.sleep(self._start + self._free_at - self._clock.now())
            yield chunk

    async def close(self) -> None:
        """Close what is decorated."""
        await self._inner.close()
