"""What is known of one user's listening, as far as recommendations may use it."""

from __future__ import annotations

from dataclasses import dataclass


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
