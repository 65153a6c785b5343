"""Devices over the wire: what they are, who sees them, and what happens when they go."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from segue.device.v1 import device_pb2
from segue.playback.v1 import playback_pb2

from meshkit.faults import FailedPrecondition, InvalidArgument, NotFound
from meshkit.testing import stores
from playback_svc.domain.devices import MOST_DEVICES
from playback_svc.schema import SCHEMA
from tests.contracts.playback.samples import new_id
from tests.rpc.playback.harness import Instance, User, World, an_instance, refused

Kind = device_pb2.Device.Kind
STATUS = playback_pb2.Playback
EVERYTHING = device_pb2.Capabilities(
    rungs=["128", "flac"], codecs=["flac"], drm_systems=["com.widevine.alpha"], volume=True
)


async def listed(user: User) -> list[Any]:
    return list((await user.on_device("ListDevices")).devices)


async def names(user: User) -> list[str]:
    return [device.device_id for device in await listed(user)]


async def test_a_registered_device_is_listed_as_it_was_registered(user: User) -> None:
    device = await user.register(
        "kitchen", name="Küche", kind=Kind.SPEAKER, capabilities=EVERYTHING
    )
    assert (device.name, device.kind, device.controllable) == ("Küche", Kind.SPEAKER, True)
    assert device.capabilities == EVERYTHING
    assert (device.online, device.active) == (False, False)
    assert not device.HasField("volume_percent")
    assert device.registered_at == device.last_seen_at
    assert await listed(user) == [device]


async def test_a_device_that_says_nothing_goes_by_its_id(user: User) -> None:
    device = await user.register("kitchen")
    assert (device.name, device.kind) == ("kitchen", Kind.OTHER)
    assert device.capabilities == device_pb2.Capabilities()


async def test_registering_again_sets_what_is_given_and_leaves_the_rest(user: User) -> None:
    first = await user.register("kitchen", name="Küche", kind=Kind.TV, capabilities=EVERYTHING)
    renamed = await user.register("kitchen", name="Kitchen")
    assert (renamed.name, renamed.kind) == ("Kitchen", Kind.TV)
    assert renamed.capabilities == EVERYTHING
    assert renamed.registered_at == first.registered_at
    nothing = await user.register("kitchen", capabilities=device_pb2.Capabilities())
    assert nothing.capabilities == device_pb2.Capabilities()


async def test_a_retried_registration_registers_once(user: User) -> None:
    first = await user.register("kitchen", name="Küche", capabilities=EVERYTHING, request_id="r1")
    renamed = await user.update("kitchen", name="Kitchen")
    retry = {"name": "Küche", "capabilities": EVERYTHING, "request_id": "r1"}
    assert await user.register("kitchen", **retry) == first
    assert await listed(user) == [renamed], "the retry must not undo what came after"
    await user.on_device("RemoveDevice", device_id="kitchen")
    assert await user.register("kitchen", **retry) == first
    assert await listed(user) == []


async def test_a_device_is_updated_in_part(user: User) -> None:
    await user.register("kitchen", name="Küche", kind=Kind.TV, capabilities=EVERYTHING)
    device = await user.update("kitchen", kind=Kind.CAR)
    assert (device.name, device.kind) == ("Küche", Kind.CAR)
    assert device.capabilities == EVERYTHING
    assert await listed(user) == [device]


async def test_a_device_known_by_playing_alone_is_not_controllable_until_registered(
    user: User,
) -> None:
    await user.play()
    (device,) = await listed(user)
    assert (device.device_id, device.controllable, device.active) == ("kitchen", False, True)
    assert (await user.register("kitchen")).controllable
    (device,) = await listed(user)
    assert (device.controllable, device.active) == (True, True)


async def test_the_active_device_comes_first_then_those_online_then_the_latest_seen(
    instance: Instance, user: User
) -> None:
    for device_id in ("old", "new", "online", "active"):
        await user.register(device_id)
    await instance.parts.events.connect(user.user_id, "online")
    await user.play(device_id="active")
    assert await names(user) == ["active", "online", "new", "old"]
    devices = {device.device_id: device for device in await listed(user)}
    assert [name for name, device in devices.items() if device.online] == ["online"]
    assert [name for name, device in devices.items() if device.active] == ["active"]


async def test_presence_is_the_same_on_every_instance(world: World) -> None:
    async with an_instance(world) as one, an_instance(world) as two:
        user_id = new_id()
        here, there = one.user(user_id), two.user(user_id)
        await here.register("kitchen")
        await one.parts.events.connect(user_id, "kitchen")
        assert [device.online for device in await listed(there)] == [True]
        one.parts.events.disconnect(user_id, "kitchen")
        for _ in range(100):
            if not (await listed(there))[0].online:
                break
            await asyncio.sleep(0.05)
        assert not (await listed(there))[0].online


async def test_a_removed_device_is_gone_with_its_session_and_its_mailbox(
    user: User, world: World
) -> None:
    await user.register("kitchen")
    playback_id = (await user.play()).playback_id
    await user.on_device("RemoveDevice", device_id="kitchen")
    assert await listed(user) == []
    state = await user.state()
    assert (state.playback_id, state.status) == (playback_id, STATUS.STOPPED)
    assert state.ended_by == playback_pb2.SessionEnd.STOPPED
    async with (
        stores.open_pool(world.dsn, schema=SCHEMA.name) as pool,
        pool.connection() as connection,
    ):
        found = await connection.execute(
            "SELECT count(*) FROM commands WHERE user_id = %s", (user.user_id,)
        )
        assert await found.fetchone() == (0,)


async def test_removing_another_device_leaves_the_session_alone(user: User) -> None:
    await user.register("phone")
    before = await user.play()
    await user.on_device("RemoveDevice", device_id="phone")
    state = await user.state()
    assert (state.status, state.revision) == (STATUS.PLAYING, before.revision)
    assert await names(user) == ["kitchen"]


async def test_removing_what_is_gone_succeeds_and_a_retry_removes_nothing_new(user: User) -> None:
    await user.register("kitchen")
    await user.on_device("RemoveDevice", device_id="kitchen", request_id="r1")
    for device_id in ("kitchen", "unknown"):
        await user.on_device("RemoveDevice", device_id=device_id)
    await user.register("kitchen")
    await user.on_device("RemoveDevice", device_id="kitchen", request_id="r1")
    assert await names(user) == ["kitchen"]


async def test_numbers_start_again_for_a_device_that_was_removed(user: User) -> None:
    for _ in range(2):
        await user.register("kitchen")
        await user.play()
        assert (await user.order(seek={"position_ms": 1})).command.number == 2
        await user.on_device("RemoveDevice", device_id="kitchen")


async def test_devices_are_their_users_alone(instance: Instance, user: User) -> None:
    await user.register("kitchen")
    other = instance.user()
    assert await listed(other) == []
    for method, fields in (
        ("GetDevice", {}),
        ("UpdateDevice", {"device": {"name": "Mine"}}),
        ("ListCommands", {}),
        ("SendCommand", {"pause": {}}),
        ("GetCommand", {"number": 1}),
        ("Transfer", {}),
        ("ReportApplied", {}),
    ):
        fault = await refused(other.on_device(method, device_id="kitchen", **fields))
        assert isinstance(fault, NotFound), method
        assert fault.metadata["resource"] == "device", method
    await other.on_device("RemoveDevice", device_id="kitchen")
    assert await names(user) == ["kitchen"]


async def test_there_are_fifty_devices_at_most(user: User) -> None:
    for number in range(MOST_DEVICES):
        await user.register(f"device-{number}")
    fault = await refused(user.register("one-more"))
    assert isinstance(fault, FailedPrecondition)
    assert (fault.reason, fault.metadata) == ("DEVICE_LIMIT", {"limit": str(MOST_DEVICES)})
    assert (await user.register("device-7", name="Again")).name == "Again"
    assert len(await listed(user)) == MOST_DEVICES


async def test_a_device_known_by_playing_alone_makes_room(user: User) -> None:
    await user.play(device_id="passing")
    await user.play(device_id="playing")
    for number in range(MOST_DEVICES - 2):
        await user.register(f"device-{number}")
    await user.register("one-more")
    known = await names(user)
    assert len(known) == MOST_DEVICES
    assert "passing" not in known
    assert known[0] == "playing"


async def test_devices_that_register_at_once_are_not_more_than_fit(world: World) -> None:
    async with an_instance(world) as one, an_instance(world) as two:
        user_id = new_id()
        users = [one.user(user_id), two.user(user_id)]
        for number in range(MOST_DEVICES - 3):
            await users[0].register(f"device-{number}")
        results = await asyncio.gather(
            *(users[number % 2].register(f"late-{number}") for number in range(6)),
            return_exceptions=True,
        )
        assert len(await listed(users[0])) == MOST_DEVICES
        refusals = [result for result in results if isinstance(result, BaseException)]
        assert len(refusals) == 3
        assert all(isinstance(fault, FailedPrecondition) for fault in refusals)


async def test_what_is_said_of_a_device_at_once_is_all_kept(world: World) -> None:
    async with an_instance(world) as one, an_instance(world) as two:
        user_id = new_id()
        here, there = one.user(user_id), two.user(user_id)
        for number in range(10):
            device_id = f"device-{number}"
            await asyncio.gather(
                here.register(device_id, kind=Kind.SPEAKER),
                there.register(device_id, name="Loud"),
                there.register(device_id, capabilities=EVERYTHING),
                here.play(device_id=device_id),
            )
            device = next(one for one in await listed(here) if one.device_id == device_id)
            assert (device.name, device.kind) == ("Loud", Kind.SPEAKER)
            assert device.controllable, "playing on it must not undo its registration"
            assert device.capabilities == EVERYTHING


async def test_a_device_renamed_while_it_is_removed_stays_removed(world: World) -> None:
    async with an_instance(world) as one, an_instance(world) as two:
        user_id = new_id()
        here, there = one.user(user_id), two.user(user_id)
        for _ in range(10):
            await here.register("kitchen")
            await asyncio.gather(
                here.on_device("RemoveDevice", device_id="kitchen"),
                there.update("kitchen", name="Kitchen"),
                return_exceptions=True,
            )
            assert await listed(here) == []


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"device_id": ""}, "device_id"),
        ({"device_id": "a b"}, "device_id"),
        ({"device_id": "a" * 65}, "device_id"),
        ({"name": "a" * 101}, "name"),
        ({"name": "a\nb"}, "name"),
        ({"name": "  "}, "name"),
        ({"kind": 99}, "kind"),
        ({"capabilities": {"rungs": ["128"] * 21}}, "capabilities.rungs"),
        ({"capabilities": {"rungs": [""]}}, "capabilities.rungs[0]"),
        ({"capabilities": {"rungs": ["128", "FLAC"]}}, "capabilities.rungs[1]"),
        ({"capabilities": {"codecs": ["flac", "a" * 65]}}, "capabilities.codecs[1]"),
        ({"capabilities": {"drm_systems": ["\x00"]}}, "capabilities.drm_systems[0]"),
        ({"request_id": "a" * 129}, "request_id"),
    ],
)
async def test_a_registration_with_a_bad_field_is_refused(
    user: User, fields: dict[str, Any], field: str
) -> None:
    fault = await refused(user.on_device("RegisterDevice", **{"device_id": "kitchen", **fields}))
    assert isinstance(fault, InvalidArgument)
    assert fault.metadata["field"] == field
    assert await listed(user) == []


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"device_id": "a b"}, "device_id"),
        ({"device": {"device_id": "phone"}}, "device.device_id"),
        ({"device": {"name": ""}}, "device.name"),
        ({"device": {"name": "a" * 101}}, "device.name"),
        ({"device": {"name": "\t"}}, "device.name"),
        ({"device": {"kind": -1}}, "device.kind"),
        ({"device": {"kind": 9}}, "device.kind"),
        ({"device": {"capabilities": {"codecs": [""]}}}, "device.capabilities.codecs[0]"),
        ({"request_id": "ä"}, "request_id"),
    ],
)
async def test_an_update_with_a_bad_field_is_refused(
    user: User, fields: dict[str, Any], field: str
) -> None:
    device = await user.register("kitchen", name="Küche")
    fault = await refused(user.on_device("UpdateDevice", **{"device_id": "kitchen", **fields}))
    assert isinstance(fault, InvalidArgument)
    assert fault.metadata["field"] == field
    assert await listed(user) == [device]


async def test_a_removal_without_a_device_is_refused(user: User) -> None:
    fault = await refused(user.on_device("RemoveDevice"))
    assert fault.metadata["field"] == "device_id"
