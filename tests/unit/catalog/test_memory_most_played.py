"""The list of the most played in memory, and the end of its life."""

from __future__ import annotations

import pytest

from catalog_svc.adapters.memory.most_played import MemoryMostPlayed
from tests.contracts.catalog.plays_most_played_suite import MostPlayedContract, a_list


class TestMemoryMostPlayed(MostPlayedContract):
    @pytest.fixture
    def cache(self) -> MemoryMostPlayed:
        return MemoryMostPlayed()


async def test_after_an_hour_it_is_made_anew_and_an_older_one_is_as_good() -> None:
    now_s = 0.0
    cache = MemoryMostPlayed(lambda: now_s)
    first, second = a_list(2), a_list(1)
    await cache.put(first)
    now_s = 3_599.0
    assert await cache.get() == first
    now_s = 3_600.0
    assert await cache.get() is None
    await cache.put(second)
    assert await cache.get() == second


async def test_a_loader_that_never_comes_back_is_waited_for_some_seconds() -> None:
    now_s = 0.0
    cache = MemoryMostPlayed(lambda: now_s)
    assert await cache.may_load()
    now_s = 4.9
    assert not await cache.may_load()
    now_s = 5.0
    assert await cache.may_load()
