"""The catalogue and identity as playlists ask them, over a real gRPC server."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from segue.catalog.v1 import catalog_internal_service_pb2, catalog_pb2
from segue.catalog.v1.catalog_internal_service_pb2_grpc import (
    CatalogInternalServiceServicer,
    CatalogInternalServiceStub,
    add_CatalogInternalServiceServicer_to_server,
)
from segue.identity.v1 import identity_internal_service_pb2
from segue.identity.v1.identity_internal_service_pb2_grpc import (
    UserInternalServiceServicer,
    UserInternalServiceStub,
    add_UserInternalServiceServicer_to_server,
)
from ulid import ULID

from meshkit.consuming import Step
from meshkit.faults import Fault, OutOfRange, Unavailable
from meshkit.testing.rpc import served
from playlist_svc.adapters.grpc.catalogue import CatalogueService
from playlist_svc.adapters.grpc.identity import IdentityService
from playlist_svc.domain.library import Album
from playlist_svc.domain.social import Artist
from playlist_svc.ports.catalogue_replica import AlbumChange, ArtistChange, CatalogueChange
from playlist_svc.ports.tracks import Track, TrackChange

TRACK_ID, ALBUM_ID, ARTIST_ID, GONE_ID = (str(ULID()) for _ in range(4))
MESSAGE = catalog_pb2.Track(
    id=TRACK_ID,
    title="Song",
    artist="Artist",
    artist_id="ARTIST",
    album="Album",
    album_id=ALBUM_ID,
    disc_number=1,
    track_number=2,
    duration=1.5,
    duration_ms=1500,
    genres=["Rock", "Pop"],
    year=1999,
    streams_total=3e12,
    artwork_path="/art",
    created_at=Timestamp(seconds=1_700_000_000, nanos=123_456_789),
)
TRACK = Track(
    track_id=TRACK_ID,
    title="Song",
    artist="Artist",
    artist_id="ARTIST",
    album="Album",
    album_id=ALBUM_ID,
    disc_number=1,
    track_number=2,
    duration_ms=1500,
    year=1999,
    genres=("Rock", "Pop"),
    streams_total=3_000_000_000_000,
    artwork_path="/art",
    created_at_ms=1_700_000_000_123,
)


class Catalog(CatalogInternalServiceServicer):
    """A catalogue that has every track but those in ``missing``; ``fault`` is how it fails.

    The files of those in ``refused`` cannot be streamed.
    """

    def __init__(self) -> None:
        self.sizes: list[int] = []
        self.missing: set[str] = set()
        self.refused: set[str] = set()
        self.fault: Fault | None = None
        self.tokens: list[str] = []

    async def LookupTracks(
        self, request: catalog_internal_service_pb2.LookupTracksRequest, context: Any
    ) -> catalog_internal_service_pb2.LookupTracksResponse:
        self.sizes.append(len(request.ids))
        if self.fault is not None:
            raise self.fault
        there = (id_ for id_ in request.ids if id_ not in self.missing)
        return catalog_internal_service_pb2.LookupTracksResponse(
            tracks=[
                catalog_pb2.Track(id=id_, title=f"Song {id_}", state=self._state(id_))
                for id_ in there
            ]
        )

    def _state(self, track_id: str) -> catalog_pb2.Track.State.ValueType:
        states = catalog_pb2.Track
        return states.FAILED if track_id in self.refused else states.PENDING

    async def WatchChanges(
        self, request: catalog_internal_service_pb2.WatchChangesRequest, context: Any
    ) -> AsyncIterator[catalog_internal_service_pb2.WatchChangesResponse]:
        self.tokens.append(request.resume_token)
        step = catalog_internal_service_pb2.WatchChangesResponse
        removed = step.Removed(kind=step.Removed.TRACK, id=GONE_ID)
        other = step.Removed(kind=step.Removed.ALBUM, id=ALBUM_ID)
        yield step(version=7, track=MESSAGE)
        artist = catalog_pb2.Artist(id=ARTIST_ID, name="The Föhn")
        yield step(resume_token="t1", version=3, artist=artist)
        album = catalog_pb2.Album(
            id=ALBUM_ID, title="South", artist="The Föhn", artist_id=ARTIST_ID, year=1998
        )
        yield step(version=4, album=album)
        yield step(resume_token="t2", version=8, removed=removed)
        yield step(resume_token="t3", version=9, removed=other)
        refused = catalog_pb2.Track(id=TRACK_ID, title="Song", state=catalog_pb2.Track.FAILED)
        yield step(resume_token="t4", version=10, track=refused)
        raise OutOfRange("too old")


class Users(UserInternalServiceServicer):
    """An identity in which everyone is called by the end of their id but ``missing``."""

    def __init__(self) -> None:
        self.sizes: list[int] = []
        self.missing: set[str] = set()
        self.fault: Fault | None = None

    async def LookupUsers(
        self, request: identity_internal_service_pb2.LookupUsersRequest, context: Any
    ) -> identity_internal_service_pb2.LookupUsersResponse:
        self.sizes.append(len(request.user_ids))
        if self.fault is not None:
            raise self.fault
        answer = identity_internal_service_pb2.LookupUsersResponse()
        for id_ in request.user_ids:
            if id_ not in self.missing:
                answer.users.add(user_id=id_, username=id_[-6:].lower())
        return answer


@pytest.fixture
def catalog() -> Catalog:
    return Catalog()  # type: ignore[abstract]


@pytest.fixture
def users() -> Users:
    return Users()  # type: ignore[abstract]


@pytest.fixture
async def catalogue(catalog: Catalog, tmp_path: Path) -> AsyncIterator[CatalogueService]:
    registered = (add_CatalogInternalServiceServicer_to_server, catalog)
    async with served(tmp_path, registered) as mesh:
        yield CatalogueService(CatalogInternalServiceStub(mesh.client_channel("playlist")))


@pytest.fixture
async def identity(users: Users, tmp_path: Path) -> AsyncIterator[IdentityService]:
    registered = (add_UserInternalServiceServicer_to_server, users)
    async with served(tmp_path, registered, workload="identity") as mesh:
        channel = mesh.client_channel("playlist", serves_as="identity")
        yield IdentityService(UserInternalServiceStub(channel))


async def test_ten_thousand_tracks_are_asked_for_in_pieces(
    catalog: Catalog, catalogue: CatalogueService
) -> None:
    ids = [str(ULID()) for _ in range(10_000)]
    catalog.missing = set(ids[::100])
    found = await catalogue.tracks(ids)
    assert {track.track_id for track in found} == set(ids) - catalog.missing
    assert catalog.sizes == [500] * 20


async def test_tracks_whose_files_were_refused_are_not_there(
    catalog: Catalog, catalogue: CatalogueService
) -> None:
    good, bad = str(ULID()), str(ULID())
    catalog.refused = {bad}
    assert [track.track_id for track in await catalogue.tracks([bad, good])] == [good]


async def test_what_is_no_ulid_is_not_asked_for(
    catalog: Catalog, catalogue: CatalogueService
) -> None:
    found = await catalogue.tracks(["../etc", TRACK_ID, "", TRACK_ID.lower(), "Ü" * 26])
    assert [track.track_id for track in found] == [TRACK_ID]
    assert catalog.sizes == [1]
    assert await catalogue.tracks(["no"]) == []
    assert catalog.sizes == [1]


async def test_a_catalogue_that_is_away_is_unavailable(
    catalog: Catalog, catalogue: CatalogueService
) -> None:
    catalog.fault = Unavailable("gone")
    with pytest.raises(Unavailable):
        await catalogue.tracks([str(ULID()) for _ in range(1_200)])


async def test_the_feed_tells_of_tracks_albums_and_artists(
    catalog: Catalog, catalogue: CatalogueService
) -> None:
    steps = list[Step[CatalogueChange]]()
    with pytest.raises(OutOfRange):
        async for step in catalogue.changes("t0"):
            steps.append(step)
    assert steps == [
        Step("", TrackChange(TRACK_ID, 7, TRACK)),
        Step("t1", ArtistChange(3, Artist(ARTIST_ID, "The Föhn"))),
        Step("", AlbumChange(4, Album(ALBUM_ID, "South", "The Föhn", ARTIST_ID, 1998, ""))),
        Step("t2", TrackChange(GONE_ID, 8, None)),
        # Of an album that is gone, the name stays.
        Step("t3"),
        # Its file was refused.
        Step("t4", TrackChange(TRACK_ID, 10, None)),
    ]
    assert catalog.tokens == ["t0"]


async def test_users_are_asked_for_in_pieces(users: Users, identity: IdentityService) -> None:
    ids = [str(ULID()) for _ in range(1_001)]
    users.missing = {ids[0], ids[1000]}
    found = await identity.names([*ids, "nobody"])
    assert found == {id_: id_[-6:].lower() for id_ in ids[1:1000]}
    assert users.sizes == [500, 500, 1]


async def test_an_identity_that_is_away_is_unavailable(
    users: Users, identity: IdentityService
) -> None:
    users.fault = Unavailable("gone")
    with pytest.raises(Unavailable):
        await identity.names([TRACK_ID])
