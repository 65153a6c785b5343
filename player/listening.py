"""One session on this computer: opened by its own person, played by a device."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

from segue.playback.v1 import playback_service_pb2

from meshkit.faults import Fault, Unavailable
from meshkit.ulids import new_id
from player.device.device import Device
from player.domain.status import PlayerStatus
from player.mesh_client import MeshClient
from player.wiring import PlayerOptions, open_deck

_READY_PATIENCE_S = 120.0


async def start_session(
    client: MeshClient,
    track_id: str,
    device_id: str,
    *,
    position_ms: int = 0,
    on_wait: Callable[[Fault], None] | None = None,
) -> Any:
    """Plays a track by itself; see ``ready``."""
    request = playback_service_pb2.PlayRequest(
        track_id=track_id, device_id=device_id, position_ms=position_ms, request_id=new_id()
    )
    return await ready(client, client.playback.Play, request, on_wait)


async def ready(
    client: MeshClient, method: Any, request: Any, on_wait: Callable[[Fault], None] | None = None
) -> Any:
    """The answer of a call that plays something; waits while its track is still being prepared.

    ``on_wait`` is told each time. Raises the service's fault, TRACK_NOT_READY after two minutes.
    """
    give_up_at = asyncio.get_running_loop().time() + _READY_PATIENCE_S
    while True:
        try:
            return await client.call(method, request)
        except Unavailable as fault:
            late = asyncio.get_running_loop().time() > give_up_at
            if fault.reason != "TRACK_NOT_READY" or late:
                raise
            if on_wait is not None:
                on_wait(fault)
            await asyncio.sleep(fault.retry_after_s or 1.0)


@asynccontextmanager
async def open_device(
    client: MeshClient,
    device_id: str,
    options: PlayerOptions,
    tell: Callable[[str], None] = lambda _words: None,
) -> AsyncIterator[Device]:
    """A device that plays nothing yet; silent again at the end, without telling the service."""
    async with open_deck(options) as deck:
        device = Device(client, deck, device_id, tell)
        try:
            yield device
        finally:
            await device.close()


@asynccontextmanager
async def listening(
    client: MeshClient, answer: Any, device_id: str, options: PlayerOptions
) -> AsyncIterator[Device]:
    """A device that plays what a PlayResponse offers, and whatever follows it."""
    async with open_device(client, device_id, options) as device:
        await device.adopt(answer)
        yield device


def at_real_latency(status: PlayerStatus, speed: float) -> PlayerStatus:
    """The status with its start latency in milliseconds of the wall, for a sped-up clock."""
    if status.start_latency_ms is None or speed == 1.0:
        return status
    return replace(status, start_latency_ms=round(status.start_latency_ms / speed))
