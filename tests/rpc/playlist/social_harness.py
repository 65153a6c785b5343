"""LibraryService and SocialService over real stores; the catalogue and identity in memory."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from grpc.aio import AioRpcError
from segue.playlist.v1 import library_service_pb2, social_service_pb2
from segue.playlist.v1.library_service_pb2_grpc import (
    LibraryServiceStub,
    add_LibraryServiceServicer_to_server,
)
from segue.playlist.v1.social_service_pb2_grpc import (
    SocialServiceStub,
    add_SocialServiceServicer_to_server,
)
from ulid import ULID

from meshkit import postgres, status
from meshkit.faults import Fault
from meshkit.testing.rpc import ServedMesh, served
from meshkit.testing.stores import PostgresServer
from playlist_svc.adapters.memory_heads import MemoryHeads
from playlist_svc.adapters.memory_library import MemoryAlbums
from playlist_svc.adapters.memory_social import MemoryArtists
from playlist_svc.adapters.postgres_library import PostgresSavedAlbums, PostgresSavedTracks
from playlist_svc.adapters.postgres_playlists import PostgresPlaylists
from playlist_svc.adapters.postgres_social import PostgresSocial, PostgresTies
from playlist_svc.adapters.versions import Versions
from playlist_svc.domain.library import Album
from playlist_svc.domain.social import Artist
from playlist_svc.servicers.library import LibraryServicer
from playlist_svc.servicers.social import SocialServicer
from playlist_svc.usecases.blocking import Blocking
from playlist_svc.usecases.library import Library
from playlist_svc.usecases.social import Social
from playlist_svc.wiring import SCHEMA, migrated
from tests.contracts.playlist.social_samples import KnownPeople, KnownTracks, a_track

MOST = 600
"""The bound of everything that has one here."""


def new_id() -> str:
    return str(ULID())


def now_ms() -> int:
    return time.time_ns() // 1_000_000


@dataclass
class Scene:
    """The services, served, and what they know of the world."""

    mesh: ServedMesh
    playlists: PostgresPlaylists
    people: KnownPeople = field(default_factory=KnownPeople)
    tracks: KnownTracks = field(default_factory=KnownTracks)
    albums: MemoryAlbums = field(default_factory=MemoryAlbums)
    artists: MemoryArtists = field(default_factory=MemoryArtists)

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
    template = await postgres_server.template("playlist", migrated)
    with postgres_server.database(template) as dsn:
        async with postgres.open_pool(dsn, schema=SCHEMA, max_size=8) as pool:
            playlists = PostgresPlaylists(pool, Versions(), MemoryHeads())
            people, tracks = KnownPeople(), KnownTracks()
            albums, artists = MemoryAlbums(), MemoryArtists()
            store = PostgresSocial(pool, most_followed=MOST, most_blocked=MOST)
            library = Library(
                PostgresSavedTracks(pool, MOST),
                PostgresSavedAlbums(pool, MOST),
                tracks,
                albums,
                now_ms,
            )
            social = Social(store, people, artists, now_ms)
            blocking = Blocking(store, people, PostgresTies(pool), playlists, now_ms)
            async with served(
                tls,
                (add_LibraryServiceServicer_to_server, LibraryServicer(library)),
                (add_SocialServiceServicer_to_server, SocialServicer(social, blocking)),
                workload="playlist",
            ) as mesh:
                yield Scene(mesh, playlists, people, tracks, albums, artists)


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


async def refused(awaitable: Any) -> Fault:
    """The fault that a call was refused with."""
    try:
        answer = await awaitable
    except Fault as fault:
        return fault
    raise AssertionError(f"was answered: {answer}")


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
