"""The list of the most played tracks in this process's memory."""

from __future__ import annotations

import time
from collections.abc import Callable

from catalog_svc.domain.plays import MostPlayed

_KEPT_S = 3_600.0
_LOADING_S = 5.0


class MemoryMostPlayed:
    """A ``MostPlayedCache`` of one process; ``now_s`` is a clock that never goes back.

    It can be taken away with ``away``.
    """

    def __init__(self, now_s: Callable[[], float] = time.monotonic) -> None:
        self.away = False
        self._now_s = now_s
        self._held: tuple[float, MostPlayed] | None = None
        self._loading_until = float("-inf")

    async def get(self) -> MostPlayed | None:
        if self.away or self._held is None or self._now_s() >= self._held[0]:
            return None
        return self._held[1]

    async def may_load(self) -> bool:
        if not self.away and self._now_s() < self._loading_until:
            return False
        self._loading_until = self._now_s() + _LOADING_S
        return True

    async def put(self, most_played: MostPlayed) -> None:
        self._loading_until = float("-inf")
        held = await self.get()
        newer = held is None or held.made_at_ms < most_played.made_at_ms
        if newer and most_played.tracks and not self.away:
            self._held = (self._now_s() + _KEPT_S, most_played)
