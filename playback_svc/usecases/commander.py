"""How every command is carried out: read, derive, decide, compare and set, tell who watches."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from meshkit.faults import Aborted, NotFound, Unavailable
from meshkit.idempotency import RequestKey, reused
from playback_svc.domain.liveness import UNKNOWN, Liveness, derive_state
from playback_svc.domain.mailbox import Command
from playback_svc.domain.player_state import EndReason, PlayerState, SessionNotCurrent
from playback_svc.domain.plays import limit_to_delivered
from playback_svc.domain.preferences import Preferences
from playback_svc.ports.answers import Answer
from playback_svc.ports.clock import Clock
from playback_svc.ports.deliveries import Deliveries
from playback_svc.ports.events import CommandQueued, EventBus, SettingsChanged
from playback_svc.ports.player_states import (
    Change,
    DropDevice,
    Partition,
    PlayerStateStore,
    PutState,
    SessionRecord,
)
from playback_svc.ports.positions import PositionStore
from playback_svc.usecases.decisions import (
    Decision,
    Departure,
    Snapshot,
    change_of,
    departure_of,
    playback_changed,
)

ATTEMPTS = 10
_BACK_OFF_S = 0.004


Decide = Callable[[Snapshot], Awaitable[Decision]]
"""From what was seen to a decision; called again, with what is seen then, after a lost race."""


AfterCommit = Callable[[str, PlayerState], None]
"""Is told of a user's state that a command wrote, and does not keep the command waiting."""


@dataclass(slots=True)
class WriteProgress:
    """How far a command has come, for one who must undo what was done beside the row.

    ``perhaps_written`` is True from when a write begins until it is known to have failed.
    """

    perhaps_written: bool = False


class Commander:
    """Carries out decisions on users' rows, in one order for all devices and instances."""

    def __init__(
        self,
        store: PlayerStateStore,
        positions: PositionStore,
        deliveries: Deliveries,
        events: EventBus,
        clock: Clock,
    ) -> None:
        self._store = store
        self._positions = positions
        self._deliveries = deliveries
        self._events = events
        self._clock = clock
        self._after_commit: list[AfterCommit] = []

    def after_commit(self, told: AfterCommit) -> None:
        """Has ``told`` hear of every state that a command writes, once it is written."""
        self._after_commit.append(told)

    async def stored_answer(
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
            raise reused()
        return partition, stored.answer

    async def current(self, partition: Partition) -> PlayerState | None:
        """The state as of now: with the last beat, and STOPPED where silence has ended it."""
        if partition.state is None:
            return None
        liveness = await self.liveness(partition.state.session_id)
        return derive_state(partition.state, liveness, self._clock())

    async def liveness(self, session_id: str) -> Liveness:
        """What is known of a session. Fails OPEN: without live positions nothing is derived."""
        try:
            return (await self._positions.get([session_id]))[0]
        except Unavailable:
            return UNKNOWN

    async def read(
        self, user_id: str, key: RequestKey | None = None
    ) -> tuple[Snapshot, Answer | None]:
        """What a decision would rest on now, and the answer if this request was carried out."""
        partition, answer = await self.stored_answer(user_id, key)
        return await self.snapshot(partition), answer

    async def snapshot(self, partition: Partition) -> Snapshot:
        """A partition that was read just now, with what holds now."""
        return Snapshot(partition, await self.current(partition), self._clock())

    async def execute(
        self,
        user_id: str,
        key: RequestKey | None,
        decide: Decide,
        progress: WriteProgress | None = None,
    ) -> Answer:
        """Carry out ``decide`` once, whatever races it meets; ``progress`` follows it.

        Raises Aborted (CONFLICT) after ``ATTEMPTS`` lost races, and what ``decide`` raises.
        """
        progress = progress or WriteProgress()
        for attempt in range(ATTEMPTS):
            snapshot, answer = await self.read(user_id, key)
            if answer is not None:
                return answer
            try:
                decision = await decide(snapshot)
            except BodyGone:
                continue
            departure = await self._as_delivered(departure_of(snapshot, decision.state))
            answer, change = change_of(user_id, key, snapshot, decision, departure)
            if change is None:
                return answer
            progress.perhaps_written = True
            if await self._store.commit(change, snapshot.now_ms):
                self._tell(change)
                return answer
            progress.perhaps_written = False
            await asyncio.sleep(random.uniform(0, _BACK_OFF_S * 2**attempt))  # noqa: S311
        raise Aborted("Other commands came first, several times over.")

    async def limit_to_delivered(self, state: PlayerState, now_ms: int) -> PlayerState:
        """``state`` at ``now_ms``, in which nothing was heard that was not delivered.

        A device that beats says what is heard of it, from wherever it has it. One that never did
        has heard no more than its session was sent. Raises Unavailable.
        """
        if state.has_beaten or state.heard_ms_at(now_ms) <= state.carried_ms:
            return state
        sent_ms = await self._deliveries.delivered_ms(state.session_id, state.asset.descriptor)
        return limit_to_delivered(state, now_ms, sent_ms)

    async def _as_delivered(self, departure: Departure | None) -> Departure | None:
        if departure is None:
            return None
        return replace(
            departure, state=await self.limit_to_delivered(departure.state, departure.at_ms)
        )

    def _tell(self, change: Change) -> None:
        user_id = change.user_id
        for write in change.writes:
            match write:
                case PutState(state):
                    self._events.send(playback_changed(user_id, state))
                    for told in self._after_commit:
                        told(user_id, state)
                case Command(device_id, number):
                    self._events.send(CommandQueued(user_id, device_id, number))
                case Preferences() | DropDevice():
                    self._events.send(SettingsChanged(user_id))


class SessionLookup:
    """Tells apart a user's current session, one that is over, and one that is not theirs."""

    def __init__(self, store: PlayerStateStore) -> None:
        self._store = store

    async def ended_session(self, user_id: str, session_id: str) -> SessionRecord:
        """The record of a session of this user that is not the current one; or NotFound."""
        record = await self._store.session(user_id, session_id)
        if record is None:
            raise NotFound(
                "You have no such session.", metadata={"resource": "session", "id": session_id}
            )
        return record

    async def explain_ended(
        self, user_id: str, session_id: str, command: Callable[[], Awaitable[Answer]]
    ) -> Answer:
        """What ``command`` returns; a session that is not the current one is explained.

        Raises NotFound, or SessionNotCurrent saying what ended it.
        """
        try:
            return await command()
        except NotTheCurrentSession:
            record = await self.ended_session(user_id, session_id)
            raise SessionNotCurrent(record.ended_by or EndReason.TAKEN_OVER) from None


class BodyGone(Exception):
    """Internal to commands: the state was replaced, with what it named, while it was looked at."""


class NotTheCurrentSession(Exception):
    """Internal to commands: the row holds another session than the one that was named."""


def require_session(state: PlayerState | None, session_id: str) -> PlayerState:
    """``state`` if it is of that session; raises NotTheCurrentSession."""
    if state is None or state.session_id != session_id:
        raise NotTheCurrentSession
    return state
