"""Pause, Resume, Seek and Stop: commands on the session that a user has."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from meshkit.faults import Unavailable
from meshkit.idempotency import RequestKey
from playback_svc.domain import player_state
from playback_svc.domain.devices import require_controllable_of
from playback_svc.domain.mailbox import CommandKind
from playback_svc.domain.player_state import PlayerState
from playback_svc.ports.clock import Clock
from playback_svc.ports.player_states import Answer
from playback_svc.usecases.commander import (
    Commander,
    Decide,
    SessionLookup,
    require_session,
)
from playback_svc.usecases.decisions import Decision, Snapshot, answer_of
from playback_svc.usecases.session_checks import Caller, require_open
from playback_svc.usecases.track_selection import TrackSelection


@dataclass(frozen=True, slots=True)
class Target:
    """What a command is meant for: a session, or whatever plays on a device."""

    session_id: str = ""
    device_id: str | None = None

    def require_session(self, state: PlayerState | None) -> PlayerState | None:
        """``state``, if it is of the session that is meant. Raises NotTheCurrentSession."""
        return require_session(state, self.session_id) if self.session_id else state

    def is_another_session(self, state: PlayerState | None) -> bool:
        """Whether a session is meant that is not the one of ``state``."""
        return bool(self.session_id) and (state is None or state.session_id != self.session_id)

    def require_state(self, snapshot: Snapshot) -> PlayerState:
        """The state, if it is meant and takes commands; raises as ``opened`` does, too.

        Raises NotFound and FailedPrecondition (NOT_SUPPORTED_BY_DEVICE) for the device.
        """
        if self.device_id is not None:
            require_controllable_of(snapshot.partition.devices, self.device_id)
        return require_open(self.require_session(snapshot.state), self.device_id)


class Control:
    """Commands that need nothing but the user's row.

    All raise NotFound for a session that is not the caller's, SessionNotCurrent for one of theirs
    that is over, FailedPrecondition (DEVICE_NOT_PLAYING), Aborted (CONFLICT) and RequestIdReused.
    """

    def __init__(self, commander: Commander, sessions: SessionLookup) -> None:
        self._commander = commander
        self._sessions = sessions

    async def pause(self, caller: Caller, target: Target, key: RequestKey | None) -> Answer:
        """Hold the session where it is."""
        return await self._apply(caller, target, key, player_state.pause, CommandKind.PAUSE)

    async def seek(
        self, caller: Caller, target: Target, position_ms: int, key: RequestKey | None
    ) -> Answer:
        """Move to ``position_ms``, not negative; beyond the end is the end."""

        def move(state: PlayerState, now_ms: int) -> PlayerState:
            return player_state.seek(state, position_ms, now_ms)

        return await self._apply(caller, target, key, move, CommandKind.SEEK)

    async def stop(self, caller: Caller, target: Target, key: RequestKey | None) -> Answer:
        """End the session; one that is over already, for whatever reason, stays as it is."""

        async def decide(snapshot: Snapshot) -> Decision:
            if target.is_another_session(snapshot.state):
                return await self._stopped_before(caller.user_id, target.session_id, snapshot)
            before = snapshot.state
            if before is None or target.device_id is not None:
                before = target.require_state(snapshot)
            state = player_state.stop(before, snapshot.now_ms)
            answer = answer_of(state, state.position_at(snapshot.now_ms))
            return Decision(state, answer, CommandKind.STOP, sender=caller.sender)

        return await self._commander.execute(caller.user_id, key, decide)

    async def _stopped_before(self, user_id: str, session_id: str, snapshot: Snapshot) -> Decision:
        """Nothing to do; answered, and so kept for a retry, with where that session ended."""
        record = await self._sessions.over(user_id, session_id)
        state = snapshot.partition.state
        if state is None:
            raise Unavailable("The session cannot be read now.")
        answer = replace(answer_of(state, record.position_ms), session_id=record.session_id)
        return Decision(state, answer)

    async def _apply(
        self,
        caller: Caller,
        target: Target,
        key: RequestKey | None,
        move: Callable[[PlayerState, int], PlayerState],
        kind: CommandKind,
    ) -> Answer:
        async def decide(snapshot: Snapshot) -> Decision:
            state = move(target.require_state(snapshot), snapshot.now_ms)
            answer = answer_of(state, state.position_at(snapshot.now_ms))
            return Decision(state, answer, kind, sender=caller.sender)

        return await execute_on_target(self._commander, self._sessions, caller, target, key, decide)


class Resume:
    """Goes on with a held session, with fresh addresses."""

    def __init__(
        self,
        commander: Commander,
        sessions: SessionLookup,
        selection: TrackSelection,
        *,
        clock: Clock,
        urls_live_s: int,
    ) -> None:
        self._commander = commander
        self._sessions = sessions
        self._selection = selection
        self._clock = clock
        self._urls_live_s = urls_live_s

    async def __call__(self, caller: Caller, target: Target, key: RequestKey | None) -> Answer:
        """The session, playing. Raises as Control does, and what the plan and the track raise."""
        urls_expire_at_s = self._clock() // 1000 + self._urls_live_s

        async def decide(snapshot: Snapshot) -> Decision:
            before = target.require_state(snapshot)
            resumed = player_state.resume(before, snapshot.now_ms)
            device_id, tier = before.device_id, caller.tier
            asset = await self._selection.asset(tier, snapshot.partition, before, device_id)
            state = replace(resumed, asset=asset) if resumed is not before else before
            answer = answer_of(state, state.position_at(snapshot.now_ms), urls_expire_at_s)
            answer = replace(answer, asset=asset)
            return Decision(state, answer, CommandKind.RESUME, sender=caller.sender)

        return await execute_on_target(self._commander, self._sessions, caller, target, key, decide)


async def execute_on_target(
    commander: Commander,
    sessions: SessionLookup,
    caller: Caller,
    target: Target,
    key: RequestKey | None,
    decide: Decide,
) -> Answer:
    """What ``decide`` answers; a session that is named and is not the current one is explained."""

    async def command() -> Answer:
        return await commander.execute(caller.user_id, key, decide)

    if not target.session_id:
        return await command()
    return await sessions.explain_ended(caller.user_id, target.session_id, command)
