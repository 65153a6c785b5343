"""Lists of Discover Weekly in memory keep what their store promises."""

from __future__ import annotations

import pytest

from rec_svc.adapters.memory.weekly_lists import MemoryWeeklyLists
from tests.contracts.rec.weekly_lists_suite import WeeklyListsContract


class TestMemoryWeeklyLists(WeeklyListsContract):
    @pytest.fixture
    def lists(self) -> MemoryWeeklyLists:
        return MemoryWeeklyLists()
