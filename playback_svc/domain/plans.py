"""What a plan lets a user stream of a track."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from meshkit.faults import PermissionDenied, Unavailable
from playback_svc.domain.player_state import Asset, Rung, Track

_PREPARING_RETRY_S = 5.0


@dataclass(frozen=True, slots=True)
class Plan:
    """The part of the tier table that playing needs; ``skips_per_window`` None: no limit."""

    tier: str
    rungs: frozenset[str]
    premium_tracks: bool
    skips_per_window: int | None = None


@dataclass(frozen=True, slots=True)
class Playable:
    """A track that can be streamed: its descriptor (hex) and its rungs by rising quality."""

    track: Track
    descriptor: str
    rungs: tuple[Rung, ...]


def admit(plan: Plan, playable: Playable, wanted: Iterable[frozenset[str] | None] = ()) -> Asset:
    """What ``plan`` may stream of ``playable``, narrowed to the rungs that are ``wanted``.

    A wish of None is for every rung; one that leaves no rung leaves the lowest.

    Raises PermissionDenied (PLAN_REQUIRED) for a track that the plan leaves out, Unavailable
    (TRACK_NOT_READY) while only rungs above the plan are ready.
    """
    if playable.track.premium and not plan.premium_tracks:
        raise PermissionDenied(
            "This track needs the premium plan.",
            reason="PLAN_REQUIRED",
            metadata={"required": "premium"},
        )
    rungs = tuple(rung for rung in playable.rungs if rung.name in plan.rungs)
    if not rungs:
        raise Unavailable(
            "The track is still being prepared for streaming.",
            reason="TRACK_NOT_READY",
            metadata={"track_id": playable.track.track_id},
            retry_after_s=_PREPARING_RETRY_S,
        )
    for names in wanted:
        if names is not None:
            rungs = tuple(rung for rung in rungs if rung.name in names) or rungs[:1]
    return Asset(playable.descriptor, rungs)
