"""What edits of tracks have in common."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from meshkit.faults import Fault
from meshkit.ulids import new_ids, to_raw
from playlist_svc.domain.access import Role
from playlist_svc.domain.content import Content
from playlist_svc.domain.order import Entry
from playlist_svc.ports.clock import Clock
from playlist_svc.ports.playlists import Writing
from playlist_svc.ports.tracks import Tracks
from playlist_svc.usecases.conflicts import edit_errors_as_faults, require_not_smart
from playlist_svc.usecases.writing import Command, Edited, Revisions, Writer

Change = Callable[[Content], Content]


Answer = Callable[[str, Content, Content], Edited]


class Edits:
    """Makes edits of tracks for editors. Each is fitted to what others did since its base.

    All raise NotFound, PermissionDenied, FailedPrecondition (PLAYLIST_IS_SMART), InvalidArgument
    and Aborted (PLAYLIST_CONFLICT).
    """

    def __init__(self, writer: Writer, revisions: Revisions, tracks: Tracks, clock: Clock) -> None:
        self._writer = writer
        self._revisions = revisions
        self._tracks = tracks
        self._clock = clock

    async def apply(
        self,
        command: Command,
        change: Change,
        answer: Answer,
        *,
        moved: Collection[bytes] | None = None,
    ) -> Edited:
        """Makes ``change`` of the version that the command names, fits it to the newest, and
        answers what ``answer`` makes of the new snapshot, the list before and the one after.

        ``moved`` are the entries whose place the edit is about; None: whichever differ.
        """

        async def decide(writing: Writing) -> Edited:
            require_not_smart(writing.head)
            current = await writing.content(writing.head.revision)
            base = await self._revisions.base(writing, command.snapshot_id, current)
            with edit_errors_as_faults():
                target = change(base)
            sides = (base, target, current)
            content = await self._revisions.merge(writing, sides, command.snapshot_id, moved)
            await self._revisions.record(writing, current, content, command.user_id)
            return answer(writing.head.snapshot_id, current, content)

        edited, _ = await self._writer(command, Role.EDITOR, decide)
        return edited

    async def answer_before(self, command: Command, fault: Fault) -> Edited:
        """What an equal request was answered before its tracks were away; else raises ``fault``."""
        if command.key is None:
            raise fault

        async def decide(writing: Writing) -> Edited:
            raise fault

        edited, _ = await self._writer(command, Role.EDITOR, decide)
        return edited

    async def new_entries(self, user_id: str, track_ids: Sequence[str]) -> list[Entry]:
        """New entries of these tracks. NotFound for the first that does not exist."""
        known = await self._tracks.require(dict.fromkeys(track_ids)) if track_ids else {}
        author = to_raw(user_id)
        return [
            Entry(item_id, to_raw(track_id), author, known[track_id].duration_ms)
            for item_id, track_id in zip(
                new_ids(len(track_ids), self._clock()), track_ids, strict=True
            )
        ]


def only_snapshot(snapshot_id: str, current: Content, content: Content) -> Edited:
    """The answer of an edit that tells nothing but the new snapshot."""
    return Edited(snapshot_id)
