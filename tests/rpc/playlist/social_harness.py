"""LibraryService and SocialService over real stores; the catalogue and identity in memory."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from grpc.aio import AioRpcError
from segue.playlist.v1 import (
    library_service_pb2,
    playlist_internal_service_pb2,
    social_service_pb2,
)
from segue.playlist.v1.library_service_pb2_grpc import LibraryServiceStub
from segue.playlist.v1.playlist_internal_service_pb2_grpc import SocialInternalServiceStub
from segue.playlist.v1.social_service_pb2_grpc import SocialServiceStub

from meshkit import status
from meshkit.testing import stores
from meshkit.testing.rpc import ServedMesh, TokenIssuer
from meshkit.testing.stores import PostgresServer
from meshkit.ulids import new_id
from playlist_svc.adapters.memory.heads import MemoryHeads
from playlist_svc.adapters.memory.library import MemoryAlbums
from playlist_svc.adapters.memory.social import MemoryArtists
from playlist_svc.adapters.postgres.catalogue_replica import PostgresCatalogueReplica
from playlist_svc.adapters.postgres.library import PostgresSavedAlbums, PostgresSavedTracks
from playlist_svc.adapters.postgres.social import PostgresSocial
from playlist_svc.domain.library import Album
from playlist_svc.domain.social import Artist
from playlist_svc.ports.catalogue_replica import CatalogueReplica
from playlist_svc.ports.playlists import PlaylistStore
from playlist_svc.schema import SCHEMA
from tests.contracts.playlist.social_samples import KnownPeople, KnownTracks, a_track
from tests.rpc.playlist.assembled import (
    NoCatalogue,
    assembled,
    playlist_settings,
    stored_parts,
)

MOST = 600
"""The bound of everything that has one here."""


@dataclass
class Scene:
    """The services, served, and what they know of the world."""

    mesh: ServedMesh
    playlists: PlaylistStore
    people: KnownPeople
    tracks: KnownTracks
    albums: MemoryAlbums
    artists: MemoryArtists
    catalogue: CatalogueReplica

    def user(self, name: str = "ada") -> User:
        user = User(self.mesh, new_id())
        self.people.known[user.user_id] = name
        return user

    def new_tracks(self, n: int) -> list[str]:
        ids = [new_id() for _ in range(n)]
        self.tracks.known |= {one: a_track(one) for one in ids}
        return ids

    def new_albums(self, n: int) -> list[str]:
        ids = [new_id() for _ in range(n)]
        for one in ids:
            self.albums.known[one] = Album(one, "South", "The Föhn", new_id(), 1998, "/a/s")
        return ids

    def new_artists(self, n: int) -> list[str]:
        ids = [new_id() for _ in range(n)]
        self.artists.known |= {one: Artist(one, "The Föhn") for one in ids}
        return ids


@asynccontextmanager
async def a_scene(postgres_server: PostgresServer, tls: Path) -> AsyncIterator[Scene]:
    """Both services on a fresh database."""
    people, tracks = KnownPeople(), KnownTracks()
    albums, artists = MemoryAlbums(), MemoryArtists()
    template = await postgres_server.template("playlist", SCHEMA.migrate)
    with postgres_server.database(template) as dsn:
        async with (
            stores.open_pool(dsn, schema=SCHEMA.name, max_size=4) as pool,
            stored_parts(
                dsn,
                MemoryHeads(),
                people,
                NoCatalogue(),
                tracks=tracks,
                albums=albums,
                artists=artists,
                saved_tracks=PostgresSavedTracks(pool, MOST),
                saved_albums=PostgresSavedAlbums(pool, MOST),
                social=PostgresSocial(pool, most_followed=MOST, most_blocked=MOST),
            ) as parts,
        ):
            issuer = TokenIssuer()
            async with assembled(playlist_settings(tls), parts, tls, issuer) as mesh:
                replica = PostgresCatalogueReplica(pool)
                yield Scene(mesh, parts.store, people, tracks, albums, artists, replica)


@dataclass
class User:
    """A user's calls, as they come through the edge."""

    mesh: ServedMesh
    user_id: str

    async def library(self, method: str, **fields: Any) -> Any:
        """Calls a method of LibraryService; raises the Fault that a rich status means."""
        return await self._call(LibraryServiceStub, library_service_pb2, method, "edge", fields)

    async def social(self, method: str, caller: str = "edge", **fields: Any) -> Any:
        """Calls a method of SocialService; raises the Fault that a rich status means."""
        return await self._call(SocialServiceStub, social_service_pb2, method, caller, fields)

    async def friends(self, caller: str = "playback", **fields: Any) -> Any:
        """ListFriends of SocialInternalService, as ``caller`` calls it for the user."""
        stub, pb = SocialInternalServiceStub, playlist_internal_service_pb2
        return await self._call(stub, pb, "ListFriends", caller, fields)

    async def _call(
        self, stub: Any, pb: Any, method: str, caller: str, fields: dict[str, Any]
    ) -> Any:
        channel = self.mesh.channel(caller, serves_as="playlist")
        request = getattr(pb, f"{method}Request")(**fields)
        call = getattr(stub(channel), method)
        try:
            return await call(request, metadata=self.mesh.token(self.user_id), timeout=10)
        except AioRpcError as error:
            raise status.fault_of(error) from error
        finally:
            await channel.close()


async def pages(list_page: Any, items: str, size: int = 3) -> Sequence[Any]:
    """Everything in a list, read page by page; ``list_page`` takes page_size and page_token."""
    found: list[Any] = []
    token = ""
    while True:
        answer = await list_page(page_size=size, page_token=token)
        found += getattr(answer, items)
        assert len(getattr(answer, items)) <= size
        token = answer.next_page_token
        if not token:
            return found
