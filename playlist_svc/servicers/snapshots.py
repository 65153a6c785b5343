"""SnapshotService on the wire: checks fields, calls the use case, composes the answer."""

from __future__ import annotations

from dataclasses import dataclass

from segue.playlist.v1 import snapshot_service_pb2 as pb
from segue.playlist.v1.snapshot_service_pb2_grpc import SnapshotServiceServicer

from meshkit.paging import Page
from meshkit.server_context import Context
from playlist_svc.convert import playlists, requests
from playlist_svc.usecases.snapshot.diff_snapshots import DiffSnapshots
from playlist_svc.usecases.snapshot.get_snapshot import GetSnapshot
from playlist_svc.usecases.snapshot.list_snapshots import ListSnapshots
from playlist_svc.usecases.snapshot.redo import Redo
from playlist_svc.usecases.snapshot.restore import Restore
from playlist_svc.usecases.snapshot.undo import Undo


@dataclass(frozen=True, slots=True)
class SnapshotUseCases:
    """What SnapshotService asks for."""

    list_snapshots: ListSnapshots
    get_snapshot: GetSnapshot
    diff_snapshots: DiffSnapshots
    undo: Undo
    redo: Redo
    restore: Restore


class SnapshotServicer(SnapshotServiceServicer):
    """History of the playlists that the calling user may see, and ways back for editors."""

    def __init__(self, do: SnapshotUseCases) -> None:
        self._do = do

    async def ListSnapshots(
        self, request: pb.ListSnapshotsRequest, context: Context
    ) -> pb.ListSnapshotsResponse:
        playlist_id, user_id = requests.named(request)
        page = Page.of(request)
        before = requests.below(page.after)
        told = await self._do.list_snapshots(playlist_id, user_id, before, page.size + 1)
        more = len(told.snapshots) > page.size
        last = told.snapshots[page.size - 1].revision if more else 0
        return pb.ListSnapshotsResponse(
            snapshots=playlists.snapshots(told)[: page.size],
            next_page_token=page.next_token((last,)) if more else "",
        )

    async def GetSnapshot(
        self, request: pb.GetSnapshotRequest, context: Context
    ) -> pb.GetSnapshotResponse:
        playlist_id, user_id = requests.named(request)
        snapshot_id = request.snapshot_id
        told, content = await self._do.get_snapshot(playlist_id, user_id, snapshot_id)
        return pb.GetSnapshotResponse(
            snapshot=playlists.snapshots(told)[0],
            title=content.title,
            description=content.description,
            total_duration_ms=content.order.duration_ms(),
        )

    async def DiffSnapshots(
        self, request: pb.DiffSnapshotsRequest, context: Context
    ) -> pb.DiffSnapshotsResponse:
        playlist_id, user_id = requests.named(request)
        from_id, to_id = requests.compared(request)
        page = Page.of(request)
        at = requests.pinned(page.after)
        to, start = at or (to_id, 0)
        found = await self._do.diff_snapshots(playlist_id, user_id, (from_id, to), start, page.size)
        end = start + len(found.changes)
        key = (found.to.revision, end, found.to.snapshot_id)
        more = found.changes and end < found.count
        return pb.DiffSnapshotsResponse(
            changes=playlists.changes(found.changes, found.names),
            next_page_token=page.next_token(key) if more else "",
            to_snapshot_id=found.to.snapshot_id,
            total_count=found.count,
        )

    async def Undo(self, request: pb.UndoRequest, context: Context) -> pb.UndoResponse:
        command = requests.command(request, request.snapshot_id)
        edited = await self._do.undo(command)
        return pb.UndoResponse(
            snapshot_id=edited.snapshot_id,
            undone_snapshot_id=edited.about,
            summary=edited.summary,
        )

    async def Redo(self, request: pb.RedoRequest, context: Context) -> pb.RedoResponse:
        edited = await self._do.redo(requests.command(request))
        return pb.RedoResponse(
            snapshot_id=edited.snapshot_id,
            redone_snapshot_id=edited.about,
            summary=edited.summary,
        )

    async def Restore(self, request: pb.RestoreRequest, context: Context) -> pb.RestoreResponse:
        command = requests.command(request, request.snapshot_id)
        edited = await self._do.restore(command)
        return pb.RestoreResponse(snapshot_id=edited.snapshot_id, summary=edited.summary)
