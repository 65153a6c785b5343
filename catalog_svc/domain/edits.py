"""What an administrator says of the catalogue, over what tags say."""

from __future__ import annotations

from dataclasses import dataclass

from catalog_svc.domain.catalogue import Access, Album, Artist, Track
from catalog_svc.domain.tags import identity
from meshkit.faults import InvalidArgument


@dataclass(frozen=True, slots=True)
class TrackEdit:
    """What shall be other of a track; None: as it is.

    An empty ``title`` or ``artist`` takes an edited one away, so that the tags' is shown again.
    ``hidden``: whether the track itself is taken down, whatever its album and artist are.
    """

    title: str | None = None
    artist: str | None = None
    access: Access | None = None
    hidden: bool | None = None

    def of(self, track: Track) -> TrackEdit:
        """Of this edit what is not so already: a name that is shown is no edited one."""
        return TrackEdit(
            title=None if self.title == track.title else self.title,
            artist=None if self._credits(track) else self.artist,
            access=None if self.access == track.access else self.access,
            hidden=None if self.hidden == track.taken_down else self.hidden,
        )

    def _credits(self, track: Track) -> bool:
        """Whether the track is that artist's already, however the name is spelled."""
        return bool(self.artist) and identity(self.artist or "") == identity(track.artist)


NOTHING = TrackEdit()
"""The edit that leaves all as it is."""


@dataclass(frozen=True, slots=True)
class AlbumEdit:
    """What shall be other of an album; None: as it is.

    An empty ``title`` or a ``year`` of 0 takes an edited one away. What is ``hidden`` takes every
    track on it along.
    """

    title: str | None = None
    year: int | None = None
    hidden: bool | None = None

    def of(self, album: Album) -> AlbumEdit:
        """Of this edit what is not so already."""
        return AlbumEdit(
            title=None if self.title == album.title else self.title,
            year=None if self.year == album.year else self.year,
            hidden=None if self.hidden == album.taken_down else self.hidden,
        )


@dataclass(frozen=True, slots=True)
class ArtistEdit:
    """What shall be other of an artist; None: as it is.

    An empty ``name`` takes an edited one away. Who is ``hidden`` takes every track of theirs, and
    on albums of theirs, along.
    """

    name: str | None = None
    bio: str | None = None
    hidden: bool | None = None

    def of(self, artist: Artist) -> ArtistEdit:
        """Of this edit what is not so already."""
        return ArtistEdit(
            name=None if self.name == artist.name else self.name,
            bio=None if self.bio == artist.bio else self.bio,
            hidden=None if self.hidden == artist.taken_down else self.hidden,
        )


def name_taken_error(field: str) -> InvalidArgument:
    """What says that another artist, or another album of the artist, is called so already."""
    return InvalidArgument.field(field, "is the name of another one")
