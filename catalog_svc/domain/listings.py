"""In which order albums and artists are listed, and what places one in it."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from catalog_svc.domain.catalogue import Album, Artist
from catalog_svc.domain.tags import identity

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class AlbumSort(enum.IntEnum):
    """The orders of albums; the numbers are the contract's."""

    RECENT = 1
    TITLE = 2
    YEAR = 3


class ArtistSort(enum.IntEnum):
    """The orders of artists; the numbers are the contract's."""

    NAME = 1
    RECENT = 2


@dataclass(frozen=True, slots=True)
class AlbumQuery:
    """Which albums, and in which order. ``artist_id`` empty: of everyone; years of 0: no bound."""

    sort: AlbumSort
    artist_id: str = ""
    year_from: int = 0
    year_to: int = 0

    def admits(self, album: Album) -> bool:
        """Whether the album is listed. Without a year it is none of any bounded span."""
        if not album.living or self.artist_id not in ("", album.artist_id):
            return False
        if self.year_to and not 0 < album.year <= self.year_to:
            return False
        return album.year >= self.year_from


TextPlace = tuple[str, str]
NumberPlace = tuple[int, str]
"""Where something stands: what it is sorted by, then its id. Texts rise, numbers fall."""


def microseconds(moment: datetime) -> int:
    """Unix microseconds."""
    return (moment - _EPOCH) // _MICROSECOND


def moment(unix_us: int) -> datetime:
    """The time of Unix microseconds."""
    return _EPOCH + unix_us * _MICROSECOND


def album_place(sort: AlbumSort, album: Album) -> TextPlace | NumberPlace:
    """What places an album in a list."""
    if sort is AlbumSort.TITLE:
        return identity(album.title), album.id
    return (album.year if sort is AlbumSort.YEAR else microseconds(album.created_at)), album.id


def artist_place(sort: ArtistSort, artist: Artist) -> TextPlace | NumberPlace:
    """What places an artist in a list."""
    if sort is ArtistSort.NAME:
        return identity(artist.name), artist.id
    return microseconds(artist.created_at), artist.id
