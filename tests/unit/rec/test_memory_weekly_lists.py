"""Lists of Discover Weekly in memory keep what their store promises."""

from __future__ import annotations

import pytest

from rec_svc.adapters.memory.weekly_batches import MemoryWeeklyBatches
from rec_svc.adapters.memory.weekly_lists import MemoryWeeklyLists
from rec_svc.domain.weeks import Week
from rec_svc.ports.weekly_batches import WeeklyBatches
from tests.contracts.rec.weekly_batches_suite import WeeklyBatchesContract
from tests.contracts.rec.weekly_lists_suite import WeeklyListsContract


class TestMemoryWeeklyLists(WeeklyListsContract):
    @pytest.fixture
    def lists(self) -> MemoryWeeklyLists:
        return MemoryWeeklyLists()


class TestMemoryWeeklyBatches(WeeklyBatchesContract):
    @pytest.fixture
    def batches(self) -> MemoryWeeklyBatches:
        self.store = MemoryWeeklyBatches()
        return self.store

    async def queued(self, batches: WeeklyBatches) -> list[Week]:
        return self.store.queued
