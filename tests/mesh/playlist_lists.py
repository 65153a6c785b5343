"""Playlists on a running mesh: calls that outlive instances, whole lists, whole histories."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any
from uuid import uuid4

from segue.playlist.v1 import playlist_pb2, sharing_service_pb2, snapshot_service_pb2
from segue.playlist.v1 import playlist_service_pb2 as pb

from meshkit.faults import DeadlineExceeded, Unavailable
from player.mesh_client import LocalUser, MeshClient
from tests.mesh.mesh_processes import PATIENCE_S

CHANGE = playlist_pb2.Change
_RETRY_S = 0.05
_READERS = 8


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of a list, as far as it says what stands where."""

    item_id: str
    track_id: str
    duration_ms: int


@dataclass(frozen=True, slots=True)
class View:
    """One version of a list."""

    snapshot_id: str
    entries: list[Entry]


async def until_answered(client: MeshClient, method: Any, request: Any) -> Any:
    """The answer to a call that is repeated while no instance answers it.

    A write is repeated under one request_id. Faults that say no are raised.
    """
    if hasattr(request, "request_id") and not request.request_id:
        request.request_id = str(uuid4())
    async with asyncio.timeout(PATIENCE_S):
        while True:
            try:
                return await client.call(method, request)
            except (Unavailable, DeadlineExceeded):
                await asyncio.sleep(_RETRY_S)


@asynccontextmanager
async def users(folder: Path, *names: str) -> AsyncIterator[list[MeshClient]]:
    """Users who are signed in."""
    async with AsyncExitStack() as stack:
        clients = [
            await stack.enter_async_context(MeshClient(folder, LocalUser(name))) for name in names
        ]
        for client in clients:
            await client.token()
        yield clients


async def shared_playlist(clients: Sequence[MeshClient], name: str) -> str:
    """A new playlist of the first user in which the others are editors; its id."""
    owner, *others = clients
    made = await owner.call(owner.playlists.CreatePlaylist, pb.CreatePlaylistRequest(name=name))
    for other in others:
        request = sharing_service_pb2.SetCollaboratorRequest(
            playlist_id=made.playlist_id,
            user_id=(await other.token()).user_id,
            role=playlist_pb2.Collaborator.EDITOR,
        )
        await owner.call(owner.sharing.SetCollaborator, request)
    return str(made.playlist_id)


async def read_playlist(client: MeshClient, playlist_id: str) -> Any:
    """The playlist without its tracks."""
    request = pb.GetPlaylistRequest(playlist_id=playlist_id)
    return (await until_answered(client, client.playlists.GetPlaylist, request)).playlist


async def read_view(client: MeshClient, playlist_id: str, snapshot_id: str = "") -> View:
    """All tracks of a version, the newest by default."""
    request = pb.ListTracksRequest(playlist_id=playlist_id, snapshot_id=snapshot_id, page_size=500)
    entries: list[Entry] = []
    while True:
        page = await until_answered(client, client.playlists.ListTracks, request)
        entries.extend(Entry(each.item_id, each.id, each.duration_ms) for each in page.tracks)
        if not page.next_page_token:
            assert page.total_count == len(entries)
            return View(page.snapshot_id, entries)
        request.page_token = page.next_page_token


async def read_history(client: MeshClient, playlist_id: str) -> list[Any]:
    """All versions, the oldest first."""
    request = snapshot_service_pb2.ListSnapshotsRequest(playlist_id=playlist_id, page_size=500)
    found: list[Any] = []
    while True:
        page = await until_answered(client, client.snapshots.ListSnapshots, request)
        found.extend(page.snapshots)
        if not page.next_page_token:
            return found[::-1]
        request.page_token = page.next_page_token


async def read_differences(
    client: MeshClient, playlist_id: str, snapshot_ids: Sequence[str]
) -> list[list[Any]]:
    """What each version changed against the one before it."""
    room = asyncio.Semaphore(_READERS)

    async def between(earlier: str, later: str) -> list[Any]:
        request = snapshot_service_pb2.DiffSnapshotsRequest(
            playlist_id=playlist_id,
            from_snapshot_id=earlier,
            to_snapshot_id=later,
            page_size=500,
        )
        found: list[Any] = []
        async with room:
            while True:
                answer = await until_answered(client, client.snapshots.DiffSnapshots, request)
                found.extend(answer.changes)
                assert answer.to_snapshot_id == later
                if not answer.next_page_token:
                    break
                request.page_token = answer.next_page_token
        assert answer.total_count == len(found)
        return found

    return await asyncio.gather(*(between(*pair) for pair in pairwise(snapshot_ids)))


def applied(entries: Sequence[Entry], changes: Sequence[Any]) -> list[Entry]:
    """The later version, made of the earlier one as the contract of ``Change`` says."""
    gone = {each.track.item_id for each in changes if each.kind in (CHANGE.REMOVED, CHANGE.MOVED)}
    later = [entry for entry in entries if entry.item_id not in gone]
    assert len(later) == len(entries) - len(gone)
    coming = [each for each in changes if each.kind in (CHANGE.ADDED, CHANGE.MOVED)]
    for each in sorted(coming, key=lambda change: int(change.to_position)):
        assert each.to_position <= len(later)
        track = each.track
        later.insert(each.to_position, Entry(track.item_id, track.id, track.duration_ms))
    return later
