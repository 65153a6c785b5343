"""Deliveries in memory."""

from __future__ import annotations

import pytest

from playback_svc.adapters.memory.deliveries import MemoryDeliveries
from playback_svc.adapters.memory.player_states import MemoryPlayerStates
from playback_svc.ports.player_states import Change
from tests.contracts.playback.deliveries_suite import DeliveriesContract, DeliveriesUnderTest
from tests.contracts.playback.samples import NOW, playing, record


class TestMemoryDeliveries(DeliveriesContract):
    @pytest.fixture
    def under_test(self) -> DeliveriesUnderTest:
        store = MemoryPlayerStates()

        async def begin(user_id: str) -> str:
            session = record(playing())
            assert await store.commit(Change(user_id, (session,)), NOW)
            return session.session_id

        return DeliveriesUnderTest(MemoryDeliveries(store), begin)
