"""What friends are shown, listed and live, as time passes when a test says so."""

from __future__ import annotations

import pytest

from playback_svc.adapters.memory.player_states import MemoryPlayerStates
from playback_svc.adapters.memory.user_snapshots import MemoryUserSnapshots
from playback_svc.domain.player_state import pause
from tests.contracts.playback.samples import NOW, beat, playing
from tests.contracts.playback.user_snapshots_suite import (
    UserSnapshotsContract,
    UserSnapshotsUnderTest,
)
from tests.unit.playback.activity_rig import Rig, brief, told


class TestMemoryUserSnapshots(UserSnapshotsContract):
    @pytest.fixture
    def under_test(self) -> UserSnapshotsUnderTest:
        store = MemoryPlayerStates()
        return UserSnapshotsUnderTest(MemoryUserSnapshots(store), store)


@pytest.fixture
def rig() -> Rig:
    return Rig()


async def test_a_session_that_fell_silent_plays_no_more(rig: Rig) -> None:
    state = playing(now=rig.now)
    friend = rig.friend(state)
    rig.befriends(friend)
    await rig.positions.put([beat(state)])
    (shown,) = await rig.list()
    assert shown.listening is not None
    assert shown.listening.playing
    rig.now += 200_000
    (shown,) = await rig.list()
    assert shown.listening is not None
    assert (shown.listening.playing, shown.listening.at_ms) == (False, NOW + 45_000)


async def test_without_live_positions_what_is_stored_is_shown(rig: Rig) -> None:
    rig.befriends(rig.friend())
    rig.positions.away = True
    assert [one.listening is not None for one in await rig.list()] == [True]


async def test_friends_are_read_together(rig: Rig) -> None:
    rig.befriends(*(rig.friend() for _ in range(50)))
    assert len(await rig.list()) == 50
    assert rig.others.looks == 1


async def test_a_view_begins_with_all_in_the_order_of_the_list(rig: Rig) -> None:
    early = rig.friend(playing(now=NOW - 5_000))
    held = rig.friend(pause(playing(now=NOW - 9_000), NOW - 1))
    late = rig.friend()
    hidden = rig.friend(share_activity=False)
    rig.befriends(held, hidden, early, late)
    view = await rig.opened()
    assert [event.friend.user_id for event in told(view)] == [late, early, held]


async def test_many_changes_are_looked_at_once_for_all_views(rig: Rig) -> None:
    friend = rig.friend()
    rig.befriends(friend)
    views = [await rig.opened() for _ in range(3)]
    assert [brief(view) for view in views] == [[(friend, True)]] * 3
    looks, state = rig.others.looks, rig.store.states[friend]
    for _ in range(20):
        state = playing(state, rig.now)
        rig.becomes(friend, state)
    rig.becomes(friend, pause(state, rig.now))
    await rig.views.read_marked()
    assert rig.others.looks == looks + 1
    assert [brief(view) for view in views] == [[(friend, False)]] * 3


async def test_what_looks_the_same_is_not_told_again(rig: Rig) -> None:
    friend = rig.friend()
    rig.befriends(friend)
    view = await rig.opened()
    told(view)
    rig.prefers(friend, normalize=False)
    await rig.views.read_marked()
    assert told(view) == []


async def test_who_hides_before_it_was_told_is_never_told(rig: Rig) -> None:
    friend, other = rig.friend(), rig.friend()
    rig.befriends(friend, other)
    view = await rig.opened()
    rig.prefers(friend, share_activity=False)
    await rig.views.read_marked()
    assert brief(view) == [(other, True)]


async def test_an_older_look_never_undoes_a_newer_one(rig: Rig) -> None:
    friend = rig.friend()
    rig.befriends(friend)
    view = await rig.opened()
    told(view)
    before = await rig.views._reader.read([friend])
    rig.prefers(friend, private_session=True)
    await rig.views.read_marked()
    view.offer(friend, before[friend])
    assert brief(view) == [(friend, None)]


async def test_a_store_that_is_away_is_asked_again(rig: Rig) -> None:
    friend = rig.friend()
    rig.befriends(friend)
    view = await rig.opened()
    told(view)
    rig.others.away = True
    rig.becomes(friend, pause(rig.store.states[friend], rig.now))
    await rig.views.read_marked()
    assert told(view) == []
    rig.others.away = False
    await rig.views.read_marked()
    assert brief(view) == [(friend, False)]
