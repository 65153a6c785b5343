"""Plays of tracks as the service that keeps them tells, and what is counted of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass

MOST_PLAYED = 1_000
"""How long the list of the most played tracks is at most."""


@dataclass(frozen=True, slots=True)
class Play:
    """One play of a track; both ids are ULIDs."""

    id: str
    track_id: str


@dataclass(frozen=True, slots=True)
class Streams:
    """How often a track was played by anyone."""

    track_id: str
    total: int


@dataclass(frozen=True, slots=True)
class MostPlayed:
    """The most played tracks by (total desc, id desc), as they were at ``made_at_ms``."""

    made_at_ms: int
    tracks: tuple[Streams, ...]

    def after(self, place: tuple[int, str] | None, limit: int) -> tuple[Streams, ...]:
        """At most ``limit`` of them behind the place (total, id); None: from the first."""
        start = 0
        if place is not None:
            start = sum((one.total, one.track_id) >= place for one in self.tracks)
        return self.tracks[start : start + limit]


def sum_streams(plays: Iterable[Play], fresh: Collection[str]) -> list[Streams]:
    """How often each track was played in the ``fresh`` plays, by id; each play counts once."""
    tracks = {play.id: play.track_id for play in plays if play.id in fresh}
    counts = Counter(tracks.values())
    return [Streams(track_id, counts[track_id]) for track_id in sorted(counts)]


def outgrown(total: int, told: int) -> bool:
    """Whether a count has grown by a tenth since it was told, and by one at least."""
    return total > told + told // 10
