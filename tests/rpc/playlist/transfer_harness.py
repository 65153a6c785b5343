"""TransferService over a real store; the catalogue in memory."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from grpc.aio import AioRpcError
from segue.mesh.v1.stream_end_pb2 import StreamEnd
from segue.playlist.v1 import transfer_service_pb2 as pb
from segue.playlist.v1.transfer_service_pb2_grpc import TransferServiceStub

from meshkit import status
from meshkit.faults import Fault
from meshkit.testing import stores
from meshkit.testing.rpc import ServedMesh, TokenIssuer
from meshkit.testing.stores import PostgresServer
from meshkit.ulids import new_id, to_text
from playlist_svc.adapters.grpc.matching import RetryingMatching, RetryPolicy
from playlist_svc.adapters.memory.matching import MemoryMatching
from playlist_svc.adapters.postgres.catalogue_replica import PostgresCatalogueReplica
from playlist_svc.domain.playlist import Head
from playlist_svc.ports.matching import Description, Matched
from playlist_svc.ports.playlists import Kinds, PlaylistStore
from playlist_svc.ports.tracks import Track, TrackChange
from playlist_svc.schema import SCHEMA
from tests.contracts.playlist.social_samples import KnownPeople
from tests.rpc.playlist.assembled import assembled, playlist_settings, stored_parts

ATTEMPTS = 4


def a_track(title: str, artist: str = "Ada", **fields: Any) -> Track:
    plain: dict[str, Any] = {
        "track_id": new_id(),
        "artist_id": new_id(),
        "album": "First",
        "album_id": new_id(),
        "disc_number": 1,
        "track_number": 1,
        "duration_ms": 200_000,
        "year": 2020,
        "genres": (),
        "streams_total": 0,
        "artwork_path": "",
        "created_at_ms": 1_700_000_000_000,
    }
    return Track(title=title, artist=artist, **{**plain, **fields})


class NoCache:
    """A ``HeadCache`` that loses everything."""

    async def get(self, playlist_id: str) -> Head | None:
        return None

    async def put(self, heads: Sequence[Head]) -> None:
        return None


class Catalogue:
    """The catalogue's tracks by id, and how it was asked."""

    def __init__(self) -> None:
        self.held: dict[str, Track] = {}
        self.asked: list[str] = []

    async def tracks(self, track_ids: Sequence[str]) -> list[Track]:
        self.asked += track_ids
        return [self.held[one] for one in track_ids if one in self.held]


class Matcher(MemoryMatching):
    """Counts its calls; waits at the gate; fails as often as it is told to, and in every call
    after a number of them."""

    def __init__(self) -> None:
        super().__init__()
        self.calls = 0
        self.in_flight = 0
        self.most_in_flight = 0
        self.largest = 0
        self.faults: list[Fault] = []
        self.fault_after: tuple[int, Fault] | None = None
        self.wait_after: int | None = None
        self.gate = asyncio.Event()
        self.gate.set()
        self.waiting = asyncio.Event()

    async def match(self, descriptions: Sequence[Description]) -> list[Matched]:
        self.calls += 1
        number = self.calls
        self.largest = max(self.largest, len(descriptions))
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            await asyncio.sleep(0)
            if self.wait_after is not None and number > self.wait_after:
                self.gate.clear()
            if not self.gate.is_set():
                self.waiting.set()
                await self.gate.wait()
            if self.faults:
                raise self.faults.pop(0)
            if self.fault_after is not None and number > self.fault_after[0]:
                raise self.fault_after[1]
            return await super().match(descriptions)
        finally:
            self.in_flight -= 1


@dataclass
class Transfers:
    """A served TransferService and what stands behind it."""

    mesh: ServedMesh
    store: PlaylistStore
    copy: PostgresCatalogueReplica
    catalogue: Catalogue
    matcher: Matcher
    version: int = 0

    async def told(self, *tracks: Track, available: bool = True) -> None:
        """The catalogue has these tracks, or had them, and its feed told so."""
        self.version += 1
        changes = [TrackChange(one.track_id, self.version, one) for one in tracks]
        await self.copy.apply(changes, "")
        if available:
            self.catalogue.held.update({one.track_id: one for one in tracks})
            self.matcher.tracks.extend(tracks)
        else:
            self.version += 1
            gone = [TrackChange(one.track_id, self.version, None) for one in tracks]
            await self.copy.apply(gone, "")

    def user(self, user_id: str | None = None, **claims: Any) -> User:
        channel = self.mesh.channel("edge", serves_as="playlist")
        user_id = user_id or new_id()
        metadata = self.mesh.token(user_id, **claims)
        return User(TransferServiceStub(channel), user_id, metadata, self)


@dataclass
class User:
    """One user's calls."""

    stub: Any
    user_id: str
    metadata: Any
    transfers: Transfers

    def importing(self, content: bytes, **fields: Any) -> Any:
        """An import that was begun."""
        request = pb.ImportPlaylistRequest(content=content, **fields)
        return self.stub.ImportPlaylist(request, metadata=self.metadata, timeout=60)

    async def imports(self, content: bytes, **fields: Any) -> list[Any]:
        """What an import tells, ``imported`` last; raises the Fault that it was refused with."""
        told, end = await self.ended(content, **fields)
        assert end == "FINISHED"
        assert told[-1].playlist_id
        return told

    async def ended(self, content: bytes, **fields: Any) -> tuple[list[Any], str]:
        """What an import tells, and why its stream ends; raises the Fault of a refusal."""
        try:
            messages = [message async for message in self.importing(content, **fields)]
        except AioRpcError as error:
            raise status.fault_of(error) from error
        *told, last = [(message.WhichOneof("event"), message) for message in messages]
        assert last[0] == "end"
        reason = StreamEnd.Reason.Name(last[1].end.reason)
        return [getattr(message, kind) for kind, message in told], reason

    async def exports(self, playlist_id: str, **fields: Any) -> Downloaded:
        """A whole file; raises the Fault that ended it."""
        request = pb.ExportPlaylistRequest(playlist_id=playlist_id, **fields)
        call = self.stub.ExportPlaylist(request, metadata=self.metadata, timeout=60)
        try:
            messages = [message async for message in call]
            headers = {str(key): value for key, value in await call.initial_metadata()}
        except AioRpcError as error:
            raise status.fault_of(error) from error
        return Downloaded(headers, messages)

    async def playlists(self) -> list[Head]:
        listed = await self.transfers.store.heads_of(self.user_id, Kinds.OWNED, None, 100)
        return [one.head for one in listed]

    async def track_ids(self, playlist_id: str) -> list[str]:
        """The tracks of the newest version."""
        store = self.transfers.store
        head = await store.head(playlist_id)
        assert head is not None
        content = await store.content(head, head.revision)
        return [to_text(raw) for raw in content.order.track_ids()]


@dataclass(frozen=True)
class Downloaded:
    """A file as it was streamed."""

    headers: dict[str, Any]
    messages: Sequence[Any]

    @property
    def content(self) -> bytes:
        return b"".join(message.data for message in self.messages)


@asynccontextmanager
async def transfers_of(postgres_server: PostgresServer, tls: Path) -> AsyncIterator[Transfers]:
    template = await postgres_server.template("playlist", SCHEMA.migrate)
    catalogue, matcher = Catalogue(), Matcher()
    matching = RetryingMatching(matcher, RetryPolicy(ATTEMPTS, first_wait_s=0))
    with postgres_server.database(template) as dsn:
        issuer = TokenIssuer()
        async with (
            stores.open_pool(dsn, schema=SCHEMA.name, max_size=2) as pool,
            stored_parts(dsn, NoCache(), KnownPeople(), catalogue, matching=matching) as parts,
            assembled(playlist_settings(tls), parts, tls, issuer) as mesh,
        ):
            copy = PostgresCatalogueReplica(pool)
            yield Transfers(mesh, parts.store, copy, catalogue, matcher)


def m3u8(entries: Collection[tuple[str, str, int]]) -> bytes:
    """A file of (artist, title, seconds)."""
    lines = ["#EXTM3U"]
    for artist, title, seconds in entries:
        lines += [f"#EXTINF:{seconds},{artist} - {title}", f"{artist}/{title}.mp3"]
    return "\n".join(lines).encode()
