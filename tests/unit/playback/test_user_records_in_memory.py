"""What is held of a user in memory, erased under its contract."""

from __future__ import annotations

from typing import Any

import pytest

from meshkit.feeds import MemoryChangeFeed
from playback_svc.adapters.codecs import plays_feed
from playback_svc.adapters.memory.deliveries import MemoryDeliveries
from playback_svc.adapters.memory.player_states import MemoryPlayerStates
from playback_svc.adapters.memory.plays import MemoryPlays
from playback_svc.adapters.memory.user_records import MemoryUserRecords
from tests.contracts.playback.user_records_suite import RecordsUnderTest, UserRecordsContract


class TestMemoryUserRecords(UserRecordsContract):
    @pytest.fixture
    def under_test(self) -> RecordsUnderTest:
        store, feed = MemoryPlayerStates(), MemoryChangeFeed()
        deliveries = MemoryDeliveries(store)

        async def append(user_id: str, play: Any) -> None:
            feed.append(plays_feed.change_of(user_id, play))

        async def denied() -> list[str]:
            held = store.denials.items()
            return [session_id for session_id, (_, denial) in held if not denial.rungs]

        return RecordsUnderTest(
            MemoryUserRecords(store, deliveries, feed),
            store,
            MemoryPlays(store),
            deliveries,
            feed,
            append,
            denied,
            store,
        )
