"""What this service knows of the catalogue's tracks: a replica of the catalogue's."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
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


@dataclass(frozen=True, slots=True)
class TrackChange:
    """What the catalogue's feed tells of one track; ``track`` is None when it was removed.

    ``version`` rises with every change of the track.
    """

    id: str
    version: int
    track: Track | None


class Tracks(Protocol):
    """The replica. A track that left the catalogue stays, with ``available`` False."""

    async def named(self, track_ids: Collection[str]) -> Mapping[str, Track]:
        """Those of the tracks that are known here, at most a minute old; asks no other service."""
        ...

    async def require(self, track_ids: Collection[str]) -> Mapping[str, Track]:
        """All of the tracks, asking the catalogue for those that are not known here.

        Raises NotFound (metadata: resource "track", id) naming the first that does not exist or is
        no longer available; Unavailable when the catalogue must be asked and cannot answer.
        """
        ...

    async def select(self, rule: Rule, owner_id: str, now_ms: int) -> list[tuple[str, int]]:
        """The tracks that a rule chooses for the owner, in order, each with its duration in ms.

        Must choose available tracks alone, and the same ones in the same order whenever it is
        asked the same about the same tracks: what is equal by the rule's order is ordered by id.
        RANDOM must be another order every day (UTC) and for every owner, in which tracks that
        come or go leave the others where they were. A turned order is turned as a whole, but
        that what is not saved stays last. A track of unknown year is neither before, after nor
        between years.
        """
        ...


class Catalogue(Protocol):
    """The catalogue itself."""

    async def tracks(self, track_ids: Sequence[str]) -> Sequence[Track]:
        """Those of the tracks that there are, in no order.

        Raises Unavailable when the catalogue cannot answer.
        """
        ...
