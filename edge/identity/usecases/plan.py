"""``PlanService``: the plans that there are."""

from __future__ import annotations

from collections.abc import Sequence

from edge.identity.domain.plans import PLANS, Plan


def list_plans() -> Sequence[Plan]:
    """Every plan, the cheapest first."""
    return PLANS
