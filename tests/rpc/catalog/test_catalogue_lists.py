"""Lists of albums, artists, imports and of chosen tracks on the wire."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from segue.catalog.v1 import catalog_pb2
from segue.catalog.v1 import catalog_service_pb2 as pb

from catalog_svc.adapters.memory.store import MemoryStore
from meshkit.faults import InvalidArgument, NotFound
from meshkit.testing.rpc import refused
from meshkit.ulids import new_id
from tests.contracts.catalog.catalogue_lists_suite import filled
from tests.contracts.catalog.stores import memory_stores
from tests.contracts.page_tokens import FOREIGN, forged
from tests.rpc.catalog.assembled import assembled
from tests.rpc.catalog.test_catalog_service import Catalog


@pytest.fixture
async def catalog(tmp_path: Path) -> AsyncIterator[Catalog]:
    store = MemoryStore()
    async with assembled(tmp_path, store) as mesh:
        catalog = Catalog(mesh, memory_stores(store))
        await filled(catalog.stores)
        yield catalog


async def albums(catalog: Catalog, **fields: object) -> pb.ListAlbumsResponse:
    request = pb.ListAlbumsRequest(**fields)  # type: ignore[arg-type]
    return await catalog.edge.ListAlbums(request, metadata=catalog.mesh.token())


async def artists(catalog: Catalog, **fields: object) -> pb.ListArtistsResponse:
    request = pb.ListArtistsRequest(**fields)  # type: ignore[arg-type]
    return await catalog.edge.ListArtists(request, metadata=catalog.mesh.token())


async def test_albums_come_the_newest_first_or_as_they_are_sorted(catalog: Catalog) -> None:
    told = await albums(catalog)
    assert [one.title for one in told.albums] == ["Älv", "Cirrus", "beta", "Ångström"]
    told = await albums(catalog, sort=pb.ListAlbumsRequest.TITLE, page_size=3)
    assert [one.title for one in told.albums] == ["Älv", "Ångström", "beta"]
    token = told.next_page_token
    rest = await albums(catalog, sort=pb.ListAlbumsRequest.TITLE, page_size=3, page_token=token)
    assert [one.title for one in rest.albums] == ["Cirrus"]
    assert not rest.next_page_token
    fault = await refused(albums(catalog, sort=pb.ListAlbumsRequest.YEAR, page_token=token))
    assert fault.reason == "PAGE_TOKEN_INVALID"


async def test_an_artists_albums_come_the_latest_released_first(catalog: Catalog) -> None:
    air = next(one for one in (await artists(catalog)).artists if one.name == "Air")
    told = await albums(catalog, artist_id=air.id)
    assert [one.title for one in told.albums] == ["Cirrus", "Älv", "beta"]
    assert isinstance(await refused(albums(catalog, artist_id=new_id())), NotFound)
    fault = await refused(albums(catalog, artist_id="x"))
    assert isinstance(fault, InvalidArgument)
    assert fault.metadata["field"] == "artist_id"


async def test_artists_come_by_name(catalog: Catalog) -> None:
    told = await artists(catalog, page_size=1)
    assert [one.name for one in told.artists] == ["Air"]
    rest = await artists(catalog, page_token=told.next_page_token)
    assert [one.name for one in rest.artists] == ["Zoë"]


@pytest.mark.parametrize("body", FOREIGN)
async def test_a_page_token_that_the_caller_made_is_refused(catalog: Catalog, body: bytes) -> None:
    request = pb.ListAlbumsRequest(sort=pb.ListAlbumsRequest.YEAR)
    request.page_token = forged("/segue.catalog.v1.CatalogService/ListAlbums", request, body)
    call = catalog.edge.ListAlbums(request, metadata=catalog.mesh.token())
    assert (await refused(call)).reason == "PAGE_TOKEN_INVALID"


async def test_chosen_tracks_come_in_the_order_that_they_were_asked_for(catalog: Catalog) -> None:
    metadata = catalog.mesh.token()
    listing = await catalog.edge.ListTracks(pb.ListTracksRequest(), metadata=metadata)
    first, second = (track.id for track in listing.tracks[:2])
    request = pb.BatchGetTracksRequest(ids=[second, new_id(), first, second])
    told = await catalog.edge.BatchGetTracks(request, metadata=metadata)
    assert [track.id for track in told.tracks] == [second, first]


async def test_tracks_that_failed_are_listed_when_they_are_asked_for(catalog: Catalog) -> None:
    songs = await catalog.stores.songs("One")
    await catalog.stores.refused(songs["One"])
    metadata = catalog.mesh.token()
    every = await catalog.edge.ListTracks(pb.ListTracksRequest(), metadata=metadata)
    assert songs["One"] not in {track.id for track in every.tracks}
    request = pb.ListTracksRequest(states=[catalog_pb2.Track.FAILED])
    failed = await catalog.edge.ListTracks(request, metadata=metadata)
    assert [track.id for track in failed.tracks] == [songs["One"]]


async def genres(catalog: Catalog, **fields: object) -> pb.ListGenresResponse:
    request = pb.ListGenresRequest(**fields)  # type: ignore[arg-type]
    return await catalog.edge.ListGenres(request, metadata=catalog.mesh.token())


async def test_genres_come_by_name_with_their_tracks(catalog: Catalog) -> None:
    songs = await catalog.stores.songs("One", "Two", genres=("Fado", "Jazz"))
    told = await genres(catalog)
    counts = {one.name: one.track_count for one in told.genres}
    assert (counts["Fado"], counts["Jazz"]) == (2, 2)
    assert list(counts) == sorted(counts)
    first = await genres(catalog, page_size=1)
    rest = await genres(catalog, page_token=first.next_page_token)
    assert [*first.genres, *rest.genres] == list(told.genres)
    request = pb.ListTracksRequest(genre="Fado")
    listed = await catalog.edge.ListTracks(request, metadata=catalog.mesh.token())
    assert {track.id for track in listed.tracks} == set(songs.values())


async def test_albums_and_artists_of_one_genre_can_be_asked_for(catalog: Catalog) -> None:
    await catalog.stores.songs("One", artist="Amália", genres=("Fado",))
    assert [one.title for one in (await albums(catalog, genre="Fado")).albums] == ["Homogenic"]
    assert [one.name for one in (await artists(catalog, genre="Fado")).artists] == ["Amália"]


async def test_a_genre_that_no_track_has_is_an_empty_list(catalog: Catalog) -> None:
    for genre in ("Polka", "Po\x01lka", "é" * 500):
        request = pb.ListTracksRequest(genre=genre)
        listed = await catalog.edge.ListTracks(request, metadata=catalog.mesh.token())
        assert not listed.tracks
        assert not (await albums(catalog, genre=genre)).albums
        assert not (await artists(catalog, genre=genre)).artists
    for genre in ("é" * 501, "Po\x00lka"):
        request = pb.ListTracksRequest(genre=genre)
        fault = await refused(catalog.edge.ListTracks(request, metadata=catalog.mesh.token()))
        assert fault.metadata["field"] == "genre"


# One text alone is what such a token says.
@pytest.mark.parametrize("body", [body for body in FOREIGN if body != b'["zz"]'])
async def test_a_page_token_of_genres_that_the_caller_made_is_refused(
    catalog: Catalog, body: bytes
) -> None:
    request = pb.ListGenresRequest()
    request.page_token = forged("/segue.catalog.v1.CatalogService/ListGenres", request, body)
    call = catalog.edge.ListGenres(request, metadata=catalog.mesh.token())
    assert (await refused(call)).reason == "PAGE_TOKEN_INVALID"


async def years(catalog: Catalog, **fields: object) -> pb.ListYearsResponse:
    request = pb.ListYearsRequest(**fields)  # type: ignore[arg-type]
    return await catalog.edge.ListYears(request, metadata=catalog.mesh.token())


async def test_years_come_the_latest_first_with_their_tracks_and_albums(catalog: Catalog) -> None:
    await catalog.stores.songs("One", "Two", year=2010)
    told = await years(catalog)
    counts = [(one.year, one.track_count, one.album_count) for one in told.years]
    assert counts == [(2010, 3, 2), (2004, 1, 1), (1999, 1, 1)]
    first = await years(catalog, page_size=1)
    rest = await years(catalog, page_token=first.next_page_token)
    assert [*first.years, *rest.years] == list(told.years)
    assert not rest.next_page_token
    for one in told.years:
        request = pb.ListTracksRequest(year_from=one.year, year_to=one.year)
        listed = await catalog.edge.ListTracks(request, metadata=catalog.mesh.token())
        assert len(listed.tracks) == one.track_count
        of_year = await albums(catalog, year_from=one.year, year_to=one.year)
        assert len(of_year.albums) == one.album_count


@pytest.mark.parametrize("body", [*FOREIGN, b"[0]", b"[10000]"])
async def test_a_page_token_of_years_that_the_caller_made_is_refused(
    catalog: Catalog, body: bytes
) -> None:
    request = pb.ListYearsRequest()
    request.page_token = forged("/segue.catalog.v1.CatalogService/ListYears", request, body)
    call = catalog.edge.ListYears(request, metadata=catalog.mesh.token())
    assert (await refused(call)).reason == "PAGE_TOKEN_INVALID"
