"""What every ``UserSnapshots`` must do."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest

from playback_svc.domain.origins import ContextKind
from playback_svc.domain.play_queue import Context, Origin, PlayQueue
from playback_svc.domain.player_state import stop
from playback_svc.domain.preferences import BitratePreference, Preferences
from playback_svc.ports.player_states import Change, PlayerStateStore, PutState
from playback_svc.ports.user_snapshots import UserSnapshot, UserSnapshots
from tests.contracts.playback.samples import NOW, new_id, playing

SHARES = Preferences(bitrate=BitratePreference.AAC_192, share_activity=True, version=1)


@dataclass(frozen=True, slots=True)
class UserSnapshotsUnderTest:
    """The port, and the store whose users it reads."""

    snapshots: UserSnapshots
    store: PlayerStateStore


class UserSnapshotsContract:
    """Subclass it with a fixture ``under_test`` that knows nobody."""

    @pytest.fixture
    def user(self) -> str:
        return new_id()

    async def test_nobody_is_asked_for_nobody(self, under_test: UserSnapshotsUnderTest) -> None:
        assert await under_test.snapshots.read([]) == {}

    async def test_strangers_have_played_nothing_and_have_the_defaults(
        self, under_test: UserSnapshotsUnderTest, user: str
    ) -> None:
        assert await under_test.snapshots.read([user]) == {user: UserSnapshot()}

    async def test_state_and_preferences_come_back_whole(
        self, under_test: UserSnapshotsUnderTest
    ) -> None:
        plays, prefers, both = new_id(), new_id(), new_id()
        context = Context(ContextKind.ALBUM, new_id(), new_id(), 12, 3, new_id())
        queue = PlayQueue(context=context, origin=Origin.CONTEXT, shuffle=True, item_id=new_id())
        state = replace(playing(queue=queue), private=True)
        over = stop(state, NOW + 5_000)
        await under_test.store.commit(Change(plays, (PutState(state, None),)), NOW)
        await under_test.store.commit(Change(prefers, (SHARES,)), NOW)
        await under_test.store.commit(Change(both, (PutState(over, None), SHARES)), NOW)
        assert await under_test.snapshots.read([both, plays, prefers]) == {
            plays: UserSnapshot(state),
            prefers: UserSnapshot(None, SHARES),
            both: UserSnapshot(over, SHARES),
        }

    async def test_what_is_queued_is_left_out(
        self, under_test: UserSnapshotsUnderTest, user: str
    ) -> None:
        state = playing(queue=PlayQueue(queued=bytes(range(32)) * 500))
        await under_test.store.commit(Change(user, (PutState(state, None),)), NOW)
        snapshot = (await under_test.snapshots.read([user]))[user]
        assert snapshot.state == replace(state, queue=PlayQueue())

    async def test_five_hundred_are_looked_at_together(
        self, under_test: UserSnapshotsUnderTest
    ) -> None:
        states = {new_id(): playing() for _ in range(40)}
        for user_id, state in states.items():
            await under_test.store.commit(Change(user_id, (PutState(state, None),)), NOW)
        asked = [*states, *(new_id() for _ in range(460))]
        found = await under_test.snapshots.read(asked)
        assert set(found) == set(asked)
        assert {user_id: found[user_id].state for user_id in states} == states

    async def test_versions_are_those_of_the_rows(self, under_test: UserSnapshotsUnderTest) -> None:
        playing_now, prefers, stranger = new_id(), new_id(), new_id()
        state = playing()
        await under_test.store.commit(Change(playing_now, (PutState(state, None),)), NOW)
        after = stop(state, NOW + 5_000)
        await under_test.store.commit(Change(playing_now, (PutState(after, state.version),)), NOW)
        await under_test.store.commit(Change(prefers, (SHARES,)), NOW)
        asked = [playing_now, prefers, stranger, *(new_id() for _ in range(497))]
        assert await under_test.snapshots.versions(asked) == {playing_now: after.version}
