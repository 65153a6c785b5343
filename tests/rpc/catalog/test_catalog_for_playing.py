"""What ``CatalogService`` tells whoever plays, and the most played, behind a real server."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from segue.catalog.v1 import catalog_internal_service_pb2 as internal_pb
from segue.catalog.v1 import catalog_pb2
from segue.catalog.v1 import catalog_service_pb2 as pb
from segue.catalog.v1.catalog_internal_service_pb2_grpc import CatalogInternalServiceStub
from segue.catalog.v1.catalog_service_pb2_grpc import (
    CatalogServiceStub,
)

from catalog_svc.adapters.memory.store import MemoryStore
from catalog_svc.domain.packed_ids import packed, unpacked
from meshkit.faults import InvalidArgument, NotFound, PermissionDenied
from meshkit.testing.rpc import ServedMesh, refused
from meshkit.ulids import new_id
from tests.contracts.catalog.plays_suite import plays_of
from tests.contracts.catalog.stores import CatalogueStores, found, memory_stores, tagged
from tests.contracts.page_tokens import FOREIGN, forged
from tests.rpc.catalog.assembled import assembled


@dataclass
class Catalog:
    """The service under test and what is behind it, as the edge and as playback call it."""

    mesh: ServedMesh
    stores: CatalogueStores

    def __post_init__(self) -> None:
        self.edge = CatalogServiceStub(self.mesh.channel("edge"))
        self.playback = CatalogInternalServiceStub(self.mesh.channel("playback"))

    async def order(self, **fields: str) -> internal_pb.GetPlayOrderResponse:
        request = internal_pb.GetPlayOrderRequest(**fields)
        return await self.playback.GetPlayOrder(request, metadata=self.mesh.token())

    async def artists(self, track_ids: bytes) -> bytes:
        request = internal_pb.ListTrackArtistsRequest(track_ids=track_ids)
        answer = await self.playback.ListTrackArtists(request, metadata=self.mesh.token())
        return answer.artist_ids

    async def top(self, **fields: object) -> pb.ListTopTracksResponse:
        request = pb.ListTopTracksRequest(**fields)  # type: ignore[arg-type]
        return await self.edge.ListTopTracks(request, metadata=self.mesh.token())

    async def track(self, track_id: str) -> catalog_pb2.Track:
        request = pb.GetTrackRequest(id=track_id)
        return (await self.edge.GetTrack(request, metadata=self.mesh.token())).track


@pytest.fixture
async def catalog(tmp_path: Path) -> AsyncIterator[Catalog]:
    store = MemoryStore()
    async with assembled(tmp_path, store) as mesh:
        yield Catalog(mesh, memory_stores(store))


async def test_an_album_is_played_in_the_order_that_it_is_listed_in(catalog: Catalog) -> None:
    songs = await catalog.stores.songs("One", "Two", "Three")
    album_id = (await catalog.track(songs["One"])).album_id
    answer = await catalog.order(album_id=album_id)
    assert unpacked(answer.track_ids) == [songs["One"], songs["Two"], songs["Three"]]
    assert answer.title == "Homogenic"


async def test_an_artist_is_played_from_the_most_played_on(catalog: Catalog) -> None:
    songs = await catalog.stores.songs("One", "Two", "Three")
    plays = [*plays_of(songs["Three"], 2), *plays_of(songs["One"])]
    await catalog.stores.plays.apply(plays, "a")
    artist_id = (await catalog.track(songs["One"])).artist_id
    answer = await catalog.order(artist_id=artist_id)
    assert unpacked(answer.track_ids) == [songs["Three"], songs["One"], songs["Two"]]
    assert answer.title == "Björk"


async def test_an_album_of_refused_tracks_has_nothing_to_play(catalog: Catalog) -> None:
    songs = await catalog.stores.songs("One")
    album_id = (await catalog.track(songs["One"])).album_id
    await catalog.stores.refused(songs["One"])
    answer = await catalog.order(album_id=album_id)
    assert (answer.track_ids, answer.title) == (b"", "Homogenic")


async def test_an_order_is_of_one_album_or_one_artist_that_there_is(catalog: Catalog) -> None:
    for fields, field in (
        ({}, "album_id"),
        ({"album_id": new_id(), "artist_id": new_id()}, "artist_id"),
        ({"album_id": "x"}, "album_id"),
        ({"artist_id": "x"}, "artist_id"),
    ):
        fault = await refused(catalog.order(**fields))
        assert isinstance(fault, InvalidArgument)
        assert (fault.reason, fault.metadata["field"]) == ("INVALID_FIELD", field)
    unknown = new_id()
    for kind in ("album", "artist"):
        fault = await refused(catalog.order(**{f"{kind}_id": unknown}))
        assert isinstance(fault, NotFound)
        assert fault.metadata == {"resource": kind, "id": unknown}


async def test_tracks_are_told_their_artists_in_order_with_zeros_for_unknown_ones(
    catalog: Catalog,
) -> None:
    songs = await catalog.stores.songs("One", "Two")
    artist_id = (await catalog.track(songs["One"])).artist_id
    asked = packed([songs["Two"], new_id(), songs["One"], songs["Two"]])
    known = packed([artist_id])
    assert await catalog.artists(asked) == known + bytes(16) + known + known
    assert await catalog.artists(b"") == b""


async def test_ten_thousand_tracks_are_told_their_artists_and_no_more(catalog: Catalog) -> None:
    assert await catalog.artists(bytes(16) * 10_000) == bytes(16) * 10_000
    for wrong in (bytes(16) * 10_001, bytes(15), bytes(17)):
        fault = await refused(catalog.artists(wrong))
        assert isinstance(fault, InvalidArgument)
        assert fault.metadata["field"] == "track_ids"


async def test_only_playback_asks_what_to_play(catalog: Catalog) -> None:
    token = catalog.mesh.token()
    edge = CatalogInternalServiceStub(catalog.mesh.channel("edge"))
    for call in (
        edge.GetPlayOrder(internal_pb.GetPlayOrderRequest(), metadata=token),
        edge.ListTrackArtists(internal_pb.ListTrackArtistsRequest(), metadata=token),
    ):
        assert isinstance(await refused(call), PermissionDenied)


async def test_the_most_played_page_without_loss_or_repetition(catalog: Catalog) -> None:
    songs = await catalog.stores.songs(*(f"Song {n}" for n in range(7)))
    plays = [*plays_of(songs["Song 3"], 3), *plays_of(songs["Song 5"])]
    await catalog.stores.plays.apply(plays, "a")
    whole = await catalog.top()
    assert [(one.title, one.streams_total) for one in whole.tracks[:3]][:2] == [
        ("Song 3", 3),
        ("Song 5", 1),
    ]
    unplayed = [one.id for one in whole.tracks[2:]]
    assert unplayed == sorted(unplayed, reverse=True)
    assert (len(whole.tracks), whole.next_page_token) == (7, "")
    seen: list[str] = []
    token = ""
    while True:
        page = await catalog.top(page_size=2, page_token=token)
        seen += [one.id for one in page.tracks]
        token = page.next_page_token
        if not token:
            break
    assert seen == [one.id for one in whole.tracks]


async def test_the_most_played_are_a_thousand_at_most(catalog: Catalog) -> None:
    files = [found(f"{n}.flac", tagged(f"Song {n}")) for n in range(1_001)]
    await catalog.stores.scanned(*files)
    first = await catalog.top(page_size=500)
    second = await catalog.top(page_size=500, page_token=first.next_page_token)
    assert (len(first.tracks), len(second.tracks)) == (500, 500)
    assert (bool(first.next_page_token), second.next_page_token) == (True, "")


async def test_the_most_played_have_no_refused_tracks(catalog: Catalog) -> None:
    songs = await catalog.stores.songs("One", "Two")
    await catalog.stores.refused(songs["One"])
    assert [one.title for one in (await catalog.top()).tracks] == ["Two"]


@pytest.mark.parametrize("body", FOREIGN)
async def test_a_page_token_of_the_most_played_that_the_caller_made_is_refused(
    catalog: Catalog, body: bytes
) -> None:
    request = pb.ListTopTracksRequest()
    token = forged("/segue.catalog.v1.CatalogService/ListTopTracks", request, body)
    assert (await refused(catalog.top(page_token=token))).reason == "PAGE_TOKEN_INVALID"


async def test_a_negative_count_is_no_place_in_the_list(catalog: Catalog) -> None:
    request = pb.ListTopTracksRequest()
    token = forged("/segue.catalog.v1.CatalogService/ListTopTracks", request, b'[-1,"x"]')
    assert (await refused(catalog.top(page_token=token))).reason == "PAGE_TOKEN_INVALID"
