"""How often one address may sign users up."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class SignUpAllowance:
    """A token bucket: ``burst`` sign-ups at once, one more every ``refill_s`` seconds."""

    burst: int
    refill_s: float

    @property
    def refill_ms(self) -> int:
        """The same in whole milliseconds, from 1."""
        return max(1, round(self.refill_s * 1000))


class SignUpLimiter(Protocol):
    """A token bucket for each client address, shared by all instances. Fails OPEN.

    An address must be told apart from others and never kept as it is.
    """

    async def take(self, address: str, now: datetime) -> float:
        """Takes a token; 0 when there was one, else in how many seconds there will be.

        A refused attempt must take nothing.
        """
        ...
