"""What a command needs of its device: that it is connected."""

from __future__ import annotations

from meshkit.faults import FailedPrecondition
from playback_svc.ports.presence import Presence


async def require_connected(presence: Presence, user_id: str, device_id: str) -> None:
    """Raises FailedPrecondition (DEVICE_OFFLINE), Unavailable."""
    present = await presence.connected_devices([user_id])
    if device_id not in present[user_id]:
        raise device_offline_error(device_id)


def device_offline_error(device_id: str) -> FailedPrecondition:
    """The fault for a device that holds no stream."""
    return FailedPrecondition(
        "The device is not connected.", reason="DEVICE_OFFLINE", metadata={"device_id": device_id}
    )
