"""Streams of devices over two instances: what they are told, in which order, and how often."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from typing import Any

import pytest
from segue.device.v1 import device_pb2
from segue.playback.v1 import playback_pb2

from meshkit.faults import InvalidArgument, NotFound
from playback_svc.domain.mailbox import LIFE_MS
from playback_svc.usecases.device_reports import READ_AT_ONCE
from tests.contracts.playback.samples import TRACK, new_id
from tests.rpc.playback.harness import Instance, User, World, an_instance, refused
from tests.rpc.playback.held_calls import KIND, REASON, aged, connected, unheld

LOUD = device_pb2.Capabilities(volume=True)
DONE, FAILED = KIND.DONE, KIND.FAILED


@pytest.fixture
async def other(world: World) -> AsyncIterator[Instance]:
    """A second instance."""
    async with an_instance(world) as other:
        yield other


async def sought(user: User, playback_id: str, times: int) -> None:
    """So many commands for the device that plays."""
    for position_ms in range(times):
        await user.call("Seek", playback_id=playback_id, position_ms=position_ms)


def numbers(commands: list[Any]) -> list[int]:
    return [command.number for command in commands]


async def test_a_command_reaches_a_device_at_another_instance(
    instance: Instance, other: Instance, user: User, capsys: pytest.CaptureFixture[str]
) -> None:
    kitchen, welcome = await connected(user)
    assert (welcome.last_applied, welcome.HasField("playback")) == (0, False)
    elsewhere = other.user(user.user_id)
    played = await elsewhere.play()
    await elsewhere.call("Pause", playback_id=played.playback_id)
    play, pause = await kitchen.commands(2)
    assert (play.number, play.kind, pause.number, pause.kind) == (1, KIND.PLAY, 2, KIND.PAUSE)
    assert play.target.playback_id == played.playback_id
    assert (pause.target.epoch, pause.target.revision) == (1, 2)
    assert play.stream.stream_url.startswith("http://music.test:8080/media/v1/")
    assert not pause.HasField("stream")
    assert await kitchen.close() == []
    await unheld(instance)
    assert "/media/v1/" not in capsys.readouterr().out


async def test_who_connects_while_it_plays_is_told_how_things_stand(
    user: User, other: Instance
) -> None:
    await user.register()
    played = await user.play(position_ms=7_000)
    _, kitchen = await connected(user)
    _, phone = await connected(other.user(user.user_id), "phone")
    for welcome in (kitchen, phone):
        assert welcome.playback.playback_id == played.playback_id
        assert welcome.playback.position_ms >= 7_000
    assert kitchen.stream.dash_url.endswith("/manifest.mpd")
    assert not phone.HasField("stream")
    await user.call("Stop", playback_id=played.playback_id)
    _, kitchen = await connected(user)
    assert kitchen.playback.status == playback_pb2.Playback.STOPPED
    assert not kitchen.HasField("stream")


async def test_the_device_that_loses_playback_is_told_to_stop(user: User, other: Instance) -> None:
    kitchen, _ = await connected(user)
    phone, _ = await connected(other.user(user.user_id), "phone")
    await user.play()
    await user.play(device_id="phone")
    play, stop = await kitchen.commands(2)
    assert (play.kind, stop.kind, stop.target.device_id) == (KIND.PLAY, KIND.STOP, "phone")
    assert not stop.HasField("stream")
    (begun,) = await phone.commands(1)
    assert begun.HasField("stream")


async def test_hello_registers_a_device_and_tells_what_it_is(user: User) -> None:
    state = device_pb2.DeviceState(volume_percent=30)
    hello: dict[str, Any] = {
        "name": "Kitchen",
        "kind": device_pb2.Device.SPEAKER,
        "capabilities": LOUD,
    }
    kitchen, _ = await connected(user, state=state, **hello)
    (device,) = (await user.on_device("ListDevices")).devices
    assert (device.name, device.kind, device.volume_percent) == ("Kitchen", hello["kind"], 30)
    assert (device.online, device.controllable) == (True, True)
    await user.order(volume={"percent": 55})
    (volume,) = await kitchen.commands(1)
    assert (volume.kind, volume.volume_percent) == (KIND.VOLUME, 55)
    assert not volume.HasField("target")
    await kitchen.send(state=device_pb2.DeviceState(volume_percent=55))
    await kitchen.close()
    (device,) = (await user.on_device("ListDevices")).devices
    assert (device.name, device.volume_percent) == ("Kitchen", 55)
    again, _ = await connected(user, name="Küche")
    (device,) = (await user.on_device("ListDevices")).devices
    assert (device.name, device.kind) == ("Küche", hello["kind"])
    await again.close()


async def test_what_a_device_applied_reaches_the_store(user: User, other: Instance) -> None:
    kitchen, _ = await connected(user)
    elsewhere = other.user(user.user_id)
    await sought(elsewhere, (await elsewhere.play()).playback_id, 1)
    await kitchen.commands(2)
    await kitchen.send(applied=device_pb2.Applied(number=1, status=DONE))
    await kitchen.send(applied=device_pb2.Applied(number=2, status=FAILED, detail="no sound"))
    asked = {"device_id": "kitchen", "number": 2, "wait": {"seconds": 10}}
    command = (await elsewhere.on_device("GetCommand", **asked)).command
    assert (command.status, command.detail) == (FAILED, "no sound")
    asked["number"] = 1
    assert (await elsewhere.on_device("GetCommand", **asked)).command.status == DONE
    await kitchen.send(applied=device_pb2.Applied(number=3, status=DONE))
    assert isinstance(await refused(kitchen.read()), InvalidArgument)


async def test_words_of_others_about_a_failure_are_made_presentable(user: User) -> None:
    kitchen, _ = await connected(user)
    await user.play()
    await kitchen.commands(1)
    told = device_pb2.Applied(number=1, status=FAILED, detail="no\nsound" + 300 * "!")
    await kitchen.send(applied=told)
    asked = {"device_id": "kitchen", "number": 1, "wait": {"seconds": 10}}
    command = (await user.on_device("GetCommand", **asked)).command
    assert (command.status, command.detail) == (FAILED, "no sound" + 192 * "!")


@pytest.mark.parametrize("seed", range(4))
async def test_commands_come_in_order_and_once_a_stream_whenever_it_breaks(
    instance: Instance, other: Instance, seed: int
) -> None:
    rng, user_id, total = random.Random(seed), new_id(), 60
    sender = instance.user(user_id)
    await sender.register()
    playback_id = (await sender.play()).playback_id
    sending = asyncio.create_task(sought(sender, playback_id, total - 1))
    last, said = 0, set[int]()
    while last < total:
        at = rng.choice((instance, other)).user(user_id)
        remembers = rng.random() < 0.7
        kitchen, welcome = await connected(at, last_applied=last if remembers else 0)
        # What the device does not remember the server knows, as far as it was told until now.
        before = last if remembers else welcome.last_applied
        for _ in range(rng.randint(0, min(25, total - last))):
            (command,) = await kitchen.commands(1)
            assert command.number > before
            assert set(range(before + 1, command.number)) <= said
            assert command.target.revision == command.number
            before = command.number
            last = max(last, before)
            said.add(before)
            await kitchen.send(applied=device_pb2.Applied(number=before, status=DONE))
        if rng.random() < 0.5:
            rest = numbers([message.command for message in await kitchen.close()])
            assert rest == sorted({*rest} - {*range(before + 1)})
        else:
            kitchen.call.cancel()
    await sending
    await unheld(instance)
    await unheld(other)


async def test_a_device_that_is_back_in_time_gets_each_command_once(
    user: User, other: Instance
) -> None:
    kitchen, _ = await connected(user)
    playback_id = (await user.play()).playback_id
    assert numbers(await kitchen.commands(1)) == [1]
    await kitchen.send(applied=device_pb2.Applied(number=1, status=DONE))
    await kitchen.close()
    await sought(user, playback_id, READ_AT_ONCE + 20)
    again, welcome = await connected(other.user(user.user_id))
    assert (welcome.last_applied, welcome.HasField("lapsed")) == (1, False)
    await sought(user, playback_id, 3)
    got = numbers(await again.commands(READ_AT_ONCE + 23))
    assert got == list(range(2, READ_AT_ONCE + 25))
    assert await again.close() == []


async def test_a_device_that_is_back_too_late_is_told_what_lapsed(user: User, world: World) -> None:
    await user.register()
    await sought(user, (await user.play()).playback_id, 4)
    await aged(world, user.user_id, LIFE_MS, up_to=3)
    kitchen, welcome = await connected(user)
    assert (welcome.lapsed.first_number, welcome.lapsed.last_number) == (1, 3)
    assert numbers(await kitchen.commands(2)) == [4, 5]
    expired = await user.on_device("GetCommand", device_id="kitchen", number=2)
    assert expired.command.status == KIND.EXPIRED
    assert await kitchen.close() == []
    again, welcome = await connected(user)
    assert (welcome.last_applied, welcome.HasField("lapsed")) == (3, False)
    assert numbers(await again.commands(2)) == [4, 5]


async def test_a_drained_device_goes_on_elsewhere_with_what_came_meanwhile(world: World) -> None:
    async with an_instance(world, drain_notice_s=0.2) as one, an_instance(world) as two:
        user_id = new_id()
        kitchen, _ = await connected(one.user(user_id))
        sender = two.user(user_id)
        playback_id = (await sender.play()).playback_id
        assert numbers(await kitchen.commands(1)) == [1]
        await one.mesh.server.drain()
        (last,) = await kitchen.ended()
        assert last.end.reconnect_after.seconds <= 5
        assert last.end.reason == REASON.DRAINING
        await sought(sender, playback_id, 2)
        again, welcome = await connected(two.user(user_id), last_applied=1)
        assert welcome.last_applied == 1
        assert numbers(await again.commands(2)) == [2, 3]


async def test_lost_news_are_made_up_for_by_comparing(world: World) -> None:
    apart = world.without_valkey()
    async with an_instance(world) as one, an_instance(apart) as two:
        user_id = new_id()
        kitchen, _ = await connected(one.user(user_id))
        sender = two.user(user_id)
        await sought(sender, (await sender.play()).playback_id, 2)
        one.streams.handle_gap()
        assert numbers(await kitchen.commands(3)) == [1, 2, 3]
        await sought(sender, (await sender.play()).playback_id, 1)
        await kitchen.send(applied=device_pb2.Applied(number=3, status=DONE))
        assert numbers(await kitchen.commands(2)) == [4, 5]


async def test_a_device_is_served_without_valkey(world: World) -> None:
    async with an_instance(world.without_valkey()) as alone:
        user = alone.user()
        kitchen, _ = await connected(user)
        await user.play(track_id=TRACK.track_id)
        assert numbers(await kitchen.commands(1)) == [1]


async def test_a_removed_device_loses_its_stream_wherever_it_is(
    user: User, other: Instance
) -> None:
    kitchen, _ = await connected(other.user(user.user_id))
    bedroom, _ = await connected(other.user(user.user_id), "bedroom")
    await user.on_device("RemoveDevice", device_id="kitchen")
    (last,) = await kitchen.ended()
    assert (last.end.reason, last.end.message) == (REASON.DELETED, "The device was removed.")
    await user.play(device_id="bedroom")
    assert numbers(await bedroom.commands(1)) == [1]


async def test_a_mailbox_begun_anew_takes_no_numbers_of_the_old_one(user: User) -> None:
    kitchen, _ = await connected(user)
    await sought(user, (await user.play()).playback_id, 2)
    await kitchen.commands(3)
    await user.on_device("RemoveDevice", device_id="kitchen")
    await kitchen.ended()
    fault = await refused(connected(user, last_applied=3))
    assert fault.metadata["field"] == "last_applied"
    again, welcome = await connected(user)
    assert welcome.last_applied == 0
    await user.play()
    assert numbers(await again.commands(1)) == [1]


async def test_a_device_that_plays_without_a_mailbox_gets_one_by_connecting(user: User) -> None:
    played = await user.play()
    fault = await refused(user.order(pause={}))
    assert fault.reason == "NOT_SUPPORTED_BY_DEVICE"
    kitchen, welcome = await connected(user)
    assert welcome.stream.stream_url
    await user.call("Pause", playback_id=played.playback_id)
    (pause,) = await kitchen.commands(1)
    assert (pause.number, pause.kind) == (1, KIND.PAUSE)


async def test_users_hear_nothing_of_each_other(instance: Instance, user: User) -> None:
    stranger = instance.user()
    kitchen, _ = await connected(user)
    strangers_kitchen, _ = await connected(stranger)
    await stranger.play()
    await user.play(position_ms=1)
    (command,) = await kitchen.commands(1)
    assert command.target.position_ms == 1
    assert numbers(await strangers_kitchen.commands(1)) == [1]
    assert isinstance(await refused(user.order("phone", pause={})), NotFound)
