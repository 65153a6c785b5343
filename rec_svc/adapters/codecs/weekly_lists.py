"""Lists of Discover Weekly as JSON, as they are stored."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rec_svc.adapters.codecs import kept_tracks
from rec_svc.domain.recommended import Source
from rec_svc.domain.weekly_lists import WeeklyList
from rec_svc.domain.weeks import Week


def body_of(made: WeeklyList) -> dict[str, Any]:
    """All of a list but its user and week."""
    return {
        "shown_id": made.shown_id,
        "source": made.source.name,
        "model_id": made.model_id,
        "made_at_ms": made.made_at_ms,
        "assignments": dict(made.assignments),
        "held_back": made.held_back,
        "tracks": kept_tracks.rows_of(made.tracks),
    }


def list_of(user_id: str, week: Week, body: Mapping[str, Any]) -> WeeklyList:
    """The list of a body."""
    return WeeklyList(
        user_id=user_id,
        week=week,
        shown_id=body["shown_id"],
        source=Source[body["source"]],
        model_id=body["model_id"],
        made_at_ms=body["made_at_ms"],
        assignments=body["assignments"],
        held_back=body["held_back"],
        tracks=kept_tracks.tracks_of(body["tracks"]),
    )
