# ruff: noqa: D102 - the name of a test is its sentence
"""The contract of ``meshkit.versioned_cache.VersionedStore``, and of a cache over one.

Subclass it with a fixture ``store`` that is empty for every test.
"""

from __future__ import annotations

import asyncio
from itertools import permutations
from uuid import uuid4

import pytest

from meshkit.versioned_cache import PUT_AT_ONCE, Versioned, VersionedCache, VersionedStore


def value(key: str, version: int) -> Versioned:
    """A value that its version determines, with bytes that a text would not have."""
    return Versioned(key, version, b"\x00\xff\r\n %d" % version)


def cached(store: VersionedStore) -> VersionedCache[Versioned]:
    """A cache over ``store`` whose values are what is stored."""
    return VersionedCache(store, decode=lambda one: one)


class VersionedStoreContract:
    """What every ``VersionedStore`` must do."""

    @pytest.fixture
    def key(self) -> str:
        return f"thing:{{{uuid4().hex}}}"

    async def test_what_was_put_comes_back_whole(self, store: VersionedStore, key: str) -> None:
        assert await store.put([value(key, 0)])
        assert await store.get([key]) == [value(key, 0)]

    async def test_nothing_is_known_of_another_key(self, store: VersionedStore, key: str) -> None:
        await store.put([])
        await store.put([value(key, 1)])
        assert await store.get(["thing:{other}", key]) == [None, value(key, 1)]
        assert await store.get([]) == []

    async def test_the_newest_stands_in_whatever_order_they_come(
        self, store: VersionedStore, key: str
    ) -> None:
        for number, order in enumerate(permutations((1, 2, 10))):
            each = f"{key}:{number}"
            for version in order:
                await store.put([value(each, version)])
            assert await store.get([each]) == [value(each, 10)]

    async def test_one_of_the_same_version_does_not_replace_it(
        self, store: VersionedStore, key: str
    ) -> None:
        await store.put([value(key, 3)])
        await store.put([Versioned(key, 3, b"another")])
        assert await store.get([key]) == [value(key, 3)]

    async def test_writers_at_once_leave_the_highest_version(
        self, store: VersionedStore, key: str
    ) -> None:
        versions = [number * 37 % 120 for number in range(120)]
        await asyncio.gather(*(store.put([value(key, version)]) for version in versions))
        assert await store.get([key]) == [value(key, 119)]

    async def test_as_many_as_it_takes_are_put_at_once_and_come_back_in_order(
        self, store: VersionedStore, key: str
    ) -> None:
        many = [value(f"many:{{{n % 7}}}:{key}:{n}", n) for n in range(PUT_AT_ONCE)]
        await store.put(many)
        assert await store.get([one.key for one in many]) == many

    async def test_an_announcement_hides_what_is_older_until_its_body_comes(
        self, store: VersionedStore, key: str
    ) -> None:
        await store.put([value(key, 1)])
        await store.put([Versioned(key, 2, b"")], life_s=60)
        assert await store.get([key]) == [None]
        await store.put([value(key, 1)])
        assert await store.get([key]) == [None]
        await store.put([value(key, 2)])
        assert await store.get([key]) == [value(key, 2)]

    async def test_who_announces_late_hides_nothing(self, store: VersionedStore, key: str) -> None:
        await store.put([value(key, 2)])
        for version in (2, 1):
            await store.put([Versioned(key, version, b"")], life_s=60)
        assert await store.get([key]) == [value(key, 2)]

    async def test_a_cache_over_it_answers_the_newest_to_all_who_ask_at_once(
        self, store: VersionedStore, key: str
    ) -> None:
        here, there = cached(store), cached(store)
        await here.put([value(key, 2)])
        await there.put([value(key, 1), value(f"{key}:b", 1)])
        asked = (here.get(key), here.get(key), here.get(f"{key}:b"), there.get(key))
        newest = value(key, 2)
        assert list(await asyncio.gather(*asked)) == [newest, newest, value(f"{key}:b", 1), newest]
        assert await here.get(f"{key}:unknown") is None

    async def test_a_cache_over_it_announces(self, store: VersionedStore, key: str) -> None:
        here, there = cached(store), cached(store)
        await here.put([value(key, 1)])
        await there.announce(key, 2)
        assert await here.get(key) is None
        await there.put([value(key, 2)])
        assert await here.get(key) == value(key, 2)

    async def test_what_was_deleted_is_unknown_and_any_version_may_come(
        self, store: VersionedStore, key: str
    ) -> None:
        await store.put([value(key, 2), value(f"{key}:b", 1)])
        await store.delete([key, f"{key}:unknown"])
        await store.delete([])
        assert await store.get([key, f"{key}:b"]) == [None, value(f"{key}:b", 1)]
        await store.put([value(key, 1)])
        assert await store.get([key]) == [value(key, 1)]

    async def test_a_cache_over_it_puts_nothing_again_that_it_deleted(
        self, store: VersionedStore, key: str
    ) -> None:
        here = cached(store)
        await here.put([value(key, 2)])
        await here.delete(key)
        assert await here.get(key) is None
        assert await store.get([key]) == [None]
