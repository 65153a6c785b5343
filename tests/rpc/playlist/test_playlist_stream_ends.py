"""Every stream of the playlists ends by the one rule."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import pytest
from segue.playlist.v1 import playlist_internal_service_pb2 as internal_pb
from segue.playlist.v1 import playlist_internal_service_pb2_grpc as internal_grpc
from segue.playlist.v1 import playlist_service_pb2 as pb
from segue.playlist.v1 import transfer_service_pb2
from segue.playlist.v1.playlist_service_pb2_grpc import PlaylistServiceStub

from meshkit.testing.stores import PostgresServer
from meshkit.testing.stream_suite import SID, UserStreamEndSuite
from meshkit.ulids import new_id
from tests.rpc.playlist.transfer_harness import Transfers, m3u8, transfers_of


@dataclass
class World:
    """The playlists behind a real server."""

    transfers: Transfers
    user_id: str

    async def drain(self) -> None:
        await self.transfers.mesh.server.drain()

    def revoke(self, sid: str) -> None:
        self.transfers.mesh.server.streams.revoke(sid, time.time() + 300)

    def metadata(self, *, life_s: float = 300) -> Any:
        return self.transfers.mesh.token(self.user_id, sid=SID, life_s=life_s)

    def stub(self) -> Any:
        return PlaylistServiceStub(self.transfers.mesh.channel("edge", serves_as="playlist"))


async def open_playlist(world: World, metadata: Any) -> Any:
    stub = world.stub()
    made = await stub.CreatePlaylist(pb.CreatePlaylistRequest(name="List"), metadata=metadata)
    return stub.WatchPlaylist(
        pb.WatchPlaylistRequest(playlist_id=made.playlist_id), metadata=metadata
    )


def internal(world: World, caller: str) -> Any:
    """A channel as another service has it."""
    return world.transfers.mesh.channel(caller, serves_as="playlist")


async def open_changes(world: World, metadata: Any) -> Any:
    stub = internal_grpc.PlaylistInternalServiceStub(internal(world, "catalog"))
    return stub.WatchChanges(internal_pb.WatchChangesRequest())


async def open_membership(world: World, metadata: Any) -> Any:
    stub = internal_grpc.PlaylistInternalServiceStub(internal(world, "rec"))
    return stub.WatchMembership(internal_pb.WatchMembershipRequest())


async def open_saved_tracks(world: World, metadata: Any) -> Any:
    stub = internal_grpc.LibraryInternalServiceStub(internal(world, "rec"))
    return stub.WatchSavedTracks(internal_pb.WatchSavedTracksRequest())


async def open_blocked_artists(world: World, metadata: Any) -> Any:
    stub = internal_grpc.SocialInternalServiceStub(internal(world, "rec"))
    return stub.WatchBlockedArtists(internal_pb.WatchBlockedArtistsRequest())


async def open_followed_artists(world: World, metadata: Any) -> Any:
    stub = internal_grpc.SocialInternalServiceStub(internal(world, "rec"))
    return stub.WatchFollowedArtists(internal_pb.WatchFollowedArtistsRequest())


async def open_import(world: World, metadata: Any) -> Any:
    """An import that has told of its first entries and waits for the others."""
    world.transfers.matcher.wait_after = 1
    content = m3u8([("Ada", "Song", 200)] * 500)
    request = transfer_service_pb2.ImportPlaylistRequest(content=content)
    call = world.transfers.user().stub.ImportPlaylist(request, metadata=metadata)
    await call.read()
    return call


class TestStreamEnds(UserStreamEndSuite):
    package = "segue.playlist.v1"
    streams: ClassVar = {
        "PlaylistService.WatchPlaylist": open_playlist,
        "PlaylistInternalService.WatchChanges": open_changes,
        "PlaylistInternalService.WatchMembership": open_membership,
        "LibraryInternalService.WatchSavedTracks": open_saved_tracks,
        "SocialInternalService.WatchBlockedArtists": open_blocked_artists,
        "SocialInternalService.WatchFollowedArtists": open_followed_artists,
        "TransferService.ImportPlaylist": open_import,
    }

    @pytest.fixture
    async def world(self, postgres_server: PostgresServer, tls: Path) -> AsyncIterator[World]:
        async with transfers_of(postgres_server, tls) as transfers:
            yield World(transfers, new_id())
