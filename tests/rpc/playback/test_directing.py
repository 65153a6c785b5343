"""Commands to devices over the wire: stored, numbered, delivered in one order, and reported on."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from meshkit.faults import FailedPrecondition, NotFound
from playback_svc.adapters.leases import WATCH
from playback_svc.domain.mailbox import LIFE_MS
from tests.contracts.playback.play_fields import play_fields
from tests.contracts.playback.samples import TRACK
from tests.rpc.playback.directed import LOUD, STATUS, TEN_SECONDS, Command, applied, ready, several
from tests.rpc.playback.harness import Instance, User, World, refused


async def test_every_command_reaches_the_mailbox_with_its_target(user: User, world: World) -> None:
    tracks = await ready(user, world)
    orders: list[tuple[dict[str, Any], int, int]] = [
        ({"seek": {"position_ms": 5_000}}, Command.SEEK, STATUS.PLAYING),
        ({"pause": {}}, Command.PAUSE, STATUS.PAUSED),
        ({"resume": {}}, Command.RESUME, STATUS.PLAYING),
        ({"enqueue": {"track_ids": tracks[:1]}}, Command.QUEUE, STATUS.PLAYING),
        ({"skip": {}}, Command.SKIP, STATUS.PLAYING),
        ({"previous": {}}, Command.PREVIOUS, STATUS.PLAYING),
        ({"stop": {}}, Command.STOP, STATUS.STOPPED),
    ]
    for number, (order, kind, status) in enumerate(orders, 2):
        command = (await user.order(sender_device_id="phone", **order)).command
        assert (command.number, command.kind) == (number, kind)
        assert command.status == Command.PENDING
        assert command.target.status == status
        assert command.target.revision == number
        assert command.sender_device_id == "phone"
        assert not command.HasField("stream")
        assert command.expires_at.seconds - command.issued_at.seconds == LIFE_MS // 1000
        held = await user.on_device("GetCommand", device_id="kitchen", number=number)
        assert held.command == command
    assert (await user.state()).status == STATUS.STOPPED


async def test_play_begins_a_session_on_the_device(
    instance: Instance, user: User, world: World
) -> None:
    tracks = several(world, 3)
    await user.register("kitchen")
    await instance.parts.events.connect(user.user_id, "kitchen")
    order = play_fields(track_ids=tracks, track_id=tracks[1], position_ms=7_000)
    command = (await user.order(play=order, sender_device_id="phone")).command
    assert (command.number, command.kind) == (1, Command.PLAY)
    assert command.target.track.id == tracks[1]
    assert command.target.position_ms == 7_000
    assert command.target.device_id == "kitchen"
    assert command.target.context.track_count == 3
    assert (await user.state()).playback_id == command.target.playback_id


async def test_play_on_a_device_without_a_stream_is_refused(user: User) -> None:
    await user.register("kitchen")
    fault = await refused(user.order(play=play_fields(track_id=TRACK.track_id)))
    assert isinstance(fault, FailedPrecondition)
    assert (fault.reason, fault.metadata) == ("DEVICE_OFFLINE", {"device_id": "kitchen"})
    assert (await user.state()).playback_id == ""


async def test_a_retried_play_is_answered_though_the_device_has_gone(
    instance: Instance, user: User
) -> None:
    await user.register("kitchen")
    await instance.parts.events.connect(user.user_id, "kitchen")
    order: dict[str, Any] = {"play": play_fields(track_id=TRACK.track_id), "request_id": "r1"}
    first = await user.order(**order)
    instance.parts.events.disconnect(user.user_id, "kitchen")
    assert await user.order(**order) == first
    assert (await user.state()).epoch == 1


async def test_the_volume_is_sent_even_where_nothing_was_ever_played(user: User) -> None:
    await user.register("kitchen", capabilities=LOUD)
    command = (await user.order(volume={"percent": 40})).command
    assert (command.number, command.kind, command.volume_percent) == (1, Command.VOLUME, 40)
    assert not command.HasField("target")
    assert (await user.state()).playback_id == ""


async def test_the_volume_changes_nothing_of_what_plays(user: User, world: World) -> None:
    await ready(user, world)
    before = await user.state()
    assert (await user.order(volume={"percent": 40})).command.number == 2
    after = await user.state()
    assert (after.revision, after.playback_id) == (before.revision, before.playback_id)
    assert (await user.order(pause={})).command.number == 3


async def test_a_device_without_volume_is_not_asked_for_it(user: User) -> None:
    await user.register("kitchen")
    fault = await refused(user.order(volume={"percent": 40}))
    assert (fault.reason, fault.metadata["device_id"]) == ("NOT_SUPPORTED_BY_DEVICE", "kitchen")


@pytest.mark.parametrize("order", [{"pause": {}}, {"volume": {"percent": 1}}, {"skip": {}}])
async def test_a_device_that_never_registered_takes_no_commands(
    user: User, order: dict[str, Any]
) -> None:
    await user.play()
    fault = await refused(user.order(**order))
    assert isinstance(fault, FailedPrecondition)
    assert fault.reason == "NOT_SUPPORTED_BY_DEVICE"


@pytest.mark.parametrize(
    "order",
    [
        {"pause": {}},
        {"resume": {}},
        {"seek": {}},
        {"stop": {}},
        {"skip": {}},
        {"previous": {}},
        {"enqueue": {"track_ids": [TRACK.track_id]}},
    ],
)
async def test_a_device_that_does_not_play_is_told_nothing(
    user: User, order: dict[str, Any]
) -> None:
    await user.register("kitchen")
    fault = await refused(user.order(**order))
    assert fault.metadata == {"device_id": "kitchen", "active_device_id": ""}
    await user.play(device_id="phone")
    fault = await refused(user.order(**order))
    assert fault.reason == "DEVICE_NOT_PLAYING"
    assert fault.metadata == {"device_id": "kitchen", "active_device_id": "phone"}
    fault = await refused(user.on_device("GetCommand", device_id="kitchen", number=1))
    assert isinstance(fault, NotFound)


async def test_a_removed_device_takes_no_commands(user: User, world: World) -> None:
    await ready(user, world)
    await user.on_device("RemoveDevice", device_id="kitchen")
    fault = await refused(user.order(pause={}))
    assert isinstance(fault, NotFound)
    assert fault.metadata == {"resource": "device", "id": "kitchen"}


async def test_what_is_so_already_is_answered_with_what_makes_it_so(
    user: User, world: World
) -> None:
    await ready(user, world)
    paused = (await user.order(pause={})).command
    await user.order(volume={"percent": 30})
    again = (await user.order(pause={})).command
    assert (again.number, again.kind) == (paused.number, Command.PAUSE)
    assert again.status == Command.PENDING
    assert again.target.revision == paused.target.revision
    assert (await user.state()).revision == paused.target.revision


async def test_a_wait_for_what_is_so_already_waits_for_the_device(
    instance: Instance, user: User, world: World
) -> None:
    await ready(user, world)
    paused = (await user.order(pause={})).command
    repeated = asyncio.ensure_future(user.order(pause={}, wait=TEN_SECONDS))
    while not instance.parts.events._leases.holds(user.user_id, WATCH):
        assert not repeated.done()
        await asyncio.sleep(0.01)
    await applied(user, paused.number)
    again = (await repeated).command
    assert (again.number, again.status) == (paused.number, Command.DONE)


async def test_what_the_device_has_made_so_is_done_and_makes_no_command(
    user: User, world: World
) -> None:
    await ready(user, world)
    paused = (await user.order(pause={})).command
    await user.call("SetRepeat", repeat=STATUS.CONTEXT)
    queued = (await user.order(pause={})).command
    assert (queued.number, queued.kind) == (paused.number + 1, Command.QUEUE)
    await applied(user, paused.number, queued.number)
    again = (await user.order(pause={}, wait=TEN_SECONDS, request_id="again")).command
    assert (again.number, again.kind, again.status) == (0, Command.PAUSE, Command.DONE)
    await user.order(resume={})
    again = (await user.order(pause={}, request_id="again")).command
    assert (again.number, again.status) == (0, Command.DONE)
    assert (await user.state()).status == STATUS.PLAYING
