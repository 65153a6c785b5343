"""Writes of an administrator."""

from __future__ import annotations

from typing import Protocol

from catalog_svc.domain.catalogue import Track
from catalog_svc.domain.edits import TrackEdit
from meshkit.idempotency import RequestKey


class Edits(Protocol):
    """What is said of the catalogue over what tags say; no later scan may undo it."""

    async def edit_track(
        self, track_id: str, edit: TrackEdit, key: RequestKey | None
    ) -> Track | None:
        """The track as it is then, a hidden one too; None where there is none.

        Must store the edit, tell the feed of what changed and keep the answer in one commit. A
        hidden track is told as removed. With a key that was used before, the first answer is given
        and nothing is stored. A track that was merged into another is that one.
        """
        ...
