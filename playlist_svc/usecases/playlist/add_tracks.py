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
class AtIndex:
    """Entries are put at a position, from 0."""

    index: int


@dataclass(frozen=True, slots=True)
class BeforeItem:
    """Entries are put before another one."""

    item_id: bytes


@dataclass(frozen=True, slots=True)
class AtEnd:
    """Entries are put at the end."""


InsertPosition = AtIndex | BeforeItem | AtEnd
"""Where entries are put."""


class AddTracks:
    """Adds tracks at a position of the list."""

    def __init__(self, edits: Edits) -> None:
        self._edits = edits

    async def __call__(
        self, command: Command, track_ids: Sequence[str], position: InsertPosition
    ) -> Edited:
        """Adds tracks, as often as they are named. FailedPrecondition (PLAYLIST_FULL)."""
        try:
            entries = await self._edits.new_entries(command.user_id, track_ids)
        except Fault as fault:
            return await self._edits.answer_before(command, fault)
        item_ids = tuple(to_text(entry.item_id) for entry in entries)

        def change(base: Content) -> Content:
            match position:
                case BeforeItem(item_id):
                    return contents.add_before(base, entries, item_id)
                case AtIndex(index):
                    return contents.add(base, entries, index)
                case AtEnd():
                    return contents.add(base, entries, None)

        def answer(snapshot_id: str, current: Content, content: Content) -> Edited:
            return Edited(snapshot_id, item_ids, added=len(item_ids))

        return await self._edits.apply(command, change, answer, moved=())
