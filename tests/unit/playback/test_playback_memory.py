"""The memory adapters under the suites of their ports."""

from __future__ import annotations

import pytest

from meshkit.testing.answer_suite import AnswersContract, AnswersUnderTest
from playback_svc.adapters.memory.clients import MemoryPositions
from playback_svc.adapters.memory.player_states import MemoryPlayerStates
from tests.contracts.playback.answers import answers_of
from tests.contracts.playback.mailboxes_suite import MailboxesContract
from tests.contracts.playback.player_states_devices import DevicesContract
from tests.contracts.playback.player_states_preferences import StoredPreferencesContract
from tests.contracts.playback.player_states_suite import PlayerStatesContract
from tests.contracts.playback.player_states_whole import WholeStatesContract
from tests.contracts.playback.positions_suite import PositionsContract
from tests.contracts.playback.told_plans_suite import ToldPlansContract, ToldUnderTest
from tests.contracts.playback.upkeep_suite import UpkeepContract


class TestMemoryPlayerStates(PlayerStatesContract):
    @pytest.fixture
    def store(self) -> MemoryPlayerStates:
        return MemoryPlayerStates()


@pytest.fixture
def upkeep(store: MemoryPlayerStates) -> MemoryPlayerStates:
    return store


class TestMemoryUpkeep(UpkeepContract):
    @pytest.fixture
    def store(self) -> MemoryPlayerStates:
        return MemoryPlayerStates()


class TestMemoryWholeStates(WholeStatesContract):
    @pytest.fixture
    def store(self) -> MemoryPlayerStates:
        return MemoryPlayerStates()


class TestMemoryStoredPreferences(StoredPreferencesContract):
    @pytest.fixture
    def store(self) -> MemoryPlayerStates:
        return MemoryPlayerStates()


class TestMemoryDevices(DevicesContract):
    @pytest.fixture
    def store(self) -> MemoryPlayerStates:
        return MemoryPlayerStates()


class TestMemoryAnswers(AnswersContract):
    @pytest.fixture
    def answers(self) -> AnswersUnderTest:
        return answers_of(MemoryPlayerStates())


class TestMemoryMailboxes(MailboxesContract):
    @pytest.fixture
    def store(self) -> MemoryPlayerStates:
        return MemoryPlayerStates()


class TestMemoryPositions(PositionsContract):
    @pytest.fixture
    def positions(self) -> MemoryPositions:
        return MemoryPositions()


class TestMemoryToldPlans(ToldPlansContract):
    @pytest.fixture
    def under_test(self) -> ToldUnderTest:
        store = MemoryPlayerStates()
        return ToldUnderTest(store, store)
