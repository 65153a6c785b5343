"""One device as a resource, the list of its commands, and what other services may ask of it."""

from __future__ import annotations

from typing import Any

import pytest
from segue.device.v1 import device_internal_service_pb2 as internal
from segue.device.v1 import device_pb2
from segue.device.v1 import device_service_pb2 as pb
from segue.device.v1.device_internal_service_pb2_grpc import DeviceInternalServiceStub

from meshkit.faults import InvalidArgument, NotFound
from tests.contracts.page_tokens import FOREIGN, forged
from tests.rpc.playback.harness import Instance, User, refused
from tests.rpc.playback.held_calls import watching

Command = device_pb2.Command
Kind = device_pb2.Device.Kind
ABLE = device_pb2.Capabilities(
    rungs=["128", "flac"], codecs=["flac"], drm_systems=["com.widevine.alpha"], volume=True
)
LIST = "/segue.device.v1.DeviceService/ListCommands"


async def get(user: User, device_id: str = "kitchen") -> Any:
    return (await user.on_device("GetDevice", device_id=device_id)).device


async def page(user: User, **fields: Any) -> tuple[list[int], str]:
    """The numbers of a page of commands, and the token of the next."""
    answer = await user.on_device("ListCommands", **{"device_id": "kitchen", **fields})
    return [command.number for command in answer.commands], answer.next_page_token


async def sent(user: User, count: int) -> list[Any]:
    """A registered device that plays, with this many commands in its mailbox."""
    await user.register("kitchen", capabilities=ABLE)
    return [(await user.order(volume={"percent": each})).command for each in range(count)]


async def test_a_device_is_read_as_it_is_listed(user: User) -> None:
    device = await user.register("kitchen", name="Küche", kind=Kind.TV, capabilities=ABLE)
    await user.register("phone")
    assert await get(user) == device
    await user.play()
    assert (await get(user)).active
    assert [await get(user)] == list((await user.on_device("ListDevices")).devices)[:1]


async def test_a_device_that_was_read_is_taken_back_and_nothing_changes(user: User) -> None:
    await sent(user, 1)
    applied = [{"number": 1, "status": Command.DONE}]
    await user.on_device("ReportApplied", device_id="kitchen", applied=applied)
    await user.play()
    held = await get(user)
    assert held.HasField("volume_percent")
    answer = await user.on_device("UpdateDevice", device_id="kitchen", device=held)
    assert answer.device == held
    assert await get(user) == held


async def test_what_a_device_is_by_itself_cannot_be_set(user: User) -> None:
    held = await user.register("kitchen")
    told = await user.update(
        device_id="kitchen",
        online=True,
        active=True,
        controllable=False,
        volume_percent=3,
        registered_at={"seconds": 1},
        last_seen_at={"seconds": 1},
    )
    assert told == held
    assert await get(user) == held


async def test_an_update_sets_what_it_names_and_capabilities_as_a_whole(user: User) -> None:
    await user.register("kitchen", name="Küche", kind=Kind.TV, capabilities=ABLE)
    told = await user.update(name="Kitchen")
    assert (told.name, told.kind, told.capabilities) == ("Kitchen", Kind.TV, ABLE)
    told = await user.update(kind=Kind.CAR, capabilities={"rungs": ["256"]})
    assert (told.name, told.kind) == ("Kitchen", Kind.CAR)
    assert told.capabilities == device_pb2.Capabilities(rungs=["256"])
    assert await user.update() == told


async def test_a_device_that_is_listed_is_known_to_every_call(user: User) -> None:
    await user.play(device_id="passing")
    for method, fields, reason in CALLS:
        call = user.on_device(method, device_id="passing", **fields)
        if reason:
            fault = await refused(call)
            assert (fault.reason, fault.metadata.get("resource")) != ("NOT_FOUND", "device")
            assert fault.reason == reason, method
        else:
            await call
    fault = await refused((await watching(user, "passing")).read())
    assert fault.reason == "NOT_SUPPORTED_BY_DEVICE"


CALLS: tuple[tuple[str, dict[str, Any], str], ...] = (
    ("GetDevice", {}, ""),
    ("UpdateDevice", {"device": {"name": "Mine"}}, ""),
    ("ListCommands", {}, ""),
    ("GetCommand", {"number": 1}, "NOT_FOUND"),
    ("SendCommand", {"pause": {}}, "NOT_SUPPORTED_BY_DEVICE"),
    ("ReportApplied", {}, ""),
    ("Transfer", {}, ""),
)


async def test_commands_are_listed_newest_first_with_how_far_they_are(user: User) -> None:
    commands = await sent(user, 3)
    applied = [{"number": 2, "status": Command.FAILED, "detail": "no"}]
    await user.on_device("ReportApplied", device_id="kitchen", applied=applied)
    found = (await user.on_device("ListCommands", device_id="kitchen")).commands
    assert [command.number for command in found] == [3, 2, 1]
    assert found[0] == commands[2]
    assert [found[1].status, found[1].detail] == [Command.FAILED, "no"]
    assert not any(command.HasField("stream") for command in found)
    for command in found:
        held = await user.on_device("GetCommand", device_id="kitchen", number=command.number)
        assert held.command == command


async def test_a_device_without_commands_lists_none(user: User) -> None:
    await user.play(device_id="passing")
    await user.register("kitchen")
    assert await page(user) == ([], "")
    assert await page(user, device_id="passing") == ([], "")


async def test_pages_of_commands_end_and_go_on_past_new_ones(user: User) -> None:
    await sent(user, 5)
    assert await page(user, page_size=5) == ([5, 4, 3, 2, 1], "")
    first, token = await page(user, page_size=2)
    await user.order(volume={"percent": 99})
    second, token = await page(user, page_size=2, page_token=token)
    third, last = await page(user, page_size=2, page_token=token)
    assert (first, second, third, last) == ([5, 4], [3, 2], [1], "")


async def test_commands_that_are_no_longer_kept_are_not_listed(
    instance: Instance, user: User
) -> None:
    await sent(user, 2)
    await instance.parts.upkeep.forget_commands(1 << 42, 10)
    assert await page(user) == ([], "")


async def test_a_list_of_commands_takes_no_token_of_another_list(user: User) -> None:
    await sent(user, 3)
    await user.register("phone")
    _, token = await page(user, page_size=1)
    fault = await refused(page(user, device_id="phone", page_token=token))
    assert fault.reason == "PAGE_TOKEN_INVALID"
    request = pb.ListCommandsRequest(device_id="kitchen")
    for body in FOREIGN:
        fault = await refused(page(user, page_token=forged(LIST, request, body)))
        assert fault.reason == "PAGE_TOKEN_INVALID", body
    for number in (0, -1, 2**31):
        body = f"[{number}]".encode()
        fault = await refused(page(user, page_token=forged(LIST, request, body)))
        assert fault.reason == "PAGE_TOKEN_INVALID", body


async def test_a_list_of_commands_is_of_a_device_and_a_size(user: User) -> None:
    await user.register("kitchen")
    assert isinstance(await refused(page(user, device_id="unknown")), NotFound)
    for fields, field in (({"device_id": "a b"}, "device_id"), ({"page_size": -1}, "page_size")):
        fault = await refused(page(user, **fields))
        assert isinstance(fault, InvalidArgument)
        assert fault.metadata["field"] == field


class Asking:
    """A service that asks of a user's devices on behalf of that user."""

    def __init__(self, instance: Instance, user: User, workload: str) -> None:
        self.stub: Any = DeviceInternalServiceStub(
            instance.mesh.channel(workload, serves_as="playback")
        )
        self.user = user

    async def lookup(self, device_id: str = "kitchen") -> Any:
        request = internal.LookupDeviceRequest(device_id=device_id)
        return await self.user._sent(self.stub.LookupDevice, request)


@pytest.mark.parametrize("workload", ["rec", "sync"])
async def test_services_look_up_a_device_on_behalf_of_its_user(
    instance: Instance, workload: str
) -> None:
    # The scopes were asked for where the user called; here any token of theirs will do.
    user = instance.user(scopes=["catalog.read"])
    owner = instance.user(user.user_id)
    device = await owner.register("kitchen", name="Küche", kind=Kind.TV, capabilities=ABLE)
    told = await Asking(instance, user, workload).lookup()
    assert (told.device_id, told.name, told.kind) == ("kitchen", "Küche", Kind.TV)
    assert (told.capabilities, told.controllable) == (ABLE, True)
    assert told.registered_at == device.registered_at


async def test_a_device_of_another_is_not_looked_up(instance: Instance, user: User) -> None:
    await user.register("kitchen")
    asking = Asking(instance, instance.user(), "sync")
    fault = await refused(asking.lookup())
    assert isinstance(fault, NotFound)
    assert fault.metadata == {"resource": "device", "id": "kitchen"}
    assert (await refused(asking.lookup("a b"))).metadata["field"] == "device_id"


@pytest.mark.parametrize("workload", ["edge", "catalog", "playlist"])
async def test_only_the_services_that_need_it_look_up_devices(
    instance: Instance, user: User, workload: str
) -> None:
    fault = await refused(Asking(instance, user, workload).lookup())
    assert fault.reason == "CALLER_NOT_ALLOWED"
