"""Experiments for tests."""

from __future__ import annotations

from typing import Any

from meshkit.ulids import new_id
from rec_svc.domain.arm_statistics import ArmSums, Metric, Sums
from rec_svc.domain.experiments import Arm, Experiment, Parameters, Ranking

NOW_MS = 1_790_000_000_000
DAY_MS = 86_400_000
TWO_ARMS = (Arm("control", 50), Arm("popular", 50, Parameters(ranking=Ranking.POPULARITY)))


def a_draft(name: str = "popular-first", **fields: Any) -> Experiment:
    """A draft of two arms of one size."""
    given: dict[str, Any] = {
        "experiment_id": new_id(),
        "name": name,
        "layer": "default",
        "arms": TWO_ARMS,
        "planned_users": 1_000,
        "created_at_ms": NOW_MS,
    }
    return Experiment(**{**given, **fields})


def users(count: int) -> list[str]:
    """ULIDs of so many users, always the same."""
    return [f"01JD4Q8Z7Y1V9K2M5N6P7{n:05d}" for n in range(count)]


def arm_sums(arm: str, count: int, skips: int, plays: int = 1) -> ArmSums:
    """An arm of ``count`` users of ``plays`` plays each, ``skips`` of whom skip all of theirs."""
    sums = Sums(
        count, count * plays, skips * plays, count * plays**2, skips * plays**2, skips * plays**2
    )
    return ArmSums(arm, count, {Metric.SKIP_RATE: sums})
