"""Albums and artists as the catalogue tells them, over gRPC."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from segue.catalog.v1 import catalog_internal_service_pb2 as pb
from segue.catalog.v1 import catalog_pb2
from segue.catalog.v1.catalog_internal_service_pb2_grpc import CatalogInternalServiceStub

from playlist_svc.domain.library import Album
from playlist_svc.domain.refusals import unknown_resource_error
from playlist_svc.domain.social import Artist

_BATCH_S = 2.0


class CatalogueAlbums:
    """The ``Albums`` of the catalogue, at most 500 a call."""

    def __init__(self, stub: CatalogInternalServiceStub) -> None:
        self._stub = stub

    async def require(self, album_ids: Sequence[str]) -> Mapping[str, Album]:
        request = pb.LookupAlbumsRequest(ids=album_ids)
        answer = await self._stub.LookupAlbums(request, timeout=_BATCH_S)
        found = {one.id: album_of(one) for one in answer.albums}
        _require("album", album_ids, found)
        return found


class CatalogueArtists:
    """The ``Artists`` of the catalogue, at most 500 a call."""

    def __init__(self, stub: CatalogInternalServiceStub) -> None:
        self._stub = stub

    async def require(self, artist_ids: Sequence[str]) -> Mapping[str, Artist]:
        request = pb.LookupArtistsRequest(ids=artist_ids)
        answer = await self._stub.LookupArtists(request, timeout=_BATCH_S)
        found = {one.id: artist_of(one) for one in answer.artists}
        _require("artist", artist_ids, found)
        return found


def album_of(album: catalog_pb2.Album) -> Album:
    """An album as lists show it."""
    return Album(
        album.id, album.title, album.artist, album.artist_id, album.year, album.artwork_path
    )


def artist_of(artist: catalog_pb2.Artist) -> Artist:
    """An artist as lists show them."""
    return Artist(artist.id, artist.name)


def _require(resource: str, ids: Sequence[str], found: Mapping[str, object]) -> None:
    missing = next((one for one in ids if one not in found), None)
    if missing is not None:
        raise unknown_resource_error(resource, missing)
