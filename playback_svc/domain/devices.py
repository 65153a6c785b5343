"""A user's devices: what they are and what they can do."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from meshkit.faults import FailedPrecondition, NotFound

MOST_DEVICES = 50


class DeviceKind(StrEnum):
    """What a device is."""

    COMPUTER = "COMPUTER"
    PHONE = "PHONE"
    TABLET = "TABLET"
    SPEAKER = "SPEAKER"
    TV = "TV"
    CAR = "CAR"
    WEB = "WEB"
    OTHER = "OTHER"


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a device can do; no rungs means every one."""

    rungs: tuple[str, ...] = ()
    codecs: tuple[str, ...] = ()
    drm_systems: tuple[str, ...] = ()
    volume: bool = False


@dataclass(frozen=True, slots=True)
class Device:
    """A device of a user.

    ``controllable`` devices have a mailbox: commands 1 to ``last_number`` were put there, and
    those up to ``last_applied`` are worked off. Times are Unix ms. ``sid`` is the sign-in by which
    the device itself made itself known last, '' where it never did: what plays on it is that one's.
    """

    device_id: str
    name: str
    registered_at_ms: int
    seen_at_ms: int
    kind: DeviceKind = DeviceKind.OTHER
    capabilities: Capabilities = Capabilities()
    controllable: bool = False
    volume_percent: int | None = None
    last_number: int = 0
    last_applied: int = 0
    sid: str = ""


@dataclass(frozen=True, slots=True)
class DeviceView:
    """A device, whether it holds a stream now, and whether it plays the user's session."""

    device: Device
    online: bool
    active: bool


def find_device(devices: Iterable[Device], device_id: str) -> Device | None:
    """The device of that id."""
    return next((device for device in devices if device.device_id == device_id), None)


def unknown_device_error(device_id: str) -> NotFound:
    """The fault for a device that the user does not have."""
    return NotFound("You have no such device.", metadata={"resource": "device", "id": device_id})


def require_device(devices: Iterable[Device], device_id: str) -> Device:
    """The device of that id. Raises NotFound."""
    device = find_device(devices, device_id)
    if device is None:
        raise unknown_device_error(device_id)
    return device


def require_controllable_of(devices: Iterable[Device], device_id: str) -> Device:
    """The device of that id, if it has a mailbox.

    Raises NotFound, FailedPrecondition (NOT_SUPPORTED_BY_DEVICE).
    """
    return require_controllable(require_device(devices, device_id))


def require_controllable(device: Device) -> Device:
    """The device, if it has a mailbox. Raises FailedPrecondition (NOT_SUPPORTED_BY_DEVICE)."""
    if not device.controllable:
        raise not_supported_error(
            device.device_id, "The device takes no commands: it was never registered."
        )
    return device


def not_supported_error(device_id: str, message: str) -> FailedPrecondition:
    """The fault for a command that a device cannot obey."""
    return FailedPrecondition(
        message, reason="NOT_SUPPORTED_BY_DEVICE", metadata={"device_id": device_id}
    )


def touch_device(
    devices: Sequence[Device], device_id: str, now_ms: int, *, sid: str = ""
) -> Device:
    """The device as playing on it makes it known, with the time that it was seen.

    ``sid`` is its sign-in where it asks for itself.
    """
    known = find_device(devices, device_id)
    if known is not None:
        return replace(known, seen_at_ms=now_ms, sid=sid or known.sid)
    return Device(device_id, device_id, now_ms, now_ms, sid=sid)


def device_to_evict(devices: Sequence[Device], joining: Device, active_id: str) -> str | None:
    """The device that makes room for ``joining``, if room is needed.

    Raises FailedPrecondition (DEVICE_LIMIT) where all others are registered or play.
    """
    if find_device(devices, joining.device_id) is not None or len(devices) < MOST_DEVICES:
        return None
    passing = [
        device for device in devices if not device.controllable and device.device_id != active_id
    ]
    if not passing:
        raise FailedPrecondition(
            f"You have {MOST_DEVICES} devices; remove one first.",
            reason="DEVICE_LIMIT",
            metadata={"limit": str(MOST_DEVICES)},
        )
    return min(passing, key=lambda device: (device.seen_at_ms, device.device_id)).device_id
