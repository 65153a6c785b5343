"""The tier table says what the plans promise."""

from __future__ import annotations

from edge.identity.domain.plans import PLANS, Tier, plan_of


def test_the_free_plan_comes_first_and_every_tier_has_one() -> None:
    assert [plan.tier for plan in PLANS] == [Tier.FREE, Tier.PREMIUM]
    assert {plan.tier for plan in PLANS} == set(Tier)


def test_the_free_plan_streams_three_gigabytes_in_three_rungs() -> None:
    free = plan_of(Tier.FREE)
    assert free.rungs == ("128", "192", "256")
    assert (free.premium_tracks, free.monthly_data_limit_gb) == (False, 3.0)
    assert (free.offline_tracks, free.offline_storage_gb) == (3, None)


def test_the_premium_plan_is_unlimited_and_lossless() -> None:
    premium = plan_of(Tier.PREMIUM)
    assert premium.rungs == ("128", "192", "256", "320", "flac")
    assert (premium.premium_tracks, premium.monthly_data_limit_gb) == (True, None)
    assert (premium.offline_tracks, premium.offline_storage_gb) == (10_000, 50.0)
