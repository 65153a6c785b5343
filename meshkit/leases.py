"""Leases: of several instances one does a piece of work, and another soon after it is gone.

A lease saves work; it guards nothing. A holder that was stopped for longer than its lease may go
on for a moment beside the next one, so what is done under a lease must bear being done twice.

The memory leases stand here, the PostgreSQL ones in ``meshkit.leases_postgres``.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Protocol
from uuid import uuid4

TTL_S = 10.0
"""How long a lease outlives a holder that was killed, in seconds."""


class Leases(Protocol):
    """Who holds what, agreed among the instances that share a store."""

    async def claim(self, name: str, holder: str, ttl_s: float) -> bool:
        """Whether ``holder`` holds ``name`` for the next ``ttl_s`` seconds.

        Must give a lease to one holder until it is released or has run out, and must renew that
        of whoever holds it. Raises ``Unavailable`` when the store cannot answer.
        """
        ...

    async def release(self, name: str, holder: str) -> None:
        """Must free ``name`` if ``holder`` holds it, and otherwise change nothing."""
        ...


class Lease:
    """One named lease as one instance sees it; ``holder`` is unique unless it is given."""

    def __init__(
        self, leases: Leases, name: str, *, holder: str = "", ttl_s: float = TTL_S
    ) -> None:
        self._leases = leases
        self._name = name
        self._holder = holder or uuid4().hex
        self._ttl_s = ttl_s
        self._asked_at: float | None = None

    @property
    def renew_s(self) -> float:
        """Seconds between two claims: two of them may fail before a held lease runs out."""
        return self._ttl_s / 3

    async def held(self) -> bool:
        """Whether the work is this instance's; asks the store only when a claim is due.

        Call it before each piece of work and at least every ``renew_s`` seconds. Raises
        ``Unavailable`` when the store cannot answer.
        """
        now = time.monotonic()
        if self._asked_at is None or now - self._asked_at >= self.renew_s:
            self._asked_at = None
            if await self._leases.claim(self._name, self._holder, self._ttl_s):
                self._asked_at = now
        return self._asked_at is not None

    async def release(self) -> None:
        """Lets another instance begin at once. Raises ``Unavailable`` like ``held``."""
        self._asked_at = None
        await self._leases.release(self._name, self._holder)


class MemoryLeases:
    """Leases inside one process; ``now_s`` is a clock that never goes back, in seconds."""

    def __init__(self, now_s: Callable[[], float] = time.monotonic) -> None:
        self._now_s = now_s
        self._held: dict[str, tuple[str, float]] = {}

    async def claim(self, name: str, holder: str, ttl_s: float) -> bool:
        now_s = self._now_s()
        held_by, until_s = self._held.get(name, (holder, now_s))
        if held_by != holder and now_s < until_s:
            return False
        self._held[name] = (holder, now_s + ttl_s)
        return True

    async def release(self, name: str, holder: str) -> None:
        if name in self._held and self._held[name][0] == holder:
            del self._held[name]
