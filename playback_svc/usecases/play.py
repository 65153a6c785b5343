"""Play: open a session of a track on a device, taking over from what plays elsewhere."""

from __future__ import annotations

from dataclasses import dataclass

from meshkit.idempotency import RequestKey
from playback_svc.domain import player_state
from playback_svc.domain.plans import admit
from playback_svc.domain.player_state import EndReason, Opening, PlayerState, end
from playback_svc.ports.clock import Clock, NewId
from playback_svc.ports.neighbours import Catalogue, Plans
from playback_svc.ports.states import Answer, Device
from playback_svc.usecases.commanding import Commander, Decision, answer_of


@dataclass(frozen=True, slots=True)
class PlayOrder:
    """What to play, where, and from which position (ms, not negative)."""

    track_id: str
    device_id: str
    position_ms: int


class Play:
    """Checks what the user's plan allows of the track, then opens the session."""

    def __init__(
        self,
        commander: Commander,
        catalogue: Catalogue,
        plans: Plans,
        *,
        clock: Clock,
        new_id: NewId,
        urls_live_s: int,
    ) -> None:
        self._commander = commander
        self._catalogue = catalogue
        self._plans = plans
        self._clock = clock
        self._new_id = new_id
        self._urls_live_s = urls_live_s

    async def __call__(
        self, user_id: str, tier: str, order: PlayOrder, key: RequestKey | None
    ) -> Answer:
        """The new session.

        Raises NotFound or FailedPrecondition (the track), Unavailable (TRACK_NOT_READY, or a part
        is down), PermissionDenied (PLAN_REQUIRED), Aborted (CONFLICT), RequestIdReused.
        """
        if key is not None:
            _, answer = await self._commander.answered(user_id, key)
            if answer is not None:
                return answer
        plan = await self._plans.plan(tier)
        playable = await self._catalogue.playable(order.track_id)
        opening = Opening(
            session_id=self._new_id(),
            device_id=order.device_id,
            track=playable.track,
            asset=admit(plan, playable),
            position_ms=order.position_ms,
        )
        urls_expire_at_s = self._clock() // 1000 + self._urls_live_s

        def decide(current: PlayerState | None, now_ms: int) -> Decision:
            state = player_state.play(current, opening, now_ms)
            ended = None
            if current is not None:
                ended = end(current, EndReason.TAKEN_OVER, current.position_at(now_ms), now_ms)
            answer = answer_of(state, state.position_ms, urls_expire_at_s)
            return Decision(state, answer, ended, Device(order.device_id, now_ms))

        return await self._commander.execute(user_id, key, decide)
