"""AddToQueue: more in the queue."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from meshkit.idempotency import RequestKey
from playback_svc.domain import player_state, queue_edits
from playback_svc.domain.listing import Listing
from playback_svc.domain.origins import NOWHERE, PlayOrigin
from playback_svc.ports.answers import Answer, QueueEdited
from playback_svc.ports.clients import Catalogue
from playback_svc.ports.clock import NewId
from playback_svc.usecases.commander import Commander
from playback_svc.usecases.decisions import Decision, Snapshot, answer_of
from playback_svc.usecases.queue_editor import require_tracks
from playback_svc.usecases.session_checks import require_started
from playback_svc.usecases.target import Target


class AddToQueue:
    """Puts tracks into the queue. Raises as ``EditQueue`` does."""

    def __init__(self, commander: Commander, catalogue: Catalogue, *, new_id: NewId) -> None:
        self._commander = commander
        self._catalogue = catalogue
        self._new_id = new_id

    async def __call__(
        self,
        user_id: str,
        track_ids: Sequence[str],
        key: RequestKey | None,
        *,
        first: bool,
        origin: PlayOrigin = NOWHERE,
        device_id: str | None = None,
        sender: str = "",
    ) -> Answer:
        """More in the queue, from ``origin``; ``item_ids`` are those that were added.

        On a device where one is named: what its session plays next, for ``sender``.
        """
        put = queue_edits.queue_next if first else queue_edits.queue_last

        async def decide(snapshot: Snapshot) -> Decision:
            before = (
                Target(device_id=device_id).require_state(snapshot)
                if device_id
                else require_started(snapshot.state)
            )
            await require_tracks(self._catalogue, track_ids)
            queue = put(before.queue, track_ids, new_id=self._new_id, origin=origin)
            held = Listing(queue.queued)
            entries = (
                held.slice(0, len(track_ids))
                if first
                else held.slice(len(held) - len(track_ids), len(held))
            )
            state = player_state.requeue(before, queue)
            answer = answer_of(state, state.position_at(snapshot.now_ms))
            added = tuple(entry.item_id for entry in entries)
            return Decision(state, replace(answer, result=QueueEdited(added)), sender=sender)

        return await self._commander.execute(user_id, key, decide)
