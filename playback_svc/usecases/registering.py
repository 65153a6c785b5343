"""The devices of a user: registered, listed, renamed, removed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import structlog

from meshkit.faults import Fault
from meshkit.idempotency import RequestKey
from playback_svc.domain import player_state
from playback_svc.domain.devices import (
    Capabilities,
    Device,
    DeviceKind,
    evicted,
    found,
    unknown,
)
from playback_svc.domain.mailbox import CommandKind
from playback_svc.domain.player_state import PlayerState, Status
from playback_svc.ports.live import Attendance
from playback_svc.usecases.commanding import Commander
from playback_svc.usecases.decisions import NO_ANSWER, Decision, Seen

_log = structlog.get_logger("playback")


@dataclass(frozen=True, slots=True)
class Registration:
    """What is said of a device. '' and None: as it was; for a new one its id, OTHER, nothing."""

    device_id: str
    name: str = ""
    kind: DeviceKind | None = None
    capabilities: Capabilities | None = None


@dataclass(frozen=True, slots=True)
class Listed:
    """A device, whether it holds a stream now, and whether it plays the user's session."""

    device: Device
    online: bool
    active: bool


class Devices:
    """What a user's devices are. All raise Unavailable, Aborted (CONFLICT), RequestIdReused."""

    def __init__(self, commander: Commander, attendance: Attendance) -> None:
        self._commander = commander
        self._attendance = attendance

    async def register(
        self, user_id: str, registration: Registration, key: RequestKey | None
    ) -> Device:
        """The device, known and controllable. Raises FailedPrecondition (DEVICE_LIMIT)."""
        device_id = registration.device_id
        made: list[Device] = []

        async def decide(seen: Seen) -> Decision:
            devices, now_ms = seen.partition.devices, seen.now_ms
            known = found(devices, device_id) or Device(device_id, device_id, now_ms, now_ms)
            device = replace(_told(known, registration), controllable=True, seen_at_ms=now_ms)
            made[:] = [device]
            room = evicted(devices, device, active_device(seen.state))
            state = seen.partition.state
            return Decision(state, NO_ANSWER, devices=(device,), removed_device=room)

        await self._commander.execute(user_id, key, decide)
        # Under a key it may have been another try that came through, or one long ago.
        return made[0] if key is None else await self.device(user_id, device_id)

    async def update(
        self, user_id: str, registration: Registration, key: RequestKey | None
    ) -> Device:
        """A known device, told better. Raises NotFound."""
        device_id = registration.device_id

        async def decide(seen: Seen) -> Decision:
            known = found(seen.partition.devices, device_id)
            if known is None:
                raise unknown(device_id)
            device = _told(known, registration)
            return Decision(seen.partition.state, NO_ANSWER, devices=(device,))

        await self._commander.execute(user_id, key, decide)
        return await self.device(user_id, device_id)

    async def remove(self, user_id: str, device_id: str, key: RequestKey | None) -> None:
        """Forgets a device with its mailbox, and stops a session on it. Raises NotFound."""

        async def decide(seen: Seen) -> Decision:
            if found(seen.partition.devices, device_id) is None:
                raise unknown(device_id)
            state = seen.partition.state
            if seen.state is not None and active_device(state) == device_id:
                # Of a session that silence has ended this stores just that.
                state = player_state.stop(seen.state, seen.now_ms)
            return Decision(state, NO_ANSWER, CommandKind.STOP, removed_device=device_id)

        await self._commander.execute(user_id, key, decide)

    async def device(self, user_id: str, device_id: str) -> Device:
        """The device. Raises NotFound."""
        partition, _ = await self._commander.answered(user_id, None)
        device = found(partition.devices, device_id)
        if device is None:
            raise unknown(device_id)
        return device

    async def list(self, user_id: str) -> Sequence[Listed]:
        """The active one first, then those online, then the latest seen."""
        seen, _ = await self._commander.see(user_id)
        active, online = active_device(seen.state), await self._online(user_id)
        listed = [
            Listed(device, device.device_id in online, device.device_id == active)
            for device in seen.partition.devices
        ]
        return sorted(listed, key=_order)

    async def listed(self, user_id: str, device: Device) -> Listed:
        """One device, with what holds of it now."""
        seen, _ = await self._commander.see(user_id)
        online = await self._online(user_id)
        device_id = device.device_id
        return Listed(device, device_id in online, device_id == active_device(seen.state))

    async def _online(self, user_id: str) -> frozenset[str]:
        """Fails OPEN: while presence cannot be asked, nobody is said to be online."""
        try:
            return (await self._attendance.present([user_id]))[user_id]
        except Fault as fault:
            _log.warning("devices listed without presence", reason=fault.reason)
            return frozenset()


def active_device(state: PlayerState | None) -> str:
    """The device that plays the session; '' where nothing is open."""
    return state.device_id if state is not None and state.status is not Status.STOPPED else ""


def _told(known: Device, registration: Registration) -> Device:
    return replace(
        known,
        name=registration.name or known.name,
        kind=registration.kind or known.kind,
        capabilities=registration.capabilities or known.capabilities,
    )


def _order(listed: Listed) -> tuple[bool, bool, int, str]:
    device = listed.device
    return not listed.active, not listed.online, -device.seen_at_ms, device.device_id
