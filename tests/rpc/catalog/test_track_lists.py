"""Lists of tracks on the wire: in which order, and which of them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from segue.catalog.v1 import catalog_service_pb2 as pb

from catalog_svc.adapters.memory.store import MemoryStore
from catalog_svc.domain.catalogue import Track
from catalog_svc.domain.edits import TrackEdit
from catalog_svc.domain.listings import TrackSort
from meshkit.faults import InvalidArgument, NotFound, PermissionDenied
from meshkit.scopes import user_scopes
from meshkit.testing.rpc import refused
from meshkit.ulids import new_id
from tests.contracts.catalog.catalogue_tracks_suite import ORDERS, sung
from tests.contracts.catalog.stores import memory_stores
from tests.contracts.page_tokens import FOREIGN, forged
from tests.rpc.catalog.assembled import assembled
from tests.rpc.catalog.test_catalog_service import Catalog

SHOWN = {"Alto", "Älv", "Ångström", "beta"}
SORTS = [sort for sort in pb.ListTracksRequest.Sort.values() if sort]


@pytest.fixture
async def catalog(tmp_path: Path) -> AsyncIterator[Catalog]:
    store = MemoryStore()
    async with assembled(tmp_path, store) as mesh:
        yield Catalog(mesh, memory_stores(store))


@pytest.fixture
async def tracks(catalog: Catalog) -> dict[str, Track]:
    return await sung(catalog.stores)


async def listed(catalog: Catalog, **fields: object) -> pb.ListTracksResponse:
    request = pb.ListTracksRequest(**fields)  # type: ignore[arg-type]
    return await catalog.edge.ListTracks(request, metadata=catalog.mesh.token())


async def titles(catalog: Catalog, **fields: object) -> list[str]:
    return [track.title for track in (await listed(catalog, **fields)).tracks]


@pytest.mark.usefixtures("tracks")
@pytest.mark.parametrize("sort", SORTS)
async def test_every_order_of_the_contract_is_walked_page_by_page(
    catalog: Catalog, sort: int
) -> None:
    page = await listed(catalog, sort=sort, page_size=1)
    told = list(page.tracks)
    while token := page.next_page_token:
        page = await listed(catalog, sort=sort, page_size=1, page_token=token)
        told += page.tracks
    assert [track.title for track in told] == [
        title for title in ORDERS[TrackSort(sort)] if title in SHOWN
    ]


@pytest.mark.usefixtures("tracks")
async def test_the_newest_come_first_where_no_order_is_asked_for(catalog: Catalog) -> None:
    assert await titles(catalog) == await titles(catalog, sort=pb.ListTracksRequest.RECENT)


@pytest.mark.usefixtures("tracks")
async def test_a_token_goes_with_its_own_order_and_bounds(catalog: Catalog) -> None:
    by_title = pb.ListTracksRequest.TITLE
    token = (await listed(catalog, sort=by_title, page_size=1)).next_page_token
    for asked in ({"sort": pb.ListTracksRequest.ARTIST}, {"sort": by_title, "year_to": 2020}):
        fault = await refused(listed(catalog, page_token=token, **asked))
        assert fault.reason == "PAGE_TOKEN_INVALID"


async def test_tracks_are_those_of_an_artist_an_album_a_genre_and_of_years(
    catalog: Catalog, tracks: dict[str, Track]
) -> None:
    alto = tracks["Alto"]
    by_title = pb.ListTracksRequest.TITLE
    assert await titles(catalog, sort=by_title, artist_id=alto.artist_id) == ["Alto", "Älv", "beta"]
    assert await titles(catalog, sort=by_title, album_id=alto.album_id) == ["Alto", "beta"]
    assert await titles(catalog, sort=by_title, year_from=2004, year_to=2010) == ["Alto", "Älv"]
    assert await titles(catalog, genre="Jazz", artist_id=alto.artist_id, year_to=2010) == []
    assert await titles(catalog, genre="Jazz", artist_id=alto.artist_id) == ["beta"]


@pytest.mark.parametrize("field", ["artist_id", "album_id"])
async def test_an_artist_or_album_that_nothing_has_is_not_found(
    catalog: Catalog, field: str
) -> None:
    assert isinstance(await refused(listed(catalog, **{field: new_id()})), NotFound)
    fault = await refused(listed(catalog, **{field: "x"}))
    assert isinstance(fault, InvalidArgument)
    assert fault.metadata["field"] == field


@pytest.mark.parametrize("body", FOREIGN)
async def test_a_page_token_that_the_caller_made_is_refused(catalog: Catalog, body: bytes) -> None:
    for sort in SORTS:
        if sort == pb.ListTracksRequest.TITLE and body == b'["1","1"]':
            # A title and an id are what such a token says.
            continue
        request = pb.ListTracksRequest(sort=sort)
        request.page_token = forged("/segue.catalog.v1.CatalogService/ListTracks", request, body)
        call = catalog.edge.ListTracks(request, metadata=catalog.mesh.token())
        assert (await refused(call)).reason == "PAGE_TOKEN_INVALID"


async def test_an_administrator_lists_what_is_hidden(
    catalog: Catalog, tracks: dict[str, Track]
) -> None:
    for title in ("Alto", "Wreck"):
        await catalog.stores.edits.edit_track(tracks[title].id, TrackEdit(hidden=True), None)
    request = pb.ListHiddenTracksRequest(page_size=2)
    first = await catalog.edge.ListHiddenTracks(request, metadata=catalog.mesh.token())
    request.page_token = first.next_page_token
    rest = await catalog.edge.ListHiddenTracks(request, metadata=catalog.mesh.token())
    told = [*first.tracks, *rest.tracks]
    assert [track.title for track in told] == ["Veiled", "Wreck", "Alto"]
    assert all(track.hidden for track in told)
    assert not rest.next_page_token


async def test_nobody_else_lists_what_is_hidden(catalog: Catalog) -> None:
    user = catalog.mesh.token(scopes=user_scopes())
    call = catalog.edge.ListHiddenTracks(pb.ListHiddenTracksRequest(), metadata=user)
    assert isinstance(await refused(call), PermissionDenied)
