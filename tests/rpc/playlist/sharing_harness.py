"""Instances of the service over one PostgreSQL, in a world where everyone and every track is."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from grpc.aio import AioRpcError
from segue.playlist.v1 import (
    library_service_pb2,
    library_service_pb2_grpc,
    playlist_internal_service_pb2,
    playlist_internal_service_pb2_grpc,
    playlist_service_pb2,
    playlist_service_pb2_grpc,
    sharing_service_pb2,
    sharing_service_pb2_grpc,
    snapshot_service_pb2,
    snapshot_service_pb2_grpc,
    social_service_pb2,
    social_service_pb2_grpc,
    transfer_service_pb2,
    transfer_service_pb2_grpc,
)

from meshkit import status
from meshkit.testing.rpc import ServedMesh, TokenIssuer
from meshkit.ulids import new_id
from playlist_svc.adapters.memory.heads import MemoryHeads
from playlist_svc.adapters.memory.library import MemoryAlbums
from playlist_svc.adapters.memory.sharing import MemoryAttemptLimiter
from playlist_svc.adapters.memory.social import MemoryArtists
from playlist_svc.assembly import Parts
from playlist_svc.domain.library import Album
from playlist_svc.domain.social import Artist
from playlist_svc.ports.tracks import Track
from tests.contracts.playlist.sharing_world import Everyone
from tests.rpc.playlist.assembled import assembled, playlist_settings, stored_parts

MESSAGES = {
    "PlaylistService": (playlist_service_pb2, playlist_service_pb2_grpc),
    "SnapshotService": (snapshot_service_pb2, snapshot_service_pb2_grpc),
    "SharingService": (sharing_service_pb2, sharing_service_pb2_grpc),
    "LibraryService": (library_service_pb2, library_service_pb2_grpc),
    "SocialService": (social_service_pb2, social_service_pb2_grpc),
    "LibraryInternalService": (playlist_internal_service_pb2, playlist_internal_service_pb2_grpc),
    "PlaylistInternalService": (playlist_internal_service_pb2, playlist_internal_service_pb2_grpc),
    "SocialInternalService": (playlist_internal_service_pb2, playlist_internal_service_pb2_grpc),
    "TransferService": (transfer_service_pb2, transfer_service_pb2_grpc),
}
"""The messages and stubs of each service."""


def a_track(track_id: str) -> Track:
    return Track(
        track_id, f"T{track_id}", "Ada", new_id(), "First", new_id(), 1, 1, 200_000, 2020, (), 0,
        "", 1_700_000_000_000,
    )  # fmt: skip


class AnyTrack:
    """A ``Catalogue`` that has whatever it is asked for."""

    async def tracks(self, track_ids: Sequence[str]) -> list[Track]:
        return [a_track(track_id) for track_id in track_ids]


class AnyArtist(MemoryArtists):
    """``Artists`` that has whatever it is asked for."""

    async def require(self, artist_ids: Sequence[str]) -> dict[str, Artist]:
        return {one: Artist(one, "The Föhn") for one in artist_ids}


class AnyAlbum(MemoryAlbums):
    """``Albums`` that has whatever it is asked for."""

    async def require(self, album_ids: Sequence[str]) -> dict[str, Album]:
        return {one: Album(one, "First", "Ada", one, 2020, "") for one in album_ids}


@dataclass
class Shared:
    """What all instances of a test share beside the database."""

    dsn: str
    tls: Path
    issuer: TokenIssuer
    people: Everyone
    cache: MemoryHeads
    attempts: MemoryAttemptLimiter

    @classmethod
    def of(cls, dsn: str, tls: Path) -> Shared:
        return cls(dsn, tls, TokenIssuer(), Everyone(), MemoryHeads(), MemoryAttemptLimiter())


@dataclass
class Instance:
    """A running instance, called as ``workload`` calls it; its store is its own."""

    mesh: ServedMesh
    parts: Parts
    workload: str = "edge"

    def __post_init__(self) -> None:
        channel = self.mesh.channel(self.workload, serves_as="playlist")
        self._stubs = {
            name: getattr(grpc_module, f"{name}Stub")(channel)
            for name, (_, grpc_module) in MESSAGES.items()
        }

    async def call(
        self,
        method: str,
        caller: str | None,
        /,
        *,
        address: str = "",
        claims: dict[str, Any] | None = None,
        **fields: Any,
    ) -> Any:
        """The answer, of a stream the first message; raises the Fault of a rich status.

        ``method`` is such as ``SharingService/CreateShare``; a caller of None brings no token.
        """
        service, _, name = method.partition("/")
        request = getattr(MESSAGES[service][0], f"{name}Request")(**fields)
        metadata = () if caller is None else self.mesh.token(caller, **(claims or {}))
        if address:
            metadata = (*metadata, ("x-client-address", address))
        begun = getattr(self._stubs[service], name)(request, metadata=metadata, timeout=20)
        try:
            if not hasattr(begun, "read"):
                return await begun
            try:
                return await begun.read()
            finally:
                begun.cancel()
        except AioRpcError as error:
            raise status.fault_of(error) from error


@asynccontextmanager
async def an_instance(shared: Shared) -> AsyncIterator[Instance]:
    """A server with a store of its own on the shared database."""
    made_up = {"attempts": shared.attempts, "albums": AnyAlbum(), "artists": AnyArtist()}
    parts = stored_parts(shared.dsn, shared.cache, shared.people, AnyTrack(), **made_up)
    async with (
        parts as stored,
        assembled(playlist_settings(shared.tls), stored, shared.tls, shared.issuer) as mesh,
    ):
        yield Instance(mesh, stored)
