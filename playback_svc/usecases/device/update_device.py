"""UpdateDevice: a known device, told better."""

from __future__ import annotations

from meshkit.idempotency import RequestKey
from playback_svc.domain.devices import DeviceView, require_device
from playback_svc.ports.presence import Presence
from playback_svc.usecases.commander import Commander
from playback_svc.usecases.decisions import Decision, Snapshot
from playback_svc.usecases.device_views import (
    Registration,
    answer_with,
    answered_view,
    online_devices,
)


class UpdateDevice:
    """Changes what a device is. Raises Unavailable, Aborted (CONFLICT), RequestIdReused."""

    def __init__(self, commander: Commander, presence: Presence) -> None:
        self._commander = commander
        self._presence = presence

    async def __call__(
        self, user_id: str, registration: Registration, key: RequestKey | None
    ) -> DeviceView:
        """A known device, told better. Raises NotFound."""
        online = await online_devices(self._presence, user_id)

        async def decide(snapshot: Snapshot) -> Decision:
            known = require_device(snapshot.partition.devices, registration.device_id)
            device = registration.apply(known)
            told = (device,) if device != known else ()
            return Decision(
                snapshot.partition.state, answer_with(snapshot, device, online), devices=told
            )

        return answered_view(await self._commander.execute(user_id, key, decide))
