"""What identity tells of accounts that bears on what was given to them."""

from __future__ import annotations

from dataclasses import dataclass


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
