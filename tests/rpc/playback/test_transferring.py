"""Transfer over the wire: what moves, what stays, who is told, and what races end in."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from segue.device.v1 import device_pb2
from segue.playback.v1 import playback_pb2, preferences_service_pb2

from meshkit.faults import FailedPrecondition, InvalidArgument, NotFound, PermissionDenied
from meshkit.testing import stores
from playback_svc.schema import SCHEMA
from tests.contracts.playback.samples import ASSET, PLAYABLE, TRACK, new_id
from tests.rpc.playback.harness import Instance, User, World, an_instance, refused

Command = device_pb2.Command
STATUS = playback_pb2.Playback


async def moved(user: User, device_id: str = "phone", **fields: Any) -> Any:
    return await user.on_device("Transfer", device_id=device_id, **fields)


async def told(user: User, device_id: str, number: int) -> Any:
    """A command of the device's mailbox."""
    return (await user.on_device("GetCommand", device_id=device_id, number=number)).command


async def prepared(instance: Instance, user: User, world: World) -> list[str]:
    """The kitchen plays the second of three tracks; the phone is connected."""
    tracks = [new_id() for _ in range(3)]
    for track_id in tracks:
        track = replace(TRACK, track_id=track_id)
        world.catalogue.known[track_id] = replace(PLAYABLE, track=track)
    await user.register("kitchen")
    await user.register("phone", capabilities=device_pb2.Capabilities(rungs=["128"]))
    await instance.parts.events.connect(user.user_id, "phone")
    await user.play(track_id=tracks[1], track_ids=tracks, position_ms=60_000)
    return tracks


async def test_all_that_plays_moves_to_the_other_device(
    instance: Instance, user: User, world: World
) -> None:
    tracks = await prepared(instance, user, world)
    await user.call("SetShuffle", shuffle=True)
    await user.call("SetRepeat", repeat=STATUS.CONTEXT)
    queued = (await user.call("AddToQueue", track_ids=tracks[:2])).item_ids
    before, ahead = await user.state(), (await user.call("GetQueue")).entries
    answer = await moved(user, sender_device_id="kitchen")
    after = answer.playback
    assert (after.device_id, after.epoch, after.revision) == ("phone", 2, before.revision + 1)
    assert after.playback_id != before.playback_id
    assert after.status == STATUS.PLAYING
    assert before.position_ms <= after.position_ms < before.position_ms + 10_000
    assert (after.play_id, after.track, after.item_id) == (
        before.play_id,
        before.track,
        before.item_id,
    )
    assert (after.shuffle, after.repeat, after.context) == (True, STATUS.CONTEXT, before.context)
    assert after.queue_count == len(queued) == 2
    assert list((await user.call("GetQueue")).entries) == list(ahead)
    now = await user.state()
    assert (now.playback_id, now.device_id) == (after.playback_id, "phone")


async def test_the_new_device_gets_addresses_of_what_it_can_play(
    instance: Instance, user: User, world: World
) -> None:
    await prepared(instance, user, world)
    answer = await moved(user)
    _, capability, descriptor, name = answer.stream.stream_url.rsplit("/", 3)
    assert (descriptor, name) == (ASSET.descriptor, "master.m3u8")
    granted = world.keys.keys.verify(capability, descriptor, now=0.0)
    assert granted.grants == ("128",)
    assert granted.subject == answer.playback.playback_id
    assert granted.expires_at == answer.stream.expires_at.seconds
    assert answer.stream.dash_url.endswith("/manifest.mpd")


async def test_both_devices_are_told(instance: Instance, user: User, world: World) -> None:
    await prepared(instance, user, world)
    answer = await moved(user, sender_device_id="phone")
    assert answer.command_number == 1
    gained, lost = await told(user, "phone", 1), await told(user, "kitchen", 2)
    assert (gained.kind, lost.kind) == (Command.TRANSFER, Command.STOP)
    assert gained.target.revision == lost.target.revision == answer.playback.revision
    assert lost.target.device_id == "phone"
    assert gained.sender_device_id == "phone"


async def test_what_was_heard_and_played_is_one_play(
    instance: Instance, user: User, world: World
) -> None:
    await prepared(instance, user, world)
    before = await user.state()
    await user.fetch(before.playback_id)
    for seq, position_ms in ((1, 60_100), (2, 60_200)):
        await asyncio.sleep(0.1)
        await user.report(before.playback_id, seq=seq, position_ms=position_ms)
    await moved(user)
    query = "SELECT heard_ms, play_id FROM player_state WHERE user_id = %s"
    log = "SELECT status, ended_by FROM sessions WHERE user_id = %s ORDER BY started_at"
    async with (
        stores.open_pool(world.dsn, schema=SCHEMA.name) as pool,
        pool.connection() as connection,
    ):
        row = await (await connection.execute(query, (user.user_id,))).fetchone()
        plays = await connection.execute("SELECT 1 FROM plays WHERE user_id = %s", (user.user_id,))
        assert await plays.fetchall() == [], "a transfer leaves no play behind"
        sessions = await (await connection.execute(log, (user.user_id,))).fetchall()
    assert row is not None
    assert row[0] >= 100
    assert row[1] == before.play_id
    assert sessions == [("STOPPED", "TAKEN_OVER"), ("PLAYING", None)]


@pytest.mark.parametrize(
    ("held", "play", "status"),
    [
        (False, None, STATUS.PLAYING),
        (True, None, STATUS.PAUSED),
        (False, False, STATUS.PAUSED),
        (True, True, STATUS.PLAYING),
    ],
)
@pytest.mark.parametrize("device_id", ["phone", "kitchen"])
async def test_it_plays_or_is_held_as_asked(
    instance: Instance,
    user: User,
    world: World,
    held: bool,
    play: bool | None,
    status: int,
    device_id: str,
) -> None:
    await prepared(instance, user, world)
    if held:
        await user.order("kitchen", pause={})
    answer = await moved(user, device_id, play=play)
    assert (answer.playback.status, answer.playback.device_id) == (status, device_id)
    assert (await user.state()).status == status


async def test_to_the_device_that_plays_nothing_moves(
    instance: Instance, user: User, world: World
) -> None:
    await prepared(instance, user, world)
    before = await user.state()
    answer = await moved(user, "kitchen")
    assert (answer.playback.playback_id, answer.command_number) == (before.playback_id, 0)
    assert answer.playback.revision == before.revision
    assert answer.stream.stream_url
    paused = await moved(user, "kitchen", play=False)
    assert (paused.playback.playback_id, paused.command_number) == (before.playback_id, 2)
    assert (await told(user, "kitchen", 2)).kind == Command.PAUSE


async def test_what_ended_is_taken_up_where_it_ended(
    instance: Instance, user: User, world: World
) -> None:
    await prepared(instance, user, world)
    before = await user.state()
    await user.order("kitchen", stop={})
    answer = await moved(user, "kitchen", sender_device_id="kitchen")
    after = answer.playback
    assert (after.status, after.epoch) == (STATUS.PAUSED, before.epoch + 1)
    assert after.position_ms >= before.position_ms
    assert after.play_id != before.play_id
    assert after.track == before.track
    again = (await moved(user, "phone", play=True)).playback
    assert (again.status, again.play_id) == (STATUS.PLAYING, after.play_id)


async def test_a_device_without_a_stream_is_refused_unless_it_asks_for_itself(
    instance: Instance, user: User, world: World
) -> None:
    await prepared(instance, user, world)
    await user.register("tv")
    for fields in ({}, {"sender_device_id": "phone"}):
        fault = await refused(moved(user, "tv", **fields))
        assert isinstance(fault, FailedPrecondition)
        assert (fault.reason, fault.metadata) == ("DEVICE_OFFLINE", {"device_id": "tv"})
    assert (await user.state()).device_id == "kitchen"
    assert (await moved(user, "tv", sender_device_id="tv")).playback.device_id == "tv"


async def test_a_device_known_by_playing_alone_takes_over_for_itself(user: User) -> None:
    await user.play(device_id="web")
    await user.play(device_id="kitchen")
    answer = await moved(user, "web", sender_device_id="web")
    assert (answer.playback.device_id, answer.command_number) == ("web", 0)


async def test_nothing_moves_where_nothing_was_ever_played(user: User) -> None:
    await user.register("phone")
    fault = await refused(moved(user, sender_device_id="phone"))
    assert fault.reason == "SESSION_NOT_CURRENT"


async def test_nothing_moves_to_an_unknown_device(
    instance: Instance, user: User, world: World
) -> None:
    await prepared(instance, user, world)
    await user.on_device("RemoveDevice", device_id="phone")
    for device_id in ("phone", "nowhere"):
        fault = await refused(moved(user, device_id, sender_device_id=device_id))
        assert isinstance(fault, NotFound)
        assert fault.metadata == {"resource": "device", "id": device_id}
    assert (await user.state()).device_id == "kitchen"


async def test_nothing_moves_that_the_plan_leaves_out(
    instance: Instance, user: User, world: World
) -> None:
    tracks = await prepared(instance, user, world)
    premium = replace(TRACK, track_id=tracks[1], premium=True)
    world.catalogue.known[tracks[1]] = replace(PLAYABLE, track=premium)
    fault = await refused(moved(user))
    assert isinstance(fault, PermissionDenied)
    assert (await user.state()).device_id == "kitchen"


async def test_a_retried_transfer_moves_once(world: World) -> None:
    async with an_instance(world) as one, an_instance(world) as two:
        user_id = new_id()
        here, there = one.user(user_id), two.user(user_id)
        await prepared(one, here, world)
        answers = await asyncio.gather(
            *(moved(user, request_id="r1") for user in (here, there) * 3)
        )
        assert {answer.playback.playback_id for answer in answers} == {
            (await here.state()).playback_id
        }
        assert {answer.command_number for answer in answers} == {1}
        assert {answer.stream.stream_url for answer in answers} == {answers[0].stream.stream_url}
        assert (await here.state()).epoch == 2
        await here.play(device_id="kitchen")
        again = await moved(there, request_id="r1")
        assert again == answers[0], "a retry is told what it was told first"
        assert (await here.state()).device_id == "kitchen", "and moves nothing again"
        fault = await refused(moved(there, play=True, request_id="r1"))
        assert fault.reason == "REQUEST_ID_REUSED"


async def test_transfers_at_once_end_in_one_session(world: World) -> None:
    async with an_instance(world) as one, an_instance(world) as two:
        user_id = new_id()
        here, there = one.user(user_id), two.user(user_id)
        await prepared(one, here, world)
        await here.register("tv")
        await two.parts.events.connect(user_id, "tv")
        before = await here.state()
        first, second = await asyncio.gather(moved(here, "phone"), moved(there, "tv"))
        epochs = {first.playback.epoch: "phone", second.playback.epoch: "tv"}
        assert sorted(epochs) == [2, 3]
        now = await here.state()
        assert (now.epoch, now.device_id) == (3, epochs[3])
        assert now.play_id == before.play_id
        # The one that was overtaken is told of its gain, then of its loss.
        kinds = [(await told(here, epochs[2], number)).kind for number in (1, 2)]
        assert kinds == [Command.TRANSFER, Command.STOP]


async def test_a_transfer_and_a_skip_at_once_both_happen_in_some_order(world: World) -> None:
    async with an_instance(world) as one, an_instance(world) as two:
        user_id = new_id()
        here, there = one.user(user_id), two.user(user_id)
        tracks = await prepared(one, here, world)
        transferred, skipped = await asyncio.gather(
            moved(here), there.call("Skip", device_id="kitchen")
        )
        now = await here.state()
        assert (now.device_id, now.track.id) == ("phone", tracks[2])
        assert now.revision == max(transferred.playback.revision, skipped.revision) == 3
        assert now.play_id == skipped.play_id


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"device_id": ""}, "device_id"),
        ({"device_id": "a b"}, "device_id"),
        ({"sender_device_id": "a b"}, "sender_device_id"),
        ({"request_id": "a b"}, "request_id"),
    ],
)
async def test_a_transfer_with_a_bad_field_is_refused(
    user: User, fields: dict[str, Any], field: str
) -> None:
    await user.play()
    fault = await refused(user.on_device("Transfer", **{"device_id": "kitchen", **fields}))
    assert isinstance(fault, InvalidArgument)
    assert fault.metadata["field"] == field


async def listens_privately(user: User, *, on: bool) -> None:
    request = preferences_service_pb2.UpdatePreferencesRequest(
        preferences=preferences_service_pb2.Preferences(private_session=on)
    )
    await user.preferences.UpdatePreferences(request, metadata=user.metadata)


@pytest.mark.parametrize("over", [True, False])
async def test_what_is_taken_up_is_as_private_as_its_user_wants_it_now(
    instance: Instance, user: User, world: World, over: bool
) -> None:
    await prepared(instance, user, world)
    before = await user.state()
    await listens_privately(user, on=True)
    if over:
        await user.call("Stop", playback_id=before.playback_id)
        await listens_privately(user, on=False)
        assert not (await moved(user)).playback.private_session
        await user.call("Stop", playback_id=(await user.state()).playback_id)
        await listens_privately(user, on=True)
    else:
        # What was begun in private is not told of afterwards.
        await listens_privately(user, on=False)
    assert (await moved(user)).playback.private_session
    assert (await user.state()).private_session


async def test_a_session_is_attended_where_its_device_is_one_that_beats(
    instance: Instance, user: User, world: World
) -> None:
    async def attended() -> bool:
        state = (await instance.parts.store.read(user.user_id, None, 0)).state
        assert state is not None
        return state.attended

    await user.play(device_id="plain")
    assert not await attended()
    await prepared(instance, user, world)
    assert await attended()
    await user.on_device("Transfer", device_id="plain", sender_device_id="plain")
    assert not await attended()
    await moved(user)
    assert await attended()
