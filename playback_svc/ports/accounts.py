"""What identity tells of accounts that bears on what was given to them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class PlanSet:
    """A user is on this plan now, which may be the one of before."""

    user_id: str
    tier: str


@dataclass(frozen=True, slots=True)
class SignedOut:
    """A sign-in was revoked."""

    sid: str


AccountChange = PlanSet | SignedOut
"""One change of an account."""


class ToldPlans(Protocol):
    """Which plan each user is on, as identity told it last; read with the user's partition."""

    async def put(self, user_id: str, tier: str) -> None:
        """Must be read in the user's partition from its return on. Raises Unavailable."""
        ...

    async def forget_all(self) -> None:
        """Must leave nothing: what was told is not sure to be so any more. Raises Unavailable."""
        ...
