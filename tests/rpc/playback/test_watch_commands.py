"""The server's half of a device's stream by itself, over two instances."""

from __future__ import annotations

from typing import Any

import pytest
from segue.device.v1 import device_pb2

from meshkit.faults import InvalidArgument, NotFound, ResourceExhausted
from meshkit.streams import STREAMS_PER_USER
from playback_svc.domain.mailbox import LIFE_MS
from tests.contracts.playback.samples import new_id
from tests.rpc.playback.harness import Instance, User, World, an_instance, refused
from tests.rpc.playback.held_calls import (
    KIND,
    REASON,
    Call,
    aged,
    connected,
    unheld,
    watching,
)


async def welcomed(user: User, device_id: str = "kitchen", last_applied: int = 0) -> Any:
    """A watched mailbox, and what the watcher was welcomed with."""
    call = await watching(user, device_id, last_applied)
    first = await call.read()
    assert first.HasField("welcome")
    return call, first.welcome


async def commands(call: Call, count: int) -> list[Any]:
    return [(await call.read()).command for _ in range(count)]


async def test_commands_from_elsewhere_are_watched_and_reported_on(world: World) -> None:
    async with an_instance(world) as one, an_instance(world) as two:
        user_id = new_id()
        sender = two.user(user_id)
        await sender.register()
        kitchen, welcome = await welcomed(one.user(user_id))
        assert not welcome.HasField("playback")
        await sender.play()
        await sender.order(pause={})
        play, pause = await commands(kitchen, 2)
        assert (play.number, play.kind) == (1, KIND.PLAY)
        assert (pause.number, pause.kind) == (2, KIND.PAUSE)
        assert play.stream.stream_url
        said = [device_pb2.Applied(number=one, status=KIND.DONE) for one in (1, 2)]
        answer = await sender.on_device("ReportApplied", device_id="kitchen", applied=said)
        assert answer.last_applied == 2
        kitchen.call.cancel()
        await unheld(one)
        await sender.order(resume={})
        again, welcome = await welcomed(two.user(user_id))
        assert welcome.last_applied == 2
        assert [command.number for command in await commands(again, 1)] == [3]


async def test_the_last_applied_that_is_named_counts(user: User, world: World) -> None:
    await user.register()
    await user.play()
    for _ in range(3):
        await user.order(seek={"position_ms": 1})
    kitchen, welcome = await welcomed(user, last_applied=2)
    assert welcome.last_applied == 2
    assert [command.number for command in await commands(kitchen, 2)] == [3, 4]
    await aged(world, user.user_id, LIFE_MS, up_to=2)
    again, welcome = await welcomed(user)
    assert (welcome.last_applied, welcome.HasField("lapsed")) == (2, False)
    assert [command.number for command in await commands(again, 2)] == [3, 4]
    (last,) = await kitchen.ended()
    assert last.end.reason == REASON.TAKEN_OVER


async def test_a_device_must_be_registered(instance: Instance, user: User) -> None:
    await user.play(device_id="passing")
    call = await watching(user, "unknown")
    assert isinstance(await refused(call.read()), NotFound)
    call = await watching(user, "passing")
    assert (await refused(call.read())).reason == "NOT_SUPPORTED_BY_DEVICE"
    await unheld(instance)


@pytest.mark.parametrize(
    ("device_id", "last_applied", "field"),
    [
        ("a b", 0, "device_id"),
        ("x" * 65, 0, "device_id"),
        ("kitchen", -1, "last_applied"),
        ("kitchen", 1, "last_applied"),
        ("kitchen", 2**31 - 1, "last_applied"),
    ],
)
async def test_an_absurd_request_is_refused_by_name(
    user: User, device_id: str, last_applied: int, field: str
) -> None:
    await user.register()
    call = await watching(user, device_id, last_applied)
    fault = await refused(call.read())
    assert isinstance(fault, InvalidArgument)
    assert fault.metadata["field"] == field


async def test_both_kinds_of_streams_of_a_device_are_one(user: User) -> None:
    both, _ = await connected(user)
    half, _ = await welcomed(user)
    (last,) = await both.ended()
    assert last.end.reason == REASON.TAKEN_OVER
    again, _ = await connected(user)
    (last,) = await half.ended()
    assert last.end.reason == REASON.TAKEN_OVER
    assert await again.close() == []


async def test_watching_makes_a_device_be_online(instance: Instance, user: User) -> None:
    await user.register()
    kitchen, _ = await welcomed(user)
    (device,) = (await user.on_device("ListDevices")).devices
    assert device.online
    kitchen.call.cancel()
    await unheld(instance)
    (device,) = (await user.on_device("ListDevices")).devices
    assert not device.online


async def test_streams_of_both_kinds_share_their_bound(user: User) -> None:
    for one in range(STREAMS_PER_USER // 2):
        await connected(user, f"connected-{one}")
        await user.register(f"watched-{one}")
        await welcomed(user, f"watched-{one}")
    await user.register()
    fault = await refused((await watching(user)).read())
    assert isinstance(fault, ResourceExhausted)
    assert fault.retry_after_s


async def test_a_device_that_is_removed_is_watched_no_longer(user: User) -> None:
    await user.register()
    kitchen, _ = await welcomed(user)
    await user.on_device("RemoveDevice", device_id="kitchen")
    (last,) = await kitchen.ended()
    assert last.end.reason == REASON.DELETED
