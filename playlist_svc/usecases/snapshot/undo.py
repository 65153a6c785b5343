"""Undo an edit of a playlist."""

from __future__ import annotations

from meshkit.faults import FailedPrecondition
from playlist_svc.domain.access import Role
from playlist_svc.domain.playlist import Kind, Snapshot
from playlist_svc.domain.refusals import unknown_snapshot_error
from playlist_svc.ports.playlists import Writing
from playlist_svc.usecases.snapshot.reversal import Reversal, reverse
from playlist_svc.usecases.writing import Command, Edited, Revisions, Writer

_NEVER_UNDONE = (Kind.CREATED, Kind.EVALUATION)


class Undo:
    """Undoes edits, for editors."""

    def __init__(self, writer: Writer, revisions: Revisions) -> None:
        self._writer = writer
        self._revisions = revisions

    async def __call__(self, command: Command) -> Edited:
        """Takes back the edit that ``snapshot_id`` names, or the user's last one that stands.

        What others did since stays. Raises NotFound, PermissionDenied, FailedPrecondition
        (NOTHING_TO_UNDO, PLAYLIST_FULL), Aborted (PLAYLIST_CONFLICT).
        """

        async def decide(writing: Writing) -> Edited:
            reversal = await _undoing(writing, command)
            edited = await reverse(self._revisions, writing, command, reversal)
            if edited is None:
                raise _nothing_to_undo_error(
                    "Others have taken back what that edit did; to go further, name the version."
                )
            return edited

        edited, _ = await self._writer(command, Role.EDITOR, decide)
        return edited


async def _undoing(writing: Writing, command: Command) -> Reversal:
    snapshot = await _to_undo(writing, command)
    if snapshot.kind in _NEVER_UNDONE or snapshot.revision == 1:
        raise _nothing_to_undo_error("That version is no edit that could be undone.")
    if snapshot.undone_by is not None:
        raise _nothing_to_undo_error("That edit is undone already.")
    about, revision = snapshot.snapshot_id, snapshot.revision
    edit = await _edit_of(writing, snapshot)
    if edit is None:
        return Reversal(Kind.UNDO, about, revision, reverts=revision, undoes=revision)
    edited = edit.revision
    if snapshot.kind is Kind.UNDO:
        if edit.undone_by != revision:
            raise _nothing_to_undo_error("What that undo took back stands again already.")
        # Without the undo the edit stands again, which is what a redo does.
        return Reversal(Kind.REDO, about, revision, reverts=edited, undoes=revision, redoes=edited)
    if edit.undone_by is not None:
        raise _nothing_to_undo_error("That edit is undone already.")
    # Taking a redo back undoes the edit that it was about, so that a redo finds it.
    return Reversal(Kind.UNDO, about, revision, reverts=revision, undoes=edited)


async def _to_undo(writing: Writing, command: Command) -> Snapshot:
    if command.snapshot_id:
        named = await writing.snapshot(command.snapshot_id)
        if named is None:
            raise unknown_snapshot_error(command.snapshot_id)
        return named
    last = await writing.last_undoable(command.user_id)
    if last is None:
        raise _nothing_to_undo_error("There is no edit of yours that is not undone already.")
    return last


async def _edit_of(writing: Writing, snapshot: Snapshot) -> Snapshot | None:
    """The edit that a version made, took back or did again; None when it is not kept."""
    found: Snapshot | None = snapshot
    # A redo is about an edit, an undo about an edit or a redo.
    for kind in (Kind.UNDO, Kind.REDO):
        if found is not None and found.kind is kind:
            found = None if found.reverts is None else await writing.snapshot_at(found.reverts)
    return None if found is None or found.kind in (Kind.UNDO, Kind.REDO) else found


def _nothing_to_undo_error(message: str) -> FailedPrecondition:
    return FailedPrecondition(message, reason="NOTHING_TO_UNDO")
