"""Stop: the session is over, by its user."""

from __future__ import annotations

from dataclasses import replace

from meshkit.faults import Unavailable
from meshkit.idempotency import RequestKey
from playback_svc.domain import player_state
from playback_svc.domain.denials import all_denied, is_denied
from playback_svc.domain.mailbox import CommandKind
from playback_svc.ports.answers import Answer
from playback_svc.usecases.commander import Commander, SessionLookup
from playback_svc.usecases.decisions import Decision, Snapshot, answer_of
from playback_svc.usecases.session_checks import Caller
from playback_svc.usecases.target import Target


class Stop:
    """Ends a session. Raises as ``TargetedCommands`` does, but not for a session that is over."""

    def __init__(self, commander: Commander, sessions: SessionLookup) -> None:
        self._commander = commander
        self._sessions = sessions

    async def __call__(self, caller: Caller, target: Target, key: RequestKey | None) -> Answer:
        """End the session; one that is over already, for whatever reason, stays as it is."""

        async def decide(snapshot: Snapshot) -> Decision:
            if target.is_another_session(snapshot.state):
                return await self._stopped_before(caller.user_id, target.session_id, snapshot)
            before = snapshot.state
            if before is None or target.device_id is not None:
                before = target.require_state(snapshot)
            state = player_state.stop(before, snapshot.now_ms)
            answer = answer_of(state, state.position_at(snapshot.now_ms))
            # Silence had ended it, which takes nothing back.
            denial = None if is_denied(state) else all_denied(state.session_id, snapshot.now_ms)
            return Decision(state, answer, CommandKind.STOP, sender=caller.sender, denial=denial)

        return await self._commander.execute(caller.user_id, key, decide)

    async def _stopped_before(self, user_id: str, session_id: str, snapshot: Snapshot) -> Decision:
        """Nothing to do; answered, and so kept for a retry, with where that session ended."""
        record = await self._sessions.ended_session(user_id, session_id)
        state = snapshot.partition.state
        if state is None:
            raise Unavailable("The session cannot be read now.")
        answer = replace(answer_of(state, record.position_ms), session_id=record.session_id)
        return Decision(state, answer)
