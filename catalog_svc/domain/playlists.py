"""Public playlists and artists' followers, as the service that owns them tells."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Playlist:
    """A public playlist. ``owner`` is the name of the user who owns it."""

    id: str
    title: str
    description: str
    owner: str
    track_count: int
    follower_count: int


@dataclass(frozen=True, slots=True)
class PlaylistChange:
    """A playlist at a version; none: it is not public, or deleted."""

    id: str
    version: int
    playlist: Playlist | None


@dataclass(frozen=True, slots=True)
class FollowerCountChange:
    """How many follow the artist ``id``, at a version."""

    id: str
    version: int
    count: int


PlaylistFeedChange: TypeAlias = PlaylistChange | FollowerCountChange
