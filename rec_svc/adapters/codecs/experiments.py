"""Experiments and looks as JSON, as they are stored and answered again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import astuple
from typing import Any

from rec_svc.domain.arm_statistics import ArmSums, Metric, Sums
from rec_svc.domain.buckets import BucketSet
from rec_svc.domain.experiment_reports import Look
from rec_svc.domain.experiments import Arm, Experiment, Parameters, Ranking, State

_PLAIN = (
    "experiment_id",
    "name",
    "layer",
    "planned_users",
    "created_at_ms",
    "description",
    "version",
    "started_at_ms",
    "stopped_at_ms",
    "conclusion",
    "winner",
)


def body_of(experiment: Experiment) -> dict[str, Any]:
    """All of an experiment."""
    return {name: getattr(experiment, name) for name in _PLAIN} | {
        "arms": [_arm(arm) for arm in experiment.arms],
        "metric": experiment.metric.value,
        "state": experiment.state.value,
        "buckets": [list(part) for part in experiment.buckets.ranges],
    }


def experiment_of(body: Mapping[str, Any]) -> Experiment:
    """The experiment of a body."""
    return Experiment(
        **{name: body[name] for name in _PLAIN},
        arms=tuple(_arm_of(arm) for arm in body["arms"]),
        metric=Metric(body["metric"]),
        state=State(body["state"]),
        buckets=BucketSet(tuple((start, end) for start, end in body["buckets"])),
    )


def encode(experiment: Experiment) -> bytes:
    """An experiment as a stored answer."""
    return json.dumps(body_of(experiment)).encode()


def decode(answer: bytes) -> Experiment:
    """The experiment of a stored answer."""
    return experiment_of(json.loads(answer))


def look_body(look: Look) -> dict[str, Any]:
    """All of a look but its number."""
    return {
        "fraction": look.fraction,
        "taken_at_ms": look.taken_at_ms,
        "arms": [_sums(arm) for arm in look.arms],
    }


def look_of(number: int, body: Mapping[str, Any]) -> Look:
    """The look of a body."""
    arms = tuple(_sums_of(arm) for arm in body["arms"])
    return Look(number, body["fraction"], body["taken_at_ms"], arms)


def _arm(arm: Arm) -> dict[str, Any]:
    given = arm.parameters
    return {
        "name": arm.name,
        "weight_percent": arm.weight_percent,
        "model_id": given.model_id,
        "explore_share": given.explore_share,
        "ranking": given.ranking.value if given.ranking else None,
    }


def _arm_of(body: Mapping[str, Any]) -> Arm:
    ranking = Ranking(body["ranking"]) if body["ranking"] else None
    parameters = Parameters(body["model_id"], body["explore_share"], ranking)
    return Arm(body["name"], body["weight_percent"], parameters)


def _sums(arm: ArmSums) -> dict[str, Any]:
    sums = {metric.value: astuple(one) for metric, one in arm.sums.items()}
    return {"arm": arm.arm, "users": arm.users, "sums": sums}


def _sums_of(body: Mapping[str, Any]) -> ArmSums:
    sums = {Metric(name): Sums(*values) for name, values in body["sums"].items()}
    return ArmSums(body["arm"], body["users"], sums)
