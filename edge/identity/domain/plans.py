"""The tier table: what each plan allows. Nothing else in Segue knows these numbers."""

from __future__ import annotations

import enum
from dataclasses import dataclass


class Tier(enum.Enum):
    """The plan a user is on; the value is the ``tier`` claim of an access token."""

    FREE = "free"
    PREMIUM = "premium"


@dataclass(frozen=True, slots=True)
class Plan:
    """What a plan allows. None means unlimited, or bounded by another limit alone.

    ``rungs`` rise in quality; gigabytes are 10^9 bytes; a month is a calendar month in UTC;
    offline tracks count for each user on FREE and for each device on PREMIUM; a skip window
    lasts 1800 s.
    """

    tier: Tier
    rungs: tuple[str, ...]
    premium_tracks: bool
    monthly_data_limit_gb: float | None
    offline_tracks: int
    offline_storage_gb: float | None
    skips_per_window: int | None


PLANS: tuple[Plan, ...] = (
    Plan(
        tier=Tier.FREE,
        rungs=("128", "192", "256"),
        premium_tracks=False,
        monthly_data_limit_gb=3.0,
        offline_tracks=3,
        offline_storage_gb=None,
        skips_per_window=3,
    ),
    Plan(
        tier=Tier.PREMIUM,
        rungs=("128", "192", "256", "320", "flac"),
        premium_tracks=True,
        monthly_data_limit_gb=None,
        offline_tracks=10_000,
        offline_storage_gb=50.0,
        skips_per_window=3,
    ),
)
"""Every plan, the free one first."""

_BY_TIER = {plan.tier: plan for plan in PLANS}


def plan_of(tier: Tier) -> Plan:
    """The plan that belongs to a tier."""
    return _BY_TIER[tier]
