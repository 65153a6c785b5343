"""Edits of what comes next."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace

from meshkit.faults import NotFound
from meshkit.idempotency import RequestKey
from playback_svc.domain import player_state
from playback_svc.domain.listing import Listing
from playback_svc.domain.play_queue import PlayQueue
from playback_svc.ports.answers import Answer, QueueEdited
from playback_svc.ports.clients import Catalogue
from playback_svc.usecases.commander import Commander
from playback_svc.usecases.decisions import Decision, Snapshot, answer_of
from playback_svc.usecases.session_checks import require_started


class QueueEditor:
    """Changes the user's queue. Raises SessionNotCurrent, Aborted (CONFLICT), RequestIdReused."""

    def __init__(self, commander: Commander) -> None:
        self._commander = commander

    async def edit(
        self,
        user_id: str,
        key: RequestKey | None,
        edit: Callable[[PlayQueue], Awaitable[PlayQueue]],
    ) -> Answer:
        """The queue after ``edit``; ``removed_count`` says how many entries fewer it has."""

        async def decide(snapshot: Snapshot) -> Decision:
            before = require_started(snapshot.state)
            queue = await edit(before.queue)
            held = Listing(queue.queued)
            state = player_state.requeue(before, queue)
            edited = QueueEdited(
                tuple(entry.item_id for entry in held.slice(0)),
                removed_count=len(Listing(before.queue.queued)) - len(held),
            )
            answer = answer_of(state, state.position_at(snapshot.now_ms))
            return Decision(state, replace(answer, result=edited))

        return await self._commander.execute(user_id, key, decide)


async def require_tracks(catalogue: Catalogue, track_ids: Sequence[str]) -> None:
    """Raises NotFound for the first that is none."""
    known = await catalogue.tracks(set(track_ids)) if track_ids else {}
    for track_id in track_ids:
        if track_id not in known:
            raise NotFound("No such track.", metadata={"resource": "track", "id": track_id})
