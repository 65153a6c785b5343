"""How streams of devices are refused, bounded and ended."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import suppress
from typing import Any

import pytest
from grpc.aio import AioRpcError
from segue.device.v1 import device_pb2
from segue.device.v1 import device_service_pb2 as pb

from meshkit.clock import now_ms
from meshkit.faults import (
    Fault,
    InvalidArgument,
    ResourceExhausted,
    Unauthenticated,
    Unavailable,
)
from meshkit.streams import STREAMS_PER_USER
from playback_svc.streams.device_stream import MESSAGES_AT_ONCE
from tests.contracts.playback.samples import new_id
from tests.rpc.playback.harness import Instance, User, World, an_instance, refused
from tests.rpc.playback.held_calls import REASON, Call, connected, later, said_hello, unheld

DONE = device_pb2.Command.DONE


async def test_a_second_stream_of_a_device_takes_over(user: User) -> None:
    first, _ = await connected(user)
    second, _ = await connected(user)
    (last,) = await first.ended()
    assert last.end.reason == REASON.TAKEN_OVER
    await user.play()
    assert (await second.commands(1))[0].number == 1


async def test_a_second_stream_takes_over_from_another_instance(world: World) -> None:
    async with an_instance(world) as one, an_instance(world) as two:
        user_id = new_id()
        first, _ = await connected(one.user(user_id))
        bedroom, _ = await connected(one.user(user_id), "bedroom")
        second, _ = await connected(two.user(user_id))
        (last,) = await first.ended()
        assert last.end.reason == REASON.TAKEN_OVER
        third, _ = await connected(one.user(user_id))
        (last,) = await second.ended()
        assert last.end.reason == REASON.TAKEN_OVER
        await one.user(user_id).play()
        assert (await third.commands(1))[0].number == 1
        assert await bedroom.close() == []


async def test_the_stream_opened_last_stays_whatever_the_clocks_of_instances_say(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with an_instance(world) as ahead, an_instance(world) as two:
        user_id = new_id()
        monkeypatch.setattr(ahead.streams.devices, "_clock", lambda: now_ms() + 5_000)
        first, _ = await connected(ahead.user(user_id))
        second, _ = await connected(two.user(user_id))
        (last,) = await first.ended()
        assert last.end.reason == REASON.TAKEN_OVER
        await two.user(user_id).play()
        assert (await second.commands(1))[0].number == 1


async def test_of_many_streams_of_a_device_at_once_one_is_left(world: World) -> None:
    async with an_instance(world) as one, an_instance(world) as two:
        user_id = new_id()
        users = [each.user(user_id) for each in (one, two) for _ in range(4)]
        await users[0].register()
        calls = [await said_hello(user) for user in users]

        async def until_ended(call: Call) -> Call:
            await call.ended()
            return call

        tasks = [asyncio.create_task(until_ended(call)) for call in calls]
        done: set[Any] = set()
        while len(done) < len(calls) - 1:
            newly, left = await asyncio.wait(
                set(tasks) - done, timeout=15, return_when=asyncio.FIRST_COMPLETED
            )
            assert newly, "more than one stream goes on"
            done |= newly
        (last,) = left
        assert not last.done()
        last.cancel()


async def test_a_device_finds_room_when_it_comes_back_to_a_full_house(user: User) -> None:
    calls = [(await connected(user, f"d{one}"))[0] for one in range(STREAMS_PER_USER)]
    fault = await refused(connected(user, "one-more"))
    assert isinstance(fault, ResourceExhausted)
    assert fault.metadata == {"limit": "streams_per_user"}
    assert fault.retry_after_s
    await calls[0].close()
    again, _ = await connected(user, "one-more")
    await again.close()


async def test_a_thousand_streams_of_one_token_are_not_held(instance: Instance, user: User) -> None:
    held = instance.streams.devices.held
    calls = [Call(user.devices.Connect(metadata=user.metadata)) for _ in range(1000)]
    # Some say nothing, the others hello; all the same device.
    said = []
    for call in calls[::2]:
        # Some are refused before, or just while, they say it.
        with suppress(asyncio.InvalidStateError, AioRpcError):
            await call.send(hello=pb.ConnectRequest.Hello(device_id="kitchen"))
            said.append(call)
    most, reasons = 0, Counter[str]()
    for call in said:
        most = max(most, held.held)
        try:
            await call.read()
        except Fault as fault:
            reasons[fault.reason] += 1
    assert most <= 2 * STREAMS_PER_USER
    assert set(reasons) == {"LIMIT_REACHED"}
    assert reasons["LIMIT_REACHED"] >= len(said) - 2 * STREAMS_PER_USER > 0
    for call in calls:
        call.call.cancel()
    await unheld(instance)


@pytest.mark.parametrize(
    ("hello", "field"),
    [
        ({"device_id": ""}, "hello.device_id"),
        ({"device_id": "a b"}, "hello.device_id"),
        ({"last_applied": -1}, "hello.last_applied"),
        ({"last_applied": 1}, "last_applied"),
        ({"last_applied": 2**31 - 1}, "last_applied"),
        ({"name": "x" * 101}, "hello.name"),
        ({"kind": 99}, "hello.kind"),
        ({"capabilities": {"rungs": ["r"] * 21}}, "hello.capabilities.rungs"),
        ({"state": {"volume_percent": 101}}, "hello.state.volume_percent"),
    ],
)
async def test_an_absurd_hello_is_refused_by_name(
    instance: Instance, user: User, hello: dict[str, Any], field: str
) -> None:
    fault = await refused(connected(user, **hello))
    assert isinstance(fault, InvalidArgument)
    assert fault.metadata["field"] == field
    await unheld(instance)


@pytest.mark.parametrize(
    "first",
    [
        {"applied": device_pb2.Applied(number=1, status=DONE)},
        {"state": device_pb2.DeviceState(volume_percent=1)},
        {"access_token": "x"},
        {},
        None,
    ],
)
async def test_the_first_message_must_be_hello(
    instance: Instance, user: User, first: dict[str, Any] | None
) -> None:
    call = Call(user.devices.Connect(metadata=user.metadata))
    if first is None:
        await call.call.done_writing()
    else:
        await call.send(**first)
    fault = await refused(call.read())
    assert fault.metadata["field"] == "hello"
    await unheld(instance)


@pytest.mark.parametrize(
    ("message", "field"),
    [
        ({}, "message"),
        ({"hello": pb.ConnectRequest.Hello(device_id="kitchen")}, "message"),
        ({"applied": device_pb2.Applied(number=0, status=DONE)}, "applied.number"),
        (
            {"applied": device_pb2.Applied(number=1, status=device_pb2.Command.PENDING)},
            "applied[0].status",
        ),
        ({"applied": device_pb2.Applied(number=9, status=DONE)}, "applied.number"),
        ({"state": device_pb2.DeviceState(volume_percent=-1)}, "state.volume_percent"),
    ],
)
async def test_an_absurd_message_ends_the_stream_by_name(
    instance: Instance, user: User, message: dict[str, Any], field: str
) -> None:
    kitchen, _ = await connected(user)
    await kitchen.send(**message)
    fault = await refused(kitchen.read())
    assert isinstance(fault, InvalidArgument)
    assert fault.metadata["field"] == field
    await unheld(instance)


async def test_a_stream_ends_when_its_token_expires(instance: Instance, user: User) -> None:
    kitchen, _ = await connected(user)
    instance.mesh.server.streams.end_expired(later(299))
    await user.play()
    assert (await kitchen.commands(1))[0].number == 1
    instance.mesh.server.streams.end_expired(later(301))
    (last,) = await kitchen.ended()
    assert last.end.reason == REASON.TOKEN_EXPIRED


async def test_a_renewed_token_keeps_the_stream(instance: Instance, user: User) -> None:
    kitchen, _ = await connected(user)
    token = instance.mesh.issuer.token(user.user_id, life_s=900)
    await kitchen.send(access_token=token)
    # What is said after it is heard after it.
    await kitchen.send(state=device_pb2.DeviceState(volume_percent=9))
    while True:
        (device,) = (await user.on_device("ListDevices")).devices
        if device.volume_percent == 9:
            break
    instance.mesh.server.streams.end_expired(later(600))
    await user.play()
    assert (await kitchen.commands(1))[0].number == 1
    instance.mesh.server.streams.end_expired(later(901))
    (last,) = await kitchen.ended()
    assert last.end.reason == REASON.TOKEN_EXPIRED


@pytest.mark.parametrize("how", ["another user", "no scope", "forged", "expired"])
async def test_a_token_that_is_not_good_ends_the_stream(
    instance: Instance, user: User, how: str
) -> None:
    kitchen, _ = await connected(user)
    issuer = instance.mesh.issuer
    token = {
        "another user": lambda: issuer.token(new_id()),
        "no scope": lambda: issuer.token(user.user_id, scopes=["catalog.read"]),
        "forged": lambda: issuer.token(user.user_id) + "x",
        "expired": lambda: issuer.token(user.user_id, life_s=-60),
    }[how]()
    await kitchen.send(access_token=token)
    fault = await refused(kitchen.read())
    reasons = {"no scope": "SCOPE_MISSING", "expired": "TOKEN_EXPIRED"}
    assert fault.reason == reasons.get(how, "TOKEN_INVALID")
    assert isinstance(fault, Unauthenticated) is (how != "no scope")
    await unheld(instance)


async def test_a_revoked_sign_in_ends_its_streams_alone(instance: Instance) -> None:
    user_id = new_id()
    revoked, kept = (instance.user(user_id, sid=new_id()) for _ in range(2))
    kitchen, _ = await connected(revoked)
    bedroom, _ = await connected(kept, "bedroom")
    instance.revoke(revoked.claims["sid"])
    (last,) = await kitchen.ended()
    assert last.end.reason == REASON.TOKEN_REVOKED
    await kept.play(device_id="bedroom")
    assert (await bedroom.commands(1))[0].number == 1


async def test_a_store_that_is_away_ends_the_stream_and_wants_it_back(
    instance: Instance, user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: object) -> None:
        raise Unavailable("away")

    kitchen, _ = await connected(user)
    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(instance.parts.mailboxes, "report", away)
        await kitchen.send(state=device_pb2.DeviceState(volume_percent=9))
        (last,) = await kitchen.ended()
    assert last.end.reason == REASON.UNAVAILABLE
    assert last.end.HasField("reconnect_after")
    again, _ = await connected(user)
    assert await again.close() == []


async def test_what_a_device_says_at_once_is_few_reports_and_too_much_ends_its_stream(
    instance: Instance, user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    reports = 0
    mailboxes = instance.parts.mailboxes
    report = mailboxes.report

    async def counted(*said: Any) -> Any:
        nonlocal reports
        reports += 1
        return await report(*said)

    monkeypatch.setattr(mailboxes, "report", counted)
    kitchen, _ = await connected(user)
    for percent in range(100):
        await kitchen.send(state=device_pb2.DeviceState(volume_percent=percent))
    assert await kitchen.close() == []
    (device,) = (await user.on_device("ListDevices")).devices
    assert device.volume_percent == 99
    assert reports < 50
    kitchen, _ = await connected(user)
    (stream,) = instance.streams.devices.held
    stream.limit_rate(MESSAGES_AT_ONCE, now_ms() + 60_000)
    await kitchen.send(state=device_pb2.DeviceState())
    fault = await refused(kitchen.read())
    assert isinstance(fault, ResourceExhausted)
    assert fault.metadata == {"limit": "messages_per_stream"}
    await unheld(instance)
