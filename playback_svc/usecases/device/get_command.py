"""GetCommand: how far a device has come with a command."""

from __future__ import annotations

from playback_svc.domain.devices import require_device
from playback_svc.domain.mailbox import Command
from playback_svc.usecases.command_waits import CommandWaits
from playback_svc.usecases.commander import Commander


class GetCommand:
    """Reads a command, once its device has said how it went."""

    def __init__(self, commander: Commander, waits: CommandWaits) -> None:
        self._commander = commander
        self._waits = waits

    async def __call__(
        self, user_id: str, device_id: str, number: int, within_s: float = 0.0
    ) -> Command:
        """A command, after waiting for its device. Raises NotFound, ResourceExhausted."""
        with self._waits.reserve(user_id, within_s):
            partition, _ = await self._commander.stored_answer(user_id, None)
            require_device(partition.devices, device_id)
            return await self._waits.command(user_id, device_id, number, within_s)
