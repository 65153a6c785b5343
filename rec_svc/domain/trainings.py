"""Trainings: how far each is, and what a killed one goes on from."""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from meshkit.faults import FailedPrecondition
from rec_svc.domain.search import Trial

DEFAULT_TRAINER = "BLEND"
BLENDED = ("IALS", "EDLAE", "ITEM_KNN")
"""What a blend is made of; the first one's parameters are searched."""


class TrainingState(enum.IntEnum):
    """How far a training is; the numbers are the contract's."""

    QUEUED = 1
    RUNNING = 2
    DONE = 3
    FAILED = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Training:
    """A training; times are Unix milliseconds, ``finished_at_ms`` None while it goes on.

    It learns from what was heard before ``until_ms``, so that one which is begun again learns from
    the same. ``checkpoint`` has the parameters that were tried, and what they reached.
    """

    training_id: str
    state: TrainingState
    trainer: str
    seed: int
    until_ms: int
    created_at_ms: int
    search_parameters: bool = False
    stage: str = ""
    progress: float = 0.0
    checkpoint: Mapping[str, Any] = field(default_factory=dict)
    model_id: str = ""
    error: str = ""
    finished_at_ms: int | None = None

    @property
    def finished(self) -> bool:
        """Whether nothing will change any more."""
        return self.state in (TrainingState.DONE, TrainingState.FAILED)

    def trials(self) -> list[Trial]:
        """What was tried before."""
        return [Trial(one["point"], one["reached"]) for one in self.checkpoint.get("trials", ())]


def checkpoint_of(trials: Sequence[Trial]) -> dict[str, Any]:
    """What is kept of trials."""
    return {"trials": [{"point": dict(one.point), "reached": one.reached} for one in trials]}


def under_way_error(training_id: str) -> FailedPrecondition:
    """Another training is under way."""
    return FailedPrecondition(
        "A training is under way.",
        reason="TRAINING_UNDER_WAY",
        metadata={"training_id": training_id},
    )
