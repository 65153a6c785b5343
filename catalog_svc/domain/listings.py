"""In which order tracks, albums and artists are listed, and what places one in it."""

from __future__ import annotations

import enum
from collections.abc import Collection
from dataclasses import dataclass

from catalog_svc.domain.catalogue import LIVING_STATES, Album, Artist, Track, TrackState
from catalog_svc.domain.tags import identity
from meshkit.clock import unix_us

# Folding makes up to 18 characters of one, and an entry of an index has room for 2,700 bytes.
_SORTED_CHARACTERS = 200


class TrackSort(enum.IntEnum):
    """The orders of tracks; the numbers are the contract's."""

    RECENT = 1
    TITLE = 2
    ARTIST = 3
    YEAR = 4
    DURATION = 5


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
class TrackQuery:
    """Which tracks, and in which order. Empty texts and years of 0: no bound.

    ``hidden``: those that are hidden instead of all others.
    """

    sort: TrackSort = TrackSort.RECENT
    states: frozenset[TrackState] = LIVING_STATES
    genre: str = ""
    artist_id: str = ""
    album_id: str = ""
    year_from: int = 0
    year_to: int = 0
    hidden: bool = False

    def admits(self, track: Track) -> bool:
        """Whether the track is listed. Without a year it is none of any bounded span."""
        if track.hidden != self.hidden or track.state not in self.states:
            return False
        if self.genre and self.genre not in track.genres:
            return False
        if self.artist_id not in ("", track.artist_id) or self.album_id not in ("", track.album_id):
            return False
        return _within(track.year, self.year_from, self.year_to)


NEWEST = TrackQuery()
"""All tracks that can be played or will be, the newest first."""

HIDDEN = TrackQuery(states=frozenset(TrackState), hidden=True)
"""All tracks that are hidden, the newest first."""


@dataclass(frozen=True, slots=True)
class AlbumQuery:
    """Which albums, and in which order. Empty texts and years of 0: no bound."""

    sort: AlbumSort
    artist_id: str = ""
    year_from: int = 0
    year_to: int = 0
    genre: str = ""

    def admits(self, album: Album, genres: Collection[str]) -> bool:
        """Whether an album is listed whose living tracks have these genres.

        Without a year it is none of any bounded span.
        """
        if not album.living or self.artist_id not in ("", album.artist_id):
            return False
        if self.genre and self.genre not in genres:
            return False
        return _within(album.year, self.year_from, self.year_to)


def _within(year: int, year_from: int, year_to: int) -> bool:
    if year_to and not 0 < year <= year_to:
        return False
    return year >= year_from


TextPlace = tuple[str, str]
NumberPlace = tuple[int, str]
CreditPlace = tuple[str, str, str]
"""Where something stands: what it is sorted by, then its id. Texts rise, numbers fall.

A credit is an artist's name and a title.
"""
TrackPlace = TextPlace | NumberPlace | CreditPlace


def title_key(title: str) -> str:
    """What a track's title is sorted by."""
    return identity(title)[:_SORTED_CHARACTERS]


def track_place(sort: TrackSort, track: Track) -> TrackPlace:
    """What places a track in a list."""
    match sort:
        case TrackSort.TITLE:
            return title_key(track.title), track.id
        case TrackSort.ARTIST:
            return identity(track.artist), title_key(track.title), track.id
        case TrackSort.YEAR:
            return track.year, track.id
        case TrackSort.DURATION:
            return track.duration_ms, track.id
        case TrackSort.RECENT:
            return unix_us(track.created_at), track.id


def album_place(sort: AlbumSort, album: Album) -> TextPlace | NumberPlace:
    """What places an album in a list."""
    if sort is AlbumSort.TITLE:
        return identity(album.title), album.id
    return (album.year if sort is AlbumSort.YEAR else unix_us(album.created_at)), album.id


def artist_place(sort: ArtistSort, artist: Artist) -> TextPlace | NumberPlace:
    """What places an artist in a list."""
    if sort is ArtistSort.NAME:
        return identity(artist.name), artist.id
    return unix_us(artist.created_at), artist.id
