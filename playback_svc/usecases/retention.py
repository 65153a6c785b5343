"""Forgetting: drops answers, commands, denials, sessions and deliveries that nobody may ask for."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from meshkit.faults import Fault
from meshkit.leases import Lease
from playback_svc.domain.mailbox import KEPT_MS
from playback_svc.ports.clock import Clock
from playback_svc.ports.deliveries import Deliveries
from playback_svc.ports.upkeep import Upkeep

EVERY_S = 20.0
BATCH = 2_000
BATCHES = 25
"""So many batches of each kind at a turn, at most: no kind keeps another waiting for long."""

SESSIONS_KEPT_MS = 90 * 24 * 3_600_000
"""A session is kept for this long after its end; a call that names it later is NOT_FOUND."""

BATCHES_KEPT_MS = 48 * 3_600_000
"""That a batch was counted is known for twice as long as it may be reported."""

DELIVERIES_KEPT_MS = 7 * 24 * 3_600_000
"""What a session was sent is kept for this long: for longer than one that never beats is held."""

LEASE_S = 30.0

_log = structlog.get_logger("playback")


class Retention:
    """Runs in every instance; whoever holds the lease drops what is old until nothing is left."""

    def __init__(
        self, upkeep: Upkeep, deliveries: Deliveries, *, lease: Lease, clock: Clock
    ) -> None:
        self._upkeep = upkeep
        self._deliveries = deliveries
        self._lease = lease
        self._clock = clock

    async def run(self) -> None:
        """Forget until cancelled; a store that is away is tried again at the next turn."""
        while True:
            await asyncio.sleep(EVERY_S)
            try:
                await self.forget()
            except Fault as fault:
                _log.warning("forgetting put off", reason=fault.reason)

    async def forget(self) -> int:
        """One turn, while this instance leads; how many rows it dropped. Raises Unavailable."""
        upkeep = self._upkeep
        dropped = await self._drop(upkeep.forget_answers, 0)
        dropped += await self._drop(upkeep.forget_commands, KEPT_MS)
        dropped += await self._drop(upkeep.forget_denials, 0)
        dropped += await self._drop(self._deliveries.forget_batches, BATCHES_KEPT_MS)
        dropped += await self._drop(self._deliveries.forget_segments, DELIVERIES_KEPT_MS)
        return dropped + await self._drop(upkeep.forget_sessions, SESSIONS_KEPT_MS)

    async def _drop(self, drop: Callable[[int, int], Awaitable[int]], kept_ms: int) -> int:
        dropped = 0
        for _ in range(BATCHES):
            if not await self._lease.held():
                break
            batch = await drop(self._clock() - kept_ms, BATCH)
            dropped += batch
            if batch < BATCH:
                break
        return dropped
