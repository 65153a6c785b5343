"""The catalogue's reads on the wire."""

from __future__ import annotations

from functools import partial

from segue.catalog.v1 import catalog_service_pb2 as pb
from segue.catalog.v1 import catalog_service_pb2_grpc as pb_grpc

from catalog_svc import convert
from catalog_svc.domain.catalogue import LIVING_STATES, Track, TrackState
from catalog_svc.domain.listings import (
    AlbumQuery,
    AlbumSort,
    ArtistSort,
    TrackQuery,
    TrackSort,
    album_place,
    artist_place,
    track_place,
)
from catalog_svc.domain.plays import Streams
from catalog_svc.domain.tags import clean
from catalog_svc.servicers.places import (
    name_after,
    named_after,
    newest_after,
    newest_key,
    track_after,
    year_before,
)
from catalog_svc.usecases.catalog import EditCatalog, ListTopTracks, ReadCatalog
from meshkit.idempotency import request_key
from meshkit.paging import Page, SortKey, foreign_token
from meshkit.server_context import Context

_MOST_NUMBER = (1 << 31) - 1
# The contract counts in doubles, which are exact up to here.
_MOST_STREAMS = 1 << 53


class CatalogServicer(pb_grpc.CatalogServiceServicer):
    """``CatalogService``: translates, and leaves decisions to the use cases."""

    def __init__(
        self,
        read: ReadCatalog,
        edit: EditCatalog,
        list_top_tracks: ListTopTracks,
    ) -> None:
        self._read = read
        self._edit = edit
        self._list_top_tracks = list_top_tracks

    async def GetTrack(self, request: pb.GetTrackRequest, context: Context) -> pb.GetTrackResponse:
        return pb.GetTrackResponse(track=convert.track(await self._read.get_track(request.id)))

    async def UpdateTrack(
        self, request: pb.UpdateTrackRequest, context: Context
    ) -> pb.UpdateTrackResponse:
        edit = convert.track_edit(request)
        key = request_key(request)
        edited = await self._edit.update_track(request.id, edit, key)
        return pb.UpdateTrackResponse(track=convert.track(edited))

    async def ListTracks(
        self, request: pb.ListTracksRequest, context: Context
    ) -> pb.ListTracksResponse:
        page = Page.of(request)
        query = _track_query(request)
        after = track_after(page.after, query.sort)
        found = await self._read.list_tracks(query, after=after, limit=page.size + 1)
        shown, token = page.cut(found, partial(track_place, query.sort))
        return pb.ListTracksResponse(tracks=map(convert.track, shown), next_page_token=token)

    async def ListHiddenTracks(
        self, request: pb.ListHiddenTracksRequest, context: Context
    ) -> pb.ListHiddenTracksResponse:
        page = Page.of(request)
        after = newest_after(page.after)
        found = await self._read.list_hidden_tracks(after=after, limit=page.size + 1)
        shown, token = page.cut(found, newest_key)
        return pb.ListHiddenTracksResponse(tracks=map(convert.track, shown), next_page_token=token)

    async def BatchGetTracks(
        self, request: pb.BatchGetTracksRequest, context: Context
    ) -> pb.BatchGetTracksResponse:
        found = await self._read.batch_get_tracks(request.ids)
        return pb.BatchGetTracksResponse(tracks=map(convert.track, found))

    async def ListAlbums(
        self, request: pb.ListAlbumsRequest, context: Context
    ) -> pb.ListAlbumsResponse:
        page = Page.of(request)
        default = AlbumSort.YEAR if request.artist_id else AlbumSort.RECENT
        sort = AlbumSort(request.sort or default)
        query = AlbumQuery(
            sort,
            artist_id=request.artist_id,
            year_from=request.year_from,
            year_to=request.year_to,
            genre=clean(request.genre),
        )
        after = named_after(page.after, text=sort is AlbumSort.TITLE)
        found = await self._read.list_albums(query, after=after, limit=page.size + 1)
        shown, token = page.cut(found, partial(album_place, sort))
        return pb.ListAlbumsResponse(albums=map(convert.album, shown), next_page_token=token)

    async def ListArtists(
        self, request: pb.ListArtistsRequest, context: Context
    ) -> pb.ListArtistsResponse:
        page = Page.of(request)
        sort = ArtistSort(request.sort or ArtistSort.NAME)
        after = named_after(page.after, text=sort is ArtistSort.NAME)
        found = await self._read.list_artists(
            sort, after=after, limit=page.size + 1, genre=clean(request.genre)
        )
        shown, token = page.cut(found, partial(artist_place, sort))
        return pb.ListArtistsResponse(artists=map(convert.artist, shown), next_page_token=token)

    async def ListGenres(
        self, request: pb.ListGenresRequest, context: Context
    ) -> pb.ListGenresResponse:
        page = Page.of(request)
        found = await self._read.list_genres(after=name_after(page.after), limit=page.size + 1)
        shown, token = page.cut(found, lambda genre: (genre.name,))
        return pb.ListGenresResponse(genres=map(convert.genre, shown), next_page_token=token)

    async def ListYears(
        self, request: pb.ListYearsRequest, context: Context
    ) -> pb.ListYearsResponse:
        page = Page.of(request)
        found = await self._read.list_years(before=year_before(page.after), limit=page.size + 1)
        shown, token = page.cut(found, lambda one: (one.year,))
        return pb.ListYearsResponse(years=map(convert.release_year, shown), next_page_token=token)

    async def GetAlbum(self, request: pb.GetAlbumRequest, context: Context) -> pb.GetAlbumResponse:
        return pb.GetAlbumResponse(album=convert.album(await self._read.get_album(request.id)))

    async def UpdateAlbum(
        self, request: pb.UpdateAlbumRequest, context: Context
    ) -> pb.UpdateAlbumResponse:
        edit = convert.album_edit(request)
        key = request_key(request)
        edited = await self._edit.update_album(request.id, edit, key)
        return pb.UpdateAlbumResponse(album=convert.album(edited))

    async def ListAlbumTracks(
        self, request: pb.ListAlbumTracksRequest, context: Context
    ) -> pb.ListAlbumTracksResponse:
        page = Page.of(request)
        after = _album_after(page.after)
        found = await self._read.list_album_tracks(request.id, after=after, limit=page.size + 1)
        shown, token = page.cut(found, _album_key)
        return pb.ListAlbumTracksResponse(tracks=map(convert.track, shown), next_page_token=token)

    async def GetArtist(
        self, request: pb.GetArtistRequest, context: Context
    ) -> pb.GetArtistResponse:
        return pb.GetArtistResponse(artist=convert.artist(await self._read.get_artist(request.id)))

    async def UpdateArtist(
        self, request: pb.UpdateArtistRequest, context: Context
    ) -> pb.UpdateArtistResponse:
        edit = convert.artist_edit(request)
        key = request_key(request)
        edited = await self._edit.update_artist(request.id, edit, key)
        return pb.UpdateArtistResponse(artist=convert.artist(edited))

    async def ListArtistTopTracks(
        self, request: pb.ListArtistTopTracksRequest, context: Context
    ) -> pb.ListArtistTopTracksResponse:
        found = await self._read.list_artist_top_tracks(request.id)
        return pb.ListArtistTopTracksResponse(tracks=map(convert.track, found))

    async def ListTopTracks(
        self, request: pb.ListTopTracksRequest, context: Context
    ) -> pb.ListTopTracksResponse:
        page = Page.of(request)
        after = _played_after(page.after)
        found = await self._list_top_tracks.places(after=after, limit=page.size + 1)
        places, token = page.cut(found, _played_key)
        shown = await self._list_top_tracks.tracks(places)
        return pb.ListTopTracksResponse(tracks=map(convert.track, shown), next_page_token=token)


def _track_query(request: pb.ListTracksRequest) -> TrackQuery:
    return TrackQuery(
        sort=TrackSort(request.sort or TrackSort.RECENT),
        states=frozenset(map(TrackState, request.states)) or LIVING_STATES,
        genre=clean(request.genre),
        artist_id=request.artist_id,
        album_id=request.album_id,
        year_from=request.year_from,
        year_to=request.year_to,
    )


def _album_key(track: Track) -> tuple[int, int, str]:
    return track.disc_number, track.track_number, track.id


def _played_key(place: Streams) -> tuple[int, str]:
    return place.total, place.track_id


def _album_after(after: SortKey | None) -> tuple[int, int, str] | None:
    match after:
        case None:
            return None
        case (int(disc), int(number), str(track_id)) if (
            abs(disc) <= _MOST_NUMBER and abs(number) <= _MOST_NUMBER
        ):
            return disc, number, track_id
        case _:
            raise foreign_token()


def _played_after(after: SortKey | None) -> tuple[int, str] | None:
    match after:
        case None:
            return None
        case (int(total), str(track_id)) if 0 <= total <= _MOST_STREAMS:
            return total, track_id
        case _:
            raise foreign_token()
