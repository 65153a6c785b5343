"""Every write of playback and of devices honours its request_id, enumerated from the contracts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest
from google.protobuf.descriptor import MethodDescriptor
from segue.device.v1 import device_pb2
from segue.device.v1 import device_service_pb2 as devices
from segue.playback.v1 import playback_service_pb2 as playback
from segue.playback.v1 import preferences_service_pb2 as preferences

from tests.contracts.playback.samples import PLAYABLE, TRACK, new_id
from tests.rpc.playback.harness import User, World, refused
from tests.rpc.playback.music import BLINK_MS, run_out

SERVICES = {
    "playback": playback.DESCRIPTOR.services_by_name["PlaybackService"],
    "devices": devices.DESCRIPTOR.services_by_name["DeviceService"],
    "preferences": preferences.DESCRIPTOR.services_by_name["PreferencesService"],
}
LOUD = device_pb2.Capabilities(volume=True)


def writes() -> Iterator[tuple[str, MethodDescriptor]]:
    for stub, service in SERVICES.items():
        for method in service.methods:
            if "request_id" in method.input_type.fields_by_name:
                yield stub, method


WRITES = {method.name: (stub, method) for stub, method in writes()}


@dataclass(frozen=True)
class Rig:
    """A user with a device that plays the first of some tracks, and two that wait in the queue."""

    user: User
    tracks: tuple[str, ...]
    playback_id: str
    play_id: str
    waiting: tuple[str, ...]

    async def send(self, name: str, request: Any) -> Any:
        stub, _ = WRITES[name]
        return await self.user._sent(getattr(getattr(self.user, stub), name), request)


@pytest.fixture
async def rig(user: User, world: World) -> Rig:
    tracks = tuple(new_id() for _ in range(6))
    for track_id in tracks:
        lasts = BLINK_MS if track_id == tracks[0] else TRACK.duration_ms
        track = replace(TRACK, track_id=track_id, duration_ms=lasts)
        known = replace(PLAYABLE, track=track)
        world.catalogue.known[track_id] = known
    await user.register("kitchen", capabilities=LOUD)
    await user.register("phone")
    session = await user.play(track_id="", track_ids=tracks[:4], shuffle=False)
    waiting = (await user.call("AddToQueue", track_ids=tracks[4:])).item_ids
    return Rig(user, tracks, session.playback_id, session.play_id, tuple(waiting))


def calls(rig: Rig) -> dict[str, tuple[dict[str, Any], dict[str, Any]]]:
    """By the name of each write: what is asked, and how the same id asks for something else."""
    named, tracks, waiting = {"playback_id": rig.playback_id}, rig.tracks, rig.waiting
    other = {"playback_id": new_id()}
    return {
        "Play": ({"track_id": tracks[0], "device_id": "kitchen"}, {"position_ms": 5}),
        "Pause": (named, other),
        "Resume": (named, other),
        "Seek": ({**named, "position_ms": 7_000}, {"position_ms": 8_000}),
        "Stop": (named, other),
        "Skip": ({"device_id": "kitchen"}, {"device_id": "phone"}),
        "Previous": (named, other),
        "Advance": ({**named, "play_id": rig.play_id}, {"play_id": new_id()}),
        "SetShuffle": ({"shuffle": True}, {"shuffle": False}),
        "SetRepeat": ({"repeat": "TRACK"}, {"repeat": "CONTEXT"}),
        "EditQueue": ({"track_ids": tracks[:2]}, {"track_ids": tracks[:1]}),
        "AddToQueue": ({"track_ids": tracks[:2]}, {"next": True}),
        "RemoveFromQueue": ({"item_ids": waiting[:1]}, {"item_ids": waiting[1:]}),
        "MoveInQueue": ({"item_ids": waiting[:1]}, {"before_item_id": waiting[1]}),
        "RegisterDevice": ({"device_id": "new", "name": "New"}, {"name": "Newer"}),
        "UpdateDevice": ({"device_id": "phone", "device": {"name": "Mine"}}, {"device": {}}),
        "RemoveDevice": ({"device_id": "phone"}, {"device_id": "new"}),
        "SendCommand": ({"device_id": "kitchen", "volume": {"percent": 3}}, {"pause": {}}),
        "Transfer": ({"device_id": "phone", "sender_device_id": "phone"}, {"play": False}),
        "UpdatePreferences": ({"preferences": {"normalize": False}}, {"preferences": {}}),
    }


def request_of(name: str, fields: dict[str, Any]) -> Any:
    stub, method = WRITES[name]
    module = {"playback": playback, "devices": devices, "preferences": preferences}[stub]
    return getattr(module, method.input_type.name)(**fields, request_id="once")


async def changed(user: User) -> None:
    """All that a later answer would tell of is other than it was."""
    await user.register("phone", name="Changed", capabilities=LOUD)
    await user.play(position_ms=60_000)
    await user.call("SetShuffle", shuffle=False)
    await user.call("SetRepeat", repeat="OFF")
    await user.call("EditQueue", track_ids=[])
    await user._sent(
        user.preferences.UpdatePreferences,
        preferences.UpdatePreferencesRequest(
            preferences=preferences.Preferences(normalize=True, private_session=True)
        ),
    )


async def truth(user: User) -> Any:
    """What a write would change, but for the position, which moves by itself."""
    listed = (await user.on_device("ListDevices")).devices
    state = await user.state()
    return state.epoch, state.revision, state.queue_count, sorted(d.device_id for d in listed)


def test_every_write_is_called(rig: Rig) -> None:
    assert set(calls(rig)) == set(WRITES)


@pytest.mark.parametrize("name", WRITES)
async def test_a_retry_gets_the_first_answer_and_another_body_is_refused(
    rig: Rig, name: str
) -> None:
    fields, other = calls(rig)[name]
    if name == "Advance":
        await run_out(rig.user)
    first = await rig.send(name, request_of(name, fields))
    await changed(rig.user)
    before = await truth(rig.user)
    assert await rig.send(name, request_of(name, fields)) == first
    fault = await refused(rig.send(name, request_of(name, {**fields, **other})))
    assert fault.reason == "REQUEST_ID_REUSED"
    assert [one.field for one in fault.violations] == ["request_id"]
    assert await truth(rig.user) == before
