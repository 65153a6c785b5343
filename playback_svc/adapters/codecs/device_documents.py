"""Between devices and the documents in which answers keep them."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from playback_svc.domain.devices import Capabilities, Device, DeviceKind, DeviceView


def listed_document(listed: DeviceView) -> dict[str, Any]:
    """A device as JSON keeps it, with what held of it then."""
    return asdict(listed)


def listed_of(document: dict[str, Any]) -> DeviceView:
    """The device that ``listed_document`` made."""
    device = document["device"]
    known = {
        **device,
        "kind": DeviceKind(device["kind"]),
        "capabilities": capabilities_of(device["capabilities"]),
    }
    return DeviceView(Device(**known), document["online"], document["active"])


def capabilities_of(document: dict[str, Any]) -> Capabilities:
    """What a device can do, of which JSON keeps what was known then."""
    return Capabilities(
        rungs=tuple(document.get("rungs", ())),
        codecs=tuple(document.get("codecs", ())),
        drm_systems=tuple(document.get("drm_systems", ())),
        volume=document.get("volume", False),
    )
