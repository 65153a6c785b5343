"""Token buckets of one process."""

from __future__ import annotations

from datetime import datetime

from edge.identity.ports.sign_up_limiter import SignUpAllowance
from meshkit.clock import unix_ms


class MemorySignUpLimiter:
    """The ``SignUpLimiter`` of one process."""

    def __init__(self, allowance: SignUpAllowance) -> None:
        self._allowance = allowance
        self._full_at: dict[str, int] = {}

    async def take(self, address: str, now: datetime) -> float:
        now_ms, refill = unix_ms(now), self._allowance.refill_ms
        full_at = max(self._full_at.get(address, now_ms), now_ms) + refill
        wait = full_at - now_ms - self._allowance.burst * refill
        if wait > 0:
            return wait / 1000
        self._full_at[address] = full_at
        return 0.0
