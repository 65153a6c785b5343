"""PreferencesService: how a user wants to listen."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from redis.asyncio import Redis
from segue.playback.v1 import preferences_service_pb2 as pb

from meshkit.faults import Aborted, InvalidArgument
from meshkit.testing import stores
from tests.contracts.playback.samples import new_id
from tests.rpc.playback.harness import Instance, User, World, an_instance, refused
from tests.rpc.playback.music import BLINK_MS, Music, advance, interrupted, run_out

Bitrate = pb.Preferences
DEFAULTS = pb.Preferences(
    bitrate_pref=Bitrate.UNLIMITED,
    offline_enabled=True,
    normalize=True,
    private_session=False,
    share_activity=False,
)


async def get(user: User) -> pb.Preferences:
    answer = await user._sent(user.preferences.GetPreferences, pb.GetPreferencesRequest())
    return answer.preferences  # type: ignore[no-any-return]


async def update(user: User, request_id: str = "", **fields: Any) -> pb.Preferences:
    request = pb.UpdatePreferencesRequest(
        preferences=pb.Preferences(**fields), request_id=request_id
    )
    answer = await user._sent(user.preferences.UpdatePreferences, request)
    return answer.preferences  # type: ignore[no-any-return]


def changed(**fields: Any) -> pb.Preferences:
    """The defaults, but for these."""
    wanted = pb.Preferences()
    wanted.CopyFrom(DEFAULTS)
    wanted.MergeFrom(pb.Preferences(**fields))
    return wanted


@pytest.fixture
async def client(world: World) -> AsyncIterator[Redis]:
    async with stores.valkey_client(world.valkey_url) as client:
        yield client


def key_of(user: User) -> str:
    return f"user:{{{user.user_id}}}:preferences"


async def test_the_defaults_hold_until_something_is_set(user: User) -> None:
    assert await get(user) == DEFAULTS
    assert await get(user) == DEFAULTS


async def test_what_is_given_is_set_and_the_rest_stays(user: User) -> None:
    first = await update(user, bitrate_pref=Bitrate.AAC_192, normalize=False)
    assert first == changed(bitrate_pref=Bitrate.AAC_192, normalize=False, version=1)
    second = await update(user, share_activity=True, offline_enabled=False)
    assert second == changed(
        bitrate_pref=Bitrate.AAC_192,
        offline_enabled=False,
        normalize=False,
        share_activity=True,
        version=2,
    )
    assert await get(user) == second


async def test_what_was_read_can_be_set_as_it_is_and_changes_nothing(user: User) -> None:
    held = await update(user, bitrate_pref=Bitrate.AAC_320, offline_enabled=False)
    request = pb.UpdatePreferencesRequest(preferences=held)
    answer = await user._sent(user.preferences.UpdatePreferences, request)
    assert answer.preferences == held
    assert await get(user) == held


async def test_the_version_is_told_and_never_set(user: User) -> None:
    assert (await update(user, version=7)).version == 0
    assert (await update(user, version=7, normalize=False)).version == 1


async def test_a_change_that_is_based_on_another_version_is_refused(user: User) -> None:
    async def based_on(version: int, *, normalize: bool) -> pb.Preferences:
        wanted = pb.Preferences(normalize=normalize)
        request = pb.UpdatePreferencesRequest(preferences=wanted, based_on_version=version)
        answer = await user._sent(user.preferences.UpdatePreferences, request)
        return answer.preferences  # type: ignore[no-any-return]

    assert (await based_on(0, normalize=False)).version == 1
    for version in (0, 2):
        fault = await refused(based_on(version, normalize=True))
        assert isinstance(fault, Aborted)
    # What holds already is no change, so that a retry does no harm.
    assert (await based_on(0, normalize=False)).version == 1
    assert (await based_on(1, normalize=True)).version == 2


async def test_an_update_of_nothing_changes_nothing(user: User) -> None:
    answer = await user._sent(user.preferences.UpdatePreferences, pb.UpdatePreferencesRequest())
    assert answer.preferences == DEFAULTS


async def test_what_changes_nothing_raises_no_version(user: User) -> None:
    await update(user, normalize=False)
    assert (await update(user, normalize=False)).version == 1
    assert (await update(user)).version == 1


@pytest.mark.parametrize("number", [-1, 2, 127, 129, 321, 1410, 1412])
async def test_a_bitrate_that_there_is_not_is_refused(user: User, number: int) -> None:
    fault = await refused(update(user, bitrate_pref=number))
    assert isinstance(fault, InvalidArgument)
    assert [one.field for one in fault.violations] == ["preferences.bitrate_pref"]
    assert await get(user) == DEFAULTS


@pytest.mark.parametrize("number", [128, 192, 256, 320])
async def test_the_kbps_of_a_bitrate_are_its_number(user: User, number: int) -> None:
    told = await update(user, bitrate_pref=number)
    assert Bitrate.Bitrate.Name(told.bitrate_pref) == f"AAC_{number}"
    assert (await update(user, bitrate_pref=Bitrate.FLAC)).bitrate_pref == Bitrate.FLAC


async def test_a_retry_is_answered_as_before_even_after_other_changes(user: User) -> None:
    first = await update(user, normalize=False, request_id="r1")
    after = await update(user, normalize=True)
    assert await update(user, normalize=False, request_id="r1") == first
    assert await get(user) == after
    fault = await refused(update(user, normalize=True, request_id="r1"))
    assert fault.reason == "REQUEST_ID_REUSED"
    assert [one.field for one in fault.violations] == ["request_id"]


async def test_preferences_stand_in_valkey_under_the_user(user: User, client: Redis) -> None:
    await update(user, normalize=False)
    value = await client.get(key_of(user))
    assert isinstance(value, bytes)
    assert value.startswith(b"1 ")
    assert 0 < await client.ttl(key_of(user)) <= 30 * 86_400


async def test_preferences_are_answered_from_valkey(user: User, client: Redis) -> None:
    await client.set(key_of(user), '7 {"bitrate": "AAC_128", "share_activity": true}')
    told = await get(user)
    assert (told.bitrate_pref, told.share_activity, told.version) == (Bitrate.AAC_128, True, 7)


async def test_without_valkey_preferences_come_from_the_store(world: World) -> None:
    user_id = new_id()
    async with an_instance(world) as instance:
        set_before = await update(instance.user(user_id), normalize=False)
    nowhere = World(
        world.tls, world.dsn, "unix:///nowhere.sock", world.catalogue, world.plans,
        issuer=world.issuer,
    )  # fmt: skip
    async with an_instance(nowhere) as instance:
        user = instance.user(user_id)
        assert await get(user) == set_before
        assert (await update(user, share_activity=True)).version == 2
        assert (await get(user)).share_activity


async def test_changes_at_two_instances_at_once_all_count(world: World, instance: Instance) -> None:
    async with an_instance(world) as other:
        user = instance.user()
        there = other.user(user.user_id)
        await asyncio.gather(
            update(user, normalize=False),
            update(there, offline_enabled=False),
            update(user, share_activity=True),
            update(there, bitrate_pref=Bitrate.AAC_256),
        )
        wanted = changed(
            bitrate_pref=Bitrate.AAC_256,
            normalize=False,
            offline_enabled=False,
            share_activity=True,
            version=4,
        )
        assert await get(user) == wanted
        assert await get(there) == wanted


async def test_the_preferred_bitrate_bounds_what_is_streamed(instance: Instance) -> None:
    user = instance.user(tier="premium")
    before = await user.play()
    aac = ["128", "192", "256", "320"]
    assert [rung.name for rung in await _rungs(instance, user)] == aac
    await update(user, bitrate_pref=Bitrate.AAC_192)
    assert (await user.state()).playback_id == before.playback_id
    await user.play()
    assert [rung.name for rung in await _rungs(instance, user)] == ["128", "192"]
    for best, named in ((Bitrate.FLAC, ["flac"]), (Bitrate.AAC_320, []), (Bitrate.UNLIMITED, [])):
        await update(user, bitrate_pref=best)
        await user.play()
        assert [rung.name for rung in await _rungs(instance, user)] == [*aac, *named]


async def _rungs(instance: Instance, user: User) -> Any:
    state = (await instance.parts.store.read(user.user_id, None, 0)).state
    assert state is not None
    return state.asset.rungs


async def test_a_private_session_hides_what_plays_and_the_next_track_is_public_again(
    user: User,
) -> None:
    await user.play()
    before = await user.state()
    assert not before.private_session
    await update(user, private_session=True)
    hidden = await user.state()
    assert hidden.private_session
    assert (hidden.playback_id, hidden.play_id) == (before.playback_id, before.play_id)
    assert hidden.revision == before.revision + 1
    await update(user, private_session=False)
    assert (await user.state()).private_session
    await user.play()
    assert not (await user.state()).private_session


async def test_what_is_over_is_left_as_it_was(user: User) -> None:
    started = await user.play()
    await user.call("Stop", playback_id=started.playback_id)
    before = await user.state()
    await update(user, private_session=True)
    after = await user.state()
    assert (after.revision, after.private_session) == (before.revision, False)
    await user.play()
    assert (await user.state()).private_session


@pytest.mark.parametrize("command", ["first play", "play", "transfer", "advance"])
async def test_a_play_that_begins_while_listening_becomes_private_is_private(
    instance: Instance, user: User, world: World, command: str
) -> None:
    music = Music(world)
    tracks = music.tracks(2, BLINK_MS)
    if command != "first play":
        begun = await user.play(track_id="", track_ids=tracks)
        if command == "advance":
            await run_out(user)
        else:
            await user.call("Stop", playback_id=begun.playback_id)

    async def commanded() -> None:
        if command == "transfer":
            fields = {"device_id": "kitchen", "play": True, "sender_device_id": "kitchen"}
            await user.on_device("Transfer", **fields)
        elif command == "advance":
            await advance(user, begun)
        else:
            await user.play(track_id="", track_ids=tracks)

    with interrupted(instance.parts.store) as writes:
        writes.before = lambda: update(user, private_session=True)
        await commanded()
    assert writes.tries >= 2
    assert (await user.state()).private_session
