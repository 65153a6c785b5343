"""Taking back the media paths of a user who signed out, or whose plan changed."""

from __future__ import annotations

from collections.abc import Sequence

from meshkit.consuming import Replica
from meshkit.replicas import ActingReplica
from playback_svc.domain import player_state
from playback_svc.domain.denials import all_denied, is_denied, narrowed
from playback_svc.domain.mailbox import CommandKind
from playback_svc.domain.player_state import PlayerState, Status
from playback_svc.ports.accounts import AccountChange, PlanSet, SignedOut, ToldPlans
from playback_svc.ports.clients import Plans
from playback_svc.ports.denials import SignIns
from playback_svc.usecases.commander import Commander, NotTheCurrentSession
from playback_svc.usecases.decisions import NO_ANSWER, Decision, Snapshot


class TakeBack:
    """Takes back what a user may no longer have. Raises Unavailable, Aborted (CONFLICT)."""

    def __init__(
        self, commander: Commander, sign_ins: SignIns, plans: Plans, told: ToldPlans
    ) -> None:
        self._commander = commander
        self._sign_ins = sign_ins
        self._plans = plans
        self._told = told

    async def __call__(self, change: AccountChange) -> None:
        """Does what the change asks for; called again, the same is left."""
        try:
            match change:
                case PlanSet(user_id, tier):
                    # First: what begins from here on goes by it, whatever its token claims.
                    await self._told.put(user_id, tier)
                    await self._narrow(user_id, tier)
                case SignedOut(sid):
                    await self._end(sid)
        except NotTheCurrentSession:
            return

    async def _narrow(self, user_id: str, tier: str) -> None:
        """Leaves the session of the user what the plan has; all of it where a plan rises again.

        A session on a track that the plan leaves out is stopped.
        """

        async def decide(snapshot: Snapshot) -> Decision:
            held = _not_denied(snapshot.partition.state)
            plan = await self._plans.plan(tier)
            if held.track.premium and not plan.premium_tracks:
                return _stopped(snapshot, held)
            denial = narrowed(held.session_id, plan.rungs, snapshot.now_ms)
            return Decision(held, NO_ANSWER, denial=denial)

        await self._commander.execute(user_id, None, decide)

    async def _end(self, sid: str) -> None:
        """Stops the session that the sign-in began, if it is its user's last."""
        user_id = await self._sign_ins.user_of(sid)
        if user_id is None:
            return

        async def decide(snapshot: Snapshot) -> Decision:
            held = _not_denied(snapshot.partition.state)
            if held.sid != sid:
                raise NotTheCurrentSession
            return _stopped(snapshot, held)

        await self._commander.execute(user_id, None, decide)


def _not_denied(state: PlayerState | None) -> PlayerState:
    """The last session, if its paths give anything. Raises NotTheCurrentSession."""
    if state is None or is_denied(state):
        raise NotTheCurrentSession
    return state


def _stopped(snapshot: Snapshot, held: PlayerState) -> Decision:
    """The session is over, unless it was, and its paths give nothing."""
    state = held
    if held.status is not Status.STOPPED:
        # Of a session that silence has ended this stores just that.
        state = player_state.stop(snapshot.state or held, snapshot.now_ms)
    denial = all_denied(held.session_id, snapshot.now_ms)
    return Decision(state, NO_ANSWER, CommandKind.STOP, denial=denial)


class TakingBackReplica(ActingReplica[AccountChange]):
    """Takes back what each change asks for; ``place`` keeps where it is in identity's feed."""

    def __init__(self, place: Replica[AccountChange], take_back: TakeBack, told: ToldPlans) -> None:
        super().__init__(place)
        self._take_back = take_back
        self._told = told

    async def begin_listing(self) -> None:
        """Changes may have been missed, and no listing tells plans: tokens are believed again."""
        await self._told.forget_all()
        await super().begin_listing()

    async def _act(self, changes: Sequence[AccountChange]) -> None:
        for change in changes:
            await self._take_back(change)
