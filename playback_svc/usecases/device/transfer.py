"""Transfer: playback moves to another device, with everything that belongs to it."""

from __future__ import annotations

from dataclasses import replace

from meshkit.idempotency import RequestKey
from playback_svc.domain import player_state
from playback_svc.domain.devices import find_device, touch_device, unknown_device_error
from playback_svc.domain.listing import Listing
from playback_svc.domain.mailbox import CommandKind
from playback_svc.domain.player_state import EndReason, Handover, PlayerState, Status, end
from playback_svc.domain.plays import resume_position_ms
from playback_svc.ports.answers import Answer, Played, Transferred
from playback_svc.ports.clock import Clock, NewId
from playback_svc.ports.presence import Presence
from playback_svc.usecases.commander import Commander
from playback_svc.usecases.decisions import Decision, Snapshot, answer_of
from playback_svc.usecases.presence_checks import require_connected
from playback_svc.usecases.session_checks import Caller, require_started
from playback_svc.usecases.track_selection import TrackSelection


class Transfer:
    """Opens a session on the other device from what plays, or played last."""

    def __init__(
        self,
        commander: Commander,
        presence: Presence,
        selection: TrackSelection,
        *,
        clock: Clock,
        new_id: NewId,
        urls_live_s: int,
    ) -> None:
        self._commander = commander
        self._presence = presence
        self._selection = selection
        self._clock = clock
        self._new_id = new_id
        self._urls_live_s = urls_live_s

    async def __call__(
        self, caller: Caller, device_id: str, key: RequestKey | None, *, plays: bool | None
    ) -> Answer:
        """The session on ``device_id``, playing if ``plays``; None: as it is.

        The answer has the playback after it, which a retry is told as well.

        Raises NotFound, SessionNotCurrent (nothing was ever played), FailedPrecondition
        (DEVICE_OFFLINE), Unavailable (TRACK_NOT_READY, or a part is down), PermissionDenied
        (PLAN_REQUIRED), Aborted (CONFLICT), RequestIdReused.
        """
        urls_expire_at_s = self._clock() // 1000 + self._urls_live_s

        async def decide(snapshot: Snapshot) -> Decision:
            if find_device(snapshot.partition.devices, device_id) is None:
                raise unknown_device_error(device_id)
            before = require_started(snapshot.state)
            if before.device_id == device_id and before.status is not Status.STOPPED:
                decision = await self._here(caller, snapshot, before, plays)
            else:
                await self._require_present(caller, device_id)
                decision = await self._there(caller, snapshot, before, device_id, plays)
            played = replace(decision.answer.played, urls_expire_at_s=urls_expire_at_s)
            answer = _told(decision.answer, played, require_started(decision.state))
            return replace(decision, answer=answer, sender=caller.sender)

        return await self._commander.execute(caller.user_id, key, decide)

    async def _here(
        self, caller: Caller, snapshot: Snapshot, before: PlayerState, plays: bool | None
    ) -> Decision:
        """To the device that plays already: it goes on, or is held, or nothing happens."""
        now_ms = snapshot.now_ms
        asset = await self._selection.asset(
            caller.tier, snapshot.partition, before, before.device_id
        )
        state, kind = before, CommandKind.RESUME
        if plays:
            state = player_state.resume(before, now_ms)
        elif plays is False:
            state, kind = player_state.pause(before, now_ms), CommandKind.PAUSE
        if state is not before:
            state = replace(state, asset=asset)
        answer = answer_of(replace(state, asset=asset), state.position_at(now_ms))
        return Decision(state, answer, kind)

    async def _there(
        self,
        caller: Caller,
        snapshot: Snapshot,
        before: PlayerState,
        device_id: str,
        plays: bool | None,
    ) -> Decision:
        now_ms = snapshot.now_ms
        asset = await self._selection.asset(caller.tier, snapshot.partition, before, device_id)
        private = snapshot.partition.preferences.private_session
        own = caller.sid if caller.sender == device_id else ""
        device = touch_device(snapshot.partition.devices, device_id, now_ms, sid=own)
        handover = Handover(
            self._new_id(),
            device_id,
            asset,
            plays,
            self._new_id(),
            begun_ms=resume_position_ms(before),
            private=private,
            attended=device.controllable,
            sid=device.sid,
        )
        state = player_state.transfer(
            await self._commander.limit_to_delivered(before, now_ms), handover, now_ms
        )
        ended = end(before, EndReason.TAKEN_OVER, before.position_at(now_ms), now_ms)
        answer = answer_of(state, state.position_ms)
        return Decision(state, answer, CommandKind.TRANSFER, ended=ended, devices=(device,))

    async def _require_present(self, caller: Caller, device_id: str) -> None:
        """The device must hear of it; one that asks for itself does."""
        if caller.sender != device_id:
            await require_connected(self._presence, caller.user_id, device_id)


def _told(answer: Answer, played: Played, state: PlayerState) -> Answer:
    """The answer with the playback that it tells of."""
    queue_count = len(Listing(state.queue.queued))
    return replace(answer, result=Transferred(played, state, queue_count))
