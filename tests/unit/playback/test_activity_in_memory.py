"""What friends are shown, listed and live, as time passes when a test says so."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

import pytest

from meshkit.principal import Principal, set_principal
from meshkit.stream_ends import Reason
from playback_svc.adapters.memory.clients import MemoryPlaylists, MemoryPositions
from playback_svc.adapters.memory.events import MemoryEventBus
from playback_svc.adapters.memory.player_states import MemoryPlayerStates
from playback_svc.adapters.memory.user_snapshots import MemoryUserSnapshots
from playback_svc.domain.player_state import PlayerState, pause, stop
from playback_svc.domain.preferences import Preferences
from playback_svc.ports.clients import Friend
from playback_svc.ports.events import SettingsChanged
from playback_svc.streams.activity_views import (
    REFRESHED_EVERY_S,
    ActivityView,
    ActivityViews,
)
from playback_svc.streams.held_streams import Holder
from playback_svc.usecases.activity import ActivityReader, FriendListening, ListActivity
from playback_svc.usecases.decisions import playback_changed
from tests.contracts.playback.samples import NOW, beat, new_id, playing
from tests.contracts.playback.user_snapshots_suite import OthersUnderTest, UserSnapshotsContract

SHARES = Preferences(share_activity=True, version=1)


class TestMemoryOthers(UserSnapshotsContract):
    @pytest.fixture
    def under_test(self) -> OthersUnderTest:
        store = MemoryPlayerStates()
        return OthersUnderTest(MemoryUserSnapshots(store), store)


class Measures:
    """Counts streams."""

    held = 0

    def streams(self, kind: str, difference: int) -> None:
        assert kind == "activity"
        self.held += difference


@dataclass
class Desk:
    """A user with friends, and one instance that holds views."""

    now: int = NOW
    user: str = field(default_factory=new_id)
    store: MemoryPlayerStates = field(default_factory=MemoryPlayerStates)
    positions: MemoryPositions = field(default_factory=MemoryPositions)
    playlists: MemoryPlaylists = field(default_factory=MemoryPlaylists)
    events: MemoryEventBus = field(default_factory=MemoryEventBus)

    def __post_init__(self) -> None:
        clock = lambda: self.now  # noqa: E731
        self.others = MemoryUserSnapshots(self.store)
        activity_reader = ActivityReader(self.others, self.positions, clock)
        self.list = ListActivity(self.playlists, activity_reader)
        measures: Any = Measures()
        self.views = ActivityViews(
            self.playlists, activity_reader, self.events, measures=measures, clock=clock
        )
        self.events.listen(self.views.hear, self.views.gap)
        rights = frozenset({"playback"})
        set_principal(Principal(self.user, "sid", "free", rights, NOW / 1000 + 300, "token"))
        self.holder = Holder(self.user, "sid", "free", NOW / 1000 + 300)

    def befriends(self, *user_ids: str) -> None:
        self.playlists.followed[self.user] = [Friend(one, f"name {one}") for one in user_ids]

    def friend(self, state: PlayerState | None = None, **preferences: Any) -> str:
        user_id = new_id()
        self.store.states[user_id] = state or playing(now=self.now)
        self.store.preferences[user_id] = replace(SHARES, **preferences)
        return user_id

    def becomes(self, user_id: str, state: PlayerState, *, told: bool = True) -> None:
        self.store.states[user_id] = state
        if told:
            self.events.send(playback_changed(user_id, state))

    def prefers(self, user_id: str, *, told: bool = True, **changed: Any) -> None:
        held = self.store.preferences[user_id]
        self.store.preferences[user_id] = replace(held, version=held.version + 1, **changed)
        if told:
            self.events.send(SettingsChanged(user_id))

    async def opened(self) -> ActivityView:
        view = self.views.open(self.holder)
        await self.views.first(view)
        return view


@pytest.fixture
def desk() -> Desk:
    return Desk()


def told(view: ActivityView) -> list[FriendListening]:
    """What the view would tell now."""
    found = []
    while event := view.take():
        found.append(event)
    return found


def brief(view: ActivityView) -> list[tuple[str, bool | None]]:
    """Who is told of and whether they play; None: hidden."""
    return [
        (event.friend.user_id, event.listening.playing if event.listening else None)
        for event in told(view)
    ]


async def test_a_session_that_fell_silent_plays_no_more(desk: Desk) -> None:
    state = playing(now=desk.now)
    friend = desk.friend(state)
    desk.befriends(friend)
    await desk.positions.put([beat(state)])
    (shown,) = await desk.list()
    assert shown.listening is not None
    assert shown.listening.playing
    desk.now += 200_000
    (shown,) = await desk.list()
    assert shown.listening is not None
    assert (shown.listening.playing, shown.listening.at_ms) == (False, NOW + 45_000)


async def test_without_live_positions_what_is_stored_is_shown(desk: Desk) -> None:
    desk.befriends(desk.friend())
    desk.positions.away = True
    assert [one.listening is not None for one in await desk.list()] == [True]


async def test_friends_are_read_together(desk: Desk) -> None:
    desk.befriends(*(desk.friend() for _ in range(50)))
    assert len(await desk.list()) == 50
    assert desk.others.looks == 1


async def test_a_view_begins_with_all_in_the_order_of_the_list(desk: Desk) -> None:
    early = desk.friend(playing(now=NOW - 5_000))
    held = desk.friend(pause(playing(now=NOW - 9_000), NOW - 1))
    late = desk.friend()
    hidden = desk.friend(share_activity=False)
    desk.befriends(held, hidden, early, late)
    view = await desk.opened()
    assert [event.friend.user_id for event in told(view)] == [late, early, held]


async def test_many_changes_are_looked_at_once_for_all_views(desk: Desk) -> None:
    friend = desk.friend()
    desk.befriends(friend)
    views = [await desk.opened() for _ in range(3)]
    assert [brief(view) for view in views] == [[(friend, True)]] * 3
    looks, state = desk.others.looks, desk.store.states[friend]
    for _ in range(20):
        state = playing(state, desk.now)
        desk.becomes(friend, state)
    desk.becomes(friend, pause(state, desk.now))
    await desk.views.look_again()
    assert desk.others.looks == looks + 1
    assert [brief(view) for view in views] == [[(friend, False)]] * 3


async def test_what_looks_the_same_is_not_told_again(desk: Desk) -> None:
    friend = desk.friend()
    desk.befriends(friend)
    view = await desk.opened()
    told(view)
    desk.prefers(friend, normalize=False)
    await desk.views.look_again()
    assert told(view) == []


async def test_who_hides_before_it_was_told_is_never_told(desk: Desk) -> None:
    friend, other = desk.friend(), desk.friend()
    desk.befriends(friend, other)
    view = await desk.opened()
    desk.prefers(friend, share_activity=False)
    await desk.views.look_again()
    assert brief(view) == [(other, True)]


async def test_an_older_look_never_undoes_a_newer_one(desk: Desk) -> None:
    friend = desk.friend()
    desk.befriends(friend)
    view = await desk.opened()
    told(view)
    before = await desk.views._reader.read([friend])
    desk.prefers(friend, private_session=True)
    await desk.views.look_again()
    view.offer(friend, before[friend])
    assert brief(view) == [(friend, None)]


async def test_a_store_that_is_away_is_asked_again(desk: Desk) -> None:
    friend = desk.friend()
    desk.befriends(friend)
    view = await desk.opened()
    told(view)
    desk.others.away = True
    desk.becomes(friend, pause(desk.store.states[friend], desk.now))
    await desk.views.look_again()
    assert told(view) == []
    desk.others.away = False
    await desk.views.look_again()
    assert brief(view) == [(friend, False)]


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
    desk.views.tick()
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
