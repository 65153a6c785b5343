"""LibraryService on the wire."""

from __future__ import annotations

from segue.playlist.v1 import library_service_pb2 as pb
from segue.playlist.v1.library_service_pb2_grpc import LibraryServiceServicer

from meshkit.paging import Page
from meshkit.principal import current_principal
from meshkit.server_context import Context
from playlist_svc.convert import library as convert
from playlist_svc.convert.lists import place
from playlist_svc.convert.requests import writer
from playlist_svc.usecases.library import Library


class LibraryServicer(LibraryServiceServicer):
    """The calling user's library; the user is the token's subject."""

    def __init__(self, library: Library) -> None:
        self._library = library

    async def SaveTracks(
        self, request: pb.SaveTracksRequest, context: Context
    ) -> pb.SaveTracksResponse:
        track_ids = list(request.track_ids)
        user_id, key = writer(request)
        saved = await self._library.save_tracks(user_id, track_ids, key)
        return pb.SaveTracksResponse(saved_count=saved)

    async def RemoveSavedTracks(
        self, request: pb.RemoveSavedTracksRequest, context: Context
    ) -> pb.RemoveSavedTracksResponse:
        track_ids = list(request.track_ids)
        user_id, key = writer(request)
        removed = await self._library.remove_saved_tracks(user_id, track_ids, key)
        return pb.RemoveSavedTracksResponse(removed_count=removed)

    async def ListSavedTracks(
        self, request: pb.ListSavedTracksRequest, context: Context
    ) -> pb.ListSavedTracksResponse:
        page = Page.of(request)
        user_id, after = current_principal().user_id, place(page)
        saved = await self._library.list_saved_tracks(user_id, after, page.size + 1)
        shown, next_token = page.cut(saved.page.found, convert.track_key)
        return pb.ListSavedTracksResponse(
            tracks=[convert.saved_track(one, saved.named.get(one.thing)) for one in shown],
            next_page_token=next_token,
            total_count=saved.page.total,
        )

    async def CheckSavedTracks(
        self, request: pb.CheckSavedTracksRequest, context: Context
    ) -> pb.CheckSavedTracksResponse:
        track_ids = list(request.track_ids)
        saved = await self._library.check_saved_tracks(current_principal().user_id, track_ids)
        return pb.CheckSavedTracksResponse(saved=saved)

    async def SaveAlbums(
        self, request: pb.SaveAlbumsRequest, context: Context
    ) -> pb.SaveAlbumsResponse:
        album_ids = list(request.album_ids)
        user_id, key = writer(request)
        saved = await self._library.save_albums(user_id, album_ids, key)
        return pb.SaveAlbumsResponse(saved_count=saved)

    async def RemoveSavedAlbums(
        self, request: pb.RemoveSavedAlbumsRequest, context: Context
    ) -> pb.RemoveSavedAlbumsResponse:
        album_ids = list(request.album_ids)
        user_id, key = writer(request)
        removed = await self._library.remove_saved_albums(user_id, album_ids, key)
        return pb.RemoveSavedAlbumsResponse(removed_count=removed)

    async def ListSavedAlbums(
        self, request: pb.ListSavedAlbumsRequest, context: Context
    ) -> pb.ListSavedAlbumsResponse:
        page = Page.of(request)
        user_id, after = current_principal().user_id, place(page)
        saved = await self._library.list_saved_albums(user_id, after, page.size + 1)
        shown, next_token = page.cut(saved.found, convert.album_key)
        return pb.ListSavedAlbumsResponse(
            albums=map(convert.saved_album, shown),
            next_page_token=next_token,
            total_count=saved.total,
        )

    async def CheckSavedAlbums(
        self, request: pb.CheckSavedAlbumsRequest, context: Context
    ) -> pb.CheckSavedAlbumsResponse:
        album_ids = list(request.album_ids)
        saved = await self._library.check_saved_albums(current_principal().user_id, album_ids)
        return pb.CheckSavedAlbumsResponse(saved=saved)
