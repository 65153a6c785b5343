"""``SearchService`` on the wire: requests into use cases, entries into answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from segue.catalog.v1 import catalog_pb2, catalog_service_pb2, catalog_service_pb2_grpc

from catalog_svc.domain.search import Entry, Kind
from catalog_svc.usecases.search import MAX_RESULTS, Search, SearchPage
from meshkit.faults import InvalidArgument
from meshkit.paging import Page, foreign_token, size_of
from meshkit.server_context import Context

_Request = catalog_service_pb2.SearchRequest
_Response = catalog_service_pb2.SearchResponse
_Suggestion = catalog_service_pb2.SuggestResponse.Suggestion

_KINDS: Final = {
    _Request.TRACK: Kind.TRACK,
    _Request.ARTIST: Kind.ARTIST,
    _Request.ALBUM: Kind.ALBUM,
    _Request.PLAYLIST: Kind.PLAYLIST,
}
_STATES: Final = dict(catalog_pb2.Track.State.items())
_SUGGESTED: Final = {
    Kind.TRACK: _Suggestion.TRACK,
    Kind.ARTIST: _Suggestion.ARTIST,
    Kind.ALBUM: _Suggestion.ALBUM,
    Kind.PLAYLIST: _Suggestion.PLAYLIST,
}


class SearchServicer(catalog_service_pb2_grpc.SearchServiceServicer):
    """Search and suggestions over the index of this instance."""

    def __init__(self, search: Search) -> None:
        self._search = search

    async def Search(
        self, request: catalog_service_pb2.SearchRequest, context: Context
    ) -> catalog_service_pb2.SearchResponse:
        types = _types(request)
        limit = size_of(request)
        page = Page.of(request)
        offset = _offset(page, types)
        kinds = [_KINDS[type_] for type_ in types]
        answer = await self._search.search(request.q, kinds, limit=limit, offset=offset)
        if answer.next_offset is None or len(types) != 1:
            return _response(answer, "")
        return _response(answer, page.next_token((answer.next_offset,)))

    async def Suggest(
        self, request: catalog_service_pb2.SuggestRequest, context: Context
    ) -> catalog_service_pb2.SuggestResponse:
        limit = size_of(request)
        entries = await self._search.suggest(request.q, limit=limit)
        return catalog_service_pb2.SuggestResponse(
            suggestions=[
                _Suggestion(text=entry.name, kind=_SUGGESTED[entry.kind], id=entry.id)
                for entry in entries
            ]
        )


def _types(request: catalog_service_pb2.SearchRequest) -> list[_Request.Type.ValueType]:
    """The distinct types asked for; all where none is named."""
    return list(dict.fromkeys(request.type)) or list(_KINDS)


def _offset(page: Page, types: list[_Request.Type.ValueType]) -> int:
    if page.after is None:
        return 0
    if len(types) != 1:
        raise InvalidArgument.field("page_token", "goes with exactly one type")
    match page.after:
        case (int(offset),) if 0 < offset < MAX_RESULTS:
            return offset
        case _:
            raise foreign_token()


def _response(found: SearchPage, token: str) -> catalog_service_pb2.SearchResponse:
    response = _Response(next_page_token=token)
    add: dict[Kind, Callable[[Entry], None]] = {
        Kind.TRACK: lambda entry: response.tracks.append(_track(entry)),
        Kind.ARTIST: lambda entry: response.artists.append(
            _Response.ArtistResult(id=entry.id, name=entry.name)
        ),
        Kind.ALBUM: lambda entry: response.albums.append(_album(entry)),
        Kind.PLAYLIST: lambda entry: response.playlists.append(
            _Response.PlaylistResult(id=entry.id, title=entry.name, owner=entry.artist)
        ),
    }
    for kind, hits in found.found.items():
        for entry in hits.entries:
            add[kind](entry)
    return response


def _track(entry: Entry) -> catalog_service_pb2.SearchResponse.TrackResult:
    return _Response.TrackResult(
        id=entry.id,
        title=entry.name,
        artist=entry.artist,
        duration=entry.duration_ms / 1000,
        duration_ms=entry.duration_ms,
        artist_id=entry.artist_id,
        album=entry.album,
        album_id=entry.album_id,
        artwork_path=entry.artwork_path,
        state=_STATES.get(entry.state, catalog_pb2.Track.STATE_UNSPECIFIED),
    )


def _album(entry: Entry) -> catalog_service_pb2.SearchResponse.AlbumResult:
    return _Response.AlbumResult(
        id=entry.id,
        title=entry.name,
        artist=entry.artist,
        year=entry.year,
        artwork_path=entry.artwork_path,
    )
