"""Plays are entered once over the wire, whichever command leaves the track, and wherever."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
from segue.device.v1 import device_service_pb2 as devices
from segue.device.v1.device_service_pb2_grpc import DeviceServiceStub
from segue.playback.v1 import history_service_pb2 as pb
from segue.playback.v1 import playback_pb2
from segue.playback.v1 import preferences_service_pb2 as preferences
from segue.playback.v1.play_source_pb2 import ContextRef

from meshkit.clock import now_ms
from meshkit.faults import Fault
from playback_svc.domain.liveness import SILENCE_PLAYING_MS
from playback_svc.usecases.commander import Commander
from playback_svc.usecases.expiry import Expire
from tests.contracts.playback.samples import PLAYABLE, TRACK, new_id
from tests.rpc.playback.harness import Instance, User, World, an_instance

DURATION_MS = 400
HALF_S = 0.25
"""More than half of a track."""


@pytest.fixture
def tracks(world: World) -> list[str]:
    """Tracks of which half is heard soon."""
    ids = [new_id() for _ in range(4)]
    for track_id in ids:
        track = replace(TRACK, track_id=track_id, duration_ms=DURATION_MS)
        world.catalogue.known[track_id] = replace(PLAYABLE, track=track)
    return ids


@pytest.fixture
async def other(world: World) -> AsyncIterator[Instance]:
    async with an_instance(world) as other:
        yield other


@pytest.fixture
async def user(instance: Instance) -> User:
    """Of a plan without a limit of skips."""
    return instance.user(tier="premium")


def again(user: User, instance: Instance) -> User:
    """The same user at another instance."""
    return instance.user(user.user_id, tier="premium")


async def played(user: User, **fields: Any) -> Any:
    """Begins to play, with a player that fetches whatever plays."""
    started = await user.play(**fields)
    await user.fetch(started.playback_id)
    return started


async def history(user: User) -> list[pb.Play]:
    answer = await user._sent(user.history.ListHistory, pb.ListHistoryRequest())
    return [entry.play for entry in answer.entries]


async def heard(user: User) -> list[str]:
    return [play.track_id for play in await history(user)][::-1]


async def test_a_skip_enters_the_track_that_it_leaves(
    world: World, user: User, tracks: list[str]
) -> None:
    # However slow the second call is, half of this one is not over.
    second = replace(TRACK, track_id=tracks[1])
    world.catalogue.known[second.track_id] = replace(PLAYABLE, track=second)
    await played(user, track_id="", track_ids=tracks)
    await asyncio.sleep(HALF_S)
    await user.call("Skip", device_id="kitchen")
    await user.call("Skip", device_id="kitchen")
    assert await heard(user) == tracks[:1]


async def test_an_advance_enters_the_track_as_completed(user: User, tracks: list[str]) -> None:
    started = await played(user, track_id="", track_ids=tracks)
    await asyncio.sleep(HALF_S)
    named = {"playback_id": started.playback_id, "play_id": (await user.state()).play_id}
    await asyncio.gather(*(user.call("Advance", **named) for _ in range(3)))
    (play,) = await history(user)
    assert (play.track_id, play.outcome) == (tracks[0], pb.Play.COMPLETED)
    assert play.origin.context.kind == ContextRef.TRACKS


async def test_playing_something_else_elsewhere_enters_what_played(
    user: User, other: Instance, tracks: list[str]
) -> None:
    started = await played(user, track_id=tracks[0])
    await asyncio.sleep(HALF_S)
    await played(again(user, other), track_id=tracks[1], device_id="phone")
    (play,) = await history(user)
    assert (play.track_id, play.playback_id) == (tracks[0], started.playback_id)
    assert play.device_id == "kitchen"


async def test_however_many_commands_leave_a_track_at_once_it_is_entered_once(
    user: User, other: Instance, tracks: list[str]
) -> None:
    started = await played(user, track_id="", track_ids=tracks)
    play_id = (await user.state()).play_id
    await asyncio.sleep(HALF_S)
    there = again(user, other)
    commands = [
        user.call("Skip", device_id="kitchen"),
        there.call("Skip", device_id="kitchen"),
        user.call("Advance", playback_id=started.playback_id, play_id=play_id),
        there.call("Advance", playback_id=started.playback_id, play_id=play_id),
        played(there, track_id=tracks[3], device_id="phone"),
        user.call("Stop", playback_id=started.playback_id),
    ]
    for outcome in await asyncio.gather(*commands, return_exceptions=True):
        assert not isinstance(outcome, BaseException) or isinstance(outcome, Fault)
    plays = await history(user)
    assert [play.play_id for play in plays].count(play_id) == 1
    assert len({play.play_id for play in plays}) == len(plays)


async def test_a_transfer_enters_nothing_and_the_play_goes_on(
    user: User, instance: Instance, tracks: list[str]
) -> None:
    stub: Any = DeviceServiceStub(user.channel)
    await played(user, track_id=tracks[1], device_id="phone")
    started = await played(user, track_id=tracks[0])
    play_id = (await user.state()).play_id
    await instance.parts.events.connect(user.user_id, "phone")
    await asyncio.sleep(HALF_S)
    request = devices.TransferRequest(device_id="phone")
    await user._sent(stub.Transfer, request)
    assert await history(user) == []
    moved = await user.state()
    assert (moved.play_id, moved.device_id) == (play_id, "phone")
    assert moved.playback_id != started.playback_id
    await user.call("Stop", playback_id=moved.playback_id)
    (play,) = await history(user)
    assert (play.play_id, play.device_id) == (play_id, "phone")


async def test_each_turn_of_a_repeated_track_is_entered(user: User, tracks: list[str]) -> None:
    started = await played(user, track_id=tracks[0], repeat=playback_pb2.Playback.TRACK)
    for _ in range(3):
        await asyncio.sleep(HALF_S)
        play_id = (await user.state()).play_id
        await user.call("Advance", playback_id=started.playback_id, play_id=play_id)
    plays = await history(user)
    assert [play.track_id for play in plays] == tracks[:1] * 3
    assert len({play.play_id for play in plays}) == 3


async def test_what_silence_ended_is_entered_once(
    user: User, instance: Instance, other: Instance, tracks: list[str]
) -> None:
    started = await played(user, track_id=tracks[0])
    later = now_ms() + DURATION_MS + SILENCE_PLAYING_MS + 120_000

    def expire(at: Instance) -> Expire:
        parts = at.parts
        commander = Commander(
            parts.store, parts.positions, parts.deliveries, parts.events, lambda: later
        )
        return Expire(commander)

    ended = await asyncio.gather(
        *(expire(at)(user.user_id) for at in (instance, other, instance)), return_exceptions=True
    )
    assert True in ended
    await user.call("Stop", playback_id=started.playback_id)
    (play,) = await history(user)
    assert (play.track_id, play.heard_ms) == (tracks[0], DURATION_MS)
    assert play.outcome == pb.Play.COMPLETED


async def test_what_became_private_while_it_played_is_a_private_play(
    user: User, tracks: list[str]
) -> None:
    started = await played(user, track_id="", track_ids=tracks)
    await asyncio.sleep(HALF_S)
    request = preferences.UpdatePreferencesRequest(
        preferences=preferences.Preferences(private_session=True)
    )
    await user._sent(user.preferences.UpdatePreferences, request)
    assert await history(user) == []
    await user.call("Stop", playback_id=started.playback_id)
    (play,) = await history(user)
    assert play.private_session
    assert play.heard_ms >= DURATION_MS // 2
