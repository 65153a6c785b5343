"""What every ``PlayerStateStore`` must do; written for what conditional batches can promise."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from playback_svc.domain import player_state
from playback_svc.domain.liveness import observe
from playback_svc.domain.player_state import EndReason, PlayerState, Status, end
from playback_svc.domain.preferences import DEFAULT, Preferences
from playback_svc.ports.player_states import (
    Change,
    Checkpoint,
    PlayerStateStore,
    PutBodies,
    PutState,
    RequireState,
)
from tests.contracts.playback.samples import (
    MINUTE,
    NOW,
    beat,
    device,
    new_id,
    playing,
    record,
    request_key,
    stored,
)


async def begun(store: PlayerStateStore, user: str) -> PlayerState:
    state = playing()
    assert await store.commit(Change(user, (PutState(state, None), record(state))), NOW)
    return state


class PlayerStatesContract:
    """Subclass it with a fixture ``store`` that is empty for every test."""

    @pytest.fixture
    def user(self) -> str:
        return new_id()

    async def test_a_user_who_never_played_has_no_state(
        self, store: PlayerStateStore, user: str
    ) -> None:
        found = await store.read(user, None, NOW)
        assert found.state is None
        assert found.stored is None

    async def test_what_was_committed_is_read_back_whole(
        self, store: PlayerStateStore, user: str
    ) -> None:
        state = replace(
            playing(position_ms=1234),
            moving=False,
            last_beat_at_ms=NOW + 1,
            last_seq=7,
            rung="256",
            bitrate_kbps=256,
        )
        assert await store.commit(Change(user, (PutState(state, None),)), NOW)
        assert (await store.read(user, None, NOW)).state == state

    async def test_a_stopped_state_is_read_back_whole(
        self, store: PlayerStateStore, user: str
    ) -> None:
        state = end(playing(), EndReason.EXPIRED, 5, NOW + 5)
        assert await store.commit(Change(user, (PutState(state, None),)), NOW)
        assert (await store.read(user, None, NOW)).state == state

    async def test_a_change_of_another_version_is_refused_and_writes_nothing(
        self, store: PlayerStateStore, user: str
    ) -> None:
        state = await begun(store, user)
        stale = state.version._replace(revision=state.version.revision + 1)
        other = playing(state)
        key = request_key(user)
        change = Change(
            user,
            (
                PutState(other, stale),
                record(other),
                device("x"),
                stored(key, other),
                PutBodies({"b": b"body"}),
                Preferences(version=1),
            ),
        )
        assert not await store.commit(change, NOW)
        found = await store.read(user, key, NOW)
        assert found.state == state
        assert (found.stored, found.devices, found.preferences) == (None, (), DEFAULT)
        assert await store.session(user, other.session_id) is None
        assert await store.blob(user, "b") is None

    async def test_a_first_change_is_refused_where_there_is_a_state(
        self, store: PlayerStateStore, user: str
    ) -> None:
        state = await begun(store, user)
        assert not await store.commit(Change(user, (PutState(playing(), None),)), NOW)
        assert (await store.read(user, None, NOW)).state == state

    async def test_a_change_of_a_version_is_refused_where_there_is_no_state(
        self, store: PlayerStateStore, user: str
    ) -> None:
        state = playing()
        assert not await store.commit(Change(user, (RequireState(state.version),)), NOW)
        assert (await store.read(user, None, NOW)).state is None

    async def test_of_many_first_changes_at_once_one_wins(
        self, store: PlayerStateStore, user: str
    ) -> None:
        states = [playing() for _ in range(8)]
        won = await asyncio.gather(
            *(store.commit(Change(user, (PutState(state, None),)), NOW) for state in states)
        )
        assert won.count(True) == 1
        assert (await store.read(user, None, NOW)).state == states[won.index(True)]

    async def test_of_many_changes_of_one_version_one_wins(
        self, store: PlayerStateStore, user: str
    ) -> None:
        held = await begun(store, user)
        states = [playing(held) for _ in range(8)]
        won = await asyncio.gather(
            *(store.commit(Change(user, (PutState(state, held.version),)), NOW) for state in states)
        )
        assert won.count(True) == 1
        assert (await store.read(user, None, NOW)).state == states[won.index(True)]

    async def test_an_answer_is_kept_with_its_change(
        self, store: PlayerStateStore, user: str
    ) -> None:
        state, key = playing(), request_key(user)
        answer = stored(key, state)
        assert await store.commit(Change(user, (PutState(state, None), answer)), NOW)
        assert (await store.read(user, key, NOW)).stored == answer
        assert (await store.read(user, request_key(user, "r2"), NOW)).stored is None

    async def test_the_same_key_with_another_body_finds_the_first_answer(
        self, store: PlayerStateStore, user: str
    ) -> None:
        state, key = playing(), request_key(user)
        await store.commit(Change(user, (PutState(state, None), stored(key, state))), NOW)
        found = (await store.read(user, request_key(user, body=b"other"), NOW)).stored
        assert found is not None
        assert found.key == key

    async def test_a_key_that_is_taken_refuses_the_whole_change(
        self, store: PlayerStateStore, user: str
    ) -> None:
        state, key = playing(), request_key(user)
        await store.commit(Change(user, (PutState(state, None), stored(key, state))), NOW)
        after = player_state.pause(state, NOW)
        change = Change(user, (PutState(after, state.version), stored(key, after)))
        assert not await store.commit(change, NOW)
        assert (await store.read(user, None, NOW)).state == state

    async def test_of_equal_requests_that_change_nothing_one_wins(
        self, store: PlayerStateStore, user: str
    ) -> None:
        state, key = await begun(store, user), request_key(user)
        change = Change(user, (RequireState(state.version), stored(key, state)))
        won = await asyncio.gather(*(store.commit(change, NOW) for _ in range(6)))
        assert won.count(True) == 1

    async def test_an_answer_past_its_time_is_forgotten_and_its_key_free(
        self, store: PlayerStateStore, user: str
    ) -> None:
        state, key = playing(), request_key(user)
        await store.commit(Change(user, (PutState(state, None), stored(key, state))), NOW)
        later = NOW + MINUTE
        assert (await store.read(user, key, later)).stored is None
        fresh = stored(key, state, later + MINUTE)
        assert await store.commit(Change(user, (RequireState(state.version), fresh)), later)
        assert (await store.read(user, key, later)).stored == fresh

    async def test_sessions_are_found_by_their_user_alone(
        self, store: PlayerStateStore, user: str
    ) -> None:
        state = await begun(store, user)
        found = await store.session(user, state.session_id)
        assert found == record(state)
        assert await store.session(new_id(), state.session_id) is None
        assert await store.session(user, new_id()) is None

    async def test_a_session_record_follows_its_session(
        self, store: PlayerStateStore, user: str
    ) -> None:
        state = await begun(store, user)
        over = record(
            state,
            status=Status.STOPPED,
            position_ms=9,
            rung="128",
            bitrate_kbps=128,
            last_heartbeat_at_ms=NOW + 1,
            ended_at_ms=NOW + 2,
            ended_by=EndReason.TAKEN_OVER,
        )
        after = playing(state)
        assert await store.commit(
            Change(user, (PutState(after, state.version), over, record(after))), NOW
        )
        assert await store.session(user, state.session_id) == over
        assert await store.session(user, after.session_id) == record(after)

    async def test_a_checkpoint_keeps_the_beat_and_the_version(
        self, store: PlayerStateStore, user: str
    ) -> None:
        state = await begun(store, user)
        live = beat(state, seq=3, moving=False)
        assert await store.checkpoint([Checkpoint(user, live)]) == [True]
        assert (await store.read(user, None, NOW)).state == observe(state, live)

    async def test_a_checkpoint_moves_no_position_of_a_held_session(
        self, store: PlayerStateStore, user: str
    ) -> None:
        held = player_state.pause(await begun(store, user), NOW + 5)
        await store.commit(Change(user, (PutState(held, player_state.Version(1, 1)),)), NOW)
        live = beat(held, position_ms=99_000)
        assert await store.checkpoint([Checkpoint(user, live)]) == [True]
        kept = (await store.read(user, None, NOW)).state
        assert kept is not None
        assert kept.position_ms == held.position_ms
        assert kept.last_beat_at_ms == live.beat_at_ms

    async def test_a_checkpoint_of_another_version_is_refused_by_itself(
        self, store: PlayerStateStore, user: str
    ) -> None:
        other_user = new_id()
        state, other = await begun(store, user), await begun(store, other_user)
        after = player_state.seek(state, 5, NOW)
        assert await store.commit(Change(user, (PutState(after, state.version),)), NOW)
        beats = [Checkpoint(user, beat(state)), Checkpoint(other_user, beat(other))]
        beats.append(Checkpoint(new_id(), beat(state)))
        assert await store.checkpoint(beats) == [False, True, False]
        assert (await store.read(user, None, NOW)).state == after

    async def test_an_older_beat_is_no_step_back(self, store: PlayerStateStore, user: str) -> None:
        state = await begun(store, user)
        newer = beat(state, seq=5, position_ms=50_000)
        await store.checkpoint([Checkpoint(user, newer)])
        assert await store.checkpoint([Checkpoint(user, beat(state, seq=4))]) == [True]
        assert (await store.read(user, None, NOW)).state == observe(state, newer)
