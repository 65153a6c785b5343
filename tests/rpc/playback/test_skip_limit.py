"""The limit of skips: exact over instances, retries and failures."""

from __future__ import annotations

import asyncio
import time
from contextlib import AsyncExitStack
from typing import Any

import pytest

from meshkit.faults import (
    Aborted,
    DeadlineExceeded,
    Fault,
    InvalidArgument,
    NotFound,
    ResourceExhausted,
    Unavailable,
)
from meshkit.testing.at_once import at_once
from playback_svc.ports.skips import WINDOW_S
from tests.contracts.playback.samples import new_id
from tests.rpc.playback.harness import Instance, User, World, an_instance, refused
from tests.rpc.playback.music import Music
from tests.rpc.playback.skipping import ROOM_S, skip, start, used
from tests.rpc.playback.test_playback_races import rows


@pytest.fixture(autouse=True)
async def within_a_window() -> None:
    """No window ends beneath a test."""
    left_s = WINDOW_S - time.time() % WINDOW_S
    await asyncio.sleep(left_s + 1 if left_s < ROOM_S else 0)


@pytest.fixture
def music(world: World) -> Music:
    return Music(world)


async def test_three_skips_are_answered_and_the_fourth_says_when_to_come_back(
    user: User, music: Music
) -> None:
    track_ids = await start(user, music)
    for number in (1, 2, 3):
        answer = await skip(user)
        assert answer.track.id == track_ids[number]
        assert (answer.skips_remaining, answer.position_ms) == (3 - number, 0)
        assert answer.revision == number + 1
        assert answer.stream_url.endswith("/master.m3u8")
    fault = await refused(skip(user))
    assert isinstance(fault, ResourceExhausted)
    assert fault.reason == "SKIP_LIMIT_REACHED"
    assert fault.message == "You've used all skips for 30 min."
    left_s = int(fault.metadata["seconds_until_reset"])
    assert fault.metadata["limit"] == "3"
    assert 0 < left_s <= WINDOW_S
    assert fault.retry_after_s == left_s
    state = await user.state()
    assert (state.track.id, state.revision) == (track_ids[3], 4)


async def test_the_limit_is_the_users_over_sessions_and_devices(user: User, music: Music) -> None:
    await start(user, music)
    await user.play(device_id="phone")
    for device_id in ("kitchen", "phone", "kitchen"):
        await start(user, music)
        await skip(user, device_id=device_id)
    await start(user, music)
    assert (await refused(skip(user, device_id="phone"))).reason == "SKIP_LIMIT_REACHED"


async def test_only_a_device_of_the_user_skips(
    instance: Instance, user: User, music: Music
) -> None:
    await start(user, music)
    fault = await refused(skip(user, device_id="unknown"))
    assert isinstance(fault, NotFound)
    assert fault.metadata == {"resource": "device", "id": "unknown"}
    assert (await user.state()).revision == 1
    assert await used(instance, user) == 0


async def test_of_a_thousand_tries_at_once_over_four_instances_three_succeed(
    world: World, music: Music
) -> None:
    async with AsyncExitStack() as stack:
        instances = [await stack.enter_async_context(an_instance(world)) for _ in range(4)]
        user_id = new_id()
        users = [instance.user(user_id) for instance in instances]
        track_ids = await start(users[0], music)

        async def insist(number: int) -> Any:
            """A client that tries again, under the same id, where it knows of no answer."""
            while True:
                try:
                    return await skip(users[number % 4], f"skip-{number}")
                except (Unavailable, DeadlineExceeded, Aborted):
                    await asyncio.sleep(0.05)
                except ResourceExhausted as fault:
                    if fault.reason == "SKIP_LIMIT_REACHED":
                        return fault

        async with asyncio.timeout(120):
            outcomes = await at_once(map(insist, range(1_000)))
        moved = [one for one in outcomes if not isinstance(one, Fault)]
        assert sorted(one.track.id for one in moved) == track_ids[1:4]
        assert sorted(one.revision for one in moved) == [2, 3, 4]
        state = await users[0].state()
        assert (state.track.id, state.revision) == (track_ids[3], 4)
        assert await used(instances[0], users[0]) == 3
    log = "SELECT skips_count FROM sessions WHERE user_id = %s"
    assert await rows(world, log, user_id) == [(3,)]


async def test_one_request_tried_fifty_times_at_once_moves_and_counts_once(
    world: World, music: Music
) -> None:
    async with an_instance(world) as one, an_instance(world) as two:
        user_id = new_id()
        users = [one.user(user_id), two.user(user_id)]
        track_ids = await start(users[0], music)
        answers = await asyncio.gather(*(skip(users[n % 2], "once") for n in range(50)))
        assert all(answer == answers[0] for answer in answers)
        assert (answers[0].track.id, answers[0].skips_remaining) == (track_ids[1], 2)
        assert (await users[0].state()).revision == 2
        assert await used(one, users[0]) == 1
        await skip(users[0], "twice")
        assert await skip(users[1], "once") == answers[0]


async def test_an_id_of_full_length_is_as_good_as_any(
    instance: Instance, user: User, music: Music
) -> None:
    await start(user, music)
    assert await skip(user, "r" * 128) == await skip(user, "r" * 128)
    assert await used(instance, user) == 1


async def test_another_body_under_the_id_is_refused(user: User, music: Music) -> None:
    await user.play(device_id="phone")
    await start(user, music)
    await skip(user, "r1")
    fault = await refused(skip(user, "r1", device_id="phone"))
    assert isinstance(fault, InvalidArgument)
    assert fault.reason == "REQUEST_ID_REUSED"
    assert (await user.state()).revision == 3


async def test_the_end_costs_nothing(instance: Instance, user: User, music: Music) -> None:
    await start(user, music, count=1)
    fault = await refused(skip(user, "r1"))
    assert (fault.code, fault.reason) == ("FAILED_PRECONDITION", "QUEUE_ENDED")
    assert await used(instance, user) == 0
    assert (await user.state()).revision == 1


async def test_nothing_is_skipped_where_nothing_plays(
    instance: Instance, user: User, music: Music
) -> None:
    assert (await refused(skip(user))).code in ("NOT_FOUND", "FAILED_PRECONDITION")
    await start(user, music)
    await user.call("Stop", playback_id=(await user.state()).playback_id)
    assert (await refused(skip(user))).reason == "SESSION_NOT_CURRENT"
    assert await used(instance, user) == 0


async def test_premium_skips_without_end(instance: Instance, music: Music) -> None:
    user = instance.user(tier="premium")
    track_ids = await start(user, music)
    for track_id in track_ids[1:]:
        answer = await skip(user)
        assert answer.track.id == track_id
        assert not answer.HasField("skips_remaining")
        assert answer.seconds_until_reset == 0
    assert await used(instance, user) == 0
