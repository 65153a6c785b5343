"""Look things up in the catalogue."""

from __future__ import annotations

from collections.abc import Sequence

from catalog_svc.domain.catalogue import TOP_TRACKS, Album, Artist, Track
from catalog_svc.domain.listings import TrackPlace, TrackQuery
from catalog_svc.ports.catalogue import Catalogue
from meshkit.faults import NotFound


class Browse:
    """Reads for people; what is not there is ``NotFound``."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue

    async def track(self, track_id: str) -> Track:
        """One track."""
        found = await self._catalogue.track(track_id)
        if found is None:
            raise missing("track", track_id)
        return found

    async def tracks(
        self, query: TrackQuery, *, after: TrackPlace | None, limit: int
    ) -> list[Track]:
        """Tracks in the order of the query; NotFound for an artist or album that is not there."""
        found = await self._catalogue.tracks(query, after=after, limit=limit)
        if not found and query.artist_id:
            await self.artist(query.artist_id)
        if not found and query.album_id:
            await self.album(query.album_id)
        return found

    async def album(self, album_id: str) -> Album:
        """One album."""
        found = await self._catalogue.album(album_id)
        if found is None:
            raise missing("album", album_id)
        return found

    async def album_tracks(
        self, album_id: str, *, after: tuple[int, int, str] | None, limit: int
    ) -> list[Track]:
        """The tracks of an album by disc and number; ``after`` is (disc, number, id)."""
        found = await self._catalogue.album_tracks(album_id, after=after, limit=limit)
        if not found:
            await self.album(album_id)
        return found

    async def artist(self, artist_id: str) -> Artist:
        """One artist."""
        found = await self._catalogue.artist(artist_id)
        if found is None:
            raise missing("artist", artist_id)
        return found

    async def top_tracks(self, artist_id: str) -> list[Track]:
        """The most played tracks of an artist."""
        found = await self._catalogue.top_tracks(artist_id, limit=TOP_TRACKS)
        if not found:
            await self.artist(artist_id)
        return found

    async def tracks_of(self, ids: Sequence[str]) -> list[Track]:
        """The tracks among these ids, each under the id that was asked for."""
        return await self._catalogue.tracks_of(set(ids))

    async def albums_of(self, ids: Sequence[str]) -> list[Album]:
        """The albums among these ids."""
        return await self._catalogue.albums_of(set(ids))

    async def artists_of(self, ids: Sequence[str]) -> list[Artist]:
        """The artists among these ids."""
        return await self._catalogue.artists_of(set(ids))


def missing(kind: str, thing_id: str) -> NotFound:
    """The fault for an id that nothing has."""
    return NotFound(f"There is no such {kind}.", metadata={"resource": kind, "id": thing_id})
