"""Move tracks within a playlist."""

from __future__ import annotations

from collections.abc import Sequence

from playlist_svc.domain import content as contents
from playlist_svc.domain.content import Content
from playlist_svc.usecases.playlist.editing import Edits, only_snapshot
from playlist_svc.usecases.writing import Command, Edited


class MoveTracks:
    """Moves entries of the list."""

    def __init__(self, edits: Edits) -> None:
        self._edits = edits

    async def __call__(
        self, command: Command, item_ids: Sequence[bytes], before: bytes | None
    ) -> Edited:
        """Moves entries side by side before another one; None: to the end."""
        named = frozenset(item_ids)

        def change(base: Content) -> Content:
            return contents.move(base, named, before)

        return await self._edits.apply(command, change, only_snapshot, moved=named)
