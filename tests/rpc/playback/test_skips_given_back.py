"""A skip that did not happen is given back, and one that did stays counted."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import grpc
import pytest
from segue.playback.v1 import playback_service_pb2

from meshkit.faults import (
    Aborted,
    Unavailable,
)
from playback_svc.ports.skips import WINDOW_S
from tests.contracts.playback.samples import new_id
from tests.rpc.playback.harness import Instance, User, World, an_instance, refused
from tests.rpc.playback.music import Music, advance, away, interrupted, run_out
from tests.rpc.playback.skipping import ROOM_S, skip, start, used


@pytest.fixture(autouse=True)
async def within_a_window() -> None:
    """No window ends beneath a test."""
    left_s = WINDOW_S - time.time() % WINDOW_S
    await asyncio.sleep(left_s + 1 if left_s < ROOM_S else 0)


@pytest.fixture
def music(world: World) -> Music:
    return Music(world)


async def test_without_the_count_nothing_moves(world: World, music: Music) -> None:
    async with an_instance(world) as whole:
        user_id = new_id()
        track_ids = await start(whole.user(user_id), music)
        async with an_instance(replace(world, valkey_url="unix:///nowhere.sock")) as lame:
            fault = await refused(skip(lame.user(user_id), "r1"))
            assert isinstance(fault, Unavailable)
            premium = lame.user(user_id, tier="premium")
            assert (await skip(premium, "r2")).track.id == track_ids[1]
        assert (await whole.user(user_id).state()).revision == 2
        assert await used(whole, whole.user(user_id)) == 0


async def test_a_skip_that_was_cut_after_its_count_is_completed_by_its_retry(
    instance: Instance, user: User, music: Music
) -> None:
    track_ids = await start(user, music)
    with interrupted(instance.parts.store) as writes:
        writes.fault = away()
        assert isinstance(await refused(skip(user, "r1")), Unavailable)
        assert (await user.state()).revision == 1
        assert await used(instance, user) == 1
        answer = await skip(user, "r1")
    assert (answer.track.id, answer.skips_remaining) == (track_ids[1], 2)
    assert await skip(user, "r1") == answer
    assert await used(instance, user) == 1


async def test_a_skip_that_was_cut_is_completed_when_all_others_are_used(
    instance: Instance, user: User, music: Music
) -> None:
    track_ids = await start(user, music)
    with interrupted(instance.parts.store) as writes:
        writes.fault = away()
        await refused(skip(user, "cut"))
    await skip(user)
    await skip(user)
    assert (await refused(skip(user))).reason == "SKIP_LIMIT_REACHED"
    assert (await skip(user, "cut")).track.id == track_ids[3]
    assert await used(instance, user) == 3


async def test_a_skip_of_which_the_answer_was_lost_is_answered_by_its_retry(
    instance: Instance, user: User, music: Music
) -> None:
    track_ids = await start(user, music)
    with interrupted(instance.parts.store) as writes:
        writes.fault, writes.writes_first = away(), True
        assert isinstance(await refused(skip(user, "r1")), Unavailable)
    answer = await skip(user, "r1")
    assert (answer.track.id, answer.revision) == (track_ids[1], 2)
    assert (await user.state()).revision == 2
    assert await used(instance, user) == 1


async def test_a_skip_that_lost_every_race_is_given_back(
    instance: Instance, user: User, music: Music
) -> None:
    await start(user, music)
    with interrupted(instance.parts.store) as writes:
        writes.refused = 1_000
        assert isinstance(await refused(skip(user, "r1")), Aborted)
    assert writes.tries > 1
    assert await used(instance, user) == 0
    assert (await user.state()).revision == 1


async def test_a_skip_that_lost_a_race_and_then_its_track_is_given_back(
    instance: Instance, user: User, music: Music
) -> None:
    track_ids = await start(user, music)
    world = music.world

    async def unready() -> None:
        following = world.catalogue.known[track_ids[1]]
        world.catalogue.known[track_ids[1]] = replace(following, rungs=following.rungs[4:])

    with interrupted(instance.parts.store) as writes:
        writes.before, writes.refused = unready, 1
        assert (await refused(skip(user))).reason == "TRACK_NOT_READY"
    assert await used(instance, user) == 0


async def test_a_track_that_is_not_ready_costs_no_skip(
    instance: Instance, user: User, music: Music
) -> None:
    track_ids = music.tracks(1)
    track_ids.append(music.track(rungs=()))
    await user.play(track_id="", track_ids=track_ids)
    fault = await refused(skip(user))
    assert (fault.code, fault.reason) == ("UNAVAILABLE", "TRACK_NOT_READY")
    assert fault.retry_after_s is not None
    assert await used(instance, user) == 0


async def test_going_to_the_end_is_no_way_around_the_limit(
    instance: Instance, user: User, music: Music
) -> None:
    track_ids = await start(user, music)
    for number in (1, 2, 3):
        state = await user.state()
        await user.call("Seek", playback_id=state.playback_id, position_ms=2**31 - 1)
        assert (await advance(user, state)).track.id == track_ids[number]
        assert await used(instance, user) == number
    state = await user.state()
    await user.call("Seek", playback_id=state.playback_id, position_ms=2**31 - 1)
    fault = await refused(advance(user, state))
    assert (fault.code, fault.reason) == ("RESOURCE_EXHAUSTED", "SKIP_LIMIT_REACHED")
    assert (await refused(skip(user))).reason == "SKIP_LIMIT_REACHED"
    assert (await user.state()).track.id == track_ids[3]


async def test_an_end_that_comes_after_another_play_is_given_back(
    instance: Instance, user: User, music: Music
) -> None:
    await start(user, music)
    state = await user.state()
    await user.call("Seek", playback_id=state.playback_id, position_ms=2**31 - 1)
    with interrupted(instance.parts.store) as writes:
        writes.before = user.play
        fault = await refused(advance(user, state))
    assert (fault.reason, fault.metadata) == ("SESSION_NOT_CURRENT", {"ended_by": "TAKEN_OVER"})
    assert await used(instance, user) == 0


@pytest.mark.parametrize(("first", "counted"), [("Skip", 1), ("Previous", 0)])
async def test_an_end_that_lost_its_race_and_needs_no_skip_any_more_gives_it_back(
    instance: Instance, user: User, music: Music, first: str, counted: int
) -> None:
    await start(user, music)
    state = await user.state()
    await user.call("Seek", playback_id=state.playback_id, position_ms=2**31 - 1)

    async def another() -> None:
        await user.call(first, playback_id=state.playback_id)

    with interrupted(instance.parts.store) as writes:
        writes.before = another if first != "Skip" else lambda: skip(user)
        await advance(user, state, request_id="end")
    assert writes.tries >= 2
    assert await used(instance, user) == counted


async def test_a_lost_race_that_leaves_nothing_to_come_gives_the_skip_back(
    instance: Instance, user: User, music: Music
) -> None:
    await user.play(track_id=music.track())
    added = await user.call("AddToQueue", track_ids=music.tracks(1))
    state = await user.state()
    await user.call("Seek", playback_id=state.playback_id, position_ms=2**31 - 1)
    with interrupted(instance.parts.store) as writes:
        writes.before = lambda: user.call("RemoveFromQueue", item_ids=added.item_ids)
        answer = await advance(user, state)
    assert answer.ended
    assert await used(instance, user) == 0


async def test_an_answer_that_another_try_has_stored_keeps_its_skip(
    world: World, music: Music
) -> None:
    async with an_instance(world) as one, an_instance(world) as two:
        user_id = new_id()
        await start(one.user(user_id), music)
        with interrupted(one.parts.store) as writes:
            writes.before = lambda: skip(two.user(user_id), "once")
            await skip(one.user(user_id), "once")
        assert await used(one, one.user(user_id)) == 1


@contextmanager
def stuck(parts: Any, name: str) -> Iterator[None]:
    """A call of which the answer is never awaited to its end."""
    real = getattr(parts, name)

    async def late(*args: Any) -> Any:
        await real(*args)
        await asyncio.Event().wait()

    setattr(parts, name, late)
    try:
        yield
    finally:
        delattr(parts, name)


async def cut(user: User, timeout_s: float = 0.5) -> None:
    request = playback_service_pb2.SkipRequest(device_id="kitchen")
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await user.playback.Skip(request, metadata=user.metadata, timeout=timeout_s)
    assert caught.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED


async def comes_to(instance: Instance, user: User, count: int) -> None:
    async with asyncio.timeout(10):
        while await used(instance, user) != count:
            await asyncio.sleep(0.01)


async def test_a_skip_whose_caller_is_gone_while_it_counts_is_given_back(
    instance: Instance, user: User, music: Music
) -> None:
    await start(user, music)
    with stuck(instance.parts.skips, "take"):
        await cut(user)
    await comes_to(instance, user, 0)
    assert (await user.state()).revision == 1


async def test_a_skip_whose_caller_is_gone_after_a_lost_race_is_given_back(
    instance: Instance, user: User, music: Music
) -> None:
    await start(user, music)
    store = instance.parts.store

    async def hang() -> None:
        store.read = stalled  # type: ignore[assignment, method-assign]

    async def stalled(*_: Any) -> Any:
        await asyncio.Event().wait()

    with interrupted(store) as writes:
        writes.before, writes.refused = hang, 1
        await cut(user)
    del store.read
    await comes_to(instance, user, 0)
    assert writes.tries == 1


async def test_a_skip_whose_caller_is_gone_while_it_is_written_stays_counted(
    instance: Instance, user: User, music: Music
) -> None:
    await start(user, music)
    with stuck(instance.parts.store, "commit"):
        await cut(user)
    await asyncio.sleep(0.2)
    assert await used(instance, user) == 1
    assert (await user.state()).revision == 2


async def test_a_skip_that_breaks_before_it_is_written_is_given_back(
    instance: Instance, user: User, music: Music
) -> None:
    await start(user, music)

    async def broken(_user_id: str) -> Any:
        raise ValueError("malformed")

    with interrupted(instance.parts.store) as writes:
        real = instance.parts.positions.get

        async def breaks() -> None:
            instance.parts.positions.get = broken  # type: ignore[method-assign, assignment]

        writes.before, writes.refused = breaks, 1
        fault = await refused(skip(user))
        instance.parts.positions.get = real  # type: ignore[method-assign]
    assert fault.code == "INTERNAL"
    assert await used(instance, user) == 0


@pytest.mark.parametrize("stopped", [True, False])
async def test_the_end_of_what_was_begun_near_its_end_costs_nothing(
    instance: Instance, user: User, music: Music, stopped: bool
) -> None:
    track_ids = music.tracks(3)
    begun = await user.play(track_id="", track_ids=track_ids, position_ms=179_900)
    if stopped:
        await user.call("Stop", playback_id=begun.playback_id)
        fields = {"device_id": "kitchen", "play": True, "sender_device_id": "kitchen"}
        await user.on_device("Transfer", **fields)
    state = await run_out(user)
    assert (await advance(user, state)).track.id == track_ids[1]
    assert await used(instance, user) == 0


async def test_to_stop_at_the_end_and_take_it_up_again_is_no_way_around_the_limit(
    instance: Instance, user: User, music: Music
) -> None:
    await start(user, music)
    state = await user.state()
    await user.call("Seek", playback_id=state.playback_id, position_ms=2**31 - 1)
    await user.call("Stop", playback_id=state.playback_id)
    fields = {"device_id": "kitchen", "play": True, "sender_device_id": "kitchen"}
    await user.on_device("Transfer", **fields)
    await advance(user, await user.state())
    assert await used(instance, user) == 1
