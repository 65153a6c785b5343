"""The catalogue's tracks, in a copy of rec_svc's own that follows it within seconds."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from meshkit.consuming import Replica
from rec_svc.domain.tracks import Artist, Track

MOST_ASKED = 1_000
"""So many tracks are asked for at once at most."""


class Tracks(Protocol):
    """The tracks that the catalogue has now and that can be heard.

    One that left it, that is hidden, or of which nothing can be streamed is not among them.
    """

    async def tracks(self, track_ids: Collection[str]) -> Mapping[str, Track]:
        """Those of ``track_ids`` (ULIDs, at most 1,000) that there are."""
        ...

    async def of_artists(self, artist_ids: Collection[str], limit: int) -> Sequence[Track]:
        """The newest tracks of the artists, at most ``limit`` in all."""
        ...

    async def artists(self, artist_ids: Collection[str]) -> Mapping[str, Artist]:
        """Those of ``artist_ids`` (ULIDs, at most 1,000) who have tracks."""
        ...

    async def popular(self, limit: int, but: Collection[str] = ()) -> Sequence[Track]:
        """The most listened to first, at most ``limit``; where nothing was heard yet, the newest.

        None of ``but`` (ULIDs, at most 20,000) is among them.

        By what the catalogue's feed says of streams, which is minutes and a tenth behind.
        """
        ...

    async def of_genres(self, genres: Collection[str], limit: int) -> Sequence[Track]:
        """The most listened to tracks of each of ``genres``, at most ``limit`` of each."""
        ...

    async def page(self, after: str, limit: int) -> Sequence[Track]:
        """At most ``limit`` of all tracks behind the id ``after`` ('': from the first), by id."""
        ...


@dataclass(frozen=True, slots=True)
class TrackChange:
    """What the feed tells of a track; None: it can be heard no more.

    ``version`` rises with every change of it, ``streams`` is how often anyone played it.
    """

    id: str
    version: int
    track: Track | None
    streams: int = 0


class TracksReplica(Replica[TrackChange], Protocol):
    """The tracks as whoever consumes the catalogue's feed writes them."""
