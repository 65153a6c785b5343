"""What is taken back of media paths is told over the wire, and what goes on is not."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import grpc
import pytest
from grpc.aio import AioRpcError
from segue.playback.v1 import denial_internal_service_pb2 as pb
from segue.playback.v1.denial_internal_service_pb2_grpc import DenialInternalServiceStub

from meshkit import status
from meshkit.clock import now_ms
from meshkit.faults import Fault, PermissionDenied
from meshkit.replicas import MemoryReplica
from meshkit.testing.rpc import refused
from playback_svc.assembly import take_back
from playback_svc.domain.denials import KEPT_MS
from playback_svc.domain.player_state import PlayerState
from playback_svc.ports.accounts import AccountChange, PlanSet, SignedOut
from playback_svc.usecases import denial_internal
from playback_svc.usecases.taking_back import TakingBackReplica
from playback_svc.usecases.user_erasure import PlaybackOfUser
from tests.contracts.playback.samples import FREE, PLAYABLE, TRACK, new_id
from tests.rpc.playback.harness import Instance, User, World

PREMIUM_RUNGS = ["128", "192", "256", "320", "flac"]


class Watching:
    """WatchDenials as the media origin opens it."""

    def __init__(self, instance: Instance, token: str = "", caller: str = "media") -> None:
        stub: Any = DenialInternalServiceStub(instance.mesh.channel(caller, serves_as="playback"))
        self.call = stub.WatchDenials(pb.WatchDenialsRequest(resume_token=token))
        self.token = token

    async def message(self) -> pb.WatchDenialsResponse:
        try:
            message = await asyncio.wait_for(self.call.read(), 15)
        except AioRpcError as error:
            raise status.fault_of(error) from error
        assert message is not grpc.aio.EOF
        self.token = message.resume_token or self.token
        return message  # type: ignore[no-any-return]

    async def listed(self) -> list[pb.Denial]:
        """What is in force, up to the first token."""
        told = []
        while not (message := await self.message()).resume_token:
            told.append(message.denial)
        assert not message.HasField("denial")
        return told

    async def denial(self) -> pb.Denial:
        """The next one."""
        while not (message := await self.message()).HasField("denial"):
            pass
        assert message.resume_token
        return message.denial


@pytest.fixture
async def watching(instance: Instance) -> Watching:
    """A watch that has heard that nothing is in force."""
    watching = Watching(instance)
    assert await watching.listed() == []
    return watching


@pytest.fixture
async def another(instance: Instance) -> User:
    """Somebody whose Stop shows that nothing was told before it."""
    return instance.user()


async def stop_one(another: User) -> str:
    """The session of somebody else, stopped."""
    session_id = str((await another.play()).playback_id)
    await another.call("Stop", playback_id=session_id)
    return session_id


async def state_of(instance: Instance, user: User) -> PlayerState:
    state = (await instance.parts.store.read(user.user_id, None, now_ms())).state
    assert state is not None
    return state


async def test_a_stopped_session_has_no_path_left_for_as_long_as_paths_live(
    watching: Watching, user: User
) -> None:
    before_ms, session_id = now_ms(), (await user.play()).playback_id
    await user.call("Stop", playback_id=session_id)
    denial = await watching.denial()
    assert (denial.subject, denial.version, list(denial.rungs)) == (session_id, 1, [])
    assert 0 <= denial.forget_at.ToMilliseconds() - before_ms - KEPT_MS < 60_000


async def test_a_session_that_was_taken_over_from_has_none_left(
    watching: Watching, user: User
) -> None:
    first = (await user.play()).playback_id
    second = (await user.play(device_id="phone")).playback_id
    assert (await watching.denial()).subject == first
    await user.register("kitchen")
    with pytest.raises(Fault):
        await user.call("Resume", playback_id=first)
    await user.call("Stop", playback_id=second)
    assert (await watching.denial()).subject == second


async def test_a_transfer_denies_what_it_leaves_and_not_what_it_begins(
    watching: Watching, user: User, another: User
) -> None:
    first = (await user.play()).playback_id
    await user.register("phone")
    moved = await user.on_device("Transfer", device_id="phone", sender_device_id="phone")
    assert (await watching.denial()).subject == first
    assert moved.playback.playback_id != first
    await user.on_device("Transfer", device_id="phone", sender_device_id="phone")
    denied = asyncio.create_task(watching.denial())
    assert await stop_one(another) == (await denied).subject


async def test_what_goes_on_in_the_same_session_takes_nothing_back(
    watching: Watching, world: World, user: User, another: User
) -> None:
    ids = [new_id() for _ in range(3)]
    for track_id in ids:
        track = replace(TRACK, track_id=track_id)
        world.catalogue.known[track_id] = replace(PLAYABLE, track=track)
    session = {"playback_id": (await user.play(track_id="", track_ids=ids)).playback_id}
    await user.call("Pause", **session)
    for _ in range(2):
        await user.call("Resume", **session)
    await user.call("Seek", **session, position_ms=1_000)
    await user.call("Skip", device_id="kitchen")
    await user.call("Previous", **session)
    denied = asyncio.create_task(watching.denial())
    assert await stop_one(another) == (await denied).subject


async def test_a_stop_that_is_repeated_is_told_once(
    watching: Watching, user: User, another: User
) -> None:
    session_id = (await user.play()).playback_id
    for _ in range(3):
        await user.call("Stop", playback_id=session_id)
    assert (await watching.denial()).subject == session_id
    denied = asyncio.create_task(watching.denial())
    assert await stop_one(another) == (await denied).subject


async def test_a_plan_that_falls_leaves_its_rungs_and_one_that_rises_gives_them_back(
    watching: Watching, instance: Instance
) -> None:
    user, change = instance.user(tier="premium"), take_back(instance.parts)
    session_id = (await user.play()).playback_id
    for version, (tier, rungs) in enumerate(
        [("free", sorted(FREE.rungs)), ("premium", PREMIUM_RUNGS)], 1
    ):
        await change(PlanSet(user.user_id, tier))
        denial = await watching.denial()
        assert (denial.subject, denial.version) == (session_id, version)
        assert list(denial.rungs) == rungs
    resumed = await user.call("Resume", playback_id=session_id)
    assert resumed.stream_url


async def test_what_begins_goes_by_the_plan_that_was_told_and_not_by_the_token(
    instance: Instance, world: World
) -> None:
    change = take_back(instance.parts)
    premium, free = instance.user(tier="premium"), instance.user(tier="free")
    await change(PlanSet(premium.user_id, "free"))
    await change(PlanSet(free.user_id, "premium"))
    for user, rungs in (
        (premium, ["128", "192", "256"]),
        (free, ["128", "192", "256", "320"]),
    ):
        session_id = (await user.play()).playback_id
        state = await state_of(instance, user)
        assert [rung.name for rung in state.asset.rungs] == rungs
        await user.call("Pause", playback_id=session_id)
        await user.call("Resume", playback_id=session_id)
        assert [rung.name for rung in (await state_of(instance, user)).asset.rungs] == rungs
    world.catalogue.known[TRACK.track_id] = replace(PLAYABLE, track=replace(TRACK, premium=True))
    assert (await refused(premium.play())).reason == "PLAN_REQUIRED"
    assert (await free.play()).stream_url
    for user, limited in ((premium, True), (free, False)):
        shown = (await user.call("GetPlayback")).playback
        assert shown.HasField("skips_remaining") is limited


async def test_a_feed_that_begins_anew_leaves_tokens_to_say_their_plan(
    instance: Instance,
) -> None:
    parts, user = instance.parts, instance.user(tier="premium")
    place = MemoryReplica[AccountChange]()
    replica = TakingBackReplica(place, take_back(parts), parts.told_plans)
    await replica.apply([PlanSet(user.user_id, "free")], "t1")
    assert (await parts.store.read(user.user_id, None, now_ms())).tier("premium") == "free"
    await replica.begin_listing()
    assert (await parts.store.read(user.user_id, None, now_ms())).tier("premium") == "premium"


async def test_a_plan_that_leaves_the_track_out_stops_the_session(
    watching: Watching, instance: Instance, world: World
) -> None:
    world.catalogue.known[TRACK.track_id] = replace(PLAYABLE, track=replace(TRACK, premium=True))
    user = instance.user(tier="premium")
    session_id = (await user.play()).playback_id
    await take_back(instance.parts)(PlanSet(user.user_id, "free"))
    denial = await watching.denial()
    assert (denial.subject, list(denial.rungs)) == (session_id, [])
    assert (await state_of(instance, user)).ended_by == "STOPPED"


async def test_a_sign_out_stops_the_session_that_the_sign_in_began(
    watching: Watching, instance: Instance
) -> None:
    here, change = instance.user(sid="here"), take_back(instance.parts)
    session_id = (await here.play()).playback_id
    await change(SignedOut("elsewhere"))
    assert (await state_of(instance, here)).ended_by is None
    for _ in range(2):
        await change(SignedOut("here"))
    assert (await watching.denial()).subject == session_id
    there = instance.user(here.user_id, sid="there")
    fault = await refused(there.call("Resume", playback_id=session_id))
    assert fault.reason == "SESSION_NOT_CURRENT"
    assert (await there.play()).playback_id != session_id
    await change(SignedOut("here"))
    assert (await state_of(instance, here)).ended_by is None


async def test_a_sign_out_stops_what_another_device_of_the_same_sign_in_plays(
    watching: Watching, instance: Instance
) -> None:
    here, change = instance.user(sid="here"), take_back(instance.parts)
    there = instance.user(here.user_id, sid="there")
    await here.register("kitchen")
    await there.register("phone")
    first = (await here.play()).playback_id
    await here.register("tv")
    moved = await here.on_device("Transfer", device_id="tv", sender_device_id="tv")
    assert (await watching.denial()).subject == first
    await change(SignedOut("there"))
    assert (await state_of(instance, here)).ended_by is None
    await change(SignedOut("here"))
    assert (await watching.denial()).subject == moved.playback.playback_id
    assert (await state_of(instance, here)).ended_by == "STOPPED"


async def test_an_erased_user_has_no_path_left(
    watching: Watching, instance: Instance, user: User
) -> None:
    first = (await user.play()).playback_id
    second = (await user.play(device_id="phone")).playback_id
    assert (await watching.denial()).subject == first
    parts = instance.parts
    held = PlaybackOfUser(instance.records, parts.positions, parts.preferences, parts.skips)
    await held.erase(user.user_id)
    told = {(one.subject, one.version) for one in [await watching.denial() for _ in range(2)]}
    assert told == {(first, 2), (second, 1)}


async def test_who_begins_hears_what_is_in_force_a_page_at_a_time(
    instance: Instance, user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(denial_internal, "_PAGE", 2)
    sessions = [(await user.play()).playback_id for _ in range(6)]
    assert [one.subject for one in await Watching(instance).listed()] == sorted(sessions[:-1])


async def test_a_watch_goes_on_after_its_token(instance: Instance, user: User) -> None:
    watching = Watching(instance)
    assert await watching.listed() == []
    sessions = [(await user.play()).playback_id for _ in range(3)]
    assert (await watching.denial()).subject == sessions[0]
    watching.call.cancel()
    resumed = Watching(instance, watching.token)
    assert (await resumed.denial()).subject == sessions[1]


async def test_nobody_but_the_origin_is_told(instance: Instance) -> None:
    for caller in ("catalog", "playlist"):
        with pytest.raises(PermissionDenied):
            await Watching(instance, caller=caller).message()
