"""Instances of the playlist service over stores in memory that they share."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from grpc.aio import AioRpcError
from segue.playlist.v1 import (
    playlist_internal_service_pb2,
    playlist_service_pb2,
    snapshot_service_pb2,
)
from segue.playlist.v1.playlist_internal_service_pb2_grpc import PlaylistInternalServiceStub
from segue.playlist.v1.playlist_service_pb2_grpc import PlaylistServiceStub
from segue.playlist.v1.snapshot_service_pb2_grpc import SnapshotServiceStub

from meshkit import status
from meshkit.clock import now_ms
from meshkit.faults import NotFound, Unavailable
from meshkit.testing.rpc import ServedMesh, TokenIssuer, next_message
from meshkit.testing.rpc import refused as refused
from meshkit.ulids import new_id
from playlist_svc.adapters.memory.heads import MemoryHeads
from playlist_svc.adapters.memory.playlists import MemoryPlaylists
from playlist_svc.adapters.memory.tracks import MemoryTracks
from playlist_svc.domain.access import Role
from playlist_svc.domain.playlist import Member
from playlist_svc.domain.rules import Rule
from playlist_svc.ports.playlists import Writing
from playlist_svc.ports.tracks import Track, TrackChange
from tests.rpc.playlist.assembled import (
    NoCatalogue,
    assembled,
    memory_parts,
    playlist_settings,
)

UNKNOWN = "01JD4Q8Z7Y1V9K2M5N6P7R8S9T"


def a_track(title: str, **fields: Any) -> Track:
    plain = Track(
        track_id=new_id(),
        title=title,
        artist=f"Artist of {title}",
        artist_id=new_id(),
        album="An album",
        album_id=new_id(),
        disc_number=1,
        track_number=1,
        duration_ms=200_000,
        year=2001,
        genres=("rock",),
        streams_total=0,
        artwork_path=f"/media/v1/artwork/{title}",
        created_at_ms=1_700_000_000_000,
    )
    return replace(plain, **fields)


class Tracks(MemoryTracks):
    """The copy, which can be taken away from rules."""

    def __init__(self) -> None:
        super().__init__(NoCatalogue())
        self.away = False

    async def select(self, rule: Rule, owner_id: str, now_ms: int) -> list[tuple[str, int]]:
        if self.away:
            raise Unavailable("away")
        return await super().select(rule, owner_id, now_ms)


class People:
    """Everyone who was made known."""

    def __init__(self) -> None:
        self.known: dict[str, str] = {}

    async def names(self, user_ids: Collection[str]) -> Mapping[str, str]:
        return {one: self.known[one] for one in user_ids if one in self.known}

    async def require(self, user_ids: Collection[str]) -> Mapping[str, str]:
        for one in user_ids:
            if one not in self.known:
                raise NotFound("no such user", metadata={"resource": "user", "id": one})
        return await self.names(user_ids)


@dataclass
class World:
    """What the instances of a test share."""

    tls: Path
    issuer: TokenIssuer = field(default_factory=TokenIssuer)
    cache: MemoryHeads = field(default_factory=MemoryHeads)
    tracks: Tracks = field(default_factory=Tracks)
    people: People = field(default_factory=People)
    titles: dict[str, str] = field(default_factory=dict)
    versions: int = 0

    def __post_init__(self) -> None:
        self.store = MemoryPlaylists(self.cache)
        in_memory = memory_parts(self.store, self.cache, self.people)
        self.parts = replace(in_memory, tracks=self.tracks, names=self.tracks.names)
        self.social = self.parts.social

    async def track(self, title: str, **fields: Any) -> str:
        """Has the catalogue tell a track; its id."""
        track = a_track(title, **fields)
        self.titles[track.track_id] = title
        await self._told(track.track_id, track)
        return track.track_id

    async def tracks_of(self, titles: str) -> list[str]:
        """A track for each letter."""
        return [await self.track(title) for title in titles]

    async def remove(self, track_id: str) -> None:
        """Has the catalogue tell that a track is gone."""
        await self._told(track_id, None)

    async def _told(self, track_id: str, track: Track | None) -> None:
        self.versions += 1
        await self.tracks.apply([TrackChange(track_id, self.versions, track)], "")

    async def join(self, playlist_id: str, user_id: str, role: Role | None) -> None:
        """Gives a user a role, or takes it away."""

        async def decide(writing: Writing) -> bytes:
            members = [one for one in writing.head.members if one.user_id != user_id]
            if role is not None:
                members.append(Member(user_id, role, now_ms()))
            writing.change(replace(writing.head, members=tuple(members)))
            return b""

        await self.store.write(playlist_id, None, decide)


@dataclass
class Instance:
    """One running instance, called as the edge calls it."""

    mesh: ServedMesh
    world: World

    def revoke(self, sid: str) -> None:
        """As if identity had told that a sign-in was revoked."""
        self.mesh.server.streams.revoke(sid, time.time() + 600)

    def user(self, name: str, user_id: str | None = None, **claims: Any) -> User:
        """A user who signs in here; also one that another instance knows."""
        user_id = user_id or new_id()
        self.world.people.known[user_id] = name
        return User(self.mesh, self.world, user_id, claims)


@asynccontextmanager
async def an_instance(world: World, **overrides: Any) -> AsyncIterator[Instance]:
    settings = playlist_settings(world.tls, **overrides)
    async with assembled(settings, world.parts, world.tls, world.issuer) as mesh:
        yield Instance(mesh, world)


class User:
    """A user's calls over one channel. Answers are messages; refusals raise their Fault."""

    def __init__(
        self, mesh: ServedMesh, world: World, user_id: str, claims: Mapping[str, Any]
    ) -> None:
        self.mesh = mesh
        self.user_id = user_id
        self.world = world
        self.metadata = mesh.token(user_id, **claims)
        channel = mesh.channel("edge", serves_as="playlist")
        self._stubs: list[tuple[Any, Any]] = [
            (playlist_service_pb2, PlaylistServiceStub(channel)),
            (snapshot_service_pb2, SnapshotServiceStub(channel)),
            (playlist_internal_service_pb2, PlaylistInternalServiceStub(channel)),
        ]

    async def call(self, method: str, **fields: Any) -> Any:
        """Calls a method of any of the services."""
        messages, stub = next(one for one in self._stubs if hasattr(one[1], method))
        request = getattr(messages, f"{method}Request")(**fields)
        try:
            return await getattr(stub, method)(request, metadata=self.metadata, timeout=10)
        except AioRpcError as error:
            raise status.fault_of(error) from error

    async def update(
        self, playlist_id: str, *, request_id: str = "", **changes: Any
    ) -> playlist_service_pb2.UpdatePlaylistResponse:
        """Updates a playlist with the fields of one that are to be other."""
        request = {"playlist_id": playlist_id, "request_id": request_id, "playlist": changes}
        answer = await self.call("UpdatePlaylist", **request)
        assert isinstance(answer, playlist_service_pb2.UpdatePlaylistResponse)
        return answer

    async def made(self, titles: str = "", **fields: Any) -> str:
        """A new playlist with a track for each letter; its id."""
        answer = await self.call("CreatePlaylist", **{"name": "A list", **fields})
        if titles:
            await self.add(answer.playlist_id, titles)
        return str(answer.playlist_id)

    async def add(self, playlist_id: str, titles: str, **fields: Any) -> Any:
        track_ids = await self.world.tracks_of(titles)
        return await self.call("AddTracks", playlist_id=playlist_id, track_ids=track_ids, **fields)

    async def get(self, playlist_id: str) -> Any:
        return (await self.call("GetPlaylist", playlist_id=playlist_id)).playlist

    async def listed(self, playlist_id: str, **fields: Any) -> list[Any]:
        answer = await self.call("ListTracks", playlist_id=playlist_id, page_size=500, **fields)
        return list(answer.tracks)

    async def titles(self, playlist_id: str, **fields: Any) -> str:
        """The titles of the tracks of a playlist, one after the other."""
        return "".join(track.title for track in await self.listed(playlist_id, **fields))

    async def items(self, playlist_id: str) -> dict[str, str]:
        """The entries by their titles."""
        return {track.title: track.item_id for track in await self.listed(playlist_id)}

    async def history(self, playlist_id: str) -> list[Any]:
        """The versions, the oldest first."""
        answer = await self.call("ListSnapshots", playlist_id=playlist_id, page_size=500)
        return list(answer.snapshots)[::-1]

    def watch(self, playlist_id: str, resume_token: str = "") -> View:
        request = playlist_service_pb2.WatchPlaylistRequest(
            playlist_id=playlist_id, resume_token=resume_token
        )
        return View(self._stubs[0][1].WatchPlaylist(request, metadata=self.metadata))


class View:
    """The client's end of a stream."""

    def __init__(self, call: Any) -> None:
        self.call = call

    async def read(self) -> Any:
        """The next message, None at a clean end; raises the Fault of a failed call."""
        return await next_message(self.call)
