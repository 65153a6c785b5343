"""Reads of the catalogue, and its changes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Sequence
from typing import Protocol

from catalog_svc.domain.catalogue import (
    Album,
    Artist,
    Genre,
    Playable,
    ReleaseYear,
    Streamable,
    Track,
)
from catalog_svc.domain.listings import (
    NEWEST,
    AlbumQuery,
    ArtistSort,
    NumberPlace,
    TextPlace,
    TrackPlace,
    TrackQuery,
)
from meshkit.feeds import Change


class Catalogue(Protocol):
    """Reads. A track that was merged into another must be found under both ids."""

    async def track(self, track_id: str) -> Track | None:
        """The track, or None."""
        ...

    async def tracks(
        self, query: TrackQuery = NEWEST, *, after: TrackPlace | None, limit: int
    ) -> list[Track]:
        """The tracks that the query admits, in its order, after the place ``after``."""
        ...

    async def album(self, album_id: str) -> Album | None:
        """The album, or None."""
        ...

    async def album_tracks(
        self, album_id: str, *, after: tuple[int, int, str] | None, limit: int
    ) -> list[Track]:
        """Tracks of an album by (disc, number, id)."""
        ...

    async def artist(self, artist_id: str) -> Artist | None:
        """The artist, or None."""
        ...

    async def top_tracks(self, artist_id: str, *, limit: int) -> list[Track]:
        """Tracks of an artist by (streams_total desc, id desc)."""
        ...

    async def tracks_of(self, ids: Collection[str]) -> list[Track]:
        """The tracks among ``ids``, in no order, each once and under the id that was asked for.

        So a track that was merged into another is told with the id that someone still keeps.
        """
        ...

    async def albums_of(self, ids: Collection[str]) -> list[Album]:
        """The albums among ``ids``, in no order, each once."""
        ...

    async def artists_of(self, ids: Collection[str]) -> list[Artist]:
        """The artists among ``ids``, in no order, each once."""
        ...


class CatalogueLists(Protocol):
    """Lists of names of which something can be played or will be."""

    async def albums(
        self, query: AlbumQuery, *, after: TextPlace | NumberPlace | None, limit: int
    ) -> list[Album]:
        """The albums that the query admits, in its order, after the place ``after``."""
        ...

    async def artists(
        self,
        sort: ArtistSort,
        *,
        after: TextPlace | NumberPlace | None,
        limit: int,
        genre: str = "",
    ) -> list[Artist]:
        """The living artists in the order, after the place ``after``.

        With a living track of their own of one ``genre``, unless that is empty.
        """
        ...

    async def genres(self, *, after: str, limit: int) -> list[Genre]:
        """The genres of living tracks by name, code point by code point, after ``after``."""
        ...

    async def years(self, *, before: int, limit: int) -> list[ReleaseYear]:
        """The years of living tracks that come before ``before``, the latest first."""
        ...


class Playables(Protocol):
    """What playback asks for."""

    async def playable(self, track_id: str) -> Playable | None:
        """The track and its newest descriptor, or None."""
        ...

    async def streamable(self, ids: Collection[str]) -> list[Streamable]:
        """The tracks among ``ids`` that have a descriptor, each once, in no order.

        Under the id that was asked for, as ``Catalogue.tracks_of`` tells them.
        """
        ...

    async def prioritize(self, track_id: str) -> None:
        """Must move the waiting work on the track's first rungs before all other work."""
        ...


class CatalogueSnapshot(Protocol):
    """All that there is, for who starts from nothing."""

    def everything(self, entities: Collection[str]) -> AsyncIterator[Sequence[Change]]:
        """What the feed would say of each thing of these entities as it is now.

        Artists come first, then albums, tracks and playlists, in batches of bounded size, none of
        them empty. What changes meanwhile may or may not be seen: the feed brings it again.
        """
        ...
