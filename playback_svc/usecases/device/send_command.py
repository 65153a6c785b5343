"""SendCommand: a device is told from elsewhere what to do."""

from __future__ import annotations

from dataclasses import dataclass, replace

from meshkit.idempotency import RequestKey
from playback_svc.domain.devices import (
    not_supported_error,
    require_controllable_of,
    require_device,
)
from playback_svc.domain.listing import Listing
from playback_svc.domain.mailbox import Command, CommandKind, CommandStatus
from playback_svc.ports.answers import Answer, Played, SkipsLeft
from playback_svc.ports.presence import Presence
from playback_svc.usecases.command_waits import CommandWaits
from playback_svc.usecases.commander import Commander
from playback_svc.usecases.decisions import NO_ANSWER, Decision, Snapshot
from playback_svc.usecases.device_orders import (
    EnqueueAction,
    Order,
    PlainAction,
    PlayAction,
    SeekAction,
    SkipAction,
    VolumeAction,
)
from playback_svc.usecases.playback.play import PlayOrder
from playback_svc.usecases.playback_cases import PlaybackCases
from playback_svc.usecases.presence_checks import require_connected
from playback_svc.usecases.session_checks import Caller
from playback_svc.usecases.target import Target


@dataclass(frozen=True, slots=True)
class SentCommand:
    """The command as it is stored, and the skips that are left where it was one."""

    command: Command
    skips: SkipsLeft | None = None


class SendCommand:
    """Sends commands of playback to devices; what they do to playback is as it always is."""

    def __init__(
        self,
        commander: Commander,
        presence: Presence,
        waits: CommandWaits,
        playback: PlaybackCases,
    ) -> None:
        self._commander = commander
        self._presence = presence
        self._waits = waits
        self._playback = playback

    async def __call__(
        self, caller: Caller, order: Order, key: RequestKey | None, within_s: float = 0.0
    ) -> SentCommand:
        """The command, stored, and how far its device came with it ``within_s``.

        Raises NotFound, FailedPrecondition (DEVICE_NOT_PLAYING, NOT_SUPPORTED_BY_DEVICE,
        DEVICE_OFFLINE), ResourceExhausted (too many calls wait), Unavailable, and what the
        command raises.
        """
        with self._waits.reserve(caller.user_id, within_s):
            answer = await self._carry_out(caller, order, key)
            if answer.number:
                command = await self._waits.command(
                    caller.user_id, order.device_id, answer.number, within_s, answer.sent
                )
            else:
                command = await self._so_already(caller, order, answer, within_s)
        skips = answer.result.skips if isinstance(answer.result, Played) else None
        return SentCommand(command, skips)

    async def _carry_out(self, caller: Caller, order: Order, key: RequestKey | None) -> Answer:
        target = Target(device_id=order.device_id)
        match order.action:
            case PlayAction(play):
                return await self._play_there(caller, order.device_id, play, key)
            case SeekAction(position_ms):
                return await self._playback.seek(caller, target, position_ms, key)
            case SkipAction(play_id):
                return await self._playback.skip(caller, target, key, play_id=play_id)
            case VolumeAction(percent):
                return await self._set_volume(caller, order.device_id, percent, key)
            case EnqueueAction():
                return await self._enqueue(caller, order.device_id, order.action, key)
            case PlainAction(kind):
                return await self._plain(caller, target, kind, key)

    async def _plain(
        self, caller: Caller, target: Target, kind: CommandKind, key: RequestKey | None
    ) -> Answer:
        match kind:
            case CommandKind.PAUSE:
                return await self._playback.pause(caller, target, key)
            case CommandKind.RESUME:
                return await self._playback.resume(caller, target, key)
            case CommandKind.STOP:
                return await self._playback.stop(caller, target, key)
            case CommandKind.PREVIOUS:
                return await self._playback.previous(caller, target, key)
        raise ValueError(f"{kind} cannot be sent")

    async def _play_there(
        self, caller: Caller, device_id: str, play: PlayOrder, key: RequestKey | None
    ) -> Answer:
        user_id = caller.user_id
        partition, answer = await self._commander.stored_answer(user_id, key)
        if answer is not None:
            return answer
        require_controllable_of(partition.devices, device_id)
        await require_connected(self._presence, user_id, device_id)
        sid = caller.sid if caller.sender == device_id else ""
        return await self._playback.play(user_id, caller.tier, replace(play, sid=sid), key)

    async def _enqueue(
        self, caller: Caller, device_id: str, action: EnqueueAction, key: RequestKey | None
    ) -> Answer:
        return await self._playback.add_to_queue(
            caller.user_id,
            action.track_ids,
            key,
            first=action.first,
            origin=action.origin,
            device_id=device_id,
            sender=caller.sender,
        )

    async def _set_volume(
        self, caller: Caller, device_id: str, percent: int, key: RequestKey | None
    ) -> Answer:
        async def decide(snapshot: Snapshot) -> Decision:
            device = require_controllable_of(snapshot.partition.devices, device_id)
            if not device.capabilities.volume:
                raise not_supported_error(
                    device.device_id, "The volume of this device cannot be set."
                )
            return Decision(
                snapshot.partition.state,
                NO_ANSWER,
                CommandKind.VOLUME,
                volume=(device, percent),
                sender=caller.sender,
            )

        return await self._commander.execute(caller.user_id, key, decide)

    async def _so_already(
        self, caller: Caller, order: Order, answer: Answer, within_s: float
    ) -> Command:
        """What a command that changed nothing is answered with.

        That is the one that its device has yet to obey for it to be so, and done where it has.
        """
        user_id = caller.user_id
        snapshot, _ = await self._commander.read(user_id)
        device, state = require_device(snapshot.partition.devices, order.device_id), snapshot.state
        under_way = await self._waits.under_way(user_id, device, answer.version)
        if under_way is not None:
            return await self._waits.command(
                user_id, device.device_id, under_way.number, within_s, under_way
            )
        return Command(
            device_id=device.device_id,
            number=0,
            kind=order.action.kind,
            target=state,
            issued_at_ms=snapshot.now_ms,
            queue_count=len(Listing(state.queue.queued)) if state else 0,
            sender=caller.sender,
            status=CommandStatus.DONE,
        )
