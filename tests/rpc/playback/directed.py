"""Users with a device that takes commands, and tracks for it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from google.protobuf.duration_pb2 import Duration
from segue.device.v1 import device_pb2
from segue.playback.v1 import playback_pb2

from tests.contracts.playback.samples import PLAYABLE, TRACK, new_id
from tests.rpc.playback.harness import User, World

Command = device_pb2.Command
STATUS = playback_pb2.Playback
LOUD = device_pb2.Capabilities(volume=True)
TEN_SECONDS = Duration(seconds=10)


def several(world: World, count: int) -> list[str]:
    """Tracks that can be played."""
    ids = [new_id() for _ in range(count)]
    for track_id in ids:
        track = replace(TRACK, track_id=track_id)
        world.catalogue.known[track_id] = replace(PLAYABLE, track=track)
    return ids


async def ready(user: User, world: World) -> list[str]:
    """A registered device that plays the first of the tracks that are returned."""
    tracks = several(world, 3)
    await user.register("kitchen", capabilities=LOUD)
    await user.play(track_id="", track_ids=tracks)
    return tracks


async def applied(user: User, *numbers: int, **fields: Any) -> int:
    """The device says that it obeyed."""
    said = [{"number": number, "status": Command.DONE, **fields} for number in numbers]
    answer = await user.on_device("ReportApplied", device_id="kitchen", applied=said)
    return int(answer.last_applied)
