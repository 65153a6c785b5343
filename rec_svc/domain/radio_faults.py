"""Failures of radios."""

from __future__ import annotations

import enum

from meshkit.faults import Aborted, FailedPrecondition, PermissionDenied
from rec_svc.domain.radios import Seed


class Unplayable(enum.Enum):
    """Why nothing of a seed may be played."""

    BLOCKED_ARTIST = enum.auto()
    """It is an artist whom the user blocks, or a track of theirs."""
    EMPTY = enum.auto()
    """There is nothing in it that the user may play."""


class RadioSeedUnplayable(FailedPrecondition):
    """Nothing of what a radio was to be started from may be played."""

    default_reason = "RADIO_SEED_UNPLAYABLE"

    def __init__(self, seed: Seed, why: Unplayable) -> None:
        super().__init__(
            "Nothing of it may be played.",
            metadata={"seed": seed.kind.value, "why": why.name},
        )


def plan_required_error() -> PermissionDenied:
    """The fault for a track that the user's plan may not play."""
    return PermissionDenied(
        "This track needs the premium plan.",
        reason="PLAN_REQUIRED",
        metadata={"required": "premium"},
    )


def busy_error() -> Aborted:
    """The fault for a radio of which others take tracks all the while."""
    return Aborted("Others take tracks of this radio; retry.")
