"""MoveInQueue: another order of the queue."""

from __future__ import annotations

from collections.abc import Sequence

from meshkit.idempotency import RequestKey
from playback_svc.domain import queue_edits
from playback_svc.domain.play_queue import PlayQueue
from playback_svc.ports.answers import Answer
from playback_svc.usecases.queue_editor import QueueEditor


class MoveInQueue:
    """Moves entries of the queue. Raises as ``QueueEditor`` does."""

    def __init__(self, editor: QueueEditor) -> None:
        self._editor = editor

    async def __call__(
        self, user_id: str, item_ids: Sequence[str], before: str | None, key: RequestKey | None
    ) -> Answer:
        """Another order of the queue. Raises NotFound (an entry)."""

        async def edit(queue: PlayQueue) -> PlayQueue:
            return queue_edits.move_queued(queue, item_ids, before)

        return await self._editor.edit(user_id, key, edit)
