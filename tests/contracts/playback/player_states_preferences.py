"""What every ``PlayerStateStore`` must do with preferences, and with what rests on them."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from playback_svc.domain import player_state
from playback_svc.domain.preferences import DEFAULT, BitratePreference, Preferences
from playback_svc.ports.player_states import (
    Change,
    PlayerStateStore,
    PutState,
    RequirePreferences,
    RequireState,
    Write,
)
from tests.contracts.playback.samples import NOW, new_id, playing


class StoredPreferencesContract:
    """Subclass it with a fixture ``store`` that is empty for every test."""

    @pytest.fixture
    def user(self) -> str:
        return new_id()

    async def test_preferences_are_replaced_version_by_version(
        self, store: PlayerStateStore, user: str
    ) -> None:
        first = Preferences(BitratePreference.AAC_192, False, False, True, True, version=1)
        second = replace(first, bitrate=BitratePreference.UNLIMITED, version=2)
        for change, held in [
            (second, DEFAULT),
            (replace(first, version=0), DEFAULT),
            (first, first),
            (first, first),
            (replace(first, version=3), first),
            (second, second),
        ]:
            before = (await store.read(user, None, NOW)).preferences
            won = await store.commit(Change(user, (change,)), NOW)
            assert won is (held == change != before)
            assert (await store.read(user, None, NOW)).preferences == held

    async def test_of_preferences_set_at_once_one_wins(
        self, store: PlayerStateStore, user: str
    ) -> None:
        wanted = [Preferences(bitrate=bitrate, version=1) for bitrate in BitratePreference]
        won = await asyncio.gather(*(store.commit(Change(user, (one,)), NOW) for one in wanted))
        assert won.count(True) == 1
        assert (await store.read(user, None, NOW)).preferences == wanted[won.index(True)]

    async def test_a_change_that_rests_on_preferences_is_refused_where_they_are_others(
        self, store: PlayerStateStore, user: str
    ) -> None:
        state = playing()
        assert not await store.commit(
            Change(user, (PutState(state, None), RequirePreferences(1))), NOW
        )
        assert (await store.read(user, None, NOW)).state is None
        assert await store.commit(Change(user, (PutState(state, None), RequirePreferences(0))), NOW)
        after = playing(state)
        assert await store.commit(
            Change(user, (PutState(after, state.version), RequirePreferences(0))), NOW
        )
        # What was held are the defaults: nothing was set by it.
        assert (await store.read(user, None, NOW)).preferences == DEFAULT
        for version in (1, 2):
            kept = Preferences(normalize=False, version=version)
            assert await store.commit(Change(user, (kept,)), NOW)
            last = playing(after)
            for read in (0, version - 1, version + 1):
                change = Change(user, (PutState(last, after.version), RequirePreferences(read)))
                assert not await store.commit(change, NOW)
            assert (await store.read(user, None, NOW)).state == after
            change = Change(user, (PutState(last, after.version), RequirePreferences(version)))
            assert await store.commit(change, NOW)
            assert (await store.read(user, None, NOW)).preferences == kept
            after = last

    async def test_plays_and_preferences_at_once_never_wait_for_each_other_for_ever(
        self, store: PlayerStateStore, user: str
    ) -> None:
        async def insist(private: bool) -> None:
            while True:
                found = await store.read(user, None, NOW)
                held, preferred = found.state, found.preferences
                version = held.version if held else None
                writes: tuple[Write, ...]
                if private:
                    writes = (replace(preferred, version=preferred.version + 1),)
                    if held is not None:
                        paused = player_state.pause(held, NOW)
                        same = paused.version == version
                        rests = RequireState(held.version) if same else PutState(paused, version)
                        writes = (rests, *writes)
                else:
                    read = RequirePreferences(preferred.version)
                    writes = (PutState(playing(held), version), read)
                if await store.commit(Change(user, writes), NOW):
                    return

        async with asyncio.timeout(60):
            await asyncio.gather(*(insist(number % 2 == 0) for number in range(12)))
        found = await store.read(user, None, NOW)
        assert found.preferences.version == 6
        assert found.state is not None
        assert found.state.version.epoch == 6
