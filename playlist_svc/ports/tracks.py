"""What this service knows of the catalogue's tracks: a copy that follows the catalogue's feed."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Protocol

from playlist_svc.domain.rules import Rule


@dataclass(frozen=True, slots=True)
class Track:
    """A track as lists show it. ``year``, ``disc_number`` and ``track_number`` are 0 where unknown;
    ``created_at_ms`` is when it entered the catalogue, Unix milliseconds."""

    track_id: str
    title: str
    artist: str
    artist_id: str
    album: str
    album_id: str
    disc_number: int
    track_number: int
    duration_ms: int
    year: int
    genres: tuple[str, ...]
    streams_total: int
    artwork_path: str
    created_at_ms: int
    available: bool = True


class Tracks(Protocol):
    """The copy. A track that left the catalogue stays, with ``available`` False."""

    async def named(self, track_ids: Collection[str]) -> Mapping[str, Track]:
        """Those of the tracks that are known here, at most a minute old; asks no other service."""
        ...

    async def existing(self, track_ids: Collection[str]) -> Mapping[str, Track]:
        """All of the tracks, asking the catalogue for those that are not known here.

        Raises NotFound (metadata: resource "track", id) naming the first that does not exist or is
        no longer available.
        """
        ...

    async def chosen(self, rule: Rule, owner_id: str, now_ms: int) -> list[tuple[str, int]]:
        """The tracks that a rule chooses for the owner, in order, each with its duration in ms."""
        ...
