"""Pause, Resume, Seek and Stop: commands on the session that a user has."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import structlog

from meshkit.faults import DeadlineExceeded, Unavailable
from meshkit.idempotency import RequestKey
from playback_svc.domain import player_state
from playback_svc.domain.plans import Playable, admit
from playback_svc.domain.player_state import Asset, PlayerState
from playback_svc.ports.clock import Clock
from playback_svc.ports.neighbours import Catalogue, Plans
from playback_svc.ports.states import Answer
from playback_svc.usecases.commanding import (
    Commander,
    Decision,
    NotTheCurrentSession,
    SessionLookup,
    answer_of,
    require_session,
)

_log = structlog.get_logger("playback")


class Control:
    """Commands that need nothing but the user's row.

    All raise NotFound for a session that is not the caller's, SessionNotCurrent for one of theirs
    that is over, Aborted (CONFLICT) and RequestIdReused.
    """

    def __init__(self, commander: Commander, sessions: SessionLookup) -> None:
        self._commander = commander
        self._sessions = sessions

    async def pause(self, user_id: str, session_id: str, key: RequestKey | None) -> Answer:
        """Hold the session where it is."""
        return await self._apply(user_id, session_id, key, player_state.pause)

    async def seek(
        self, user_id: str, session_id: str, position_ms: int, key: RequestKey | None
    ) -> Answer:
        """Move to ``position_ms``, not negative; beyond the end is the end."""
        return await self._apply(
            user_id, session_id, key, lambda state, now: player_state.seek(state, position_ms, now)
        )

    async def stop(self, user_id: str, session_id: str, key: RequestKey | None) -> Answer:
        """End the session; one that is over already, for whatever reason, stays as it is."""
        try:
            return await self._commander.execute(
                user_id, key, _deciding(session_id, player_state.stop)
            )
        except NotTheCurrentSession:
            record = await self._sessions.over(user_id, session_id)
        partition, _ = await self._commander.answered(user_id, None)
        state = partition.state
        if state is None:
            raise Unavailable("The session cannot be read now.")
        return replace(answer_of(state, record.position_ms), session_id=session_id)

    async def _apply(
        self,
        user_id: str,
        session_id: str,
        key: RequestKey | None,
        command: Callable[[PlayerState, int], PlayerState],
    ) -> Answer:
        decide = _deciding(session_id, command)
        return await self._sessions.retrying(
            user_id, session_id, lambda: self._commander.execute(user_id, key, decide)
        )


class Resume:
    """Goes on with a held session, with fresh addresses."""

    def __init__(
        self,
        commander: Commander,
        sessions: SessionLookup,
        catalogue: Catalogue,
        plans: Plans,
        *,
        clock: Clock,
        urls_live_s: int,
    ) -> None:
        self._commander = commander
        self._sessions = sessions
        self._catalogue = catalogue
        self._plans = plans
        self._clock = clock
        self._urls_live_s = urls_live_s

    async def __call__(
        self, user_id: str, tier: str, session_id: str, key: RequestKey | None
    ) -> Answer:
        """The session, playing. Raises as Control does, and what the plan and the track raise."""
        return await self._sessions.retrying(
            user_id, session_id, lambda: self._resume(user_id, tier, session_id, key)
        )

    async def _resume(
        self, user_id: str, tier: str, session_id: str, key: RequestKey | None
    ) -> Answer:
        partition, answer = await self._commander.answered(user_id, key)
        if answer is not None:
            return answer
        known = require_session(partition.state, session_id)
        asset = await self._asset(tier, known)
        urls_expire_at_s = self._clock() // 1000 + self._urls_live_s

        def decide(current: PlayerState | None, now_ms: int) -> Decision:
            before = require_session(current, session_id)
            resumed = player_state.resume(before, now_ms)
            state = replace(resumed, asset=asset) if resumed is not before else before
            answer = answer_of(state, state.position_at(now_ms), urls_expire_at_s)
            return Decision(state, replace(answer, asset=asset))

        return await self._commander.execute(user_id, key, decide)

    async def _asset(self, tier: str, known: PlayerState) -> Asset:
        """What may be streamed now. Fails OPEN: a catalogue that is down leaves what was known."""
        plan = await self._plans.plan(tier)
        try:
            playable = await self._catalogue.playable(known.track.track_id)
        except (Unavailable, DeadlineExceeded) as fault:
            if fault.reason not in ("STORE_UNAVAILABLE", "DEADLINE_EXCEEDED", "OVERLOADED"):
                raise
            _log.warning("catalogue did not answer; resuming with the known asset")
            playable = Playable(known.track, known.asset.descriptor, known.asset.rungs)
        return admit(plan, playable)


def _deciding(
    session_id: str, command: Callable[[PlayerState, int], PlayerState]
) -> Callable[[PlayerState | None, int], Decision]:
    def decide(current: PlayerState | None, now_ms: int) -> Decision:
        state = command(require_session(current, session_id), now_ms)
        return Decision(state, answer_of(state, state.position_at(now_ms)))

    return decide
