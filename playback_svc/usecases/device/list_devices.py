"""ListDevices: all devices of a user."""

from __future__ import annotations

from collections.abc import Sequence

from playback_svc.domain.devices import DeviceView
from playback_svc.ports.presence import Presence
from playback_svc.usecases.commander import Commander
from playback_svc.usecases.device_views import online_devices, view_of


class ListDevices:
    """Reads a user's devices. Raises Unavailable."""

    def __init__(self, commander: Commander, presence: Presence) -> None:
        self._commander = commander
        self._presence = presence

    async def __call__(self, user_id: str) -> Sequence[DeviceView]:
        """The active one first, then those online, then the latest seen."""
        snapshot, _ = await self._commander.read(user_id)
        online = await online_devices(self._presence, user_id)
        listed = (view_of(snapshot, device, online) for device in snapshot.partition.devices)
        return sorted(listed, key=_rank)


def _rank(listed: DeviceView) -> tuple[bool, bool, int, str]:
    device = listed.device
    return not listed.active, not listed.online, -device.seen_at_ms, device.device_id
