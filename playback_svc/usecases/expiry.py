"""The sweep: stores what silence has ended."""

from __future__ import annotations

import asyncio

import structlog

from meshkit.faults import Aborted, Fault
from meshkit.leases import Lease
from playback_svc.domain.mailbox import CommandKind
from playback_svc.domain.player_state import Status
from playback_svc.ports.clock import Clock
from playback_svc.ports.upkeep import FIRST, Upkeep
from playback_svc.usecases.commander import Commander, NotTheCurrentSession
from playback_svc.usecases.decisions import Decision, Snapshot, answer_of

EVERY_S = 10.0
BATCH = 200
LEASE_S = 30.0
# A live session's row is refreshed by a checkpoint a minute; only rows that missed one are asked
# about, and the live position then has the last word.
_MISSED_CHECKPOINT_MS = 90_000

_log = structlog.get_logger("playback")


class Expire:
    """Stores that a session is over, if silence has ended it."""

    def __init__(self, commander: Commander) -> None:
        self._commander = commander

    async def __call__(self, user_id: str) -> bool:
        """Whether the session was ended now. Raises Unavailable, Aborted."""
        try:
            await self._commander.execute(user_id, None, self._decide)
        except NotTheCurrentSession:
            return False
        return True

    @staticmethod
    async def _decide(snapshot: Snapshot) -> Decision:
        current = snapshot.state
        if current is None or current.status is not Status.STOPPED:
            raise NotTheCurrentSession
        answer = answer_of(current, current.position_at(snapshot.now_ms))
        return Decision(current, answer, CommandKind.STOP)


class Sweeper:
    """Runs in every instance; whoever holds the lease sweeps, a bounded batch at a time.

    Each sweep goes on where the one before stopped: rows of which only the live positions say that
    they are not over may be many, and must not keep it from the rest.
    """

    def __init__(self, upkeep: Upkeep, expire: Expire, *, lease: Lease, clock: Clock) -> None:
        self._upkeep = upkeep
        self._expire = expire
        self._lease = lease
        self._clock = clock
        self._after = FIRST

    async def run(self) -> None:
        """Sweep until cancelled; a store that is away is tried again at the next turn."""
        while True:
            await asyncio.sleep(EVERY_S)
            try:
                await self.sweep()
            except Fault as fault:
                _log.warning("sweep put off", reason=fault.reason)

    async def sweep(self) -> int:
        """One batch, if this instance leads; how many sessions it ended."""
        if not await self._lease.held():
            return 0
        before_ms = self._clock() - _MISSED_CHECKPOINT_MS
        batch = await self._upkeep.overdue(before_ms, BATCH, self._after)
        self._after = batch[-1] if len(batch) == BATCH else FIRST
        ended = 0
        for one in batch:
            try:
                ended += await self._expire(one.user_id)
            except Aborted:
                continue
        return ended
