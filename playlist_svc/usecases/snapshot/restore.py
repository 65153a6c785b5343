"""Make an old version of a playlist the newest again."""

from __future__ import annotations

from playlist_svc.domain.access import Role
from playlist_svc.domain.playlist import Kind
from playlist_svc.domain.refusals import unknown_snapshot_error
from playlist_svc.ports.playlists import Writing
from playlist_svc.usecases.conflicts import require_not_smart
from playlist_svc.usecases.writing import Command, Edited, Revisions, Writer


class Restore:
    """Restores versions, for editors."""

    def __init__(self, writer: Writer, revisions: Revisions) -> None:
        self._writer = writer
        self._revisions = revisions

    async def __call__(self, command: Command) -> Edited:
        """Makes the version that ``snapshot_id`` names the newest again, whatever came since.

        Raises NotFound, PermissionDenied, FailedPrecondition (PLAYLIST_IS_SMART).
        """

        async def decide(writing: Writing) -> Edited:
            require_not_smart(writing.head)
            snapshot = await writing.snapshot(command.snapshot_id)
            if snapshot is None:
                raise unknown_snapshot_error(command.snapshot_id)
            current = await writing.content(writing.head.revision)
            content = await self._revisions.at(writing, snapshot.revision, snapshot.snapshot_id)
            summary = await self._revisions.record(
                writing,
                current,
                content,
                command.user_id,
                kind=Kind.RESTORE,
                reverts=snapshot.revision,
            )
            return Edited(writing.head.snapshot_id, summary=summary or "changed nothing")

        edited, _ = await self._writer(command, Role.EDITOR, decide)
        return edited
