"""Resume: a held session goes on."""

from __future__ import annotations

from dataclasses import replace

from meshkit.idempotency import RequestKey
from playback_svc.domain import player_state
from playback_svc.domain.mailbox import CommandKind
from playback_svc.ports.answers import Answer
from playback_svc.ports.clock import Clock
from playback_svc.usecases.decisions import Decision, Snapshot, answer_of
from playback_svc.usecases.session_checks import Caller
from playback_svc.usecases.target import Target, TargetedCommands
from playback_svc.usecases.track_selection import TrackSelection


class Resume:
    """Goes on with a held session, with fresh addresses."""

    def __init__(
        self,
        commands: TargetedCommands,
        selection: TrackSelection,
        *,
        clock: Clock,
        urls_live_s: int,
    ) -> None:
        self._commands = commands
        self._selection = selection
        self._clock = clock
        self._urls_live_s = urls_live_s

    async def __call__(self, caller: Caller, target: Target, key: RequestKey | None) -> Answer:
        """The session, playing.

        Raises as ``TargetedCommands`` does, and what the plan and the track raise.
        """
        urls_expire_at_s = self._clock() // 1000 + self._urls_live_s

        async def decide(snapshot: Snapshot) -> Decision:
            before = target.require_state(snapshot)
            resumed = player_state.resume(before, snapshot.now_ms)
            device_id, tier = before.device_id, caller.tier
            asset = await self._selection.asset(tier, snapshot.partition, before, device_id)
            state = replace(resumed, asset=asset) if resumed is not before else before
            position_ms = state.position_at(snapshot.now_ms)
            answer = answer_of(replace(state, asset=asset), position_ms, urls_expire_at_s)
            return Decision(state, answer, CommandKind.RESUME, sender=caller.sender)

        return await self._commands.execute(caller, target, key, decide)
