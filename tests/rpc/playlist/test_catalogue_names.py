"""Albums and artists as the playlist service asks the catalogue for them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import Any

import grpc
import pytest
from segue.catalog.v1 import catalog_internal_service_pb2 as pb
from segue.catalog.v1 import catalog_pb2
from segue.catalog.v1.catalog_internal_service_pb2_grpc import (
    CatalogInternalServiceServicer,
    CatalogInternalServiceStub,
    add_CatalogInternalServiceServicer_to_server,
)

from meshkit.clients import interceptors
from meshkit.faults import NotFound, Unavailable
from meshkit.server_context import Context
from meshkit.testing.rpc import ServedMesh, served
from meshkit.ulids import new_id
from playlist_svc.adapters.grpc.names import CatalogueAlbums, CatalogueArtists
from playlist_svc.domain.library import Album
from playlist_svc.domain.social import Artist

KNOWN = sorted(new_id() for _ in range(2))


class Catalogue(CatalogInternalServiceServicer):
    """Knows ``KNOWN``, and answers in another order than it was asked."""

    async def LookupAlbums(
        self, request: pb.LookupAlbumsRequest, context: Context
    ) -> pb.LookupAlbumsResponse:
        return pb.LookupAlbumsResponse(
            albums=[
                catalog_pb2.Album(
                    id=one,
                    title="South",
                    artist="The Föhn",
                    artist_id=KNOWN[0],
                    year=1998,
                    artwork_path="/a/s",
                )
                for one in reversed(KNOWN)
                if one in request.ids
            ]
        )

    async def LookupArtists(
        self, request: pb.LookupArtistsRequest, context: Context
    ) -> pb.LookupArtistsResponse:
        found = [one for one in reversed(KNOWN) if one in request.ids]
        return pb.LookupArtistsResponse(
            artists=[catalog_pb2.Artist(id=one, name="The Föhn") for one in found]
        )


@pytest.fixture
async def mesh(tls: Path) -> AsyncIterator[ServedMesh]:
    catalogue = Catalogue()  # type: ignore[abstract]
    async with served(tls, (add_CatalogInternalServiceServicer_to_server, catalogue)) as mesh:
        yield mesh


@pytest.fixture
async def stub(mesh: ServedMesh) -> Any:
    return CatalogInternalServiceStub(mesh.client_channel("playlist"))


async def test_albums_come_with_what_lists_show(stub: Any) -> None:
    found = await CatalogueAlbums(stub).require(KNOWN)
    assert found == {one: Album(one, "South", "The Föhn", KNOWN[0], 1998, "/a/s") for one in KNOWN}


async def test_artists_come_with_their_names(stub: Any) -> None:
    found = await CatalogueArtists(stub).require(KNOWN)
    assert found == {one: Artist(one, "The Föhn") for one in KNOWN}


@pytest.mark.parametrize(
    ("port", "resource"), [(CatalogueAlbums, "album"), (CatalogueArtists, "artist")]
)
async def test_the_first_that_is_missing_is_named(
    stub: Any, port: Callable[[Any], Any], resource: str
) -> None:
    missing: Sequence[str] = [new_id(), new_id()]
    with pytest.raises(NotFound) as fault:
        await port(stub).require([KNOWN[1], *missing, KNOWN[0]])
    assert fault.value.metadata == {"resource": resource, "id": missing[0]}


@pytest.mark.parametrize("port", [CatalogueAlbums, CatalogueArtists])
async def test_a_catalogue_that_is_away_makes_the_call_unavailable(
    port: Callable[[Any], Any],
) -> None:
    async with grpc.aio.insecure_channel("127.0.0.1:1", interceptors=interceptors()) as channel:
        with pytest.raises(Unavailable):
            await port(CatalogInternalServiceStub(channel)).require(KNOWN)
