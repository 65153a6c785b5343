"""Public playlists and artists' followers, as the service that owns them tells."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias, TypeVar


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
T = TypeVar("T", PlaylistChange, FollowerCountChange)


@dataclass(frozen=True, slots=True)
class ListingVersion:
    """When something was told last: in which listing of the feed, and at what version.

    A new listing is believed whatever its versions: its source may have been restored.
    """

    generation: int
    version: int

    def before(self, other: ListingVersion) -> bool:
        """Whether what is told at ``other`` goes over what was told here."""
        return (self.generation, self.version) < (other.generation, other.version)


def newest_changes(told: Iterable[T]) -> list[T]:
    """One word on each thing, that of the highest version, by id."""
    kept: dict[str, T] = {}
    for one in told:
        if one.id not in kept or kept[one.id].version < one.version:
            kept[one.id] = one
    return [kept[key] for key in sorted(kept)]
