"""SetRepeat: what happens at the end."""

from __future__ import annotations

from meshkit.idempotency import RequestKey
from playback_svc.domain import play_queue, player_state
from playback_svc.domain.play_queue import Repeat
from playback_svc.ports.answers import Answer
from playback_svc.usecases.commander import Commander
from playback_svc.usecases.decisions import Decision, Snapshot, answer_of
from playback_svc.usecases.session_checks import require_open


class SetRepeat:
    """Says what happens at the end of a track, and of all."""

    def __init__(self, commander: Commander) -> None:
        self._commander = commander

    async def __call__(self, user_id: str, repeat: Repeat, key: RequestKey | None) -> Answer:
        """Another end. Raises SessionNotCurrent, Aborted (CONFLICT), RequestIdReused."""

        async def decide(snapshot: Snapshot) -> Decision:
            before = require_open(snapshot.state)
            queue = play_queue.with_repeat(before.queue, repeat)
            state = player_state.requeue(before, queue)
            return Decision(state, answer_of(state, state.position_at(snapshot.now_ms)))

        return await self._commander.execute(user_id, key, decide)
