"""Scripts are run by their digest, by servers that know them and by those that do not."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from redis import exceptions
from redis.asyncio import Redis

from meshkit.valkey import open_client
from meshkit.valkey_scripts import Script, TaggedCalls

ADD = "return redis.call('INCRBY', KEYS[1], ARGV[1])"
KEYS = [f"count:{{{n}}}" for n in range(5)]


@pytest.fixture
async def client(valkey_url: str) -> AsyncIterator[Redis]:
    async with open_client(valkey_url) as client:
        await client.script_flush()
        yield client


async def test_a_script_that_the_server_does_not_know_runs_once(client: Redis) -> None:
    add = Script(client, ADD)
    assert [await add(["count"], [2]) for _ in range(3)] == [2, 4, 6]
    assert add.loads == 1
    await client.script_flush()
    assert await add(["count"], [1]) == 7
    assert add.loads == 2


async def test_runs_that_are_sent_together_answer_in_order(client: Redis) -> None:
    add = Script(client, ADD)
    calls = [([key], [number]) for number, key in enumerate(KEYS)]
    assert await add.each(calls) == [0, 1, 2, 3, 4]
    await client.script_flush()
    assert await add.each(calls) == [0, 2, 4, 6, 8]
    assert await add.each([]) == []
    assert add.loads == 2


async def test_a_mistake_in_a_script_is_raised(client: Redis) -> None:
    wrong = Script(client, "return redis.call('INCRBY', KEYS[1], 'x')")
    with pytest.raises(exceptions.ResponseError):
        await wrong(["count"], [])
    with pytest.raises(exceptions.ResponseError):
        await wrong.each([(["count"], [])])


async def test_a_server_alone_is_asked_once_and_a_cluster_by_hash_tag(client: Redis) -> None:
    asked: list[list[str]] = []

    async def of_one_tag(at: Redis, keys: list[str]) -> object:
        asked.append(list(keys))
        if len({key.partition("{")[2] for key in keys}) > 1 and clustered:
            raise exceptions.ClusterCrossSlotError("keys of two slots")
        return await at.mget(keys)

    keys, clustered = [*KEYS, "other:{0}"], False
    calls = TaggedCalls(client)
    await calls.send(of_one_tag, keys, str)
    assert asked == [keys]
    asked, clustered = [], True
    answers = await calls.send(of_one_tag, keys, str)
    assert asked == [keys, [KEYS[0], "other:{0}"], *([key] for key in KEYS[1:])]
    assert [len(values) for _, values in answers] == [2, 1, 1, 1, 1]
    asked = []
    await calls.send(of_one_tag, keys, str)
    assert len(asked) == len(KEYS)
