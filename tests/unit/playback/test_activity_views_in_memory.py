"""Views of friends: when they look again, and what they are told of lost events and lists."""

from __future__ import annotations

import asyncio
from random import Random
from typing import Any

import pytest

from meshkit.stream_ends import Reason
from playback_svc.domain.player_state import pause, stop
from playback_svc.streams.activity_views import (
    REFRESHED_EVERY_S,
)
from tests.contracts.playback.samples import playing
from tests.unit.playback.activity_desk import Desk, brief, told


@pytest.fixture
def desk() -> Desk:
    return Desk()


async def test_after_a_gap_everybody_is_looked_at_again(desk: Desk) -> None:
    friends = [desk.friend() for _ in range(3)]
    desk.befriends(*friends)
    view = await desk.opened()
    told(view)
    for friend in friends:
        desk.prefers(friend, share_activity=False, told=False)
    await desk.views.look_again()
    assert told(view) == []
    desk.events.gap()
    await desk.views.look_again()
    assert set(brief(view)) == {(friend, None) for friend in friends}


async def test_lost_news_are_made_up_for_when_the_list_is_asked_for_again(desk: Desk) -> None:
    friend = desk.friend()
    desk.befriends(friend)
    view = await desk.opened()
    told(view)
    desk.prefers(friend, share_activity=False, told=False)
    await desk.views.refresh(view)
    await desk.views.look_again()
    assert brief(view) == [(friend, None)]


async def test_a_friend_who_began_to_play_unheard_is_told_when_the_list_is_asked_for_again(
    desk: Desk,
) -> None:
    friend = desk.friend()
    del desk.store.states[friend]
    desk.befriends(friend)
    view = await desk.opened()
    assert told(view) == []
    desk.becomes(friend, playing(now=desk.now), told=False)
    await desk.views.refresh(view)
    await desk.views.look_again()
    assert brief(view) == [(friend, True)]


async def test_news_come_before_doubts(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("playback_svc.streams.activity_views.LOOKED_A_TICK", 1)
    friends = [desk.friend() for _ in range(3)]
    desk.befriends(*friends)
    view = await desk.opened()
    told(view)
    desk.events.gap()
    desk.becomes(friends[2], pause(desk.store.states[friends[2]], desk.now))
    await desk.views.look_again()
    assert brief(view) == [(friends[2], False)]


async def test_the_list_is_asked_for_again_about_every_half_minute(desk: Desk) -> None:
    desk.befriends(desk.friend())
    views = [await desk.opened() for _ in range(10)]
    desk.now += round(REFRESHED_EVERY_S * 850)
    desk.views.tick()
    assert not any(view.due for view in views)
    desk.now += round(REFRESHED_EVERY_S * 300) + 1_000
    desk.views.tick()
    assert all(view.due for view in views)
    await desk.views.refresh(views[0])
    assert not views[0].due


async def test_friends_that_cannot_be_asked_for_stay_and_are_asked_for_later(desk: Desk) -> None:
    friend = desk.friend()
    desk.befriends(friend)
    view = await desk.opened()
    told(view)
    desk.playlists.away = True
    await desk.views.refresh(view)
    await desk.views.look_again()
    assert told(view) == []
    desk.playlists.away = False
    desk.befriends()
    desk.now += round(REFRESHED_EVERY_S * 1_200)
    desk.views.tick()
    assert view.due
    await desk.views.refresh(view)
    assert brief(view) == [(friend, None)]


async def test_who_can_be_friends_is_unknown_for_no_longer_than_two_refreshes(desk: Desk) -> None:
    friends = [desk.friend(), desk.friend()]
    desk.befriends(*friends)
    view = await desk.opened()
    told(view)
    desk.playlists.away = True
    await desk.views.refresh(view)
    desk.playlists.away = False
    await desk.views.refresh(view)
    desk.playlists.away = True
    await desk.views.refresh(view)
    assert (told(view), view.lost) == ([], False)
    desk.becomes(friends[0], pause(desk.store.states[friends[0]], desk.now))
    await desk.views.refresh(view)
    await desk.views.look_again()
    assert set(brief(view)) == {(friend, None) for friend in friends}
    assert view.lost
    assert {desk.events._watched[friend] for friend in friends} == {0}


async def test_who_is_a_friend_again_before_it_was_told_stays_shown(desk: Desk) -> None:
    friend = desk.friend()
    desk.befriends(friend)
    view = await desk.opened()
    told(view)
    desk.befriends()
    await desk.views.refresh(view)
    desk.befriends(friend)
    await desk.views.refresh(view)
    await desk.views.look_again()
    assert told(view) == []


async def test_nothing_is_watched_once_a_view_is_closed(desk: Desk) -> None:
    friends = [desk.friend() for _ in range(5)]
    desk.befriends(*friends)
    views = [await desk.opened() for _ in range(2)]
    assert {desk.events._watched[friend] for friend in friends} == {2}
    desk.befriends(*friends[:2])
    await desk.views.refresh(views[0])
    assert [desk.events._watched[friend] for friend in friends] == [2, 2, 1, 1, 1]
    for view in views:
        desk.views.close(view)
    assert {desk.events._watched[friend] for friend in friends} == {0}
    assert desk.views.held.held == 0
    assert desk.views._by_friend == {}


async def test_a_view_that_is_cancelled_while_it_opens_gives_all_back(desk: Desk) -> None:
    friends = [desk.friend() for _ in range(20)]
    desk.befriends(*friends)
    view = desk.views.open(desk.holder)
    opening = asyncio.ensure_future(desk.views.first(view))
    for _ in range(2):
        await asyncio.sleep(0)
    opening.cancel()
    await asyncio.gather(opening, return_exceptions=True)
    desk.views.close(view)
    assert {desk.events._watched[friend] for friend in friends} == {0}


async def test_a_view_waits_until_there_is_something_to_tell(desk: Desk) -> None:
    friend = desk.friend()
    desk.befriends(friend)
    view = await desk.opened()
    told(view)
    waiting = asyncio.ensure_future(view.idle())
    await asyncio.sleep(0)
    desk.becomes(friend, stop(desk.store.states[friend], desk.now))
    await desk.views.look_again()
    await asyncio.wait_for(waiting, 5)
    assert brief(view) == [(friend, False)]


async def test_a_view_ends_with_its_token(desk: Desk) -> None:
    view = await desk.opened()
    desk.now += 302_000
    desk.open_streams.end_expired(desk.now / 1000)
    assert view.end is not None
    assert view.end.reason is Reason.TOKEN_EXPIRED


async def test_views_agree_with_the_store_after_any_changes(desk: Desk) -> None:
    rng = Random(11)
    people = [desk.friend(share_activity=rng.random() < 0.5) for _ in range(12)]
    desk.befriends(*people[:8])
    view = await desk.opened()
    seen: dict[str, Any] = {}
    for step in range(300):
        desk.now += 10
        person = rng.choice(people)
        match rng.randrange(5):
            case 0:
                desk.becomes(person, playing(desk.store.states[person], desk.now))
            case 1:
                desk.becomes(person, stop(desk.store.states[person], desk.now))
            case 2:
                desk.prefers(person, share_activity=rng.random() < 0.7)
            case 3:
                desk.prefers(person, private_session=rng.random() < 0.2)
            case _:
                desk.befriends(*rng.sample(people, 8))
                await desk.views.refresh(view)
        if step % 7 == 0:
            await desk.views.look_again()
            for event in told(view):
                assert (event.listening is None) <= (event.friend.user_id in seen)
                seen[event.friend.user_id] = event.listening
                if event.listening is None:
                    del seen[event.friend.user_id]
            wanted = {one.friend.user_id: one.listening for one in await desk.list()}
            assert seen == wanted
