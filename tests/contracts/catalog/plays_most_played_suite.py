"""The contract of ``MostPlayedCache``."""

from __future__ import annotations

from catalog_svc.domain.plays import MOST_PLAYED, MostPlayed, Streams
from catalog_svc.ports.plays import MostPlayedCache
from meshkit.ulids import new_id


def a_list(made_at_ms: int = 1_700_000_000_000, count: int = 3) -> MostPlayed:
    """A list of that many tracks, the last never played."""
    tracks = tuple(Streams(new_id(), played) for played in range(count - 1, -1, -1))
    return MostPlayed(made_at_ms, tracks)


class MostPlayedContract:
    """Every adapter must pass; it gives ``cache``."""

    async def test_at_first_nothing_is_held(self, cache: MostPlayedCache) -> None:
        assert await cache.get() is None

    async def test_a_list_comes_back_as_it_was_put(self, cache: MostPlayedCache) -> None:
        for made_at_ms, count in enumerate((1, 3, MOST_PLAYED), 1_700_000_000_000):
            most_played = a_list(made_at_ms, count)
            await cache.put(most_played)
            assert await cache.get() == most_played

    async def test_counts_may_be_large(self, cache: MostPlayedCache) -> None:
        most_played = MostPlayed(1, (Streams(new_id(), 1 << 62),))
        await cache.put(most_played)
        assert await cache.get() == most_played

    async def test_a_list_that_was_made_earlier_does_not_go_over_a_later_one(
        self, cache: MostPlayedCache
    ) -> None:
        first, second = a_list(1_000), a_list(1_001)
        await cache.put(second)
        await cache.put(first)
        assert await cache.get() == second

    async def test_an_empty_list_is_not_held(self, cache: MostPlayedCache) -> None:
        assert await cache.may_load()
        await cache.put(a_list(1_000, 0))
        assert await cache.get() is None
        assert await cache.may_load()
        await cache.put(a_list(999))
        assert await cache.get() is not None

    async def test_one_at_a_time_makes_it(self, cache: MostPlayedCache) -> None:
        assert [await cache.may_load() for _ in range(3)] == [True, False, False]
        await cache.put(a_list())
        assert await cache.may_load()
