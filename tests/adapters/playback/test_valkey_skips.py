"""Skips counted in a real Valkey, whose own clock tells the window."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest
from redis.asyncio import Redis

from meshkit import valkey
from meshkit.faults import Unavailable
from meshkit.testing import stores
from meshkit.testing.at_once import at_once
from playback_svc.adapters.valkey.skips import ValkeySkipWindows, key_of
from playback_svc.ports.skips import WINDOW_S, SkipAttempt, Tally
from tests.contracts.playback.samples import new_id
from tests.contracts.playback.skips_suite import LIMIT, SkipWindowsContract, Turn, skip_of

HOUR_MS = 3_600_000
ROOM_S = 15


def clock() -> int:
    return time.time_ns() // 1_000_000


async def present(client: Redis) -> int:
    seconds, _ = await client.time()
    return int(seconds) // WINDOW_S


@pytest.fixture
async def client(valkey_url: str) -> AsyncIterator[Redis]:
    """Far enough from the end of a window, so that none turns beneath a test."""
    async with stores.valkey_client(valkey_url) as client:
        seconds, _ = await client.time()
        left_s = WINDOW_S - seconds % WINDOW_S
        await asyncio.sleep(left_s if left_s < ROOM_S else 0)
        yield client


@pytest.fixture
def turn(client: Redis) -> Turn:
    """Moves what stands there back by a window, with the ends of its life."""

    async def turn() -> None:
        for key in sorted(await client.keys("skips:*")):
            assert isinstance(key, bytes)
            user_id, window = key.decode().removeprefix("skips:{").split("}:")
            earlier = key_of(user_id, int(window) - 1)
            await client.rename(key, earlier)
            await client.expireat(earlier, await client.expiretime(earlier) - WINDOW_S)

    return turn


class TestValkeySkipWindows(SkipWindowsContract):
    @pytest.fixture
    def windows(self, client: Redis) -> ValkeySkipWindows:
        return ValkeySkipWindows(client, clock)


class TestValkeySkipWindowsOfACallerWhoIsHoursLate(SkipWindowsContract):
    @pytest.fixture
    def windows(self, client: Redis) -> ValkeySkipWindows:
        return ValkeySkipWindows(client, lambda: clock() - 7 * HOUR_MS)


class TestValkeySkipWindowsOfACallerWhoIsAWindowAhead(SkipWindowsContract):
    @pytest.fixture
    def windows(self, client: Redis) -> ValkeySkipWindows:
        return ValkeySkipWindows(client, lambda: clock() + HOUR_MS // 2)


@pytest.fixture
async def four(client: Redis, valkey_url: str) -> AsyncIterator[list[ValkeySkipWindows]]:
    """Four instances with connections of their own, one of them with a clock that is wrong."""
    async with AsyncExitStack() as stack:
        clients = [
            await stack.enter_async_context(stores.valkey_client(valkey_url, connections=8))
            for _ in range(4)
        ]
        slow = ValkeySkipWindows(clients.pop(), lambda: clock() - 9 * HOUR_MS)
        yield [slow, *(ValkeySkipWindows(client, clock) for client in clients)]


async def taken_at_once(
    instances: list[ValkeySkipWindows], skips: list[SkipAttempt]
) -> list[Tally]:
    each = zip(itertools.cycle(instances), skips, strict=False)
    return await at_once(windows.take(skip, LIMIT) for windows, skip in each)


async def test_of_a_thousand_tries_at_once_over_four_instances_three_are_allowed(
    four: list[ValkeySkipWindows], client: Redis
) -> None:
    user = new_id()
    tallies = await taken_at_once(four, [skip_of(user) for _ in range(1_000)])
    assert Counter((tally.allowed, tally.counted_now) for tally in tallies) == {
        (True, True): LIMIT,
        (False, False): 1_000 - LIMIT,
    }
    assert {tally.used for tally in tallies if not tally.allowed} == {LIMIT}
    assert await client.hlen(key_of(user, await present(client))) == LIMIT


async def test_of_a_thousand_tries_in_pairs_three_pairs_are_allowed(
    four: list[ValkeySkipWindows], client: Redis
) -> None:
    user = new_id()
    skips = [skip for skip in (skip_of(user) for _ in range(500)) for _ in range(2)]
    tallies = await taken_at_once(four, skips)
    allowed = Counter(
        skip.request_id for skip, tally in zip(skips, tallies, strict=True) if tally.allowed
    )
    assert list(allowed.values()) == [2] * LIMIT
    assert sum(tally.counted_now for tally in tallies) == LIMIT
    assert await client.hlen(key_of(user, await present(client))) == LIMIT


async def test_instances_with_clocks_hours_apart_count_in_one_window(client: Redis) -> None:
    user = new_id()
    late = ValkeySkipWindows(client, lambda: clock() - 5 * HOUR_MS)
    early = ValkeySkipWindows(client, lambda: clock() + 5 * HOUR_MS)
    for windows, used in zip([late, early, late], [1, 2, 3], strict=True):
        assert (await windows.take(skip_of(user), LIMIT)).used == used
    assert not (await early.take(skip_of(user), LIMIT)).allowed
    assert await client.keys("*") == [key_of(user, await present(client)).encode()]


async def test_the_time_left_is_that_of_the_stores_window(client: Redis) -> None:
    windows = ValkeySkipWindows(client, lambda: 0)
    before, _ = await client.time()
    resets_in_s = (await windows.read(new_id())).resets_in_s
    after, _ = await client.time()
    assert WINDOW_S - after % WINDOW_S <= resets_in_s <= WINDOW_S - before % WINDOW_S


async def test_a_store_that_keeps_refusing_the_window_is_not_asked_for_ever(
    client: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[object] = []

    async def elsewhere(*arguments: object) -> list[bytes | int]:
        asked.append(arguments)
        return [b"elsewhere", len(asked)]

    monkeypatch.setattr(client, "evalsha", elsewhere)
    with pytest.raises(Unavailable):
        await ValkeySkipWindows(client, clock).read(new_id())
    assert len(asked) == 3


async def test_a_window_lives_until_the_end_of_the_one_after_it(client: Redis) -> None:
    windows = ValkeySkipWindows(client, clock)
    skip, window = skip_of(new_id()), await present(client)
    for _ in range(2):
        await windows.take(skip, LIMIT)
        assert await client.expiretime(key_of(skip.user_id, window)) == (window + 2) * WINDOW_S


async def test_a_denied_try_writes_nothing(client: Redis) -> None:
    user = new_id()
    windows = ValkeySkipWindows(client, clock)
    assert not (await windows.take(skip_of(user), 0)).allowed
    await windows.read(user)
    await windows.give_back(skip_of(user))
    assert await client.keys("*") == []
    await windows.take(skip_of(user), 1)
    key = key_of(user, await present(client))
    stood = await client.hgetall(key)
    assert not (await windows.take(skip_of(user), 1)).allowed
    assert await client.hgetall(key) == stood


def test_both_windows_of_a_user_are_in_one_slot_of_a_cluster() -> None:
    assert key_of("01JD4Q8Z7Y1V9K2M5N6P7R8S9T", 980_000) == (
        "skips:{01JD4Q8Z7Y1V9K2M5N6P7R8S9T}:980000"
    )


@pytest.mark.parametrize("back", [0, 1])
@pytest.mark.parametrize("value", [b"", b"1", b"what is this", b"\xff\x00", b"abc -1", b"abc "])
async def test_a_malformed_skip_counts_and_is_taken_for_whose_id_it_has(
    client: Redis, value: bytes, back: int
) -> None:
    windows, skip = ValkeySkipWindows(client, clock), skip_of(new_id())
    key = key_of(skip.user_id, await present(client) - back)
    await client.hset(key, skip.request_id, value)
    await windows.give_back(skip)
    assert await client.hget(key, skip.request_id) == value
    tally = await windows.take(skip, 1)
    assert (tally.allowed, tally.used, tally.counted_now) == (True, 1 - back, False)
    await windows.give_back(skip)
    assert await client.hlen(key) == 1
    assert (await windows.take(skip_of(skip.user_id), 1)).allowed == bool(back)


async def test_an_id_of_the_longest_that_the_contract_allows_is_counted(client: Redis) -> None:
    skip = skip_of(new_id(), "~" * 128)
    assert (await ValkeySkipWindows(client, clock).take(skip, LIMIT)).counted_now


@pytest.mark.parametrize("request_id", ["~" * 129, "é" * 65])
async def test_a_longer_id_is_never_stored(client: Redis, request_id: str) -> None:
    with pytest.raises(ValueError, match="128 bytes"):
        await ValkeySkipWindows(client, clock).take(skip_of(new_id(), request_id), LIMIT)
    assert await client.keys("*") == []


async def test_a_store_that_forgot_the_script_is_told_it_again(client: Redis) -> None:
    windows, user = ValkeySkipWindows(client, clock), new_id()
    for used in (1, 2):
        await client.script_flush()
        assert (await windows.take(skip_of(user), LIMIT)).used == used


async def test_while_the_store_is_away_no_skip_is_allowed() -> None:
    async with valkey.open_client("unix:///nowhere.sock") as away:
        windows, skip = ValkeySkipWindows(away, clock), skip_of(new_id())
        with pytest.raises(Unavailable):
            await windows.take(skip, LIMIT)
        with pytest.raises(Unavailable):
            await windows.give_back(skip)
        with pytest.raises(Unavailable):
            await windows.read(skip.user_id)


async def test_a_store_that_may_not_write_allows_no_skip(client: Redis) -> None:
    windows, skip = ValkeySkipWindows(client, clock), skip_of(new_id())
    await client.config_set("maxmemory", 1)
    try:
        with pytest.raises(Unavailable):
            await windows.take(skip, LIMIT)
        assert (await windows.read(skip.user_id)).used == 0
    finally:
        await client.config_set("maxmemory", 0)
    assert (await windows.take(skip, LIMIT)).used == 1
