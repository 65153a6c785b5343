"""Commands over the wire: what they answer, what they refuse, and what stays true."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from segue.playback.v1 import playback_pb2

from meshkit.faults import FailedPrecondition, InvalidArgument, NotFound, PermissionDenied
from tests.contracts.playback.samples import ASSET, PLAYABLE, RUNGS, TRACK, new_id
from tests.rpc.playback.harness import (
    PUBLIC_URL,
    Instance,
    User,
    World,
    an_instance,
    refused,
)

STATUS = playback_pb2.Playback


async def test_play_opens_a_session_with_signed_addresses(user: User, world: World) -> None:
    answer = await user.play(position_ms=5_000)
    assert answer.track.title == TRACK.title
    assert answer.position_ms == 5_000
    assert answer.bitrate == 256
    assert (answer.epoch, answer.revision) == (1, 1)
    base, capability, descriptor, name = answer.stream_url.rsplit("/", 3)
    assert base == f"{PUBLIC_URL}/media/v1"
    assert (descriptor, name) == (ASSET.descriptor, "master.m3u8")
    assert answer.dash_url == f"{base}/{capability}/{descriptor}/manifest.mpd"
    granted = world.keys.keys.verify(capability, descriptor, now=0.0)
    assert granted.grants == ("128", "192", "256")
    assert granted.subject == answer.playback_id
    assert granted.expires_at == answer.expires_at.seconds


async def test_what_plays_is_told_with_its_position_now(user: User) -> None:
    answer = await user.play(position_ms=60_000)
    state = await user.state()
    assert state.playback_id == answer.playback_id
    assert state.status == STATUS.PLAYING
    assert 60_000 <= state.position_ms < 70_000
    assert not state.HasField("last_heartbeat_at")


async def test_a_user_who_never_played_has_no_playback(user: User) -> None:
    assert not (await user.call("GetPlayback")).HasField("playback")


async def test_pause_resume_seek_and_stop_follow_each_other(user: User) -> None:
    playback_id = (await user.play(position_ms=1_000)).playback_id
    paused = await user.call("Pause", playback_id=playback_id)
    again = await user.call("Pause", playback_id=playback_id)
    assert paused == again
    assert (await user.state()).position_ms == paused.position_ms
    sought = await user.call("Seek", playback_id=playback_id, position_ms=90_000)
    assert (sought.position_ms, sought.revision) == (90_000, 3)
    resumed = await user.call("Resume", playback_id=playback_id)
    assert (resumed.success, resumed.position_ms, resumed.revision) == (True, 90_000, 4)
    assert resumed.stream_url.endswith("/master.m3u8")
    stopped = await user.call("Stop", playback_id=playback_id)
    assert 90_000 <= stopped.position_ms < 100_000
    assert await user.call("Stop", playback_id=playback_id) == stopped
    state = await user.state()
    assert (state.status, state.revision) == (STATUS.STOPPED, 5)


async def test_a_position_beyond_the_end_is_the_end(user: User) -> None:
    answer = await user.play(position_ms=2**31 - 1)
    assert answer.position_ms == TRACK.duration_ms
    sought = await user.call("Seek", playback_id=answer.playback_id, position_ms=2**31 - 1)
    assert sought.position_ms == TRACK.duration_ms
    assert (await user.state()).position_ms == TRACK.duration_ms


async def test_resume_streams_what_is_ready_by_now(user: User, world: World) -> None:
    world.catalogue.known[TRACK.track_id] = replace(PLAYABLE, rungs=RUNGS[:1])
    answer = await user.play()
    assert answer.bitrate == 128
    await user.call("Pause", playback_id=answer.playback_id)
    world.catalogue.known[TRACK.track_id] = replace(PLAYABLE, descriptor="ab" * 32)
    resumed = await user.call("Resume", playback_id=answer.playback_id)
    assert resumed.stream_url.endswith(f"/{'ab' * 32}/master.m3u8")
    assert ".128-192-256." in resumed.stream_url


async def test_resume_does_without_the_catalogue(user: User, world: World) -> None:
    answer = await user.play()
    await user.call("Pause", playback_id=answer.playback_id)
    world.catalogue.away = True
    resumed = await user.call("Resume", playback_id=answer.playback_id)
    assert resumed.stream_url.endswith(f"/{ASSET.descriptor}/master.m3u8")


async def test_the_plan_decides_on_rungs_and_premium_tracks(
    instance: Instance, user: User, world: World
) -> None:
    assert (await instance.user(tier="premium").play()).bitrate == 320
    premium_track = replace(PLAYABLE, track=replace(TRACK, premium=True))
    world.catalogue.known[TRACK.track_id] = premium_track
    fault = await refused(user.play())
    assert isinstance(fault, PermissionDenied)
    assert (fault.reason, fault.metadata) == ("PLAN_REQUIRED", {"required": "premium"})
    assert (await instance.user(tier="premium").play()).bitrate == 320
    world.catalogue.known[TRACK.track_id] = replace(PLAYABLE, rungs=RUNGS[3:])
    fault = await refused(user.play())
    assert fault.reason == "TRACK_NOT_READY"
    assert fault.retry_after_s == 5


async def test_someone_elses_session_is_not_found(instance: Instance, user: User) -> None:
    theirs = (await instance.user().play()).playback_id
    for known in (False, True):
        if known:
            await user.play()
        for method in ("Pause", "Resume", "Seek", "Stop"):
            fault = await refused(user.call(method, playback_id=theirs))
            assert isinstance(fault, NotFound), method
        assert isinstance(await refused(user.report(theirs)), NotFound)
        stream = await user.stream(theirs)
        assert isinstance(await refused(stream.read()), NotFound)


async def test_a_session_that_was_taken_over_says_so(user: User) -> None:
    old = (await user.play()).playback_id
    new = await user.play(device_id="phone")
    assert (new.epoch, new.revision) == (2, 2)
    for method in ("Pause", "Resume", "Seek"):
        fault = await refused(user.call(method, playback_id=old))
        assert isinstance(fault, FailedPrecondition)
        assert (fault.reason, fault.metadata["ended_by"]) == ("SESSION_NOT_CURRENT", "TAKEN_OVER")
    assert (await user.call("Stop", playback_id=old)).success
    state = await user.state()
    assert (state.playback_id, state.status) == (new.playback_id, STATUS.PLAYING)


async def test_a_stopped_session_stays_stopped(user: User) -> None:
    playback_id = (await user.play()).playback_id
    await user.call("Stop", playback_id=playback_id)
    for method in ("Pause", "Resume", "Seek"):
        fault = await refused(user.call(method, playback_id=playback_id))
        assert (fault.reason, fault.metadata["ended_by"]) == ("SESSION_NOT_CURRENT", "STOPPED")


@pytest.mark.parametrize(
    ("method", "fields", "named"),
    [
        ("Play", {"track_id": ""}, "track_id"),
        ("Play", {"track_id": "x" * 10_000}, "track_id"),
        ("Play", {"track_id": TRACK.track_id.lower()}, "track_id"),
        ("Play", {"device_id": ""}, "device_id"),
        ("Play", {"device_id": "d" * 65}, "device_id"),
        ("Play", {"device_id": "a b"}, "device_id"),
        ("Play", {"device_id": "köln"}, "device_id"),
        ("Play", {"position_ms": -1}, "position_ms"),
        ("Play", {"position_ms": -(2**31)}, "position_ms"),
        ("Play", {"request_id": "r" * 129}, "request_id"),
        ("Play", {"request_id": "a\nb"}, "request_id"),
        ("Pause", {"playback_id": ""}, "playback_id"),
        ("Resume", {"playback_id": "'; --"}, "playback_id"),
        ("Stop", {"playback_id": "8" * 26}, "playback_id"),
        ("Seek", {"playback_id": new_id(), "position_ms": -1}, "position_ms"),
    ],
)
async def test_a_bad_field_is_named(
    user: User, method: str, fields: dict[str, object], named: str
) -> None:
    plain = {"track_id": TRACK.track_id, "device_id": "kitchen"} if method == "Play" else {}
    fault = await refused(user.call(method, **{**plain, **fields}))
    assert isinstance(fault, InvalidArgument)
    assert fault.metadata["field"] == named
    assert [violation.field for violation in fault.violations] == [named]


async def test_an_unknown_track_is_not_found_and_changes_nothing(user: User) -> None:
    answer = await user.play()
    assert isinstance(await refused(user.play(track_id=new_id())), NotFound)
    assert (await user.state()).playback_id == answer.playback_id


async def test_a_request_id_makes_a_retry_safe(user: User, world: World) -> None:
    first = await user.play(request_id="r1")
    world.catalogue.away = True
    assert await user.play(request_id="r1") == first
    fault = await refused(user.play(request_id="r1", device_id="phone"))
    assert fault.reason == "REQUEST_ID_REUSED"
    playback_id = first.playback_id
    sought = await user.call("Seek", playback_id=playback_id, position_ms=7, request_id="s")
    await user.call("Seek", playback_id=playback_id, position_ms=70_000)
    again = await user.call("Seek", playback_id=playback_id, position_ms=7, request_id="s")
    assert again == sought
    assert (await user.state()).position_ms >= 70_000


async def test_a_request_sent_twice_at_once_is_carried_out_once(world: World) -> None:
    async with an_instance(world) as one, an_instance(world) as two:
        user_id = new_id()
        users = [instance.user(user_id) for instance in (one, two) for _ in range(4)]
        answers = await asyncio.gather(*(user.play(request_id="same") for user in users))
        assert all(answer == answers[0] for answer in answers)
        state = await users[0].state()
        assert (state.epoch, state.revision) == (1, 1)


async def test_request_ids_of_two_users_have_nothing_to_do_with_each_other(
    instance: Instance, user: User
) -> None:
    mine = await user.play(request_id="r1")
    theirs = await instance.user().play(request_id="r1", device_id="phone")
    assert mine.playback_id != theirs.playback_id
