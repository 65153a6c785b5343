"""Real time, and real time sped up."""

from __future__ import annotations

import asyncio
import time


class ScaledClock:
    """A clock that runs ``speed`` times as fast as the one on the wall (1.0: real time).

    Sped up, playing, link throttling and measuring all shrink alike; what costs computing time does
    not, so that latencies read larger than they are.
    """

    def __init__(self, speed: float = 1.0) -> None:
        if not 0 < speed <= 1000:
            raise ValueError("speed must be above 0 and at most 1000")
        self.speed = speed
        self._start = time.monotonic()

    def now(self) -> float:
        """Seconds of this clock since it was made."""
        return (time.monotonic() - self._start) * self.speed

    async def sleep(self, seconds: float) -> None:
        """Wait that many seconds of this clock."""
        await asyncio.sleep(max(0.0, seconds) / self.speed)
