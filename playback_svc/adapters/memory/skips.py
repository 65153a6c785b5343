"""Skips counted in memory, for unit tests and for what needs no store."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from dataclasses import dataclass, field

from meshkit.faults import Unavailable
from meshkit.idempotency import reused
from playback_svc.ports.clock import Clock
from playback_svc.ports.skips import WINDOW_S, SkipAttempt, Tally


@dataclass
class _Counted:
    body_sha256: bytes
    takes: int = 1


_Window = dict[str, _Counted]


@dataclass
class MemorySkipWindows:
    """A ``SkipWindows`` by the time of ``clock``; it can be taken away with ``away``.

    Every call yields to the loop once, so that races are real.
    """

    clock: Clock
    away: bool = False
    _users: dict[str, dict[int, _Window]] = field(default_factory=lambda: defaultdict(dict))

    async def take(self, skip: SkipAttempt, limit: int) -> Tally:
        present, before = await self._windows(skip.user_id)
        for window in (present, before):
            if counted := window.get(skip.request_id):
                if counted.body_sha256 != skip.body_sha256:
                    raise reused()
                counted.takes += 1
                return self._tally(present)
        if len(present) >= limit:
            return self._tally(present, allowed=False)
        present[skip.request_id] = _Counted(skip.body_sha256)
        return self._tally(present, counted_now=True)

    async def give_back(self, skip: SkipAttempt) -> None:
        for window in await self._windows(skip.user_id):
            if window.get(skip.request_id) == _Counted(skip.body_sha256, takes=1):
                del window[skip.request_id]

    async def read(self, user_id: str) -> Tally:
        present, _ = await self._windows(user_id)
        return self._tally(present)

    async def erase(self, user_id: str) -> None:
        self._users.pop(user_id, None)

    async def _windows(self, user_id: str) -> tuple[_Window, _Window]:
        """The user's present window and the one before; older ones are forgotten."""
        await asyncio.sleep(0)
        if self.away:
            raise Unavailable("The skips cannot be counted now.", reason="STORE_UNAVAILABLE")
        now = self.clock() // 1000 // WINDOW_S
        held = self._users[user_id]
        kept = {window: held.get(window, {}) for window in (now, now - 1)}
        self._users[user_id] = kept
        return kept[now], kept[now - 1]

    def _tally(self, present: _Window, *, allowed: bool = True, counted_now: bool = False) -> Tally:
        left_s = WINDOW_S - self.clock() // 1000 % WINDOW_S
        return Tally(allowed, len(present), left_s, counted_now)
