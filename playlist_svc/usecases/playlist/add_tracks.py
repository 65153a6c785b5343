"""Add tracks to a playlist."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from meshkit.faults import Fault
from meshkit.ulids import to_text
from playlist_svc.domain import content as contents
from playlist_svc.domain.content import Content
from playlist_svc.usecases.playlist.editing import Edits
from playlist_svc.usecases.writing import Command, Edited


@dataclass(frozen=True, slots=True)
class InsertPosition:
    """Where entries are put: at a position from 0, before an entry, or else at the end."""

    position: int | None = None
    before: bytes | None = None


class AddTracks:
    """Adds tracks at a place in the list."""

    def __init__(self, edits: Edits) -> None:
        self._edits = edits

    async def __call__(
        self, command: Command, track_ids: Sequence[str], place: InsertPosition
    ) -> Edited:
        """Adds tracks, as often as they are named. FailedPrecondition (PLAYLIST_FULL)."""
        try:
            entries = await self._edits.new_entries(command.user_id, track_ids)
        except Fault as fault:
            return await self._edits.answer_before(command, fault)
        item_ids = tuple(to_text(entry.item_id) for entry in entries)

        def change(base: Content) -> Content:
            if place.before is not None:
                return contents.add_before(base, entries, place.before)
            return contents.add(base, entries, place.position)

        def answer(snapshot_id: str, current: Content, content: Content) -> Edited:
            return Edited(snapshot_id, item_ids, added=len(item_ids))

        return await self._edits.apply(command, change, answer, moved=())
