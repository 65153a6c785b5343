"""Redo an edit of a playlist that was undone."""

from __future__ import annotations

from meshkit.faults import FailedPrecondition
from playlist_svc.domain.access import Role
from playlist_svc.domain.playlist import Kind
from playlist_svc.ports.playlists import Writing
from playlist_svc.usecases.snapshot.reversal import Reversal, reverse
from playlist_svc.usecases.writing import Command, Edited, Revisions, Writer


class Redo:
    """Takes undos back, for editors."""

    def __init__(self, writer: Writer, revisions: Revisions) -> None:
        self._writer = writer
        self._revisions = revisions

    async def __call__(self, command: Command) -> Edited:
        """Takes back the user's last undo, unless the user has edited since.

        Raises NotFound, PermissionDenied, FailedPrecondition (NOTHING_TO_REDO, PLAYLIST_FULL),
        Aborted (PLAYLIST_CONFLICT).
        """

        async def decide(writing: Writing) -> Edited:
            undone = await writing.last_redoable(command.user_id)
            if undone is None or undone.undone_by is None:
                raise _nothing_to_redo_error("You have undone nothing since your last edit.")
            reversal = Reversal(
                kind=Kind.REDO,
                about=undone.snapshot_id,
                taken=undone.undone_by,
                reverts=undone.revision,
                redoes=undone.revision,
            )
            edited = await reverse(self._revisions, writing, command, reversal)
            if edited is None:
                raise _nothing_to_redo_error("What that undo took back is there already.")
            return edited

        edited, _ = await self._writer(command, Role.EDITOR, decide)
        return edited


def _nothing_to_redo_error(message: str) -> FailedPrecondition:
    return FailedPrecondition(message, reason="NOTHING_TO_REDO")
