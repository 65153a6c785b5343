"""ListCommands: what was sent to a device."""

from __future__ import annotations

from collections.abc import Sequence

from playback_svc.domain.devices import require_device
from playback_svc.domain.mailbox import Command
from playback_svc.usecases.command_waits import CommandWaits
from playback_svc.usecases.commander import Commander


class ListCommands:
    """Reads what is kept of a mailbox."""

    def __init__(self, commander: Commander, waits: CommandWaits) -> None:
        self._commander = commander
        self._waits = waits

    async def __call__(
        self, user_id: str, device_id: str, before: int | None, limit: int
    ) -> Sequence[Command]:
        """The commands of a device that are kept, the newest first. Raises NotFound."""
        partition, _ = await self._commander.stored_answer(user_id, None)
        require_device(partition.devices, device_id)
        return await self._waits.latest(user_id, device_id, before, limit)
