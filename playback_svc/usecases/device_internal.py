"""What other services ask of a user's devices."""

from __future__ import annotations

from playback_svc.domain.devices import Device, require_device
from playback_svc.usecases.commander import Commander


class LookupDevice:
    """Reads a device by itself. Raises Unavailable."""

    def __init__(self, commander: Commander) -> None:
        self._commander = commander

    async def __call__(self, user_id: str, device_id: str) -> Device:
        """The device by itself. Raises NotFound."""
        partition, _ = await self._commander.stored_answer(user_id, None)
        return require_device(partition.devices, device_id)
