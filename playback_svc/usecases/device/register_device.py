"""RegisterDevice: a device has a mailbox from now on."""

from __future__ import annotations

from dataclasses import replace

from meshkit.idempotency import RequestKey
from playback_svc.domain.devices import Device, DeviceView, device_to_evict, find_device
from playback_svc.ports.presence import Presence
from playback_svc.usecases.commander import Commander
from playback_svc.usecases.decisions import Decision, Snapshot
from playback_svc.usecases.device_views import (
    Registration,
    active_device,
    answer_with,
    answered_view,
    online_devices,
)


class RegisterDevice:
    """Makes a device known. Raises Unavailable, Aborted (CONFLICT), RequestIdReused."""

    def __init__(self, commander: Commander, presence: Presence) -> None:
        self._commander = commander
        self._presence = presence

    async def __call__(
        self, user_id: str, registration: Registration, key: RequestKey | None
    ) -> DeviceView:
        """The device, known and controllable. Raises FailedPrecondition (DEVICE_LIMIT)."""
        device_id = registration.device_id
        online = await online_devices(self._presence, user_id)

        async def decide(snapshot: Snapshot) -> Decision:
            devices, now_ms = snapshot.partition.devices, snapshot.now_ms
            known = find_device(devices, device_id) or Device(device_id, device_id, now_ms, now_ms)
            device = replace(registration.apply(known), controllable=True, seen_at_ms=now_ms)
            room = device_to_evict(devices, device, active_device(snapshot.state))
            answer = answer_with(snapshot, device, online)
            return Decision(
                snapshot.partition.state, answer, devices=(device,), removed_device=room
            )

        return answered_view(await self._commander.execute(user_id, key, decide))
