"""The calls of the playlists' benchmark: over gRPC at the service, and as JSON through the edge."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

from segue.playlist.v1 import playlist_pb2, playlist_service_pb2, playlist_service_pb2_grpc
from segue.playlist.v1 import snapshot_service_pb2 as snapshot_pb2
from segue.playlist.v1 import snapshot_service_pb2_grpc as snapshot_grpc

from bench.keepalive import KeepAlive
from tests.mesh.devices import instance_channel
from tests.running_mesh import RunningMesh


@dataclass(frozen=True, slots=True)
class Direct:
    """The service itself over gRPC, as the edge reaches it, on behalf of one user."""

    playlists: Any
    snapshots: Any
    metadata: tuple[tuple[str, str], ...]

    async def make(self, tracks: Sequence[str]) -> str:
        """A new list of these tracks."""
        request = playlist_service_pb2.CreatePlaylistRequest(name="Bench")
        made = await self.playlists.CreatePlaylist(request, metadata=self.metadata)
        await self.add(made.playlist_id, tracks)
        return str(made.playlist_id)

    async def make_smart(self, rule: playlist_pb2.Rule) -> str:
        """A new list by a rule."""
        request = playlist_service_pb2.CreatePlaylistRequest(name="Smart", rule=rule)
        made = await self.playlists.CreatePlaylist(request, metadata=self.metadata)
        return str(made.playlist_id)

    async def add(
        self, playlist_id: str, tracks: Sequence[str], position: int | None = None
    ) -> Any:
        """Adds tracks."""
        request = playlist_service_pb2.AddTracksRequest(
            playlist_id=playlist_id, track_ids=tracks, position=position
        )
        return await self.playlists.AddTracks(request, metadata=self.metadata)

    async def remove(self, playlist_id: str, item_ids: Sequence[str]) -> Any:
        """Removes entries."""
        request = playlist_service_pb2.RemoveTracksRequest(
            playlist_id=playlist_id, item_ids=item_ids
        )
        return await self.playlists.RemoveTracks(request, metadata=self.metadata)

    async def move(self, playlist_id: str, item_id: str, before: str, snapshot_id: str = "") -> Any:
        """Moves an entry."""
        request = playlist_service_pb2.MoveTracksRequest(
            playlist_id=playlist_id,
            item_ids=[item_id],
            before_item_id=before,
            snapshot_id=snapshot_id,
        )
        return await self.playlists.MoveTracks(request, metadata=self.metadata)

    async def sort(
        self, playlist_id: str, by: playlist_service_pb2.SortTracksRequest.By.ValueType
    ) -> Any:
        """Sorts."""
        request = playlist_service_pb2.SortTracksRequest(playlist_id=playlist_id, by=by)
        return await self.playlists.SortTracks(request, metadata=self.metadata)

    async def undo(self, playlist_id: str) -> Any:
        """Undoes the last edit."""
        request = snapshot_pb2.UndoRequest(playlist_id=playlist_id)
        return await self.snapshots.Undo(request, metadata=self.metadata)

    async def load(self, playlist_id: str, size: int = 100, snapshot_id: str = "") -> Any:
        """Metadata and the first page, as an application shows a list."""
        get = playlist_service_pb2.GetPlaylistRequest(playlist_id=playlist_id)
        await self.playlists.GetPlaylist(get, metadata=self.metadata)
        return await self.page(playlist_id, size, "", snapshot_id)

    async def page(self, playlist_id: str, size: int, token: str, snapshot_id: str = "") -> Any:
        """One page."""
        request = playlist_service_pb2.ListTracksRequest(
            playlist_id=playlist_id, page_size=size, page_token=token, snapshot_id=snapshot_id
        )
        return await self.playlists.ListTracks(request, metadata=self.metadata)

    async def whole(self, playlist_id: str) -> list[Any]:
        """Every page."""
        token, tracks = "", []
        while True:
            page = await self.page(playlist_id, 500, token)
            tracks += page.tracks
            token = page.next_page_token
            if not token:
                return tracks

    async def restore(self, playlist_id: str, snapshot_id: str) -> Any:
        """Brings a version back."""
        request = snapshot_pb2.RestoreRequest(playlist_id=playlist_id, snapshot_id=snapshot_id)
        return await self.snapshots.Restore(request, metadata=self.metadata)


async def direct_calls(
    stack: AsyncExitStack, mesh: RunningMesh, token: str, instance: int = 0
) -> Direct:
    """Calls to one instance of the service, until the stack is closed."""
    channel = await stack.enter_async_context(instance_channel(mesh.folder, "playlist", instance))
    return Direct(
        playlist_service_pb2_grpc.PlaylistServiceStub(channel),
        snapshot_grpc.SnapshotServiceStub(channel),
        (("authorization", f"Bearer {token}"),),
    )


class AsJson:
    """The same calls as JSON through the edge."""

    def __init__(self, client: KeepAlive, token: str) -> None:
        self._client = client
        self._headers = {"authorization": f"Bearer {token}", "content_type": "application/json"}

    async def load(self, playlist_id: str) -> None:
        """Metadata and the first page."""
        await self._call("GET", f"/playlists/{playlist_id}")
        await self._call("GET", f"/playlists/{playlist_id}/tracks?page_size=100")

    async def add(self, playlist_id: str, track_id: str, position: int) -> None:
        """Adds a track."""
        body = json.dumps({"track_ids": [track_id], "position": position}).encode()
        await self._call("POST", f"/playlists/{playlist_id}/tracks", body)

    async def _call(self, method: str, path: str, body: bytes = b"") -> None:
        answer = await self._client.call(method, path, body, **self._headers)
        if answer.status != 200:
            raise RuntimeError(f"{method} {path}: {answer.status} {answer.body[:300]!r}")
