"""What friends are shown, listed and live, as time passes when a test says so."""

from __future__ import annotations

import pytest

from playback_svc.adapters.memory.player_states import MemoryPlayerStates
from playback_svc.adapters.memory.user_snapshots import MemoryUserSnapshots
from playback_svc.domain.player_state import pause
from tests.contracts.playback.samples import NOW, beat, playing
from tests.contracts.playback.user_snapshots_suite import OthersUnderTest, UserSnapshotsContract
from tests.unit.playback.activity_desk import Desk, brief, told


class TestMemoryOthers(UserSnapshotsContract):
    @pytest.fixture
    def under_test(self) -> OthersUnderTest:
        store = MemoryPlayerStates()
        return OthersUnderTest(MemoryUserSnapshots(store), store)


@pytest.fixture
def desk() -> Desk:
    return Desk()


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
