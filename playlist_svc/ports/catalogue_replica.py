"""What the catalogue's feed tells, and who keeps it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, TypeAlias

from meshkit.consuming import Replica
from playlist_svc.domain.library import Album
from playlist_svc.domain.social import Artist
from playlist_svc.ports.tracks import TrackChange


@dataclass(frozen=True, slots=True)
class AlbumChange:
    """What the feed tells of an album that there is; ``version`` rises with every change of it."""

    version: int
    album: Album

    @property
    def id(self) -> str:
        """The album's ULID."""
        return self.album.album_id


@dataclass(frozen=True, slots=True)
class ArtistChange:
    """What the feed tells of an artist that there is; ``version`` rises with every change of it."""

    version: int
    artist: Artist

    @property
    def id(self) -> str:
        """The artist's ULID."""
        return self.artist.artist_id


CatalogueChange: TypeAlias = TrackChange | AlbumChange | ArtistChange
"""One change of the catalogue. That an album or an artist is gone is not told: names stay."""


class CatalogueReplica(Replica[CatalogueChange], Protocol):
    """The catalogue as whoever consumes its feed writes it, for ``Tracks`` and ``CatalogueNames``.

    A track that a listing does not tell must become unavailable. It must stay known, as albums and
    artists must. A track that was asked of the catalogue is of the listing before the question, at
    version 0.
    """
