"""Valkey is asked within bounds, and each use says what happens while it is away."""

from __future__ import annotations

import asyncio

import pytest

from meshkit.faults import Unavailable
from meshkit.valkey import fail_closed, fail_open, open_client

COUNT_THEN_BE_BUSY = """
local function now() local t = redis.call('TIME') return t[1] + t[2] / 1e6 end
redis.call('INCR', KEYS[1])
local over = now() + 0.45
while now() < over do end
"""


async def test_a_command_gets_its_answer_either_way(valkey_url: str) -> None:
    async with open_client(valkey_url) as client:
        await client.set("key", b"value")
        assert await fail_open(client.get("key"), otherwise=None, use="a cache") == b"value"
        assert await fail_closed(client.get("key"), use="a limit") == b"value"


async def test_every_test_begins_without_keys(valkey_url: str) -> None:
    async with open_client(valkey_url) as client:
        assert await client.dbsize() == 0


async def test_a_server_that_is_away_fails_open_or_closed_as_told(valkey_url: str) -> None:
    async with open_client(valkey_url + ".gone") as client:
        assert await fail_open(client.get("key"), otherwise=b"other", use="a cache") == b"other"
        with pytest.raises(Unavailable) as caught:
            await fail_closed(client.get("key"), use="a limit")
    assert caught.value.reason == "STORE_UNAVAILABLE"
    assert "gone" not in caught.value.message


async def test_a_command_without_an_answer_is_given_up_and_not_sent_again(valkey_url: str) -> None:
    async with (
        open_client(valkey_url, command_timeout_s=5.0) as observer,
        open_client(valkey_url, command_timeout_s=0.3) as client,
    ):
        with pytest.raises(Unavailable):
            await fail_closed(client.eval(COUNT_THEN_BE_BUSY, 1, "count"), use="a limit")
        assert await observer.get("count") == b"1"


async def test_a_wrong_command_is_a_mistake_and_not_an_outage(valkey_url: str) -> None:
    async with open_client(valkey_url) as client:
        await client.set("key", b"text")
        with pytest.raises(Exception, match="WRONGTYPE"):
            await fail_open(client.lpush("key", "x"), otherwise=0, use="a cache")


async def test_a_dead_connection_in_the_pool_is_survived(valkey_url: str) -> None:
    async with open_client(valkey_url) as client, open_client(valkey_url) as killer:
        await client.set("key", b"value")
        await killer.client_kill_filter(_type="normal", skipme=True)
        assert await fail_closed(client.get("key"), use="a limit") == b"value"


async def test_more_callers_than_connections_wait_their_turn(valkey_url: str) -> None:
    async with open_client(valkey_url, max_connections=2) as client:
        found = await asyncio.gather(
            *(fail_closed(client.incr("count"), use="a count") for _ in range(20))
        )
    assert sorted(found) == list(range(1, 21))


async def test_a_store_that_cannot_persist_is_away(valkey_url: str) -> None:
    async with open_client(valkey_url) as client:
        refused = client.eval("return redis.error_reply('MISCONF cannot persist')", 0)
        assert await fail_open(refused, otherwise=b"none", use="a cache") == b"none"
