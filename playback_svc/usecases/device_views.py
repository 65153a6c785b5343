"""A user's devices with what holds of them now, and what is said of them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import structlog

from meshkit.faults import Fault
from playback_svc.domain.devices import Capabilities, Device, DeviceKind, DeviceView
from playback_svc.domain.player_state import PlayerState, Status
from playback_svc.ports.answers import Answer, DeviceDescribed
from playback_svc.ports.presence import Presence
from playback_svc.usecases.decisions import NO_ANSWER, Snapshot

_log = structlog.get_logger("playback")


@dataclass(frozen=True, slots=True)
class Registration:
    """What is said of a device. '' and None: as it was; for a new one its id, OTHER, nothing.

    ``sid`` is the sign-in by which it makes itself known, '' where another device speaks of it.
    """

    device_id: str
    name: str = ""
    kind: DeviceKind | None = None
    capabilities: Capabilities | None = None
    sid: str = ""

    def apply(self, known: Device) -> Device:
        """``known`` with what is said."""
        return replace(
            known,
            name=self.name or known.name,
            kind=self.kind or known.kind,
            capabilities=self.capabilities or known.capabilities,
            sid=self.sid or known.sid,
        )


async def online_devices(presence: Presence, user_id: str) -> frozenset[str]:
    """Those with a stream. Fails OPEN: none while presence cannot be asked."""
    try:
        return (await presence.connected_devices([user_id]))[user_id]
    except Fault as fault:
        _log.warning("devices listed without presence", reason=fault.reason)
        return frozenset()


def active_device(state: PlayerState | None) -> str:
    """The device that plays the session; '' where nothing is open."""
    return state.device_id if state is not None and state.status is not Status.STOPPED else ""


def view_of(snapshot: Snapshot, device: Device, online: frozenset[str]) -> DeviceView:
    """A device with what holds of it now."""
    device_id = device.device_id
    return DeviceView(device, device_id in online, device_id == active_device(snapshot.state))


def answer_with(snapshot: Snapshot, device: Device, online: frozenset[str]) -> Answer:
    """What tells of ``device``, kept so that a retry is told the same."""
    return replace(NO_ANSWER, result=DeviceDescribed(view_of(snapshot, device, online)))


def answered_view(answer: Answer) -> DeviceView:
    """What ``answer_with`` kept."""
    return answer.result_as(DeviceDescribed).view
