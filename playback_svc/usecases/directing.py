"""SendCommand and GetCommand: a device is told from elsewhere what to do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from meshkit.faults import FailedPrecondition
from meshkit.idempotency import RequestKey
from playback_svc.domain.devices import not_supported_error, require_controllable_of, require_device
from playback_svc.domain.listing import Listing
from playback_svc.domain.mailbox import Command, CommandKind, CommandStatus
from playback_svc.domain.origins import NOWHERE, PlayOrigin
from playback_svc.ports.player_states import Answer, SkipsLeft
from playback_svc.ports.presence import Presence
from playback_svc.usecases.command_waits import CommandWaits
from playback_svc.usecases.commander import Commander
from playback_svc.usecases.control import Control, Resume, Target
from playback_svc.usecases.decisions import NO_ANSWER, Decision, Snapshot
from playback_svc.usecases.moving import Moving
from playback_svc.usecases.play import Play, PlayOrder
from playback_svc.usecases.queueing import Queueing
from playback_svc.usecases.session_checks import Caller


@dataclass(frozen=True, slots=True)
class Order:
    """What a device shall do. Beside ``kind`` that is set which the kind needs.

    ``play`` for PLAY, ``position_ms`` for SEEK, ``play_id`` for SKIP where it is named, ``percent``
    for VOLUME, ``track_ids``, ``first`` and ``origin`` for QUEUE: more in the user's queue.
    """

    device_id: str
    kind: CommandKind
    play: PlayOrder | None = None
    play_id: str = ""
    position_ms: int = 0
    percent: int = 0
    track_ids: tuple[str, ...] = ()
    first: bool = False
    origin: PlayOrigin = NOWHERE


@dataclass(frozen=True, slots=True)
class Directed:
    """The command as it is stored, and the skips that are left where it was one."""

    command: Command
    skips: SkipsLeft | None = None


class Directing:
    """Sends commands of playback to devices; what they do to playback is as it always is."""

    def __init__(
        self,
        commander: Commander,
        presence: Presence,
        waits: CommandWaits,
        *,
        play: Play,
        control: Control,
        resume: Resume,
        moving: Moving,
        queueing: Queueing,
    ) -> None:
        self._commander = commander
        self._presence = presence
        self._waits = waits
        self._play = play
        self._control = control
        self._resume = resume
        self._moving = moving
        self._queueing = queueing

    async def send(
        self, caller: Caller, order: Order, key: RequestKey | None, within_s: float = 0.0
    ) -> Directed:
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
        return Directed(command, answer.skips)

    async def read(
        self, user_id: str, device_id: str, number: int, within_s: float = 0.0
    ) -> Command:
        """A command, after waiting for its device. Raises NotFound, ResourceExhausted."""
        with self._waits.reserve(user_id, within_s):
            await self._require_known(user_id, device_id)
            return await self._waits.command(user_id, device_id, number, within_s)

    async def latest(
        self, user_id: str, device_id: str, before: int | None, limit: int
    ) -> Sequence[Command]:
        """The commands of a device that are kept, the newest first. Raises NotFound."""
        await self._require_known(user_id, device_id)
        return await self._waits.latest(user_id, device_id, before, limit)

    async def _require_known(self, user_id: str, device_id: str) -> None:
        partition, _ = await self._commander.stored_answer(user_id, None)
        require_device(partition.devices, device_id)

    async def _play_there(
        self, caller: Caller, device_id: str, play: PlayOrder, key: RequestKey | None
    ) -> Answer:
        user_id = caller.user_id
        partition, answer = await self._commander.stored_answer(user_id, key)
        if answer is not None:
            return answer
        require_controllable_of(partition.devices, device_id)
        present = await self._presence.present([user_id])
        if device_id not in present[user_id]:
            raise device_offline_error(device_id)
        return await self._play(user_id, caller.tier, play, key)

    async def _carry_out(self, caller: Caller, order: Order, key: RequestKey | None) -> Answer:
        target = Target(device_id=order.device_id)
        match order.kind:
            case CommandKind.PLAY if order.play is not None:
                return await self._play_there(caller, order.device_id, order.play, key)
            case CommandKind.PAUSE:
                return await self._control.pause(caller, target, key)
            case CommandKind.RESUME:
                return await self._resume(caller, target, key)
            case CommandKind.SEEK:
                return await self._control.seek(caller, target, order.position_ms, key)
            case CommandKind.STOP:
                return await self._control.stop(caller, target, key)
            case CommandKind.SKIP:
                return await self._moving.skip(caller, target, key, order.play_id)
            case CommandKind.PREVIOUS:
                return await self._moving.previous(caller, target, key)
            case CommandKind.VOLUME:
                return await self._volume(caller, order, key)
            case CommandKind.QUEUE:
                return await self._enqueue(caller, order, key)
        raise ValueError(f"{order.kind} cannot be sent")

    async def _enqueue(self, caller: Caller, order: Order, key: RequestKey | None) -> Answer:
        return await self._queueing.add(
            caller.user_id,
            order.track_ids,
            key,
            first=order.first,
            origin=order.origin,
            device_id=order.device_id,
            sender=caller.sender,
        )

    async def _volume(self, caller: Caller, order: Order, key: RequestKey | None) -> Answer:
        async def decide(snapshot: Snapshot) -> Decision:
            device = require_controllable_of(snapshot.partition.devices, order.device_id)
            if not device.capabilities.volume:
                raise not_supported_error(
                    device.device_id, "The volume of this device cannot be set."
                )
            return Decision(
                snapshot.partition.state,
                NO_ANSWER,
                CommandKind.VOLUME,
                volume=(device, order.percent),
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
            kind=order.kind,
            target=state,
            issued_at_ms=snapshot.now_ms,
            queue_count=len(Listing(state.queue.queued)) if state else 0,
            sender=caller.sender,
            status=CommandStatus.DONE,
        )


def device_offline_error(device_id: str) -> FailedPrecondition:
    """The fault for a device that holds no stream."""
    return FailedPrecondition(
        "The device is not connected.", reason="DEVICE_OFFLINE", metadata={"device_id": device_id}
    )
