"""How every command is carried out: read, derive, decide, compare and set, tell who watches."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from meshkit.faults import Aborted, NotFound, RequestIdReused, Unavailable
from meshkit.idempotency import KEPT, RequestKey
from playback_svc.domain.player_state import EndReason, PlayerState, SessionNotCurrent, Status
from playback_svc.domain.presence import UNSEEN, Sighting, as_of
from playback_svc.ports.clock import Clock
from playback_svc.ports.live import PositionStore, Wake, Wakeups
from playback_svc.ports.states import (
    Answer,
    Change,
    Device,
    Partition,
    PlayerStateStore,
    SessionRecord,
    StoredAnswer,
)

ATTEMPTS = 10
_BACK_OFF_S = 0.004
_KEPT_MS = int(KEPT.total_seconds() * 1000)


@dataclass(frozen=True, slots=True)
class Decision:
    """What a command makes of the state: the next one, what to answer, what else to write."""

    state: PlayerState
    answer: Answer
    ended: PlayerState | None = None
    device: Device | None = None


Decide = Callable[[PlayerState | None, int], Decision]
"""From the state as of now (Unix ms) to a decision; called again after a lost race."""


def answer_of(state: PlayerState, position_ms: int, urls_expire_at_s: int | None = None) -> Answer:
    """The answer that describes ``state``."""
    return Answer(
        session_id=state.session_id,
        version=state.version,
        position_ms=position_ms,
        track=state.track,
        asset=state.asset,
        urls_expire_at_s=urls_expire_at_s,
    )


def record_of(state: PlayerState, now_ms: int) -> SessionRecord:
    """The row that the log of sessions keeps of ``state``."""
    over = state.status is Status.STOPPED
    return SessionRecord(
        session_id=state.session_id,
        device_id=state.device_id,
        track_id=state.track.track_id,
        status=state.status,
        position_ms=state.position_at(now_ms),
        bitrate_kbps=state.bitrate_kbps,
        started_at_ms=state.started_at_ms,
        last_heartbeat_at_ms=state.last_beat_at_ms,
        ended_at_ms=state.position_at_ms if over else None,
        ended_by=state.ended_by,
    )


def wake_of(user_id: str, state: PlayerState) -> Wake:
    """What those who watch the user must know of ``state``."""
    return Wake(
        user_id=user_id,
        version=state.version,
        session_id=state.session_id,
        device_id=state.device_id,
        status=state.status,
        ended_by=state.ended_by,
        duration_ms=state.track.duration_ms,
    )


class Commander:
    """Carries out decisions on users' rows, in one order for all devices and instances."""

    def __init__(
        self, store: PlayerStateStore, positions: PositionStore, wakeups: Wakeups, clock: Clock
    ) -> None:
        self._store = store
        self._positions = positions
        self._wakeups = wakeups
        self._clock = clock

    async def answered(
        self, user_id: str, key: RequestKey | None
    ) -> tuple[Partition, Answer | None]:
        """The user's partition, and the answer if this very request was carried out before.

        Raises RequestIdReused where another body came under the same id.
        """
        partition = await self._store.read(user_id, key, self._clock())
        stored = partition.stored
        if stored is None or key is None:
            return partition, None
        if stored.key != key:
            raise RequestIdReused("This request_id was used before with another body.")
        return partition, stored.answer

    async def current(self, partition: Partition) -> PlayerState | None:
        """The state as of now: with the last beat, and STOPPED where silence has ended it."""
        if partition.state is None:
            return None
        sighting = await self.sight(partition.state.session_id)
        return as_of(partition.state, sighting, self._clock())

    async def sight(self, session_id: str) -> Sighting:
        """What is known of a session. Fails OPEN: without live positions nothing is derived."""
        try:
            return (await self._positions.get([session_id]))[0]
        except Unavailable:
            return UNSEEN

    async def execute(self, user_id: str, key: RequestKey | None, decide: Decide) -> Answer:
        """Carry out ``decide`` once, whatever races it meets.

        Raises Aborted (CONFLICT) after ``ATTEMPTS`` lost races, and what ``decide`` raises.
        """
        for attempt in range(ATTEMPTS):
            partition, answer = await self.answered(user_id, key)
            if answer is not None:
                return answer
            now_ms = self._clock()
            decision = decide(await self.current(partition), now_ms)
            change = self._change(user_id, key, partition.state, decision, now_ms)
            if change is None or await self._store.commit(change, now_ms):
                self._tell(user_id, partition.state, decision.state)
                return decision.answer
            await asyncio.sleep(random.uniform(0, _BACK_OFF_S * 2**attempt))  # noqa: S311
        raise Aborted("Other commands came first, several times over.")

    def _change(
        self,
        user_id: str,
        key: RequestKey | None,
        before: PlayerState | None,
        decision: Decision,
        now_ms: int,
    ) -> Change | None:
        """The write of a decision; None where it changes nothing and leaves no answer behind."""
        if key is None and before is not None and before.version == decision.state.version:
            return None
        sessions: tuple[SessionRecord, ...] = (record_of(decision.state, now_ms),)
        if decision.ended is not None:
            sessions += (record_of(decision.ended, now_ms),)
        return Change(
            user_id=user_id,
            expected=before.version if before else None,
            state=decision.state,
            sessions=sessions,
            device=decision.device,
            stored=StoredAnswer(key, decision.answer, now_ms + _KEPT_MS) if key else None,
        )

    def _tell(self, user_id: str, before: PlayerState | None, after: PlayerState) -> None:
        if before is None or before.version != after.version:
            self._wakeups.send(wake_of(user_id, after))


class SessionLookup:
    """Tells apart a user's current session, one that is over, and one that is not theirs."""

    def __init__(self, store: PlayerStateStore) -> None:
        self._store = store

    async def over(self, user_id: str, session_id: str) -> SessionRecord:
        """The record of a session of this user that is not the current one; or NotFound."""
        record = await self._store.session(user_id, session_id)
        if record is None:
            raise NotFound(
                "You have no such session.", metadata={"resource": "session", "id": session_id}
            )
        return record

    async def retrying(
        self, user_id: str, session_id: str, command: Callable[[], Awaitable[Answer]]
    ) -> Answer:
        """What ``command`` returns; a session that is not the current one is explained.

        Raises NotFound, or SessionNotCurrent saying what ended it.
        """
        try:
            return await command()
        except NotTheCurrentSession:
            record = await self.over(user_id, session_id)
            raise SessionNotCurrent(record.ended_by or EndReason.TAKEN_OVER) from None


class NotTheCurrentSession(Exception):
    """Internal to commands: the row holds another session than the one that was named."""


def require_session(state: PlayerState | None, session_id: str) -> PlayerState:
    """``state`` if it is of that session; raises NotTheCurrentSession."""
    if state is None or state.session_id != session_id:
        raise NotTheCurrentSession
    return state
