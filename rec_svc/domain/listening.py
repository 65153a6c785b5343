"""What is known of one user's listening, as far as recommendations may use it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

SKIP_COSTS: Final = 0.5
"""What an early skip takes from a pair: two of them undo one play."""


@dataclass(frozen=True, slots=True)
class Listened:
    """What a user did with one track: plays that counted, and skips before they did.

    ``last_played_ms`` is when it was last left, in Unix milliseconds, counted or not. Plays of
    private sessions are in none of it.
    """

    track_id: str
    plays: int
    skips: int
    last_played_ms: int


@dataclass(frozen=True, slots=True)
class Taste:
    """All that recommendations go by: ``listened`` the latest first, at most 10,000 tracks.

    ``favorite_artists`` are those that the user named when asked, in their order.
    """

    listened: tuple[Listened, ...] = ()
    saved: frozenset[str] = frozenset()
    blocked_artists: frozenset[str] = frozenset()
    followed_artists: frozenset[str] = frozenset()
    favorite_artists: tuple[str, ...] = ()

    @property
    def liked(self) -> tuple[str, ...]:
        """The tracks that the user took to, the latest first and what was saved alone behind: where
        plays and a save outweigh early skips, as models learn it."""
        left = {one.track_id: one.plays - SKIP_COSTS * one.skips for one in self.listened}
        played = (id_ for id_, sum_ in left.items() if sum_ + (id_ in self.saved) > 0)
        return (*played, *sorted(self.saved - left.keys()))
