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
from tests.unit.playback.activity_rig import Rig, brief, told


@pytest.fixture
def rig() -> Rig:
    return Rig()


async def test_after_a_gap_everybody_is_looked_at_again(rig: Rig) -> None:
    friends = [rig.friend() for _ in range(3)]
    rig.befriends(*friends)
    view = await rig.opened()
    told(view)
    for friend in friends:
        rig.prefers(friend, share_activity=False, told=False)
    await rig.views.read_marked()
    assert told(view) == []
    rig.events.gap()
    await rig.views.read_marked()
    assert set(brief(view)) == {(friend, None) for friend in friends}


async def test_lost_news_are_made_up_for_when_the_list_is_asked_for_again(rig: Rig) -> None:
    friend = rig.friend()
    rig.befriends(friend)
    view = await rig.opened()
    told(view)
    rig.prefers(friend, share_activity=False, told=False)
    await rig.views.refresh(view)
    await rig.views.read_marked()
    assert brief(view) == [(friend, None)]


async def test_a_friend_who_began_to_play_unheard_is_told_when_the_list_is_asked_for_again(
    rig: Rig,
) -> None:
    friend = rig.friend()
    del rig.store.states[friend]
    rig.befriends(friend)
    view = await rig.opened()
    assert told(view) == []
    rig.becomes(friend, playing(now=rig.now), told=False)
    await rig.views.refresh(view)
    await rig.views.read_marked()
    assert brief(view) == [(friend, True)]


async def test_news_come_before_doubts(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("playback_svc.streams.activity_views.LOOKED_A_TICK", 1)
    friends = [rig.friend() for _ in range(3)]
    rig.befriends(*friends)
    view = await rig.opened()
    told(view)
    rig.events.gap()
    rig.becomes(friends[2], pause(rig.store.states[friends[2]], rig.now))
    await rig.views.read_marked()
    assert brief(view) == [(friends[2], False)]


async def test_the_list_is_asked_for_again_about_every_half_minute(rig: Rig) -> None:
    rig.befriends(rig.friend())
    views = [await rig.opened() for _ in range(10)]
    rig.now += round(REFRESHED_EVERY_S * 850)
    rig.views.tick()
    assert not any(view.due for view in views)
    rig.now += round(REFRESHED_EVERY_S * 300) + 1_000
    rig.views.tick()
    assert all(view.due for view in views)
    await rig.views.refresh(views[0])
    assert not views[0].due


async def test_friends_that_cannot_be_asked_for_stay_and_are_asked_for_later(rig: Rig) -> None:
    friend = rig.friend()
    rig.befriends(friend)
    view = await rig.opened()
    told(view)
    rig.playlists.away = True
    await rig.views.refresh(view)
    await rig.views.read_marked()
    assert told(view) == []
    rig.playlists.away = False
    rig.befriends()
    rig.now += round(REFRESHED_EVERY_S * 1_200)
    rig.views.tick()
    assert view.due
    await rig.views.refresh(view)
    assert brief(view) == [(friend, None)]


async def test_who_can_be_friends_is_unknown_for_no_longer_than_two_refreshes(rig: Rig) -> None:
    friends = [rig.friend(), rig.friend()]
    rig.befriends(*friends)
    view = await rig.opened()
    told(view)
    rig.playlists.away = True
    await rig.views.refresh(view)
    rig.playlists.away = False
    await rig.views.refresh(view)
    rig.playlists.away = True
    await rig.views.refresh(view)
    assert (told(view), view.lost) == ([], False)
    rig.becomes(friends[0], pause(rig.store.states[friends[0]], rig.now))
    await rig.views.refresh(view)
    await rig.views.read_marked()
    assert set(brief(view)) == {(friend, None) for friend in friends}
    assert view.lost
    assert {rig.events._watched[friend] for friend in friends} == {0}


async def test_who_is_a_friend_again_before_it_was_told_stays_shown(rig: Rig) -> None:
    friend = rig.friend()
    rig.befriends(friend)
    view = await rig.opened()
    told(view)
    rig.befriends()
    await rig.views.refresh(view)
    rig.befriends(friend)
    await rig.views.refresh(view)
    await rig.views.read_marked()
    assert told(view) == []


async def test_nothing_is_watched_once_a_view_is_closed(rig: Rig) -> None:
    friends = [rig.friend() for _ in range(5)]
    rig.befriends(*friends)
    views = [await rig.opened() for _ in range(2)]
    assert {rig.events._watched[friend] for friend in friends} == {2}
    rig.befriends(*friends[:2])
    await rig.views.refresh(views[0])
    assert [rig.events._watched[friend] for friend in friends] == [2, 2, 1, 1, 1]
    for view in views:
        rig.views.close(view)
    assert {rig.events._watched[friend] for friend in friends} == {0}
    assert rig.views.held.held == 0
    assert rig.views._by_friend == {}


async def test_a_view_that_is_cancelled_while_it_opens_gives_all_back(rig: Rig) -> None:
    friends = [rig.friend() for _ in range(20)]
    rig.befriends(*friends)
    view = rig.views.open(rig.holder)
    opening = asyncio.ensure_future(rig.views.first(view))
    for _ in range(2):
        await asyncio.sleep(0)
    opening.cancel()
    await asyncio.gather(opening, return_exceptions=True)
    rig.views.close(view)
    assert {rig.events._watched[friend] for friend in friends} == {0}


async def test_a_view_waits_until_there_is_something_to_tell(rig: Rig) -> None:
    friend = rig.friend()
    rig.befriends(friend)
    view = await rig.opened()
    told(view)
    waiting = asyncio.ensure_future(view.idle())
    await asyncio.sleep(0)
    rig.becomes(friend, stop(rig.store.states[friend], rig.now))
    await rig.views.read_marked()
    await asyncio.wait_for(waiting, 5)
    assert brief(view) == [(friend, False)]


async def test_a_view_ends_with_its_token(rig: Rig) -> None:
    view = await rig.opened()
    rig.now += 302_000
    rig.open_streams.end_expired(rig.now / 1000)
    assert view.end is not None
    assert view.end.reason is Reason.TOKEN_EXPIRED


async def test_views_agree_with_the_store_after_any_changes(rig: Rig) -> None:
    rng = Random(11)
    people = [rig.friend(share_activity=rng.random() < 0.5) for _ in range(12)]
    rig.befriends(*people[:8])
    view = await rig.opened()
    seen: dict[str, Any] = {}
    for step in range(300):
        rig.now += 10
        person = rng.choice(people)
        match rng.randrange(5):
            case 0:
                rig.becomes(person, playing(rig.store.states[person], rig.now))
            case 1:
                rig.becomes(person, stop(rig.store.states[person], rig.now))
            case 2:
                rig.prefers(person, share_activity=rng.random() < 0.7)
            case 3:
                rig.prefers(person, private_session=rng.random() < 0.2)
            case _:
                rig.befriends(*rng.sample(people, 8))
                await rig.views.refresh(view)
        if step % 7 == 0:
            await rig.views.read_marked()
            for event in told(view):
                assert (event.listening is None) <= (event.friend.user_id in seen)
                seen[event.friend.user_id] = event.listening
                if event.listening is None:
                    del seen[event.friend.user_id]
            wanted = {one.friend.user_id: one.listening for one in await rig.list()}
            assert seen == wanted
