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
    DeviceView,
    device_to_evict,
    find_device,
    require_device,
)
from playback_svc.domain.mailbox import CommandKind
from playback_svc.domain.player_state import PlayerState, Status
from playback_svc.ports.player_states import Answer
from playback_svc.ports.presence import Presence
from playback_svc.usecases.commander import Commander
from playback_svc.usecases.decisions import NO_ANSWER, Decision, Snapshot

_log = structlog.get_logger("playback")


@dataclass(frozen=True, slots=True)
class Registration:
    """What is said of a device. '' and None: as it was; for a new one its id, OTHER, nothing."""

    device_id: str
    name: str = ""
    kind: DeviceKind | None = None
    capabilities: Capabilities | None = None


class Devices:
    """What a user's devices are. All raise Unavailable, Aborted (CONFLICT), RequestIdReused."""

    def __init__(self, commander: Commander, presence: Presence) -> None:
        self._commander = commander
        self._presence = presence

    async def register(
        self, user_id: str, registration: Registration, key: RequestKey | None
    ) -> DeviceView:
        """The device, known and controllable. Raises FailedPrecondition (DEVICE_LIMIT)."""
        device_id = registration.device_id
        online = await self._online(user_id)

        async def decide(snapshot: Snapshot) -> Decision:
            devices, now_ms = snapshot.partition.devices, snapshot.now_ms
            known = find_device(devices, device_id) or Device(device_id, device_id, now_ms, now_ms)
            device = replace(_told(known, registration), controllable=True, seen_at_ms=now_ms)
            room = device_to_evict(devices, device, active_device(snapshot.state))
            answer = _answer(snapshot, device, online)
            return Decision(
                snapshot.partition.state, answer, devices=(device,), removed_device=room
            )

        return _listed(await self._commander.execute(user_id, key, decide))

    async def update(
        self, user_id: str, registration: Registration, key: RequestKey | None
    ) -> DeviceView:
        """A known device, told better. Raises NotFound."""
        online = await self._online(user_id)

        async def decide(snapshot: Snapshot) -> Decision:
            known = require_device(snapshot.partition.devices, registration.device_id)
            device = _told(known, registration)
            told = (device,) if device != known else ()
            return Decision(
                snapshot.partition.state, _answer(snapshot, device, online), devices=told
            )

        return _listed(await self._commander.execute(user_id, key, decide))

    async def remove(self, user_id: str, device_id: str, key: RequestKey | None) -> None:
        """Forgets a device with its mailbox, and stops a session on it; none is as good as gone."""

        async def decide(snapshot: Snapshot) -> Decision:
            state = snapshot.partition.state
            if find_device(snapshot.partition.devices, device_id) is None:
                return Decision(state, NO_ANSWER)
            if snapshot.state is not None and active_device(state) == device_id:
                # Of a session that silence has ended this stores just that.
                state = player_state.stop(snapshot.state, snapshot.now_ms)
            return Decision(state, NO_ANSWER, CommandKind.STOP, removed_device=device_id)

        await self._commander.execute(user_id, key, decide)

    async def device(self, user_id: str, device_id: str) -> Device:
        """The device by itself. Raises NotFound."""
        partition, _ = await self._commander.stored_answer(user_id, None)
        return require_device(partition.devices, device_id)

    async def get(self, user_id: str, device_id: str) -> DeviceView:
        """The device, with what holds of it now. Raises NotFound."""
        snapshot, _ = await self._commander.read(user_id)
        device = require_device(snapshot.partition.devices, device_id)
        return _placed(snapshot, device, await self._online(user_id))

    async def list(self, user_id: str) -> Sequence[DeviceView]:
        """The active one first, then those online, then the latest seen."""
        snapshot, _ = await self._commander.read(user_id)
        online = await self._online(user_id)
        listed = (_placed(snapshot, device, online) for device in snapshot.partition.devices)
        return sorted(listed, key=_order)

    async def _online(self, user_id: str) -> frozenset[str]:
        """Fails OPEN: while presence cannot be asked, nobody is said to be online."""
        try:
            return (await self._presence.present([user_id]))[user_id]
        except Fault as fault:
            _log.warning("devices listed without presence", reason=fault.reason)
            return frozenset()


def active_device(state: PlayerState | None) -> str:
    """The device that plays the session; '' where nothing is open."""
    return state.device_id if state is not None and state.status is not Status.STOPPED else ""


def _placed(snapshot: Snapshot, device: Device, online: frozenset[str]) -> DeviceView:
    device_id = device.device_id
    return DeviceView(device, device_id in online, device_id == active_device(snapshot.state))


def _answer(snapshot: Snapshot, device: Device, online: frozenset[str]) -> Answer:
    """What tells of ``device``, kept so that a retry is told the same."""
    return replace(NO_ANSWER, listed=_placed(snapshot, device, online))


def _listed(answer: Answer) -> DeviceView:
    if answer.listed is None:
        raise ValueError("the answer tells of no device")
    return answer.listed


def _told(known: Device, registration: Registration) -> Device:
    return replace(
        known,
        name=registration.name or known.name,
        kind=registration.kind or known.kind,
        capabilities=registration.capabilities or known.capabilities,
    )


def _order(listed: DeviceView) -> tuple[bool, bool, int, str]:
    device = listed.device
    return not listed.active, not listed.online, -device.seen_at_ms, device.device_id
