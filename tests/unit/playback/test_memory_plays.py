"""The history in memory under the suite of its port."""

from __future__ import annotations

import pytest

from playback_svc.adapters.memory.player_states import MemoryPlayerStates
from playback_svc.adapters.memory.plays import MemoryPlays
from playback_svc.domain.plays import PlayRecord
from playback_svc.ports.player_states import Change
from tests.contracts.playback.plays_suite import PlaysContract, PlaysUnderTest
from tests.contracts.playback.samples import NOW


class TestMemoryPlays(PlaysContract):
    @pytest.fixture
    def under_test(self) -> PlaysUnderTest:
        store = MemoryPlayerStates()

        async def enter(user_id: str, play: PlayRecord) -> None:
            assert await store.commit(Change(user_id, (play,)), NOW)

        return PlaysUnderTest(MemoryPlays(store), enter)
