"""What a command is meant for, and commands on that."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from meshkit.idempotency import RequestKey
from playback_svc.domain.devices import require_controllable_of
from playback_svc.domain.mailbox import CommandKind
from playback_svc.domain.player_state import PlayerState
from playback_svc.ports.answers import Answer
from playback_svc.usecases.commander import Commander, Decide, SessionLookup, require_session
from playback_svc.usecases.decisions import Decision, Snapshot, answer_of
from playback_svc.usecases.session_checks import Caller, require_open


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
        """The state, if it is meant and takes commands; raises as ``require_open`` does, too.

        Raises NotFound and FailedPrecondition (NOT_SUPPORTED_BY_DEVICE) for the device.
        """
        if self.device_id is not None:
            require_controllable_of(snapshot.partition.devices, self.device_id)
        return require_open(self.require_session(snapshot.state), self.device_id)


class TargetedCommands:
    """Carries out commands on the session, or on the device, that they are meant for.

    All raise NotFound for a session that is not the caller's, SessionNotCurrent for one of theirs
    that is over, FailedPrecondition (DEVICE_NOT_PLAYING), Aborted (CONFLICT) and RequestIdReused.
    """

    def __init__(self, commander: Commander, sessions: SessionLookup) -> None:
        self._commander = commander
        self._sessions = sessions

    async def execute(
        self, caller: Caller, target: Target, key: RequestKey | None, decide: Decide
    ) -> Answer:
        """What ``decide`` answers; a named session that is not the current one is explained."""

        async def command() -> Answer:
            return await self._commander.execute(caller.user_id, key, decide)

        if not target.session_id:
            return await command()
        return await self._sessions.explain_ended(caller.user_id, target.session_id, command)

    async def move(
        self,
        caller: Caller,
        target: Target,
        key: RequestKey | None,
        transition: Callable[[PlayerState, int], PlayerState],
        kind: CommandKind,
    ) -> Answer:
        """What plays, after ``transition`` of its state, of which devices are told as ``kind``."""

        async def decide(snapshot: Snapshot) -> Decision:
            state = transition(target.require_state(snapshot), snapshot.now_ms)
            answer = answer_of(state, state.position_at(snapshot.now_ms))
            return Decision(state, answer, kind, sender=caller.sender)

        return await self.execute(caller, target, key, decide)
