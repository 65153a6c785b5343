"""EditQueue: another queue."""

from __future__ import annotations

from collections.abc import Sequence

from meshkit.idempotency import RequestKey
from playback_svc.domain import queue_edits
from playback_svc.domain.origins import NOWHERE, PlayOrigin
from playback_svc.domain.play_queue import PlayQueue
from playback_svc.ports.answers import Answer
from playback_svc.ports.clients import Catalogue
from playback_svc.ports.clock import NewId
from playback_svc.usecases.queue_editor import QueueEditor, require_tracks


class EditQueue:
    """Replaces the queue. Raises as ``QueueEditor`` does."""

    def __init__(self, editor: QueueEditor, catalogue: Catalogue, *, new_id: NewId) -> None:
        self._editor = editor
        self._catalogue = catalogue
        self._new_id = new_id

    async def __call__(
        self,
        user_id: str,
        track_ids: Sequence[str],
        key: RequestKey | None,
        origin: PlayOrigin = NOWHERE,
    ) -> Answer:
        """Another queue, all of it from ``origin``.

        Raises NotFound (a track), FailedPrecondition (QUEUE_FULL).
        """
        new_id = self._new_id

        async def edit(queue: PlayQueue) -> PlayQueue:
            await require_tracks(self._catalogue, track_ids)
            return queue_edits.replace_queue(queue, track_ids, new_id=new_id, origin=origin)

        return await self._editor.edit(user_id, key, edit)
