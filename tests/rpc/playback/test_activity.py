"""ActivityService: what friends listen to, as far as they share it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import grpc
import pytest
from segue.mesh.v1.stream_end_pb2 import StreamEnd
from segue.playback.v1 import activity_service_pb2 as pb
from segue.playback.v1 import preferences_service_pb2 as preferences
from segue.playback.v1.play_source_pb2 import ContextRef

from meshkit.faults import ResourceExhausted, Unavailable
from meshkit.testing.rpc import next_message
from playback_svc.domain.listing import Entry, Listing
from playback_svc.domain.preferences import Preferences
from playback_svc.ports.clients import Friend
from playback_svc.ports.player_states import Change, PutState
from playback_svc.streams import activity_views
from tests.contracts.playback.samples import PLAYABLE, TRACK, new_id, playing
from tests.rpc.playback.harness import Instance, User, World, an_instance, refused

DAY = 86_400_000


@pytest.fixture
async def other(world: World) -> AsyncIterator[Instance]:
    async with an_instance(world) as other:
        yield other


async def prefers(user: User, **fields: Any) -> None:
    request = preferences.UpdatePreferencesRequest(preferences=preferences.Preferences(**fields))
    await user._sent(user.preferences.UpdatePreferences, request)


def follows(world: World, user: User, *friends: User | str) -> None:
    ids = [one if isinstance(one, str) else one.user_id for one in friends]
    world.playlists.followed[user.user_id] = [Friend(one, f"name of {one}") for one in ids]


async def activity(user: User) -> list[pb.FriendActivity]:
    answer = await user._sent(user.activity.ListActivity, pb.ListActivityRequest())
    return list(answer.friends)


async def a_friend(instance: Instance, **listening: Any) -> User:
    """Someone who shares and plays."""
    friend = instance.user()
    await prefers(friend, share_activity=True)
    await friend.play(**listening)
    return friend


class Watching:
    """A user's WatchActivity."""

    def __init__(self, user: User) -> None:
        self.call = user.activity.WatchActivity(pb.WatchActivityRequest(), metadata=user.metadata)

    async def read(self) -> Any:
        return await next_message(self.call)

    async def friend(self) -> pb.FriendActivity:
        message = await self.read()
        assert message.HasField("activity")
        return message.activity  # type: ignore[no-any-return]

    async def ended(self) -> pb.WatchActivityResponse:
        """The last message, which must say why, and be a good end of the call."""
        message = await self.read()
        while message.HasField("activity"):
            message = await self.read()
        assert await self.read() is None
        assert await self.call.code() is grpc.StatusCode.OK
        return message  # type: ignore[no-any-return]


async def test_who_follows_nobody_is_shown_nothing(user: User) -> None:
    assert await activity(user) == []


async def test_a_friend_who_shares_is_shown_with_track_and_time(
    world: World, instance: Instance, user: User
) -> None:
    friend = await a_friend(instance)
    follows(world, user, friend)
    (shown,) = await activity(user)
    assert (shown.user.user_id, shown.user.username) == (
        friend.user_id,
        f"name of {friend.user_id}",
    )
    assert (shown.track.id, shown.track.title) == (TRACK.track_id, TRACK.title)
    assert shown.playing
    assert not shown.HasField("context")
    assert shown.at == (await friend.state()).started_at


async def test_who_never_agreed_to_share_is_absent(
    world: World, instance: Instance, user: User
) -> None:
    silent, stranger = instance.user(), new_id()
    await silent.play()
    follows(world, user, silent, stranger)
    assert await activity(user) == []


async def test_a_private_session_leaves_no_trace_but_in_ones_own_history(
    world: World, instance: Instance, other: Instance, user: User
) -> None:
    friend = await a_friend(instance)
    follows(world, user, friend)
    watching = Watching(other.user(user.user_id))
    assert (await watching.friend()).playing
    await prefers(friend, private_session=True)
    hidden = await watching.friend()
    assert hidden.hidden
    assert not hidden.HasField("track")
    assert await activity(user) == []
    await friend.play()
    await prefers(friend, private_session=False)
    assert await activity(user) == []
    await friend.play()
    assert [one.playing for one in await activity(user)] == [True]
    assert (await watching.friend()).playing


async def test_consent_that_is_withdrawn_hides_and_given_again_shows(
    world: World, instance: Instance, other: Instance, user: User
) -> None:
    friend = await a_friend(instance)
    follows(world, user, friend)
    watching = Watching(other.user(user.user_id))
    assert not (await watching.friend()).hidden
    await prefers(friend, share_activity=False)
    assert (await watching.friend()).hidden
    assert await activity(user) == []
    await prefers(friend, share_activity=True)
    assert (await watching.friend()).playing


async def test_what_was_listened_to_last_is_shown_for_a_week(
    world: World, instance: Instance, user: User
) -> None:
    friends = []
    for days in (1, 6, 8):
        friend = instance.user()
        at = int(time.time() * 1000) - days * DAY
        state = replace(playing(now=at), ended_by=None)
        stopped = await _stopped(instance, friend, state)
        friends.append((friend, stopped))
    follows(world, user, *(friend for friend, _ in friends))
    shown = await activity(user)
    assert [one.user.user_id for one in shown] == [friend.user_id for friend, _ in friends[:2]]
    assert [one.at.ToMilliseconds() for one in shown] == [at for _, at in friends[:2]]
    assert not any(one.playing for one in shown)


async def _stopped(instance: Instance, friend: User, state: Any) -> int:
    from playback_svc.domain.player_state import stop

    over = stop(state, state.started_at_ms + 60_000)
    shares = Preferences(share_activity=True, version=1)
    assert await instance.parts.store.commit(
        Change(friend.user_id, (PutState(over, None), shares)), over.position_at_ms
    )
    return over.position_at_ms


async def test_those_who_play_now_come_first_then_the_latest(
    world: World, instance: Instance, user: User
) -> None:
    first, second, paused = [await a_friend(instance) for _ in range(3)]
    state = await paused.state()
    await paused.call("Pause", playback_id=state.playback_id)
    follows(world, user, paused, first, second)
    shown = await activity(user)
    assert [one.user.user_id for one in shown] == [second.user_id, first.user_id, paused.user_id]
    assert [one.playing for one in shown] == [True, True, False]


async def test_only_what_everybody_can_open_is_named_as_a_context(
    world: World, instance: Instance, user: User
) -> None:
    world.catalogue.orders["album"] = [TRACK.track_id]
    album_id, artist_id, playlist_id = new_id(), new_id(), new_id()
    world.catalogue.orders |= {album_id: [TRACK.track_id], artist_id: [TRACK.track_id]}
    world.playlists.lists[playlist_id] = Listing.of([Entry(TRACK.track_id, new_id())])
    friend = instance.user()
    await prefers(friend, share_activity=True)
    follows(world, user, friend)
    wanted: list[tuple[dict[str, Any], Any]] = [
        ({"album_id": album_id}, ContextRef(kind=ContextRef.ALBUM, id=album_id)),
        ({"artist_id": artist_id}, ContextRef(kind=ContextRef.ARTIST, id=artist_id)),
        ({"playlist_id": playlist_id}, None),
        ({"track_ids": [TRACK.track_id]}, None),
    ]
    for source, context in wanted:
        await friend.play(track_id="", **source)
        (shown,) = await activity(user)
        if context is None:
            assert not shown.HasField("context")
        else:
            assert shown.context == context


async def test_two_hundred_friends_are_shown_at_once(
    world: World, instance: Instance, user: User
) -> None:
    now = int(time.time() * 1000)
    shares = Preferences(share_activity=True, version=1)
    ids = [new_id() for _ in range(201)]
    for number, friend_id in enumerate(ids):
        change = Change(friend_id, (PutState(playing(now=now - number), None), shares))
        assert await instance.parts.store.commit(change, now)
    follows(world, user, *ids)
    assert [one.user.user_id for one in await activity(user)] == ids[:200]
    watching = Watching(user)
    assert [(await watching.friend()).user.user_id for _ in range(200)] == ids[:200]


async def test_friends_are_unavailable_while_they_cannot_be_told(
    world: World, instance: Instance, user: User
) -> None:
    world.playlists.away = True
    assert isinstance(await refused(activity(user)), Unavailable)
    with pytest.raises(Unavailable):
        await Watching(user).read()


async def test_the_stream_tells_each_change_wherever_it_is_made(
    world: World, instance: Instance, other: Instance, user: User
) -> None:
    second = replace(TRACK, track_id=new_id(), title="Intermezzo")
    world.catalogue.known[second.track_id] = replace(PLAYABLE, track=second)
    friend = await a_friend(instance)
    late = instance.user()
    await prefers(late, share_activity=True)
    follows(world, user, friend, late)
    watching = Watching(other.user(user.user_id))
    assert (await watching.friend()).track.title == TRACK.title
    started = await friend.play(track_id=second.track_id)
    assert (await watching.friend()).track.title == "Intermezzo"
    await friend.call("Pause", playback_id=started.playback_id)
    assert not (await watching.friend()).playing
    await friend.call("Resume", playback_id=started.playback_id)
    assert (await watching.friend()).playing
    await other.user(late.user_id).play()
    told = await watching.friend()
    assert (told.user.user_id, told.playing) == (late.user_id, True)
    await friend.call("Stop", playback_id=started.playback_id)
    told = await watching.friend()
    assert (told.user.user_id, told.playing, told.hidden) == (friend.user_id, False, False)


async def test_a_friend_who_is_one_no_more_is_hidden_and_a_new_one_shown(
    world: World, instance: Instance, user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(activity_views, "REFRESHED_EVERY_S", 0.5)
    before, after = await a_friend(instance), await a_friend(instance)
    follows(world, user, before)
    watching = Watching(user)
    assert (await watching.friend()).user.user_id == before.user_id
    follows(world, user, after)
    told = [await watching.friend() for _ in range(2)]
    assert {(one.user.user_id, one.hidden) for one in told} == {
        (before.user_id, True),
        (after.user_id, False),
    }
    await before.play()
    world.playlists.away = True
    await prefers(after, share_activity=False)
    gone = await watching.friend()
    assert (gone.user.user_id, gone.hidden) == (after.user_id, True)


async def test_while_friends_cannot_be_asked_for_all_are_hidden_and_the_stream_ends(
    world: World, instance: Instance, user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(activity_views, "REFRESHED_EVERY_S", 0.5)
    friend = await a_friend(instance)
    follows(world, user, friend)
    watching = Watching(user)
    assert not (await watching.friend()).hidden
    world.playlists.away = True
    told = await watching.friend()
    assert (told.user.user_id, told.hidden) == (friend.user_id, True)
    last = await watching.read()
    assert last.end.reason == StreamEnd.UNAVAILABLE
    assert last.end.HasField("reconnect_after")
    assert await watching.read() is None
    assert instance.streams.activity.held.held == 0


async def test_streams_of_a_user_are_bounded(instance: Instance, user: User) -> None:
    streams = [Watching(user) for _ in range(16)]
    async with asyncio.timeout(10):
        while instance.streams.activity.held.held < 16:
            await asyncio.sleep(0.01)
    with pytest.raises(ResourceExhausted) as caught:
        await Watching(user).read()
    assert caught.value.reason == "LIMIT_REACHED"
    for stream in streams:
        stream.call.cancel()
    async with asyncio.timeout(10):
        while instance.streams.activity.held.held:
            await asyncio.sleep(0.01)
    assert not instance.streams.activity._by_friend
