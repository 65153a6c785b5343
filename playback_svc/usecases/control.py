"""Pause, Resume, Seek and Stop: commands on the session that a user has."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from meshkit.faults import Unavailable
from meshkit.idempotency import RequestKey
from playback_svc.domain import player_state
from playback_svc.domain.devices import controllable
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
from playback_svc.usecases.decisions import Decision, Seen, answer_of
from playback_svc.usecases.session_checks import Caller, opened
from playback_svc.usecases.track_selection import Staging


@dataclass(frozen=True, slots=True)
class Aim:
    """What a command is meant for: a session, or whatever plays on a device."""

    session_id: str = ""
    device_id: str | None = None

    def meant(self, state: PlayerState | None) -> PlayerState | None:
        """``state``, if it is of the session that is meant. Raises NotTheCurrentSession."""
        return require_session(state, self.session_id) if self.session_id else state

    def misses(self, state: PlayerState | None) -> bool:
        """Whether a session is meant that is not the one of ``state``."""
        return bool(self.session_id) and (state is None or state.session_id != self.session_id)

    def hit(self, seen: Seen) -> PlayerState:
        """The state, if it is meant and takes commands; raises as ``opened`` does, too.

        Raises NotFound and FailedPrecondition (NOT_SUPPORTED_BY_DEVICE) for the device.
        """
        if self.device_id is not None:
            controllable(seen.partition.devices, self.device_id)
        return opened(self.meant(seen.state), self.device_id)


class Control:
    """Commands that need nothing but the user's row.

    All raise NotFound for a session that is not the caller's, SessionNotCurrent for one of theirs
    that is over, FailedPrecondition (DEVICE_NOT_PLAYING), Aborted (CONFLICT) and RequestIdReused.
    """

    def __init__(self, commander: Commander, sessions: SessionLookup) -> None:
        self._commander = commander
        self._sessions = sessions

    async def pause(self, caller: Caller, aim: Aim, key: RequestKey | None) -> Answer:
        """Hold the session where it is."""
        return await self._apply(caller, aim, key, player_state.pause, CommandKind.PAUSE)

    async def seek(
        self, caller: Caller, aim: Aim, position_ms: int, key: RequestKey | None
    ) -> Answer:
        """Move to ``position_ms``, not negative; beyond the end is the end."""

        def move(state: PlayerState, now_ms: int) -> PlayerState:
            return player_state.seek(state, position_ms, now_ms)

        return await self._apply(caller, aim, key, move, CommandKind.SEEK)

    async def stop(self, caller: Caller, aim: Aim, key: RequestKey | None) -> Answer:
        """End the session; one that is over already, for whatever reason, stays as it is."""

        async def decide(seen: Seen) -> Decision:
            if aim.misses(seen.state):
                return await self._stopped_before(caller.user_id, aim.session_id, seen)
            before = seen.state
            if before is None or aim.device_id is not None:
                before = aim.hit(seen)
            state = player_state.stop(before, seen.now_ms)
            answer = answer_of(state, state.position_at(seen.now_ms))
            return Decision(state, answer, CommandKind.STOP, sender=caller.sender)

        return await self._commander.execute(caller.user_id, key, decide)

    async def _stopped_before(self, user_id: str, session_id: str, seen: Seen) -> Decision:
        """Nothing to do; answered, and so kept for a retry, with where that session ended."""
        record = await self._sessions.over(user_id, session_id)
        state = seen.partition.state
        if state is None:
            raise Unavailable("The session cannot be read now.")
        answer = replace(answer_of(state, record.position_ms), session_id=record.session_id)
        return Decision(state, answer)

    async def _apply(
        self,
        caller: Caller,
        aim: Aim,
        key: RequestKey | None,
        move: Callable[[PlayerState, int], PlayerState],
        kind: CommandKind,
    ) -> Answer:
        async def decide(seen: Seen) -> Decision:
            state = move(aim.hit(seen), seen.now_ms)
            answer = answer_of(state, state.position_at(seen.now_ms))
            return Decision(state, answer, kind, sender=caller.sender)

        return await carried_out(self._commander, self._sessions, caller, aim, key, decide)


class Resume:
    """Goes on with a held session, with fresh addresses."""

    def __init__(
        self,
        commander: Commander,
        sessions: SessionLookup,
        staging: Staging,
        *,
        clock: Clock,
        urls_live_s: int,
    ) -> None:
        self._commander = commander
        self._sessions = sessions
        self._staging = staging
        self._clock = clock
        self._urls_live_s = urls_live_s

    async def __call__(self, caller: Caller, aim: Aim, key: RequestKey | None) -> Answer:
        """The session, playing. Raises as Control does, and what the plan and the track raise."""
        urls_expire_at_s = self._clock() // 1000 + self._urls_live_s

        async def decide(seen: Seen) -> Decision:
            before = aim.hit(seen)
            resumed = player_state.resume(before, seen.now_ms)
            device_id, tier = before.device_id, caller.tier
            asset = await self._staging.asset(tier, seen.partition, before, device_id)
            state = replace(resumed, asset=asset) if resumed is not before else before
            answer = answer_of(state, state.position_at(seen.now_ms), urls_expire_at_s)
            answer = replace(answer, asset=asset)
            return Decision(state, answer, CommandKind.RESUME, sender=caller.sender)

        return await carried_out(self._commander, self._sessions, caller, aim, key, decide)


async def carried_out(
    commander: Commander,
    sessions: SessionLookup,
    caller: Caller,
    aim: Aim,
    key: RequestKey | None,
    decide: Decide,
) -> Answer:
    """What ``decide`` answers; a session that is named and is not the current one is explained."""

    async def command() -> Answer:
        return await commander.execute(caller.user_id, key, decide)

    if not aim.session_id:
        return await command()
    return await sessions.retrying(caller.user_id, aim.session_id, command)
