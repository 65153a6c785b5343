"""Two remotes that skip one play skip once, and playback tells the skips that are left."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest
from segue.playback.v1.playback_service_pb2 import WatchPlaybackRequest

from meshkit.faults import InvalidArgument
from playback_svc.adapters.memory.clients import MemoryPlans
from playback_svc.adapters.memory.skips import MemorySkipWindows
from playback_svc.ports.skips import WINDOW_S, SkipsAhead
from playback_svc.usecases.skip_allowance import SkipAllowance
from tests.contracts.playback.samples import FREE, NOW, PREMIUM, new_id
from tests.rpc.playback.harness import Instance, User, World, an_instance, refused
from tests.rpc.playback.music import Music
from tests.rpc.playback.test_skip_limit import (  # noqa: F401 (used as a fixture)
    start,
    used,
    within_a_window,
)


@pytest.fixture
def music(world: World) -> Music:
    return Music(world)


async def skip(user: User, **fields: Any) -> Any:
    return await user.call("Skip", **{"device_id": "kitchen", **fields})


async def test_two_remotes_that_skip_one_play_at_once_skip_once(
    world: World, instance: Instance, user: User, music: Music
) -> None:
    track_ids = await start(user, music)
    play_id = (await user.state()).play_id
    async with an_instance(world) as other:
        remotes = [user, other.user(user.user_id)]
        answers = await asyncio.gather(*(skip(one, play_id=play_id) for one in remotes * 3))
    assert {answer.track.id for answer in answers} == {track_ids[1]}
    assert {answer.revision for answer in answers} == {2}
    assert {answer.skips_remaining for answer in answers} == {2}
    assert await used(instance, user) == 1


async def test_a_skip_of_what_is_over_answers_what_plays_though_no_skip_is_left(
    instance: Instance, user: User, music: Music
) -> None:
    track_ids = await start(user, music)
    over = (await user.state()).play_id
    for _ in range(3):
        await skip(user)
    answer = await skip(user, play_id=over)
    assert (answer.track.id, answer.skips_remaining) == (track_ids[3], 0)
    assert answer.stream_url.endswith("/master.m3u8")
    assert (await refused(skip(user, play_id=answer.play_id))).reason == "SKIP_LIMIT_REACHED"
    assert await used(instance, user) == 3


async def test_a_command_to_skip_names_its_play_too(
    instance: Instance, user: User, music: Music
) -> None:
    await user.register("kitchen")
    track_ids = await start(user, music)
    play_id = (await user.state()).play_id
    for _ in range(2):
        command = (await user.order(skip={"play_id": play_id})).command
        assert command.target.track.id == track_ids[1]
    assert await used(instance, user) == 1


@pytest.mark.parametrize("play_id", ["x", "0" * 25])
async def test_a_play_is_named_by_a_ulid(user: User, play_id: str) -> None:
    fault = await refused(skip(user, play_id=play_id))
    assert isinstance(fault, InvalidArgument)
    assert fault.metadata["field"] == "play_id"
    fault = await refused(user.order(skip={"play_id": play_id}))
    assert fault.metadata["field"] == "skip.play_id"


async def test_playback_tells_the_skips_that_are_left_and_when_all_are_back(
    user: User, music: Music
) -> None:
    await start(user, music)
    for left in (3, 2, 1, 0):
        state = await user.state()
        assert state.skips_remaining == left
        assert state.skips_reset_at.seconds == (time.time() // WINDOW_S + 1) * WINDOW_S
        if left:
            await skip(user)


async def test_a_live_view_tells_the_skips_that_are_left(user: User, music: Music) -> None:
    await start(user, music)
    call = user.playback.WatchPlayback(WatchPlaybackRequest(), metadata=user.metadata)
    assert (await asyncio.wait_for(call.read(), 15)).playback.skips_remaining == 3
    await skip(user)
    assert (await asyncio.wait_for(call.read(), 15)).playback.skips_remaining == 2
    call.cancel()


async def test_where_nothing_limits_skips_none_are_told(instance: Instance, music: Music) -> None:
    user = instance.user(tier="premium")
    await start(user, music)
    state = await user.state()
    assert not state.HasField("skips_remaining")
    assert not state.HasField("skips_reset_at")


async def test_what_plays_is_told_though_nobody_can_count_skips() -> None:
    windows, plans = MemorySkipWindows(lambda: NOW), MemoryPlans({"free": FREE, "premium": PREMIUM})
    allowance, user_id = SkipAllowance(windows, plans, lambda: NOW), new_id()
    reset = (NOW // 1000 // WINDOW_S + 1) * WINDOW_S
    assert await allowance(user_id, "free") == SkipsAhead(3, reset)
    assert await allowance(user_id, "premium") is None
    assert await allowance(user_id, "unknown") is None
    windows.away = True
    assert await allowance(user_id, "free") is None
