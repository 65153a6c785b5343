"""Heads of playlists in a real Valkey."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
from redis.asyncio import Redis

from meshkit.testing import stores
from playlist_svc.adapters.valkey.heads import KEPT_S, ValkeyHeads, key_of
from playlist_svc.domain.access import Visibility
from playlist_svc.domain.playlist import Head
from tests.contracts.playlist.playlists_head_cache_suite import HeadCacheContract
from tests.contracts.playlist.playlists_world import head, new_id


@pytest.fixture
async def client(valkey_url: str) -> AsyncIterator[Redis]:
    async with stores.valkey_client(valkey_url) as client:
        yield client


class TestValkeyHeads(HeadCacheContract):
    @pytest.fixture
    def cache(self, client: Redis) -> ValkeyHeads:
        return ValkeyHeads(client)


async def test_a_head_stands_under_its_known_name_for_six_hours(client: Redis) -> None:
    kept = head(new_id())
    await ValkeyHeads(client).put([kept])
    name = "playlist:{" + kept.playlist_id + "}:metadata"
    assert await client.keys("*") == [name.encode()]
    assert KEPT_S == 6 * 3_600
    assert KEPT_S - 60 < await client.ttl(name) <= KEPT_S


async def test_a_malformed_head_counts_as_none_and_is_replaced_by_a_newer_one(
    client: Redis,
) -> None:
    cache, kept = ValkeyHeads(client), head(new_id(), version=2)
    name = "playlist:{" + kept.playlist_id + "}:metadata"
    for value in ("1 [999]", "nonsense", ""):
        await client.set(name, value)
        assert await cache.get(kept.playlist_id) is None
        await cache.put([kept])
        assert await cache.get(kept.playlist_id) == kept


async def test_a_store_that_went_back_a_version_is_found_out_and_mended(
    client: Redis, valkey_url: str
) -> None:
    public = head(new_id(), version=4, visibility=Visibility.PUBLIC)
    private = replace(public, version=5, visibility=Visibility.PRIVATE)
    name = key_of(public.playlist_id)
    async with stores.valkey_client(valkey_url) as other_client:
        both = ValkeyHeads(client), ValkeyHeads(other_client)
        await both[0].put([public])
        before = await _value(client, public)
        for cache in both:
            await cache.put([private])
        for cache in both:
            await client.set(name, before)
            assert await cache.get(public.playlist_id) is None
            assert await cache.get(public.playlist_id) == private
            assert await both[0].get(public.playlist_id) == private
    assert await ValkeyHeads(client).get(public.playlist_id) == private


async def _value(client: Redis, kept: Head) -> Any:
    return await client.get(key_of(kept.playlist_id))
