"""Go back in a playlist's history: undo, redo, restore. Each makes a new version."""

from __future__ import annotations

from dataclasses import dataclass

from meshkit.faults import FailedPrecondition, NotFound
from playlist_svc.domain.access import Role
from playlist_svc.domain.playlist import Kind, Snapshot
from playlist_svc.ports.playlists import Writing
from playlist_svc.usecases.conflicts import not_smart
from playlist_svc.usecases.writing import Command, Decide, Edited, Versions, Writer

_NEVER_UNDONE = (Kind.CREATED, Kind.EVALUATION)


def no_such_snapshot(snapshot_id: str) -> NotFound:
    """The fault for a version that the playlist does not have."""
    return NotFound(
        "The playlist has no such version.", metadata={"resource": "snapshot", "id": snapshot_id}
    )


@dataclass(frozen=True, slots=True)
class _Reversal:
    """What going back is about: the change that is taken back, and which marks move.

    ``about`` is the version that the caller is told, ``taken`` the revision whose change is
    reversed; ``reverts``, ``undoes`` and ``redoes`` are revisions as in ``NewSnapshot``.
    """

    kind: Kind
    about: str
    taken: int
    reverts: int
    undoes: int | None = None
    redoes: int | None = None


class GoBack:
    """Undoes, redoes and restores, by editors."""

    def __init__(self, writer: Writer, versions: Versions) -> None:
        self._writer = writer
        self._versions = versions

    async def undo(self, command: Command) -> Edited:
        """Takes back the edit that ``snapshot_id`` names, or the user's last one that stands.

        What others did since stays. Raises NotFound, PermissionDenied, FailedPrecondition
        (NOTHING_TO_UNDO, PLAYLIST_FULL), Aborted (PLAYLIST_CONFLICT).
        """

        async def decide(writing: Writing) -> Edited:
            reversal = await _undoing(writing, command)
            edited = await self._reverse(writing, command, reversal)
            if edited is None:
                raise _nothing_to_undo(
                    "Others have taken back what that edit did; to go further, name the version."
                )
            return edited

        return await self._written(command, decide)

    async def redo(self, command: Command) -> Edited:
        """Takes back the user's last undo, unless the user has edited since.

        Raises NotFound, PermissionDenied, FailedPrecondition (NOTHING_TO_REDO, PLAYLIST_FULL),
        Aborted (PLAYLIST_CONFLICT).
        """

        async def decide(writing: Writing) -> Edited:
            undone = await writing.last_redoable(command.user_id)
            if undone is None or undone.undone_by is None:
                raise _nothing_to_redo("You have undone nothing since your last edit.")
            reversal = _Reversal(
                kind=Kind.REDO,
                about=undone.snapshot_id,
                taken=undone.undone_by,
                reverts=undone.revision,
                redoes=undone.revision,
            )
            edited = await self._reverse(writing, command, reversal)
            if edited is None:
                raise _nothing_to_redo("What that undo took back is there already.")
            return edited

        return await self._written(command, decide)

    async def restore(self, command: Command) -> Edited:
        """Makes the version that ``snapshot_id`` names the newest again, whatever came since.

        Raises NotFound, PermissionDenied, FailedPrecondition (PLAYLIST_IS_SMART).
        """

        async def decide(writing: Writing) -> Edited:
            not_smart(writing.head)
            snapshot = await writing.snapshot(command.snapshot_id)
            if snapshot is None:
                raise no_such_snapshot(command.snapshot_id)
            current = await writing.content(writing.head.revision)
            content = await self._versions.at(writing, snapshot.revision, snapshot.snapshot_id)
            summary = await self._versions.record(
                writing,
                current,
                content,
                command.user_id,
                kind=Kind.RESTORE,
                reverts=snapshot.revision,
            )
            return Edited(writing.head.snapshot_id, summary=summary or "changed nothing")

        return await self._written(command, decide)

    async def _reverse(
        self, writing: Writing, command: Command, reversal: _Reversal
    ) -> Edited | None:
        """Records the playlist without one of its changes; None when nothing is left of it."""
        current = await writing.content(writing.head.revision)
        base = await self._versions.at(writing, reversal.taken, reversal.about)
        target = await self._versions.at(writing, reversal.taken - 1, reversal.about)
        content = await self._versions.fitted(writing, (base, target, current), reversal.about)
        summary = await self._versions.record(
            writing,
            current,
            content,
            command.user_id,
            kind=reversal.kind,
            reverts=reversal.reverts,
            undoes=reversal.undoes,
            redoes=reversal.redoes,
        )
        if summary is None:
            return None
        return Edited(writing.head.snapshot_id, about=reversal.about, summary=summary)

    async def _written(self, command: Command, decide: Decide) -> Edited:
        edited, _ = await self._writer(command, Role.EDITOR, decide)
        return edited


async def _undoing(writing: Writing, command: Command) -> _Reversal:
    snapshot = await _to_undo(writing, command)
    if snapshot.kind in _NEVER_UNDONE or snapshot.revision == 1:
        raise _nothing_to_undo("That version is no edit that could be undone.")
    if snapshot.undone_by is not None:
        raise _nothing_to_undo("That edit is undone already.")
    about, revision = snapshot.snapshot_id, snapshot.revision
    edit = await _edit_of(writing, snapshot)
    if edit is None:
        return _Reversal(Kind.UNDO, about, revision, reverts=revision, undoes=revision)
    edited = edit.revision
    if snapshot.kind is Kind.UNDO:
        if edit.undone_by != revision:
            raise _nothing_to_undo("What that undo took back stands again already.")
        # Without the undo the edit stands again, which is what a redo does.
        return _Reversal(Kind.REDO, about, revision, reverts=edited, undoes=revision, redoes=edited)
    if edit.undone_by is not None:
        raise _nothing_to_undo("That edit is undone already.")
    # Taking a redo back undoes the edit that it was about, so that a redo finds it.
    return _Reversal(Kind.UNDO, about, revision, reverts=revision, undoes=edited)


async def _to_undo(writing: Writing, command: Command) -> Snapshot:
    if command.snapshot_id:
        named = await writing.snapshot(command.snapshot_id)
        if named is None:
            raise no_such_snapshot(command.snapshot_id)
        return named
    last = await writing.last_undoable(command.user_id)
    if last is None:
        raise _nothing_to_undo("There is no edit of yours that is not undone already.")
    return last


async def _edit_of(writing: Writing, snapshot: Snapshot) -> Snapshot | None:
    """The edit that a version made, took back or did again; None when it is not kept."""
    found: Snapshot | None = snapshot
    # A redo is about an edit, an undo about an edit or a redo.
    for kind in (Kind.UNDO, Kind.REDO):
        if found is not None and found.kind is kind:
            found = None if found.reverts is None else await writing.snapshot_at(found.reverts)
    return None if found is None or found.kind in (Kind.UNDO, Kind.REDO) else found


def _nothing_to_undo(message: str) -> FailedPrecondition:
    return FailedPrecondition(message, reason="NOTHING_TO_UNDO")


def _nothing_to_redo(message: str) -> FailedPrecondition:
    return FailedPrecondition(message, reason="NOTHING_TO_REDO")
