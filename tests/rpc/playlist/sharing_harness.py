"""Every servicer of the service on one server, over a real PostgreSQL and people made up."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from grpc.aio import AioRpcError
from segue.playlist.v1 import (
    library_service_pb2,
    library_service_pb2_grpc,
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
from ulid import ULID

from meshkit import feeds_postgres, postgres, status
from meshkit.background import running
from meshkit.server import MeshServer
from meshkit.testing.rpc import Registration, ServedMesh, TokenIssuer, service_settings
from playlist_svc.adapters import heads
from playlist_svc.adapters.memory_heads import MemoryHeads
from playlist_svc.adapters.memory_library import MemoryAlbums
from playlist_svc.adapters.memory_matching import MemoryMatching
from playlist_svc.adapters.memory_sharing import MemoryTries
from playlist_svc.adapters.memory_social import MemoryArtists
from playlist_svc.adapters.postgres_library import PostgresSavedAlbums, PostgresSavedTracks
from playlist_svc.adapters.postgres_listings import PostgresListings
from playlist_svc.adapters.postgres_playlists import PostgresPlaylists
from playlist_svc.adapters.postgres_sharing import PostgresBlocks, PostgresShares
from playlist_svc.adapters.postgres_social import PostgresSocial, PostgresTies
from playlist_svc.adapters.postgres_tracks import PostgresTracks
from playlist_svc.adapters.versions import Versions as KeptVersions
from playlist_svc.domain.library import Album
from playlist_svc.ports.tracks import Track
from playlist_svc.servicers import playlists as playlist_servicers
from playlist_svc.servicers import sharing as sharing_servicers
from playlist_svc.servicers.library import LibraryServicer
from playlist_svc.servicers.snapshots import SnapshotServicer
from playlist_svc.servicers.social import SocialServicer
from playlist_svc.servicers.stream_ends import StreamEnds
from playlist_svc.servicers.transfer import TransferServicer
from playlist_svc.usecases.access import Access
from playlist_svc.usecases.blocking import Blocking
from playlist_svc.usecases.collaborating import Collaborating
from playlist_svc.usecases.creating import CreatePlaylist
from playlist_svc.usecases.details import ChangeDetails, Deletion
from playlist_svc.usecases.editing import Editing
from playlist_svc.usecases.exporting import ExportPlaylist
from playlist_svc.usecases.file_thread import FileThread
from playlist_svc.usecases.finding_tracks import FindTracks
from playlist_svc.usecases.following import Following
from playlist_svc.usecases.following_links import AcceptShare, Door, PreviewShare
from playlist_svc.usecases.history import History
from playlist_svc.usecases.hub import Hub
from playlist_svc.usecases.importing_file import ImportFile
from playlist_svc.usecases.library import Library
from playlist_svc.usecases.listing import Listing
from playlist_svc.usecases.reading import Reading
from playlist_svc.usecases.sharing import Sharing
from playlist_svc.usecases.smart_refresh import Refresh
from playlist_svc.usecases.social import Social
from playlist_svc.usecases.undoing import GoBack
from playlist_svc.usecases.watch_changes import WatchChanges
from playlist_svc.usecases.watching import WatchPlaylist
from playlist_svc.usecases.writing import Versions, Writer
from playlist_svc.wiring import SCHEMA
from tests.contracts.playlist.sharing_world import Everyone

MESSAGES = {
    "PlaylistService": (playlist_service_pb2, playlist_service_pb2_grpc),
    "SnapshotService": (snapshot_service_pb2, snapshot_service_pb2_grpc),
    "SharingService": (sharing_service_pb2, sharing_service_pb2_grpc),
    "LibraryService": (library_service_pb2, library_service_pb2_grpc),
    "SocialService": (social_service_pb2, social_service_pb2_grpc),
    "TransferService": (transfer_service_pb2, transfer_service_pb2_grpc),
}
"""The messages and stubs of each service."""


def new_id() -> str:
    return str(ULID())


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def a_track(track_id: str) -> Track:
    return Track(
        track_id, f"T{track_id}", "Ada", new_id(), "First", new_id(), 1, 1, 200_000, 2020, (), 0,
        "", 1_700_000_000_000,
    )  # fmt: skip


class AnyTrack:
    """A ``Catalogue`` that has whatever it is asked for."""

    async def tracks(self, track_ids: Sequence[str]) -> list[Track]:
        return [a_track(track_id) for track_id in track_ids]


class AnyAlbum(MemoryAlbums):
    """``Albums`` that has whatever it is asked for."""

    async def existing(self, album_ids: Sequence[str]) -> dict[str, Album]:
        return {one: Album(one, "First", "Ada", one, 2020, "") for one in album_ids}


@dataclass
class Shared:
    """What all instances of a test share beside the database."""

    dsn: str
    tls: Path
    issuer: TokenIssuer
    people: Everyone
    cache: MemoryHeads
    tries: MemoryTries

    @classmethod
    def of(cls, dsn: str, tls: Path) -> Shared:
        return cls(dsn, tls, TokenIssuer(), Everyone(), MemoryHeads(), MemoryTries())


@dataclass
class Instance:
    """A running instance, called as the edge calls it; ``store`` is its own."""

    mesh: ServedMesh
    store: PostgresPlaylists
    shares: PostgresShares
    social: PostgresSocial

    def __post_init__(self) -> None:
        channel = self.mesh.channel("edge", serves_as="playlist")
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


class _Assembly:
    """The use cases and servicers over one pool."""

    def __init__(self, shared: Shared, pool: postgres.Pool, lookups: postgres.Pool) -> None:
        self.shared = shared
        self.pool = pool
        self.store = PostgresPlaylists(pool, KeptVersions(), shared.cache)
        self.shares = PostgresShares(pool)
        self.social = PostgresSocial(pool)
        self.ends = StreamEnds(shared.issuer.verifier())
        self.catalogue = AnyTrack()
        self.tracks = PostgresTracks(lookups, self.catalogue)
        self.access = Access(self.store, shared.cache)
        self.writer = Writer(self.store, self.access)
        self.versions = Versions(self.tracks, now_ms, new_id)
        self.refresh = Refresh(self.writer, self.versions, self.tracks, now_ms)
        self.reading = Reading(self.access, self.store, self.tracks, shared.people, self.refresh)
        self.history = History(self.access, self.store, shared.people, self.reading)

    def sharing(self) -> sharing_servicers.SharingServicer:
        shared, store, blocks = self.shared, self.store, PostgresBlocks(self.pool)
        door = Door(store, self.shares, shared.tries, clock=now_ms)
        return sharing_servicers.SharingServicer(
            sharing_servicers.UseCases(
                collaborating=Collaborating(
                    store, self.access, shared.people, blocks, clock=now_ms
                ),
                sharing=Sharing(
                    store, self.access, self.shares, shared.people, clock=now_ms, new_id=new_id
                ),
                preview=PreviewShare(door, store, self.reading, self.refresh, shared.people),
                accept=AcceptShare(door, store, self.shares, blocks, self.reading, clock=now_ms),
                reading=self.reading,
            )
        )

    def playlists(
        self, feed: feeds_postgres.PostgresChangeFeed, hub: Hub, server: MeshServer
    ) -> playlist_servicers.PlaylistServicer:
        people, listings = self.shared.people, PostgresListings(self.pool)
        store, access, tracks, writer = self.store, self.access, self.tracks, self.writer
        do = playlist_servicers.UseCases(
            create=CreatePlaylist(store, tracks, now_ms, new_id),
            change=ChangeDetails(writer, self.versions, access),
            deletion=Deletion(writer, access, now_ms),
            editing=Editing(writer, self.versions, tracks, people, now_ms),
            following=Following(store, access, now_ms),
            reading=self.reading,
            listing=Listing(store, listings, people, access),
            refresh=self.refresh,
            watch=WatchPlaylist(hub, access, store, self.reading, self.history, self.refresh),
            watch_changes=WatchChanges(feed, listings, self.social, people, heads.decode),
        )
        server.on_drain(self.ends.drain)
        return playlist_servicers.PlaylistServicer(do, self.ends, server.draining, pages_live_s=0)

    def others(self) -> list[Registration]:
        people = self.shared.people
        library = Library(
            PostgresSavedTracks(self.pool),
            PostgresSavedAlbums(self.pool),
            self.tracks,
            AnyAlbum(),
            now_ms,
        )
        blocking = Blocking(self.social, people, PostgresTies(self.pool), self.store, now_ms)
        thread = FileThread()
        find = FindTracks(self.tracks, self.catalogue, MemoryMatching())
        transfer = TransferServicer(
            ImportFile(thread, find, self.store, self.tracks, clock=now_ms, new_id=new_id),
            ExportPlaylist(thread, self.access, self.store, self.tracks, self.refresh),
            self.ends,
        )
        snapshots = SnapshotServicer(self.history, GoBack(self.writer, self.versions))
        social = SocialServicer(Social(self.social, people, MemoryArtists(), now_ms), blocking)
        return [
            (snapshot_service_pb2_grpc.add_SnapshotServiceServicer_to_server, snapshots),
            (
                library_service_pb2_grpc.add_LibraryServiceServicer_to_server,
                LibraryServicer(library),
            ),
            (social_service_pb2_grpc.add_SocialServiceServicer_to_server, social),
            (transfer_service_pb2_grpc.add_TransferServiceServicer_to_server, transfer),
        ]


@asynccontextmanager
async def an_instance(shared: Shared) -> AsyncIterator[Instance]:
    """A server with a store of its own on the shared database."""
    server = MeshServer(service_settings(shared.tls, "playlist"), tokens=shared.issuer.verifier())
    async with (
        postgres.open_pool(shared.dsn, schema=SCHEMA, max_size=4) as pool,
        postgres.open_pool(shared.dsn, schema=SCHEMA, max_size=2) as lookups,
        feeds_postgres.open_feed(shared.dsn, schema=SCHEMA, pool=pool) as feed,
    ):
        parts = _Assembly(shared, pool, lookups)
        hub = Hub(feed, shared.cache, heads.decode)
        add_playlists = playlist_service_pb2_grpc.add_PlaylistServiceServicer_to_server
        server.add(add_playlists, parts.playlists(feed, hub, server))
        add_sharing = sharing_service_pb2_grpc.add_SharingServiceServicer_to_server
        server.add(add_sharing, parts.sharing())
        for add, servicer in parts.others():
            server.add(add, servicer)
        async with running(hub.run):
            mesh = ServedMesh(server, await server.start(), shared.issuer, shared.tls)
            await server.set_serving()
            try:
                yield Instance(mesh, parts.store, parts.shares, parts.social)
            finally:
                await mesh.close()
                await server.drain()
