"""The list of the most played in a real Valkey."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis

from catalog_svc.adapters.valkey.most_played import KEY, LOADING_KEY, ValkeyMostPlayed
from meshkit import valkey
from meshkit.testing import stores
from tests.contracts.catalog.plays_most_played_suite import MostPlayedContract, a_list


@pytest.fixture
async def client(valkey_url: str) -> AsyncIterator[Redis]:
    async with stores.valkey_client(valkey_url) as client:
        yield client


class TestValkeyMostPlayed(MostPlayedContract):
    @pytest.fixture
    def cache(self, client: Redis) -> ValkeyMostPlayed:
        return ValkeyMostPlayed(client)


async def test_the_list_lives_for_an_hour_and_its_loader_for_seconds(client: Redis) -> None:
    cache = ValkeyMostPlayed(client)
    await cache.may_load()
    assert 0 < await client.ttl(LOADING_KEY) <= 5
    await cache.put(a_list())
    assert 3_590 < await client.ttl("tracks:top_1000") <= 3_600
    assert await client.exists(LOADING_KEY) == 0


@pytest.mark.parametrize("value", [b"nonsense", b"12 short", b"x " + bytes(24), b" " + bytes(24)])
async def test_a_malformed_list_is_none_and_is_replaced(client: Redis, value: bytes) -> None:
    cache, most_played = ValkeyMostPlayed(client), a_list()
    await client.set(KEY, value)
    assert await cache.get() is None
    await cache.put(most_played)
    assert await cache.get() == most_played


async def test_while_valkey_is_away_nothing_is_held_and_anyone_may_load() -> None:
    async with valkey.open_client("redis://127.0.0.1:9/0") as nowhere:
        cache = ValkeyMostPlayed(nowhere)
        assert await cache.may_load()
        assert await cache.may_load()
        await cache.put(a_list())
        assert await cache.get() is None
