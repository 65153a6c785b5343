"""``CatalogService`` behind a real server, over the memory stores."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from segue.catalog.v1 import catalog_internal_service_pb2 as internal_pb
from segue.catalog.v1 import catalog_pb2
from segue.catalog.v1 import catalog_service_pb2 as pb
from segue.catalog.v1.catalog_internal_service_pb2_grpc import CatalogInternalServiceStub
from segue.catalog.v1.catalog_service_pb2_grpc import CatalogServiceStub

from catalog_svc.adapters.files.media_objects import HashedObjects
from catalog_svc.adapters.memory.store import MemoryStore
from meshkit.faults import (
    FailedPrecondition,
    InvalidArgument,
    NotFound,
    PermissionDenied,
    Unavailable,
)
from meshkit.testing.rpc import ServedMesh, refused
from meshkit.ulids import new_id
from tests.contracts.catalog.stores import (
    CatalogueStores,
    found,
    memory_stores,
    publication,
    tagged,
)
from tests.contracts.page_tokens import FOREIGN, forged
from tests.rpc.catalog.assembled import assembled

DESCRIPTOR = "1" * 64


@dataclass
class Catalog:
    """The service under test, what is behind it, and stubs as its callers have them."""

    mesh: ServedMesh
    stores: CatalogueStores
    objects: HashedObjects = field(default_factory=lambda: HashedObjects("memory:///"))

    @property
    def edge(self) -> CatalogServiceStub:
        return CatalogServiceStub(self.mesh.channel("edge"))

    def internal(self, caller: str) -> CatalogInternalServiceStub:
        return CatalogInternalServiceStub(self.mesh.channel(caller))

    @property
    def playback(self) -> CatalogInternalServiceStub:
        return self.internal("playback")

    async def fill(self, count: int = 3) -> list[catalog_pb2.Track]:
        """The tracks of an album, as they are listed."""
        await self.stores.scanned(
            *(
                found(f"{number:03}.flac", tagged(f"Song {number}", track_number=number))
                for number in range(1, count + 1)
            )
        )
        request = pb.ListTracksRequest(page_size=500)
        answer = await self.edge.ListTracks(request, metadata=self.mesh.token())
        return list(answer.tracks)


@pytest.fixture
async def catalog(tmp_path: Path) -> AsyncIterator[Catalog]:
    store = MemoryStore()
    async with assembled(tmp_path, store) as mesh:
        yield Catalog(mesh, memory_stores(store))


async def test_a_track_is_told_with_its_names(catalog: Catalog) -> None:
    (listed,) = await catalog.fill(1)
    request = pb.GetTrackRequest(id=listed.id)
    track = (await catalog.edge.GetTrack(request, metadata=catalog.mesh.token())).track
    assert track == listed
    assert (track.title, track.artist, track.album) == ("Song 1", "Björk", "Homogenic")
    assert (track.state, track.access) == (catalog_pb2.Track.PENDING, catalog_pb2.Track.FREE)
    assert (track.duration, track.duration_ms) == (255.0, 255_000)
    assert not track.HasField("loudness")


async def test_lists_page_without_loss_or_repetition(catalog: Catalog) -> None:
    everything = await catalog.fill(7)
    paged: list[catalog_pb2.Track] = []
    request = pb.ListTracksRequest(page_size=3)
    while True:
        answer = await catalog.edge.ListTracks(request, metadata=catalog.mesh.token())
        paged += answer.tracks
        if not answer.next_page_token:
            break
        request.page_token = answer.next_page_token
    assert paged == everything


async def test_an_album_is_told_with_its_tracks_in_order(catalog: Catalog) -> None:
    tracks = await catalog.fill(5)
    token = catalog.mesh.token()
    album_id = tracks[0].album_id
    album = (await catalog.edge.GetAlbum(pb.GetAlbumRequest(id=album_id), metadata=token)).album
    assert (album.title, album.track_count, album.total_duration_ms) == ("Homogenic", 5, 1_275_000)
    request = pb.ListAlbumTracksRequest(id=album_id, page_size=2)
    numbers: list[int] = []
    while True:
        answer = await catalog.edge.ListAlbumTracks(request, metadata=token)
        numbers += [track.track_number for track in answer.tracks]
        if not answer.next_page_token:
            break
        request.page_token = answer.next_page_token
    assert numbers == [1, 2, 3, 4, 5]


async def test_an_artist_is_told_with_the_top_tracks(catalog: Catalog) -> None:
    tracks = await catalog.fill(12)
    token = catalog.mesh.token()
    artist_id = tracks[0].artist_id
    request = pb.GetArtistRequest(id=artist_id)
    artist = (await catalog.edge.GetArtist(request, metadata=token)).artist
    assert (artist.name, artist.track_count) == ("Björk", 12)
    top = pb.ListArtistTopTracksRequest(id=artist_id)
    assert len((await catalog.edge.ListArtistTopTracks(top, metadata=token)).tracks) == 10


@pytest.mark.parametrize("bad", ["", "x", "01jd4q8z7y1v9k2m5n6p7r8s9t", "9" * 26, "../etc/passwd"])
async def test_an_id_that_is_no_ulid_is_named(catalog: Catalog, bad: str) -> None:
    token = catalog.mesh.token()
    edge = catalog.edge
    calls: list[Awaitable[object]] = [
        edge.GetTrack(pb.GetTrackRequest(id=bad), metadata=token),
        edge.GetAlbum(pb.GetAlbumRequest(id=bad), metadata=token),
        edge.ListAlbumTracks(pb.ListAlbumTracksRequest(id=bad), metadata=token),
        edge.GetArtist(pb.GetArtistRequest(id=bad), metadata=token),
        edge.ListArtistTopTracks(pb.ListArtistTopTracksRequest(id=bad), metadata=token),
    ]
    for call in calls:
        fault = await refused(call)
        assert isinstance(fault, InvalidArgument)
        assert [violation.field for violation in fault.violations] == ["id"]


async def test_an_unknown_id_is_not_found(catalog: Catalog) -> None:
    token, unknown = catalog.mesh.token(), new_id()
    edge = catalog.edge
    calls: dict[str, Awaitable[object]] = {
        "track": edge.GetTrack(pb.GetTrackRequest(id=unknown), metadata=token),
        "album": edge.ListAlbumTracks(pb.ListAlbumTracksRequest(id=unknown), metadata=token),
        "artist": edge.ListArtistTopTracks(
            pb.ListArtistTopTracksRequest(id=unknown), metadata=token
        ),
    }
    for resource, call in calls.items():
        fault = await refused(call)
        assert isinstance(fault, NotFound)
        assert fault.metadata == {"resource": resource, "id": unknown}


async def test_a_page_token_of_another_list_is_refused(catalog: Catalog) -> None:
    tracks = await catalog.fill(3)
    token = catalog.mesh.token()
    first = await catalog.edge.ListTracks(pb.ListTracksRequest(page_size=1), metadata=token)
    request = pb.ListAlbumTracksRequest(id=tracks[0].album_id, page_token=first.next_page_token)
    fault = await refused(catalog.edge.ListAlbumTracks(request, metadata=token))
    assert fault.reason == "PAGE_TOKEN_INVALID"


@pytest.mark.parametrize("body", FOREIGN)
async def test_a_page_token_that_the_caller_made_is_refused(catalog: Catalog, body: bytes) -> None:
    token = catalog.mesh.token()
    listing, album = pb.ListTracksRequest(), pb.ListAlbumTracksRequest(id=new_id())
    listing.page_token = forged("/segue.catalog.v1.CatalogService/ListTracks", listing, body)
    album.page_token = forged("/segue.catalog.v1.CatalogService/ListAlbumTracks", album, body)
    for call in (
        catalog.edge.ListTracks(listing, metadata=token),
        catalog.edge.ListAlbumTracks(album, metadata=token),
    ):
        assert (await refused(call)).reason == "PAGE_TOKEN_INVALID"


async def test_a_ready_track_is_playable(catalog: Catalog) -> None:
    (track,) = await catalog.fill(1)
    (source_id,) = await catalog.stores.source_ids()
    await catalog.stores.claimed(source_id, "audio", tagged("Song 1"))
    await catalog.stores.preparation.publish(publication(source_id, track.id))
    request = internal_pb.GetPlayableRequest(track_id=track.id)
    answer = await catalog.playback.GetPlayable(request, metadata=catalog.mesh.token())
    assert answer.descriptor_sha256 == DESCRIPTOR
    assert [(one.rung, one.bitrate) for one in answer.rungs] == [("128", 128), ("320", 320)]
    assert list(answer.track.rungs) == ["128", "320"]
    assert answer.track.state == catalog_pb2.Track.READY
    assert answer.track.loudness.integrated_lufs == -9.5


async def test_a_track_on_its_way_says_when_to_come_back(catalog: Catalog) -> None:
    (track,) = await catalog.fill(1)
    request = internal_pb.GetPlayableRequest(track_id=track.id)
    fault = await refused(catalog.playback.GetPlayable(request, metadata=catalog.mesh.token()))
    assert isinstance(fault, Unavailable)
    assert (fault.reason, fault.retry_after_s) == ("TRACK_NOT_READY", 1.0)
    assert 100 in (await catalog.stores.waiting()).values()


async def test_a_track_whose_file_is_bad_names_the_file(catalog: Catalog) -> None:
    (track,) = await catalog.fill(1)
    (source_id,) = await catalog.stores.source_ids()
    await catalog.stores.preparation.refuse(source_id, "it has a hole", remember=True)
    request = internal_pb.GetPlayableRequest(track_id=track.id)
    fault = await refused(catalog.playback.GetPlayable(request, metadata=catalog.mesh.token()))
    assert isinstance(fault, FailedPrecondition)
    assert (fault.reason, fault.metadata) == ("AUDIO_UNDECODABLE", {"file": "001"})
    assert "it has a hole" in fault.message


async def test_only_playback_asks_how_to_play(catalog: Catalog) -> None:
    (track,) = await catalog.fill(1)
    request = internal_pb.GetPlayableRequest(track_id=track.id)
    fault = await refused(
        catalog.internal("edge").GetPlayable(request, metadata=catalog.mesh.token())
    )
    assert isinstance(fault, PermissionDenied)


async def test_many_tracks_albums_and_artists_are_told_by_id(catalog: Catalog) -> None:
    tracks = await catalog.fill(3)
    stub = catalog.internal("playlist")
    ids = [track.id for track in tracks]
    told = await stub.LookupTracks(internal_pb.LookupTracksRequest(ids=[*ids, ids[0], new_id()]))
    assert sorted(told.tracks, key=lambda one: one.id) == sorted(tracks, key=lambda one: one.id)
    albums = await stub.LookupAlbums(internal_pb.LookupAlbumsRequest(ids=[tracks[0].album_id]))
    assert [(album.title, album.track_count) for album in albums.albums] == [("Homogenic", 3)]
    artists = await stub.LookupArtists(internal_pb.LookupArtistsRequest(ids=[tracks[0].artist_id]))
    assert [(artist.name, artist.track_count) for artist in artists.artists] == [("Björk", 3)]
    assert not (await stub.LookupTracks(internal_pb.LookupTracksRequest())).tracks


@pytest.mark.parametrize("ids", [["nonsense"], [""], ["0" * 26, "0" * 25], ["0" * 26] * 501])
async def test_too_many_or_malformed_ids_are_refused(catalog: Catalog, ids: list[str]) -> None:
    stub = catalog.internal("playlist")
    for call in (
        stub.LookupTracks(internal_pb.LookupTracksRequest(ids=ids)),
        stub.LookupAlbums(internal_pb.LookupAlbumsRequest(ids=ids)),
        stub.LookupArtists(internal_pb.LookupArtistsRequest(ids=ids)),
    ):
        fault = await refused(call)
        assert isinstance(fault, InvalidArgument)
        assert fault.metadata["field"].partition("[")[0] == "ids"


async def test_only_services_ask_for_many(catalog: Catalog) -> None:
    fault = await refused(catalog.internal("edge").LookupTracks(internal_pb.LookupTracksRequest()))
    assert isinstance(fault, PermissionDenied)


async def test_a_watch_first_tells_everything_and_then_what_changes(catalog: Catalog) -> None:
    await catalog.fill(2)
    changes = aiter(catalog.playback.WatchChanges(internal_pb.WatchChangesRequest()))
    listed = [await anext(changes) for _ in range(4)]
    assert [one.WhichOneof("event") for one in listed] == ["artist", "album", "track", "track"]
    assert all(one.version and not one.resume_token for one in listed)
    turn = await anext(changes)
    assert (turn.WhichOneof("event"), bool(turn.resume_token)) == (None, True)
    await catalog.stores.scanned(found("new.flac", tagged("New", artist="Air", album="")))
    later = [await anext(changes) for _ in range(2)]
    assert [one.WhichOneof("event") for one in later] == ["artist", "track"]
    assert later[-1].track.title == "New"


async def test_what_changes_during_the_listing_comes_after_it(catalog: Catalog) -> None:
    await catalog.fill(1)
    changes = aiter(catalog.playback.WatchChanges(internal_pb.WatchChangesRequest()))
    await anext(changes)
    (source_id,) = await catalog.stores.source_ids()
    await catalog.stores.preparation.refuse(source_id, "it has a hole", remember=True)
    while not (await anext(changes)).resume_token:
        pass
    later = [await anext(changes) for _ in range(3)]
    assert [one.WhichOneof("event") for one in later] == ["artist", "album", "track"]
    assert later[-1].track.state == catalog_pb2.Track.FAILED


async def test_a_watch_resumes_after_its_token(catalog: Catalog) -> None:
    request = internal_pb.WatchChangesRequest(resume_token=await catalog.stores.feed.head())
    await catalog.fill(1)
    changes = aiter(catalog.playback.WatchChanges(request))
    seen = [await anext(changes) for _ in range(3)]
    assert {one.WhichOneof("event") for one in seen} == {"track", "album", "artist"}
    request.resume_token = seen[-1].resume_token
    await catalog.stores.scanned(found("new.flac", tagged("New", artist="Air", album="")))
    resumed = await anext(aiter(catalog.playback.WatchChanges(request)))
    assert resumed.artist.name == "Air"


async def test_a_removal_says_what_is_gone(catalog: Catalog) -> None:
    request = internal_pb.WatchChangesRequest(resume_token=await catalog.stores.feed.head())
    await catalog.stores.scanned(found("a.mp3", tagged("One")), found("b.mp3", tagged("Two")))
    first, second = await catalog.stores.source_ids()
    await catalog.stores.claimed(first, "audio", tagged("One"))
    await catalog.stores.claimed(second, "audio", tagged("Two"))
    async for change in catalog.playback.WatchChanges(request):
        if change.WhichOneof("event") == "removed":
            assert change.removed.kind == internal_pb.WatchChangesResponse.Removed.TRACK
            break
