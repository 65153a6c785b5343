"""The versioned store in memory keeps the contract, and a cache outlives the store's absence."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from meshkit import versioned_cache
from meshkit.testing.versioned_suite import VersionedStoreContract, cached, value
from meshkit.versioned_cache import MemoryVersions, Versioned, VersionedCache

KEY = "thing:{a}"
OLD, NEW = value(KEY, 4), value(KEY, 5)


class TestMemoryVersions(VersionedStoreContract):
    @pytest.fixture
    def store(self) -> MemoryVersions:
        return MemoryVersions()


class Counted(MemoryVersions):
    """Counts what it is asked; ``anew`` is a store that was started anew and says so once."""

    def __init__(self) -> None:
        super().__init__()
        self.puts: list[int] = []
        self.gets = 0
        self.anew = False

    async def put(self, values: Sequence[Versioned], *, life_s: int | None = None) -> bool:
        await asyncio.sleep(0)
        await super().put(values, life_s=life_s)
        self.puts.append(len(values))
        same, self.anew = not self.anew, False
        return same

    async def get(self, keys: Sequence[str]) -> list[Versioned | None]:
        self.gets += 1
        await asyncio.sleep(0)
        return await super().get(keys)


@pytest.fixture
def store() -> Counted:
    return Counted()


@pytest.fixture
def cache(store: Counted) -> VersionedCache[Versioned]:
    return cached(store)


async def test_what_was_not_put_is_put_before_the_next_get(
    store: Counted, cache: VersionedCache[Versioned]
) -> None:
    await cache.put([OLD])
    store.away = True
    await cache.put([NEW])
    await cache.announce(KEY, 6)
    assert await cache.get(KEY) is None
    store.away = False
    assert await cached(store).get(KEY) == OLD
    assert await cache.get(KEY) == NEW
    assert store.kept[KEY] == NEW


async def test_what_stands_already_is_not_put_again_for_seconds(
    store: Counted, cache: VersionedCache[Versioned], monkeypatch: pytest.MonkeyPatch
) -> None:
    await cache.put([NEW])
    await cache.put([NEW, OLD])
    assert store.puts == [1]
    monkeypatch.setattr(versioned_cache, "_SPARED_S", 0.0)
    await cache.put([NEW])
    assert store.puts == [1, 1]


async def test_what_the_store_has_lost_is_put_again_when_it_comes(
    store: Counted, cache: VersionedCache[Versioned]
) -> None:
    await cache.put([NEW])
    store.kept.clear()
    assert await cache.get(KEY) is None
    await cache.put([NEW])
    assert await cache.get(KEY) == NEW


async def test_a_store_that_went_back_a_version_is_found_out_and_mended(
    store: Counted, cache: VersionedCache[Versioned]
) -> None:
    await cache.put([NEW])
    store.kept[KEY] = OLD
    assert await cache.get(KEY) is None
    assert await cache.get(KEY) == NEW
    assert await cached(store).get(KEY) == NEW


async def test_a_store_that_was_started_anew_gets_what_was_put_lately(
    store: Counted, cache: VersionedCache[Versioned]
) -> None:
    await cache.put([NEW])
    store.kept.clear()
    store.anew = True
    await cache.put([value("thing:{b}", 1)])
    assert store.kept[KEY] == NEW


async def test_after_a_failed_call_what_was_put_lately_is_put_again_for_everyone(
    store: Counted, cache: VersionedCache[Versioned]
) -> None:
    await cache.put([NEW])
    store.away = True
    await cache.put([value("thing:{b}", 1)])
    store.away = False
    store.kept = {KEY: OLD}
    await cache.get("thing:{c}")
    assert store.kept[KEY] == NEW


async def test_gets_that_come_meanwhile_leave_together(
    store: Counted, cache: VersionedCache[Versioned]
) -> None:
    await cache.put([value(f"k{n}", n) for n in range(50)])
    first = asyncio.create_task(cache.get("k0"))
    await asyncio.sleep(0)
    others = [asyncio.create_task(cache.get(f"k{n}")) for n in range(1, 50)]
    others[3].cancel()
    assert await first == value("k0", 0)
    found = await asyncio.gather(*others, return_exceptions=True)
    assert isinstance(found.pop(3), asyncio.CancelledError)
    assert found == [value(f"k{n}", n) for n in range(1, 50) if n != 4]
    assert store.gets <= 3


async def test_what_is_owed_is_bounded_and_the_oldest_goes_first(
    store: Counted, cache: VersionedCache[Versioned], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(versioned_cache, "OWED_MOST", 3)
    store.away = True
    for number in range(5):
        await cache.put([value(f"k{number}", 1)])
    store.away = False
    assert await cache.get("k0") is None
    assert sorted(store.kept) == ["k2", "k3", "k4"]


async def test_a_damaged_value_counts_as_none(store: Counted) -> None:
    blind: VersionedCache[bytes] = VersionedCache(store, decode=lambda _: None)
    await blind.put([NEW])
    assert await blind.get(KEY) is None
