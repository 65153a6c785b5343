"""Discover Weekly: a list of tracks that a user has not heard, the same for a whole week."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from rec_svc.domain.kept_tracks import KeptTrack
from rec_svc.domain.recommended import RecommendedList, Source
from rec_svc.domain.weeks import Week

TRACKS = 30
"""So many tracks a list has, where the catalogue has so many."""
WEEKS_APART = 4
"""What was in the lists of so many weeks before comes again only where there is nothing else."""
SURFACE = "discover-weekly"
"""Where it stands, as exposures say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WeeklyList:
    """What was made for a user in a week, and in which arms; it never changes."""

    user_id: str
    week: Week
    shown_id: str
    tracks: tuple[KeptTrack, ...]
    source: Source
    model_id: str
    made_at_ms: int
    assignments: Mapping[str, str] = field(default_factory=dict)
    held_back: bool = False

    @property
    def is_short(self) -> bool:
        """Whether there were fewer tracks than a list is to have."""
        return len(self.tracks) < TRACKS

    @property
    def track_ids(self) -> tuple[str, ...]:
        """Its tracks, in order."""
        return tuple(one.track_id for one in self.tracks)


@dataclass(frozen=True, slots=True)
class KeptList:
    """A list that is kept.

    ``playlist_id`` is empty until the user's playlist has it. ``due_ms`` is when it is to be put
    there, in Unix milliseconds; None where it is there, or is kept by nobody.
    """

    list: WeeklyList
    playlist_id: str = ""
    due_ms: int | None = None


@dataclass(frozen=True, slots=True)
class DiscoverWeekly:
    """The list of a week as its user gets it now."""

    week: Week
    made: RecommendedList
    is_short: bool
    playlist_id: str
