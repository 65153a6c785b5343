"""Heads of playlists in a real Valkey."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
from redis.asyncio import Redis

from meshkit import valkey
from playlist_svc.adapters.valkey import heads as valkey_heads
from playlist_svc.adapters.valkey.heads import KEPT_S, ValkeyHeads, key_of
from playlist_svc.domain.access import Visibility
from playlist_svc.domain.playlist import Head
from tests.contracts.playlist.head_cache import HeadCacheContract
from tests.contracts.playlist.store_world import head, new_id


@pytest.fixture
async def client(valkey_url: str) -> AsyncIterator[Redis]:
    async with valkey.open_client(valkey_url) as client:
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


async def test_a_server_that_forgot_its_scripts_is_told_again(client: Redis) -> None:
    cache, kept = ValkeyHeads(client), head(new_id())
    await cache.put([head(new_id())])
    await client.script_flush()
    await cache.put([kept])
    assert await cache.get(kept.playlist_id) == kept


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


async def test_a_cache_that_is_away_fails_open_and_rests() -> None:
    async with valkey.open_client("unix:///nowhere.sock") as away:
        cache, kept = ValkeyHeads(away), head(new_id())
        assert await cache.get(kept.playlist_id) is None
        await cache.put([kept])
        cache._rests_until = 0.0
        await cache.put([kept])
        assert cache._rests_until > 0.0


async def test_what_was_not_put_while_the_cache_was_away_is_put_before_the_next_get(
    client: Redis, valkey_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    public = head(new_id())
    async with valkey.open_client(valkey_url) as other_client:
        ours, theirs = ValkeyHeads(client), ValkeyHeads(other_client)
        await ours.put([public])
        private = replace(public, version=public.version + 1, title="Private now")
        with monkeypatch.context() as away:
            away.setattr(client, "evalsha", _away)
            await ours.put([private])
            assert await theirs.get(public.playlist_id) == public
        ours._rests_until = 0.0
        assert await ours.get(public.playlist_id) == private
        assert await theirs.get(public.playlist_id) == private


async def test_a_head_that_stands_already_is_not_put_again(
    client: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache, kept = ValkeyHeads(client), head(new_id())
    await cache.put([kept])
    monkeypatch.setattr(client, "evalsha", _away)
    await cache.put([kept])
    assert cache._rests_until == 0.0
    await client.flushall()
    assert await cache.get(kept.playlist_id) is None
    monkeypatch.undo()
    await cache.put([kept])
    assert await cache.get(kept.playlist_id) == kept


async def test_a_store_that_went_back_a_version_is_found_out_and_mended(
    client: Redis, valkey_url: str
) -> None:
    public = head(new_id(), version=4, visibility=Visibility.PUBLIC)
    private = replace(public, version=5, visibility=Visibility.PRIVATE)
    name = key_of(public.playlist_id)
    async with valkey.open_client(valkey_url) as other_client:
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


async def test_a_version_that_was_put_long_ago_is_known_and_put_again_when_it_is_missed(
    client: Redis,
) -> None:
    cache = ValkeyHeads(client)
    old = head(new_id(), version=4)
    new = replace(old, version=5)
    await ValkeyHeads(client).put([old])
    before = await _value(client, old)
    await cache.put([new])
    cache._told[old.playlist_id] = replace(cache._told[old.playlist_id], at=float("-inf"))
    await client.set(key_of(old.playlist_id), before)
    assert await cache.get(old.playlist_id) is None
    await cache.put([new])
    assert await cache.get(old.playlist_id) == new


async def test_after_a_failed_call_what_was_put_lately_is_put_again_for_everyone(
    client: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache, old = ValkeyHeads(client), head(new_id(), version=4)
    new = replace(old, version=5)
    await cache.put([old])
    before = await _value(client, old)
    await cache.put([new])
    with monkeypatch.context() as away:
        away.setattr(client, "evalsha", _away)
        await cache.put([head(new_id())])
    await client.set(key_of(old.playlist_id), before)
    cache._rests_until = 0.0
    await cache.get(new_id())
    assert await ValkeyHeads(client).get(old.playlist_id) == new


async def test_a_server_that_was_started_anew_gets_what_was_put_lately(client: Redis) -> None:
    cache, kept = ValkeyHeads(client), head(new_id())
    await cache.put([kept])
    await client.flushall()
    await client.script_flush()
    await cache.put([head(new_id())])
    assert await ValkeyHeads(client).get(kept.playlist_id) == kept


async def test_a_head_is_spared_its_second_put_for_seconds_only(
    client: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache, kept = ValkeyHeads(client), head(new_id())
    await cache.put([kept])
    await client.flushall()
    await cache.put([kept])
    assert await client.keys("*") == []
    monkeypatch.setattr(valkey_heads, "_SPARED_S", 0.0)
    await cache.put([kept])
    assert await cache.get(kept.playlist_id) == kept


async def _value(client: Redis, kept: Head) -> Any:
    return await client.get(key_of(kept.playlist_id))


async def _away(*_arguments: object) -> None:
    raise ConnectionError("away")
