"""Edit a track, or take it down."""

from __future__ import annotations

from catalog_svc.domain.catalogue import Track
from catalog_svc.domain.edits import TrackEdit
from catalog_svc.ports.edits import Edits
from catalog_svc.usecases.browse import missing
from meshkit.idempotency import RequestKey


class EditTrack:
    """Says of a track what its tags do not; what is not there is ``NotFound``."""

    def __init__(self, edits: Edits) -> None:
        self._edits = edits

    async def __call__(self, track_id: str, edit: TrackEdit, key: RequestKey | None) -> Track:
        """The track after the edit, or as the same request got it before."""
        edited = await self._edits.edit_track(track_id, edit, key)
        if edited is None:
            raise missing("track", track_id)
        return edited
