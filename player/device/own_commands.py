"""What a device's own person asks for: the service, which is the truth, is told first."""

from __future__ import annotations

from typing import Any

from player.device.calls import Calls
from player.device.device import Device
from player.device.plan import Motion, Target, Version
from player.device.targets import Order
from player.mesh_client import MeshClient


class OwnCommands:
    """Commands for the session that plays here. Each raises the service's fault."""

    def __init__(self, client: MeshClient, device: Device) -> None:
        self._calls = Calls(client)
        self._device = device

    async def pause(self) -> None:
        """Holds the session."""
        await self._tell("Pause", Motion.PAUSED)

    async def resume(self) -> None:
        """Goes on with a held session."""
        await self._tell("Resume", Motion.PLAYING)

    async def seek(self, position_ms: int) -> None:
        """Moves to a position; what lies outside the track is taken as its nearer end."""
        motion = self._device.known.motion
        await self._tell("Seek", motion, position_ms=max(0, position_ms))

    async def skip(self) -> None:
        """Goes to the next track, if skips are left."""
        await self._device.adopt(await self._calls.skip(self._device.device_id))

    async def previous(self) -> None:
        """Goes to the start of the track, or to the track before."""
        playback_id = self._device.known.playback_id
        await self._device.adopt(await self._calls.command("Previous", playback_id))

    async def _tell(self, name: str, motion: Motion, **fields: Any) -> None:
        known = self._device.known
        answer = await self._calls.command(name, known.playback_id, **fields)
        target = Target(
            Version(known.version.epoch, answer.revision),
            known.playback_id,
            known.play_id,
            motion,
            answer.position_ms,
            jumps=name == "Seek",
        )
        await self._device.take(Order(target, self._device.track))
