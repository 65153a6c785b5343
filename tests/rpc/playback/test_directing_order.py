"""Commands to a device in one order, once under an id, and the device's word on them."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from google.protobuf.duration_pb2 import Duration

from meshkit.faults import InvalidArgument, NotFound, ResourceExhausted
from playback_svc.usecases.command_waits import WAITS_PER_USER
from tests.contracts.playback.play_fields import play_fields
from tests.contracts.playback.samples import TRACK, new_id
from tests.rpc.playback.directed import STATUS, TEN_SECONDS, Command, applied, ready
from tests.rpc.playback.harness import User, World, an_instance, refused


async def test_a_command_is_carried_out_once_under_one_id(world: World) -> None:
    async with an_instance(world) as one, an_instance(world) as two:
        user_id = new_id()
        here, there = one.user(user_id), two.user(user_id)
        await ready(here, world)
        answers = await asyncio.gather(
            *(user.order(pause={}, request_id="r1") for user in (here, there) * 3)
        )
        assert {answer.command.number for answer in answers} == {2}
        assert {answer.command.status for answer in answers} == {Command.PENDING}
        await here.order(resume={})
        assert (await there.order(pause={}, request_id="r1")).command.number == 2
        assert (await here.state()).status == STATUS.PLAYING
        fault = await refused(there.order(stop={}, request_id="r1"))
        assert fault.reason == "REQUEST_ID_REUSED"


async def test_a_retry_may_wait_for_another_time(user: User, world: World) -> None:
    await ready(user, world)
    sent = (await user.order(pause={}, request_id="r1", wait=Duration(nanos=50_000_000))).command
    await applied(user, sent.number)
    again = (await user.order(pause={}, request_id="r1", wait=TEN_SECONDS)).command
    assert (again.number, again.status) == (sent.number, Command.DONE)
    assert (await user.order(pause={}, request_id="r1")).command.number == sent.number


async def test_commands_of_many_senders_have_one_order_without_a_gap(world: World) -> None:
    async with an_instance(world) as one, an_instance(world) as two:
        user_id = new_id()
        users = [one.user(user_id), two.user(user_id)]
        await ready(users[0], world)
        answers = await asyncio.gather(
            *(users[n % 2].order(seek={"position_ms": n}) for n in range(8)),
            *(users[n % 2].order(volume={"percent": n}) for n in range(4)),
            return_exceptions=True,
        )
        commands = [each.command for each in answers if not isinstance(each, BaseException)]
        assert sorted(command.number for command in commands) == list(range(2, len(commands) + 2))
        seeks = sorted(
            (command for command in commands if command.kind == Command.SEEK),
            key=lambda command: command.number,
        )
        revisions = [command.target.revision for command in seeks]
        assert revisions == sorted(set(revisions))


async def test_a_skip_tells_how_many_are_left_and_fails_as_skip_does(
    user: User, world: World
) -> None:
    tracks = await ready(user, world)
    await user.order(enqueue={"track_ids": tracks, "next": True})
    left = [(await user.order(skip={})).skips_remaining for _ in range(3)]
    assert left == [2, 1, 0]
    fault = await refused(user.order(skip={}))
    assert fault.reason == "SKIP_LIMIT_REACHED"
    assert not (await user.order(pause={})).HasField("skips_remaining")


async def test_a_sender_hears_the_devices_word_from_another_instance(world: World) -> None:
    async with an_instance(world) as one, an_instance(world) as two:
        user_id = new_id()
        sender, device = one.user(user_id), two.user(user_id)
        await ready(device, world)
        sending = asyncio.create_task(sender.order(pause={}, wait=TEN_SECONDS))
        asking = asyncio.create_task(
            sender.on_device("GetCommand", device_id="kitchen", number=1, wait=TEN_SECONDS)
        )
        while (await device.state()).status != STATUS.PAUSED:
            await asyncio.sleep(0.01)
        assert await applied(device, 1, 2) == 2
        assert (await sending).command.status == Command.DONE
        assert (await asking).command.status == Command.DONE


async def test_a_sender_hears_that_and_why_a_device_failed(user: User, world: World) -> None:
    await ready(user, world)
    number = (await user.order(pause={})).command.number
    said = {"number": number, "status": Command.FAILED, "detail": "out of battery"}
    await user.on_device("ReportApplied", device_id="kitchen", applied=[said])
    later = {"number": number, "status": Command.DONE}
    await user.on_device("ReportApplied", device_id="kitchen", applied=[later])
    command = (
        await user.on_device("GetCommand", device_id="kitchen", number=number, wait=TEN_SECONDS)
    ).command
    assert (command.status, command.detail) == (Command.FAILED, "out of battery")


async def test_a_wait_ends_without_the_devices_word(user: User, world: World) -> None:
    await ready(user, world)
    wait = Duration(nanos=50_000_000)
    assert (await user.order(pause={}, wait=wait)).command.status == Command.PENDING


async def test_a_wait_for_a_device_that_is_removed_ends(user: User, world: World) -> None:
    await ready(user, world)
    waiting = asyncio.create_task(
        refused(user.on_device("GetCommand", device_id="kitchen", number=1, wait=TEN_SECONDS))
    )
    await user.order(pause={})
    await user.on_device("RemoveDevice", device_id="kitchen")
    assert isinstance(await waiting, NotFound)


async def test_only_so_many_calls_wait_and_the_others_do_nothing(user: User, world: World) -> None:
    await ready(user, world)

    def ask() -> Any:
        return user.on_device("GetCommand", device_id="kitchen", number=1, wait=TEN_SECONDS)

    waiting = [asyncio.create_task(ask()) for _ in range(WAITS_PER_USER + 1)]
    done, waiting_still = await asyncio.wait(waiting, return_when=asyncio.FIRST_EXCEPTION)
    (refusal,) = (task.exception() for task in done)
    assert isinstance(refusal, ResourceExhausted)
    assert refusal.reason == "LIMIT_REACHED"
    fault = await refused(user.order(pause={}, wait=TEN_SECONDS))
    assert isinstance(fault, ResourceExhausted)
    assert (await user.state()).status == STATUS.PLAYING
    assert (await user.order(seek={"position_ms": 1})).command.number == 2
    await applied(user, 1)
    answers = await asyncio.gather(*waiting_still)
    assert {answer.command.status for answer in answers} == {Command.DONE}


async def test_a_report_tells_the_loudness_and_what_was_worked_off(
    user: User, world: World
) -> None:
    await ready(user, world)
    await user.order(volume={"percent": 40})
    answer = await user.on_device(
        "ReportApplied",
        device_id="kitchen",
        applied=[
            {"number": 2, "status": Command.DONE},
            {"number": 1, "status": Command.SUPERSEDED},
        ],
        state={"volume_percent": 40},
    )
    assert answer.last_applied == 2
    (device,) = (await user.on_device("ListDevices")).devices
    assert device.volume_percent == 40
    renamed = await user.update("kitchen", name="Küche")
    assert renamed.volume_percent == 40
    assert await applied(user, 1) == 2


DONE = {"number": 1, "status": Command.DONE}


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"device_id": ""}, "device_id"),
        ({"applied": [{"number": 0, "status": Command.DONE}]}, "applied[0].number"),
        ({"applied": [DONE, {"number": 99, "status": Command.DONE}]}, "applied.number"),
        ({"applied": [DONE, {"number": 1}]}, "applied[1].status"),
        ({"applied": [{"number": 1, "status": Command.EXPIRED}]}, "applied[0].status"),
        ({"applied": [{"number": 1, "status": 77}]}, "applied[0].status"),
        ({"applied": [DONE] * 501}, "applied"),
        ({"applied": [DONE], "state": {"volume_percent": 101}}, "state.volume_percent"),
        ({"applied": [DONE], "state": {"volume_percent": -1}}, "state.volume_percent"),
    ],
)
async def test_a_report_with_a_bad_field_changes_nothing(
    user: User, world: World, fields: dict[str, Any], field: str
) -> None:
    await ready(user, world)
    fault = await refused(user.on_device("ReportApplied", **{"device_id": "kitchen", **fields}))
    assert isinstance(fault, InvalidArgument)
    assert fault.metadata["field"] == field
    held = await user.on_device("GetCommand", device_id="kitchen", number=1)
    assert held.command.status == Command.PENDING


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"device_id": "a b", "pause": {}}, "device_id"),
        ({}, "command"),
        ({"pause": {}, "sender_device_id": "a b"}, "sender_device_id"),
        ({"pause": {}, "wait": Duration(seconds=-1)}, "wait"),
        ({"pause": {}, "wait": Duration(seconds=10, nanos=1)}, "wait"),
        ({"pause": {}, "request_id": "a b"}, "request_id"),
        ({"seek": {"position_ms": -1}}, "seek.position_ms"),
        ({"volume": {"percent": 101}}, "volume.percent"),
        ({"volume": {"percent": -1}}, "volume.percent"),
        ({"enqueue": {}}, "enqueue.track_ids"),
        ({"enqueue": {"track_ids": ["x"]}}, "enqueue.track_ids[0]"),
        ({"play": {}}, "play.source"),
        ({"play": play_fields(track_id=TRACK.track_id, repeat=9)}, "play.repeat"),
        ({"play": play_fields(track_id=TRACK.track_id, position_ms=-1)}, "play.position_ms"),
    ],
)
async def test_a_command_with_a_bad_field_is_refused(
    user: User, world: World, fields: dict[str, Any], field: str
) -> None:
    await ready(user, world)
    fault = await refused(user.on_device("SendCommand", **{"device_id": "kitchen", **fields}))
    assert isinstance(fault, InvalidArgument)
    assert fault.metadata["field"] == field
    assert (await user.state()).revision == 1


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"device_id": ""}, "device_id"),
        ({"number": 0}, "number"),
        ({"number": -1}, "number"),
        ({"wait": Duration(seconds=11)}, "wait"),
    ],
)
async def test_a_question_with_a_bad_field_is_refused(
    user: User, fields: dict[str, Any], field: str
) -> None:
    await user.register("kitchen")
    asked = {"device_id": "kitchen", "number": 1, **fields}
    fault = await refused(user.on_device("GetCommand", **asked))
    assert fault.metadata["field"] == field


async def test_a_command_that_was_never_given_is_not_found(user: User) -> None:
    await user.register("kitchen")
    fault = await refused(user.on_device("GetCommand", device_id="kitchen", number=7))
    assert fault.metadata == {"resource": "command", "id": "7"}
