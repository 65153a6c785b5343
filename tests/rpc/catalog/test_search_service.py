"""``SearchService`` behind a real server, over the memory index."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import grpc
import pytest
from google.rpc import error_details_pb2
from grpc_status import rpc_status
from segue.catalog.v1 import catalog_pb2
from segue.catalog.v1.catalog_internal_service_pb2 import MatchTracksRequest, MatchTracksResponse
from segue.catalog.v1.catalog_internal_service_pb2_grpc import SearchInternalServiceStub
from segue.catalog.v1.catalog_service_pb2 import (
    SearchRequest,
    SearchResponse,
    SuggestRequest,
    SuggestResponse,
)
from segue.catalog.v1.catalog_service_pb2_grpc import SearchServiceStub

from catalog_svc.adapters.memory.search_index import MemorySearchIndex
from catalog_svc.adapters.memory.store import MemoryStore
from meshkit.testing.rpc import ServedMesh
from tests.contracts.catalog.search_suite import album, artist, fill, playlist, track
from tests.contracts.page_tokens import FOREIGN, forged
from tests.rpc.catalog.assembled import assembled


@pytest.fixture
async def mesh(tmp_path: Path) -> AsyncIterator[ServedMesh]:
    # The index holds what the feed has told, so that nothing is taken over from the empty store.
    index, store = MemorySearchIndex(), MemoryStore()
    await fill(
        index,
        track(1, "Creep", "Radiohead", "Pablo Honey", popularity=10),
        artist(2, "Radiohead"),
        album(3, "Pablo Honey", "Radiohead"),
        playlist(4, "Radiohead for Beginners", "Ada"),
        *(track(n, f"Song {n:03}") for n in range(10, 160)),
    )
    await index.apply([], await store.feed.head())
    async with assembled(tmp_path, store, index=index) as mesh:
        yield mesh


async def search(mesh: ServedMesh, request: SearchRequest) -> SearchResponse:
    return await SearchServiceStub(mesh.channel()).Search(request, metadata=mesh.token())


async def suggest(mesh: ServedMesh, request: SuggestRequest) -> SuggestResponse:
    return await SearchServiceStub(mesh.channel()).Suggest(request, metadata=mesh.token())


def wrong_field(error: grpc.aio.AioRpcError) -> str:
    status = rpc_status.from_call(error)  # type: ignore[arg-type]
    assert status is not None
    for detail in status.details:
        bad = error_details_pb2.BadRequest()
        if detail.Unpack(bad):
            return bad.field_violations[0].field
    raise AssertionError("no BadRequest in the status")


async def test_every_type_is_found_with_all_fields(mesh: ServedMesh) -> None:
    answer = await search(mesh, SearchRequest(q="radiohaed"))
    assert list(answer.tracks) == [
        SearchResponse.TrackResult(
            id=track(1, "").id,
            title="Creep",
            artist="Radiohead",
            duration=180.0,
            duration_ms=180_000,
            artist_id="A" * 26,
            album="Pablo Honey",
            album_id="B" * 26,
            artwork_path="/media/v1/artwork/ab",
            state=catalog_pb2.Track.READY,
        )
    ]
    assert [found.name for found in answer.artists] == ["Radiohead"]
    assert [(found.title, found.artist, found.year) for found in answer.albums] == [
        ("Pablo Honey", "Radiohead", 1999)
    ]
    assert list(answer.playlists) == [
        SearchResponse.PlaylistResult(
            id=playlist(4, "").id, title="Radiohead for Beginners", owner="Ada"
        )
    ]
    assert answer.next_page_token == ""


async def test_only_the_types_asked_for_come(mesh: ServedMesh) -> None:
    answer = await search(
        mesh, SearchRequest(q="radiohead", type=[SearchRequest.ARTIST, SearchRequest.PLAYLIST])
    )
    assert [found.name for found in answer.artists] == ["Radiohead"]
    assert [found.title for found in answer.playlists] == ["Radiohead for Beginners"]
    assert not answer.tracks
    assert not answer.albums


async def test_page_size_defaults_to_20_and_stops_at_100(mesh: ServedMesh) -> None:
    tracks = [SearchRequest.TRACK]
    for asked, served_size in ((0, 20), (7, 7), (5000, 100)):
        answer = await search(mesh, SearchRequest(q="song", type=tracks, page_size=asked))
        assert len(answer.tracks) == served_size


async def test_pages_of_one_type_join_without_gap(mesh: ServedMesh) -> None:
    request = SearchRequest(q="song", type=[SearchRequest.TRACK], page_size=60)
    seen: list[str] = []
    while True:
        answer = await search(mesh, request)
        seen += [found.id for found in answer.tracks]
        if not answer.next_page_token:
            break
        request.page_token = answer.next_page_token
    assert len(seen) == len(set(seen)) == 150


async def test_suggestions_name_text_kind_and_id(mesh: ServedMesh) -> None:
    answer = await suggest(mesh, SuggestRequest(q="RADIO"))
    assert list(answer.suggestions) == [
        SuggestResponse.Suggestion(
            text="Radiohead", kind=SuggestResponse.Suggestion.ARTIST, id=artist(2, "").id
        ),
        SuggestResponse.Suggestion(
            text="Radiohead for Beginners",
            kind=SuggestResponse.Suggestion.PLAYLIST,
            id=playlist(4, "").id,
        ),
    ]
    assert len((await suggest(mesh, SuggestRequest(q="song"))).suggestions) == 8
    assert len((await suggest(mesh, SuggestRequest(q="song", page_size=99))).suggestions) == 20


@pytest.mark.parametrize(
    ("request_", "field"),
    [
        (SearchRequest(), "q"),
        (SearchRequest(q="  "), "q"),
        (SearchRequest(q="é" * 201), "q"),
        (SearchRequest(q="x", page_size=-1), "page_size"),
        (SearchRequest(q="x", type=[SearchRequest.TYPE_UNSPECIFIED]), "type[0]"),
        (SearchRequest(q="x", type=[99]), "type[0]"),  # type: ignore[list-item]
        (SearchRequest(q="x", type=[SearchRequest.TRACK], page_token="forged"), "page_token"),
        (SuggestRequest(), "q"),
        (SuggestRequest(q="x" * 201), "q"),
        (SuggestRequest(q="x", page_size=-1), "page_size"),
    ],
)
async def test_bad_requests_name_the_field(
    mesh: ServedMesh, request_: SearchRequest | SuggestRequest, field: str
) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        if isinstance(request_, SearchRequest):
            await search(mesh, request_)
        else:
            await suggest(mesh, request_)
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert wrong_field(caught.value) == field


async def test_a_page_token_belongs_to_its_query_and_to_one_type(mesh: ServedMesh) -> None:
    first = await search(mesh, SearchRequest(q="song", type=[SearchRequest.TRACK]))
    for other in (
        SearchRequest(q="songs", type=[SearchRequest.TRACK], page_token=first.next_page_token),
        SearchRequest(q="song", page_token=first.next_page_token),
    ):
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await search(mesh, other)
        assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
        assert wrong_field(caught.value) == "page_token"


@pytest.mark.parametrize("body", FOREIGN)
async def test_a_page_token_that_the_caller_made_is_refused(mesh: ServedMesh, body: bytes) -> None:
    request = SearchRequest(q="song", type=[SearchRequest.TRACK])
    request.page_token = forged("/segue.catalog.v1.SearchService/Search", request, body)
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await search(mesh, request)
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert wrong_field(caught.value) == "page_token"


async def test_searching_needs_the_scope_catalog_read(mesh: ServedMesh) -> None:
    stub = SearchServiceStub(mesh.channel())
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await stub.Search(SearchRequest(q="x"), metadata=mesh.token(scopes=["playback.read"]))
    assert caught.value.code() is grpc.StatusCode.PERMISSION_DENIED


async def test_descriptions_are_matched_in_order(mesh: ServedMesh) -> None:
    request = MatchTracksRequest()
    request.descriptions.add(title="creep", artist="RADIOHEAD", duration_ms=181_000)
    request.descriptions.add(title="No Such Thing", artist="Nobody")
    request.descriptions.add(title="Radiohead - Creep [Remastered]")
    stub = SearchInternalServiceStub(mesh.channel("playlist"))
    answer = await stub.MatchTracks(request)
    assert [(one.match, one.track_id) for one in answer.results] == [
        (MatchTracksResponse.EXACT, track(1, "").id),
        (MatchTracksResponse.MATCH_UNSPECIFIED, ""),
        (MatchTracksResponse.SIMILAR, track(1, "").id),
    ]


async def test_too_many_descriptions_are_refused_by_name(mesh: ServedMesh) -> None:
    request = MatchTracksRequest(descriptions=[MatchTracksRequest.Description()] * 101)
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await SearchInternalServiceStub(mesh.channel("playlist")).MatchTracks(request)
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert wrong_field(caught.value) == "descriptions"


async def test_only_services_have_descriptions_matched(mesh: ServedMesh) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await SearchInternalServiceStub(mesh.channel()).MatchTracks(MatchTracksRequest())
    assert caught.value.code() is grpc.StatusCode.PERMISSION_DENIED
