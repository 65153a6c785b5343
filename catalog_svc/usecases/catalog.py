"""``CatalogService``: tracks, albums, artists, genres and years for people, and their edits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from catalog_svc.domain.catalogue import TOP_TRACKS, Album, Artist, Genre, ReleaseYear, Track
from catalog_svc.domain.edits import AlbumEdit, ArtistEdit, TrackEdit
from catalog_svc.domain.listings import (
    HIDDEN,
    AlbumQuery,
    ArtistSort,
    NumberPlace,
    TextPlace,
    TrackPlace,
    TrackQuery,
)
from catalog_svc.domain.plays import Streams
from catalog_svc.ports.catalogue import Catalogue, CatalogueLists
from catalog_svc.ports.edits import Edits
from catalog_svc.usecases.most_played import MostPlayedList
from catalog_svc.usecases.not_found import (
    not_found_error,
    require_album,
    require_artist,
    require_track,
)
from meshkit.idempotency import RequestKey


class ReadCatalog:
    """Reads of one thing and lists of many; what is not there is ``NotFound``."""

    def __init__(self, catalogue: Catalogue, lists: CatalogueLists) -> None:
        self._catalogue = catalogue
        self._lists = lists

    async def get_track(self, track_id: str) -> Track:
        """One track."""
        return await require_track(self._catalogue, track_id)

    async def list_tracks(
        self, query: TrackQuery, *, after: TrackPlace | None, limit: int
    ) -> list[Track]:
        """Tracks in the order of the query; NotFound for an artist or album that is not there."""
        found = await self._catalogue.tracks(query, after=after, limit=limit)
        if not found and query.artist_id:
            await require_artist(self._catalogue, query.artist_id)
        if not found and query.album_id:
            await require_album(self._catalogue, query.album_id)
        return found

    async def list_hidden_tracks(self, *, after: NumberPlace | None, limit: int) -> list[Track]:
        """Tracks that are hidden, the newest first."""
        return await self._catalogue.tracks(HIDDEN, after=after, limit=limit)

    async def batch_get_tracks(self, ids: Sequence[str]) -> list[Track]:
        """The tracks among these ids, each under the id that was asked for, in their order."""
        found = {track.id: track for track in await self._catalogue.tracks_of(set(ids))}
        return [found[track_id] for track_id in dict.fromkeys(ids) if track_id in found]

    async def list_albums(
        self, query: AlbumQuery, *, after: TextPlace | NumberPlace | None, limit: int
    ) -> list[Album]:
        """Albums in the order of the query; NotFound for an artist that is not there."""
        found = await self._lists.albums(query, after=after, limit=limit)
        if not found and query.artist_id:
            await require_artist(self._catalogue, query.artist_id)
        return found

    async def list_artists(
        self,
        sort: ArtistSort,
        *,
        after: TextPlace | NumberPlace | None,
        limit: int,
        genre: str = "",
    ) -> list[Artist]:
        """Artists in the order, of one ``genre`` unless that is empty."""
        return await self._lists.artists(sort, after=after, limit=limit, genre=genre)

    async def list_genres(self, *, after: str, limit: int) -> list[Genre]:
        """Genres by name after ``after``."""
        return await self._lists.genres(after=after, limit=limit)

    async def list_years(self, *, before: int, limit: int) -> list[ReleaseYear]:
        """Years of release before ``before``, the latest first."""
        return await self._lists.years(before=before, limit=limit)

    async def get_album(self, album_id: str) -> Album:
        """One album."""
        return await require_album(self._catalogue, album_id)

    async def list_album_tracks(
        self, album_id: str, *, after: tuple[int, int, str] | None, limit: int
    ) -> list[Track]:
        """The tracks of an album by disc and number; ``after`` is (disc, number, id)."""
        found = await self._catalogue.album_tracks(album_id, after=after, limit=limit)
        if not found:
            await require_album(self._catalogue, album_id)
        return found

    async def get_artist(self, artist_id: str) -> Artist:
        """One artist."""
        return await require_artist(self._catalogue, artist_id)

    async def list_artist_top_tracks(self, artist_id: str) -> list[Track]:
        """The most played tracks of an artist."""
        found = await self._catalogue.top_tracks(artist_id, limit=TOP_TRACKS)
        if not found:
            await require_artist(self._catalogue, artist_id)
        return found


class EditCatalog:
    """Edits and take-downs over what tags say; what is not there is ``NotFound``.

    Each answers the thing after the edit, or as the same request got it before.
    """

    def __init__(self, edits: Edits) -> None:
        self._edits = edits

    async def update_track(self, track_id: str, edit: TrackEdit, key: RequestKey | None) -> Track:
        """A track."""
        edited = await self._edits.edit_track(track_id, edit, key)
        if edited is None:
            raise not_found_error("track", track_id)
        return edited

    async def update_album(self, album_id: str, edit: AlbumEdit, key: RequestKey | None) -> Album:
        """An album; ``InvalidArgument`` for the title of another one of its artist."""
        edited = await self._edits.edit_album(album_id, edit, key)
        if edited is None:
            raise not_found_error("album", album_id)
        return edited

    async def update_artist(
        self, artist_id: str, edit: ArtistEdit, key: RequestKey | None
    ) -> Artist:
        """An artist; ``InvalidArgument`` for the name of another one."""
        edited = await self._edits.edit_artist(artist_id, edit, key)
        if edited is None:
            raise not_found_error("artist", artist_id)
        return edited


class ListTopTracks:
    """Pages of the most played tracks of all, in two steps: a page is cut between them."""

    def __init__(self, catalogue: Catalogue, most_played: MostPlayedList) -> None:
        self._catalogue = catalogue
        self._most_played = most_played

    async def places(self, *, after: tuple[int, str] | None, limit: int) -> Sequence[Streams]:
        """Places of the list behind (streams, id); None: from the first."""
        return (await self._most_played.get()).after(after, limit)

    async def tracks(self, places: Sequence[Streams]) -> list[Track]:
        """The tracks at these places, those that are gone left out.

        Their counts are those that they are listed by, so that a page is in its own order.
        """
        found = await self._catalogue.tracks_of([one.track_id for one in places])
        tracks = {track.id: track for track in found}
        return [
            replace(tracks[one.track_id], streams_total=one.total)
            for one in places
            if one.track_id in tracks
        ]
