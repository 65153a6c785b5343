"""Heads of playlists in a real Valkey."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from redis.asyncio import Redis

from meshkit import valkey
from playlist_svc.adapters.valkey_heads import KEPT_S, ValkeyHeads
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


async def _away(*_arguments: object) -> None:
    raise ConnectionError("away")
