"""Versioned values in a real Valkey, alone and as a node of a cluster."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest
from redis.asyncio import Redis

from meshkit import valkey
from meshkit.faults import Unavailable
from meshkit.testing import stores
from meshkit.testing.versioned_suite import VersionedStoreContract, cached, value
from meshkit.versioned_cache import ANNOUNCED_S, Versioned
from meshkit.versioned_valkey import ValkeyVersions

KEY = "thing:{a}"
LIFE_S = 3_600


def versions(client: Redis, *, ties: bool = False) -> ValkeyVersions:
    return ValkeyVersions(client, use="things", life_s=LIFE_S, ties=ties)


@pytest.fixture
async def client(valkey_url: str) -> AsyncIterator[Redis]:
    async with stores.valkey_client(valkey_url) as client:
        yield client


class TestValkeyVersions(VersionedStoreContract):
    @pytest.fixture
    def store(self, client: Redis) -> ValkeyVersions:
        return versions(client)


@pytest.fixture(scope="module")
def cluster_url() -> Iterator[str]:
    with stores.valkey_server(cluster=True) as url:
        yield url


class TestANodeOfACluster(VersionedStoreContract):
    """It refuses what names keys of two slots in one command."""

    @pytest.fixture
    async def store(self, cluster_url: str) -> AsyncIterator[ValkeyVersions]:
        stores.flush_valkey(cluster_url)
        async with stores.valkey_client(cluster_url) as client:
            yield versions(client)


async def test_values_and_announcements_live_as_long_as_they_should(client: Redis) -> None:
    store = versions(client)
    await store.put([value(KEY, 1)])
    assert LIFE_S - 60 < await client.ttl(KEY) <= LIFE_S
    await cached(store).announce(KEY, 2)
    assert 0 < await client.ttl(KEY) <= ANNOUNCED_S


async def test_a_server_that_forgot_its_scripts_is_told_again_and_found_out(client: Redis) -> None:
    store, many = versions(client), [value(f"thing:{{{n}}}", 1) for n in range(9)]
    await store.put([value(KEY, 1)])
    assert await store.put([value(KEY, 2)])
    await client.script_flush()
    assert not await store.put([value(KEY, 3)])
    await client.script_flush()
    assert not await store.put(many)
    assert await store.put(many)
    assert await store.get([KEY, *(one.key for one in many)]) == [value(KEY, 3), *many]


async def test_a_server_that_was_started_anew_gets_what_was_put_lately(client: Redis) -> None:
    cache = cached(versions(client))
    await cache.put([value(KEY, 2)])
    await client.flushall()
    await client.script_flush()
    await cache.put([value("thing:{b}", 1)])
    assert await cached(versions(client)).get(KEY) == value(KEY, 2)


async def test_with_ties_the_last_of_a_version_stands(client: Redis) -> None:
    store = versions(client, ties=True)
    for body in (b"first", b"last"):
        await store.put([Versioned(KEY, 3, body)])
    await store.put([value(KEY, 2)])
    assert await store.get([KEY]) == [Versioned(KEY, 3, b"last")]


@pytest.mark.parametrize("rubbish", [b"", b" ", b"x", b"nonsense here", b"-1 a", b"7", b"7 "])
async def test_rubbish_counts_as_none_and_is_replaced(client: Redis, rubbish: bytes) -> None:
    store = versions(client)
    await client.set(KEY, rubbish)
    assert await store.get([KEY, "thing:{b}"]) == [None, None]
    await store.put([value(KEY, 8)])
    assert await store.get([KEY]) == [value(KEY, 8)]


async def test_a_store_that_is_away_rests_and_its_cache_fails_open() -> None:
    async with valkey.open_client("unix:///nowhere.sock") as away:
        store = versions(away)
        assert not store.rests
        with pytest.raises(Unavailable):
            await store.get([KEY])
        assert store.rests
        with pytest.raises(Unavailable):
            await store.put([value(KEY, 1)])
        cache = cached(store)
        await cache.put([value(KEY, 1)])
        await cache.announce(KEY, 2)
        assert await cache.get(KEY) is None
