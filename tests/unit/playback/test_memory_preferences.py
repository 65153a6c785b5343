"""Cached preferences in memory under the suite of their port."""

from __future__ import annotations

import pytest

from playback_svc.adapters.memory.preferences import MemoryPreferences
from tests.contracts.playback.preferences_suite import CacheUnderTest, PreferencesCacheContract


class TestMemoryPreferences(PreferencesCacheContract):
    @pytest.fixture
    def under_test(self) -> CacheUnderTest:
        cache = MemoryPreferences()

        async def forget_announced(user_id: str) -> None:
            cache.forget_announced()

        return CacheUnderTest(cache, forget_announced)
