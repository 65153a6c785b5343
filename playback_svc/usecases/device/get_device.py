"""GetDevice: a device, with what holds of it now."""

from __future__ import annotations

from playback_svc.domain.devices import DeviceView, require_device
from playback_svc.ports.presence import Presence
from playback_svc.usecases.commander import Commander
from playback_svc.usecases.device_views import online_devices, view_of


class GetDevice:
    """Reads a device. Raises Unavailable."""

    def __init__(self, commander: Commander, presence: Presence) -> None:
        self._commander = commander
        self._presence = presence

    async def __call__(self, user_id: str, device_id: str) -> DeviceView:
        """The device, with what holds of it now. Raises NotFound."""
        snapshot, _ = await self._commander.read(user_id)
        device = require_device(snapshot.partition.devices, device_id)
        return view_of(snapshot, device, await online_devices(self._presence, user_id))
