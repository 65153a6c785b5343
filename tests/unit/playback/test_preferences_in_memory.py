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


class Desk:
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
def desk() -> Desk:
    return Desk()


def test_wishes_leave_what_they_do_not_name() -> None:
    present = Preferences(BitratePreference.AAC_128, False, False, True, True, version=4)
    assert PreferencesPatch().applied(present) is present
    assert PreferencesPatch(normalize=False).applied(present) is present
    patch = PreferencesPatch(BitratePreference.UNLIMITED, normalize=True, private_session=False)
    assert patch.applied(present) == Preferences(
        BitratePreference.UNLIMITED, False, True, False, True, version=5
    )


async def test_the_defaults_are_kept_too(desk: Desk) -> None:
    assert await desk.get(desk.user) == DEFAULT
    assert await desk.cache.get(desk.user) == DEFAULT


async def test_a_change_is_told_to_the_cache_and_to_who_watches(desk: Desk) -> None:
    after = await desk.update(desk.user, PreferencesPatch(share_activity=True), None)
    assert after == replace(DEFAULT, share_activity=True, version=1)
    assert desk.store.preferences[desk.user] == after == await desk.cache.get(desk.user)
    assert desk.events.sent == [SettingsChanged(desk.user)]


async def test_what_changes_nothing_is_told_to_nobody(desk: Desk) -> None:
    await desk.update(desk.user, PreferencesPatch(normalize=True), None)
    assert desk.events.sent == []
    assert desk.user not in desk.store.preferences


async def test_what_was_announced_and_not_stored_is_read_from_the_store(desk: Desk) -> None:
    after = await desk.update(desk.user, PreferencesPatch(share_activity=True), None)
    await desk.cache.announce(desk.user, 2)
    assert await desk.get(desk.user) == after


async def test_many_changes_at_once_all_count(desk: Desk) -> None:
    patch = [
        PreferencesPatch(share_activity=True),
        PreferencesPatch(normalize=False),
        PreferencesPatch(offline_enabled=False),
        PreferencesPatch(private_session=True),
        PreferencesPatch(bitrate=BitratePreference.AAC_192),
    ]
    answers = await asyncio.gather(*(desk.update(desk.user, one, None) for one in patch))
    assert sorted(one.version for one in answers) == [1, 2, 3, 4, 5]
    wanted = Preferences(BitratePreference.AAC_192, False, False, True, True, version=5)
    assert await desk.get(desk.user) == desk.store.preferences[desk.user] == wanted


async def test_a_retry_tells_the_cache_nothing_older(desk: Desk) -> None:
    key = request_key(desk.user)
    first = await desk.update(desk.user, PreferencesPatch(normalize=False), key)
    second = await desk.update(desk.user, PreferencesPatch(normalize=True), None)
    assert await desk.update(desk.user, PreferencesPatch(normalize=False), key) == first
    assert await desk.get(desk.user) == second


@pytest.mark.parametrize("held", [False, True])
async def test_turning_private_hides_what_plays_where_it_is_now(desk: Desk, held: bool) -> None:
    state = playing()
    state = pause(state, NOW + 10_000) if held else state
    desk.store.states[desk.user] = state
    await desk.positions.put([beat(state, position_ms=9_000)])
    desk.now += 30_000
    await desk.update(desk.user, PRIVATE, None)
    after = desk.store.states[desk.user]
    assert after.private
    assert (after.status, after.play_id) == (state.status, state.play_id)
    assert after.version.revision == state.version.revision + 1
    assert after.position_at(desk.now) == (10_000 if held else 29_000)
    assert [type(one) for one in desk.events.sent] == [PlaybackChanged, SettingsChanged]


async def test_what_is_over_or_was_hidden_is_written_as_it_was(desk: Desk) -> None:
    for state in (stop(playing(), NOW + 5), replace(playing(), private=True)):
        desk.store.states[desk.user] = state
        desk.store.preferences.clear()
        desk.now += 1_000
        await desk.update(desk.user, PRIVATE, None)
        assert desk.store.states[desk.user] is state
        assert desk.store.preferences[desk.user].private_session


async def test_what_silence_has_ended_is_not_written_by_a_change_of_preferences(
    desk: Desk,
) -> None:
    state = playing()
    desk.store.states[desk.user] = state
    await desk.positions.put([beat(state)])
    desk.now += 600_000
    for patch in (PRIVATE, PreferencesPatch(normalize=False)):
        await desk.update(desk.user, patch, None)
        assert desk.store.states[desk.user] is state
    assert desk.store.plays == {}


async def test_private_stays_what_it_hid_when_it_is_turned_off(desk: Desk) -> None:
    desk.store.states[desk.user] = playing()
    await desk.update(desk.user, PRIVATE, None)
    await desk.update(desk.user, PreferencesPatch(private_session=False), None)
    assert desk.store.states[desk.user].private
    assert not desk.store.preferences[desk.user].private_session
