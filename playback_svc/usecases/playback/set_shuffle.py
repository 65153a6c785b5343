"""SetShuffle: what is played from comes shuffled, or as it stands."""

from __future__ import annotations

from random import Random

from meshkit.idempotency import RequestKey
from playback_svc.domain import play_queue, player_state
from playback_svc.ports.answers import Answer
from playback_svc.ports.clock import NewId
from playback_svc.usecases.commander import Commander
from playback_svc.usecases.contexts import Contexts
from playback_svc.usecases.decisions import Decision, Snapshot, answer_of
from playback_svc.usecases.session_checks import require_open


class SetShuffle:
    """Shuffles around the track that plays."""

    def __init__(
        self, commander: Commander, contexts: Contexts, *, new_id: NewId, rng: Random
    ) -> None:
        self._commander = commander
        self._contexts = contexts
        self._new_id = new_id
        self._rng = rng

    async def __call__(self, user_id: str, key: RequestKey | None, *, shuffle: bool) -> Answer:
        """Shuffled or not.

        Raises SessionNotCurrent, Aborted (CONFLICT), RequestIdReused.
        """

        async def decide(snapshot: Snapshot) -> Decision:
            before = require_open(snapshot.state)
            blobs = await self._contexts.blobs(user_id, before.queue)
            artists = None
            if shuffle and not before.queue.shuffle and blobs.listing is not None:
                artists = await self._contexts.artists(blobs.listing)
            queue, stored = play_queue.with_shuffle(
                before.queue, blobs, on=shuffle, artists=artists, rng=self._rng, new_id=self._new_id
            )
            state = player_state.requeue(before, queue)
            answer = answer_of(state, state.position_at(snapshot.now_ms))
            return Decision(state, answer, blobs=dict([stored] if stored else []))

        return await self._commander.execute(user_id, key, decide)
