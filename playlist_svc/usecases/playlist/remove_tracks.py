"""Remove tracks from a playlist."""

from __future__ import annotations

from collections.abc import Sequence

from playlist_svc.domain import content as contents
from playlist_svc.domain.content import Content
from playlist_svc.usecases.playlist.editing import Edits
from playlist_svc.usecases.writing import Command, Edited


class RemoveTracks:
    """Removes entries of the list."""

    def __init__(self, edits: Edits) -> None:
        self._edits = edits

    async def __call__(self, command: Command, item_ids: Sequence[bytes]) -> Edited:
        """Removes entries; those that others have removed since the base count as removed."""
        named = frozenset(item_ids)

        def change(base: Content) -> Content:
            return contents.remove(base, named)[0]

        def answer(snapshot_id: str, current: Content, content: Content) -> Edited:
            return Edited(snapshot_id, removed=len(current.order) - len(content.order))

        return await self._edits.apply(command, change, answer, moved=())
