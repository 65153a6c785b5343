"""Preferences by cases: what changes, what is hidden with them, and what the cache is told."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from playback_svc.adapters.memory.clients import MemoryPositions
from playback_svc.adapters.memory.deliveries import MemoryDeliveries
from playback_svc.adapters.memory.events import MemoryEventBus
from playback_svc.adapters.memory.player_states import MemoryPlayerStates
from playback_svc.adapters.memory.preferences import MemoryPreferences
from playback_svc.domain.player_state import pause, stop
from playback_svc.domain.preferences import DEFAULT, BitratePreference, Preferences
from playback_svc.ports.events import PlaybackChanged, SettingsChanged
from playback_svc.usecases.commander import Commander
from playback_svc.usecases.preferences import GetPreferences, PreferencesPatch, UpdatePreferences
from tests.contracts.playback.samples import NOW, beat, new_id, playing, request_key

PRIVATE = PreferencesPatch(private_session=True)


class Rig:
    """One user."""

    def __init__(self) -> None:
        self.now, self.user = NOW, new_id()
        self.store, self.positions = MemoryPlayerStates(), MemoryPositions()
        self.events, self.cache = MemoryEventBus(), MemoryPreferences()
        clock = lambda: self.now  # noqa: E731
        commander = Commander(
            self.store, self.positions, MemoryDeliveries(self.store), self.events, clock
        )
        self.update = UpdatePreferences(commander, self.cache)
        self.get = GetPreferences(self.store, self.cache, clock)


@pytest.fixture
def rig() -> Rig:
    return Rig()


def test_wishes_leave_what_they_do_not_name() -> None:
    present = Preferences(BitratePreference.AAC_128, False, False, True, True, version=4)
    assert PreferencesPatch().applied(present) is present
    assert PreferencesPatch(normalize=False).applied(present) is present
    patch = PreferencesPatch(BitratePreference.UNLIMITED, normalize=True, private_session=False)
    assert patch.applied(present) == Preferences(
        BitratePreference.UNLIMITED, False, True, False, True, version=5
    )


async def test_the_defaults_are_kept_too(rig: Rig) -> None:
    assert await rig.get(rig.user) == DEFAULT
    assert await rig.cache.get(rig.user) == DEFAULT


async def test_a_change_is_told_to_the_cache_and_to_who_watches(rig: Rig) -> None:
    after = await rig.update(rig.user, PreferencesPatch(share_activity=True), None)
    assert after == replace(DEFAULT, share_activity=True, version=1)
    assert rig.store.preferences[rig.user] == after == await rig.cache.get(rig.user)
    assert rig.events.sent == [SettingsChanged(rig.user)]


async def test_what_changes_nothing_is_told_to_nobody(rig: Rig) -> None:
    await rig.update(rig.user, PreferencesPatch(normalize=True), None)
    assert rig.events.sent == []
    assert rig.user not in rig.store.preferences


async def test_what_was_announced_and_not_stored_is_read_from_the_store(rig: Rig) -> None:
    after = await rig.update(rig.user, PreferencesPatch(share_activity=True), None)
    await rig.cache.announce(rig.user, 2)
    assert await rig.get(rig.user) == after


async def test_many_changes_at_once_all_count(rig: Rig) -> None:
    patch = [
        PreferencesPatch(share_activity=True),
        PreferencesPatch(normalize=False),
        PreferencesPatch(offline_enabled=False),
        PreferencesPatch(private_session=True),
        PreferencesPatch(bitrate=BitratePreference.AAC_192),
    ]
    answers = await asyncio.gather(*(rig.update(rig.user, one, None) for one in patch))
    assert sorted(one.version for one in answers) == [1, 2, 3, 4, 5]
    wanted = Preferences(BitratePreference.AAC_192, False, False, True, True, version=5)
    assert await rig.get(rig.user) == rig.store.preferences[rig.user] == wanted


async def test_a_retry_tells_the_cache_nothing_older(rig: Rig) -> None:
    key = request_key(rig.user)
    first = await rig.update(rig.user, PreferencesPatch(normalize=False), key)
    second = await rig.update(rig.user, PreferencesPatch(normalize=True), None)
    assert await rig.update(rig.user, PreferencesPatch(normalize=False), key) == first
    assert await rig.get(rig.user) == second


@pytest.mark.parametrize("held", [False, True])
async def test_turning_private_hides_what_plays_where_it_is_now(rig: Rig, held: bool) -> None:
    state = playing()
    state = pause(state, NOW + 10_000) if held else state
    rig.store.states[rig.user] = state
    await rig.positions.put([beat(state, position_ms=9_000)])
    rig.now += 30_000
    await rig.update(rig.user, PRIVATE, None)
    after = rig.store.states[rig.user]
    assert after.private
    assert (after.status, after.play_id) == (state.status, state.play_id)
    assert after.version.revision == state.version.revision + 1
    assert after.position_at(rig.now) == (10_000 if held else 29_000)
    assert [type(one) for one in rig.events.sent] == [PlaybackChanged, SettingsChanged]


async def test_what_is_over_or_was_hidden_is_written_as_it_was(rig: Rig) -> None:
    for state in (stop(playing(), NOW + 5), replace(playing(), private=True)):
        rig.store.states[rig.user] = state
        rig.store.preferences.clear()
        rig.now += 1_000
        await rig.update(rig.user, PRIVATE, None)
        assert rig.store.states[rig.user] is state
        assert rig.store.preferences[rig.user].private_session


async def test_what_silence_has_ended_is_not_written_by_a_change_of_preferences(
    rig: Rig,
) -> None:
    state = playing()
    rig.store.states[rig.user] = state
    await rig.positions.put([beat(state)])
    rig.now += 600_000
    for patch in (PRIVATE, PreferencesPatch(normalize=False)):
        await rig.update(rig.user, patch, None)
        assert rig.store.states[rig.user] is state
    assert rig.store.plays == {}


async def test_private_stays_what_it_hid_when_it_is_turned_off(rig: Rig) -> None:
    rig.store.states[rig.user] = playing()
    await rig.update(rig.user, PRIVATE, None)
    await rig.update(rig.user, PreferencesPatch(private_session=False), None)
    assert rig.store.states[rig.user].private
    assert not rig.store.preferences[rig.user].private_session
