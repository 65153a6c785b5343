"""Cached preferences in a real Valkey."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis

from meshkit import versioned_valkey
from meshkit.testing import stores
from playback_svc.adapters.valkey.preferences import ValkeyPreferences
from tests.contracts.playback.preferences_suite import (
    CacheUnderTest,
    PreferencesCacheContract,
    version,
)
from tests.contracts.playback.samples import new_id


@pytest.fixture
async def client(valkey_url: str) -> AsyncIterator[Redis]:
    async with stores.valkey_client(valkey_url) as client:
        yield client


class TestValkeyPreferences(PreferencesCacheContract):
    @pytest.fixture
    def under_test(self, client: Redis) -> CacheUnderTest:
        async def forget_announced(user_id: str) -> None:
            key = f"user:{{{user_id}}}:preferences"
            assert 0 < await client.ttl(key) <= 60
            await client.delete(key)

        return CacheUnderTest(ValkeyPreferences(client), forget_announced)


async def test_preferences_are_kept_for_thirty_days_under_the_user(client: Redis) -> None:
    user = new_id()
    await ValkeyPreferences(client).put(user, version(3))
    left_s = await client.ttl(f"user:{{{user}}}:preferences")
    assert 30 * 86_400 - 60 < left_s <= 30 * 86_400


async def test_another_instance_never_puts_back_what_is_older(client: Redis) -> None:
    user, here, there = new_id(), ValkeyPreferences(client), ValkeyPreferences(client)
    await here.put(user, version(2))
    await there.put(user, version(1))
    assert await here.get(user) == await there.get(user) == version(2)


async def test_what_is_malformed_is_as_if_it_were_not_there(client: Redis) -> None:
    user, cache = new_id(), ValkeyPreferences(client)
    for value in (b"1 {", b"x", b"1 []", b'1 {"bitrate": "LOUD"}', b'{"a": 1}', b" "):
        await client.set(f"user:{{{user}}}:preferences", value)
        assert await cache.get(user) is None
    await cache.put(user, version(1))
    assert await cache.get(user) == version(1)


async def test_a_store_that_was_away_is_given_what_it_missed_before_it_is_read(
    client: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    user, cache = new_id(), ValkeyPreferences(client)
    await cache.put(user, version(1))
    with monkeypatch.context() as away:
        away.setattr(client, "evalsha", _away)
        await cache.announce(user, 2)
        await cache.put(user, version(2))
    assert await cache.get(user) is None  # It rests.
    monkeypatch.setattr(versioned_valkey.time, "monotonic", lambda: float("inf"))
    assert await cache.get(user) == version(2)


async def _away(*_arguments: object) -> None:
    raise ConnectionError("away")
