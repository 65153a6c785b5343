"""RemoveFromQueue: fewer in the queue."""

from __future__ import annotations

from collections.abc import Collection

from meshkit.idempotency import RequestKey
from playback_svc.domain import queue_edits
from playback_svc.domain.listing import Listing
from playback_svc.domain.play_queue import PlayQueue
from playback_svc.ports.answers import Answer
from playback_svc.usecases.queue_editor import QueueEditor


class RemoveFromQueue:
    """Takes entries out of the queue. Raises as ``QueueEditor`` does."""

    def __init__(self, editor: QueueEditor) -> None:
        self._editor = editor

    async def __call__(
        self, user_id: str, item_ids: Collection[str], key: RequestKey | None
    ) -> Answer:
        """Fewer in the queue; ``count`` says how many were there."""

        async def edit(queue: PlayQueue) -> PlayQueue:
            return queue_edits.remove_queued(queue, _held(queue, item_ids))

        return await self._editor.edit(user_id, key, edit)


def _held(queue: PlayQueue, item_ids: Collection[str]) -> list[str]:
    """Those of the entries that are in the queue."""
    held = {entry.item_id for entry in Listing(queue.queued).slice(0)}
    return [item_id for item_id in item_ids if item_id in held]
