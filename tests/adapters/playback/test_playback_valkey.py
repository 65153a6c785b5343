"""Live positions and wake-ups in a real Valkey."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from redis.asyncio import Redis

from meshkit import valkey
from meshkit.background import running
from meshkit.faults import Unavailable
from meshkit.testing import stores
from playback_svc.adapters.valkey_positions import ValkeyPositions
from playback_svc.adapters.valkey_wakeups import ValkeyWakeups
from playback_svc.ports.live import Wake
from playback_svc.usecases.commanding import wake_of
from tests.contracts.playback.positions import PositionsContract
from tests.contracts.playback.samples import NOW, beat, new_id, playing


@pytest.fixture
async def client(valkey_url: str) -> AsyncIterator[Redis]:
    async with valkey.open_client(valkey_url) as client:
        yield client


class TestValkeyPositions(PositionsContract):
    @pytest.fixture
    def positions(self, client: Redis) -> ValkeyPositions:
        return ValkeyPositions(client, lambda: NOW)


async def test_positions_lost_with_their_store_are_known_to_be_lost(
    client: Redis, valkey_url: str
) -> None:
    now = NOW
    positions = ValkeyPositions(client, lambda: now)
    live = beat(playing())
    await positions.put([live])
    assert (await positions.get([live.session_id]))[0].since_ms == NOW
    stores.flush_valkey(valkey_url)
    now += 5_000
    (sighting,) = await positions.get([live.session_id])
    assert sighting.position is None
    assert sighting.since_ms == NOW + 5_000


async def test_an_instance_that_could_not_reach_the_store_warns_all(client: Redis) -> None:
    now = NOW
    other = ValkeyPositions(client, lambda: now)
    live = beat(playing())
    assert (await other.get([live.session_id]))[0].since_ms == NOW
    async with valkey.open_client("unix:///nowhere.sock") as away:
        cut_off = ValkeyPositions(away, lambda: now)
        with pytest.raises(Unavailable):
            await cut_off.put([live])
        with pytest.raises(Unavailable):
            await cut_off.get([live.session_id])
        cut_off._client, cut_off._rests_until = client, 0.0
        now += 7_000
        await cut_off.put([live])
    assert (await other.get([live.session_id]))[0].since_ms == NOW + 7_000


async def test_a_malformed_position_counts_as_none(client: Redis) -> None:
    positions = ValkeyPositions(client, lambda: NOW)
    live = beat(playing())
    await client.set(f"position:{{{live.session_id}}}", b"what is this")
    assert (await positions.get([live.session_id]))[0].position is None


@asynccontextmanager
async def instance(client: Redis) -> AsyncIterator[tuple[ValkeyWakeups, asyncio.Queue[Wake]]]:
    heard: asyncio.Queue[Wake] = asyncio.Queue()
    wakeups = ValkeyWakeups(client)
    wakeups.listen(heard.put_nowait)
    async with running(wakeups.run):
        yield wakeups, heard


async def test_a_wake_up_reaches_the_instances_that_watch_the_user(client: Redis) -> None:
    wake = wake_of(new_id(), playing())
    async with instance(client) as (one, _), instance(client) as (two, heard):
        await two.watch(wake.user_id)
        one.send(wake_of(new_id(), playing()))
        one.send(wake)
        assert await asyncio.wait_for(heard.get(), 5) == wake
        assert heard.empty()


async def test_an_instance_hears_itself_at_once(client: Redis) -> None:
    async with instance(client) as (one, heard):
        wake = wake_of(new_id(), playing())
        one.send(wake)
        assert heard.get_nowait() == wake


async def test_a_user_is_heard_of_while_anyone_watches(client: Redis) -> None:
    wake = wake_of(new_id(), playing())
    async with instance(client) as (one, _), instance(client) as (two, heard):
        await asyncio.gather(two.watch(wake.user_id), two.watch(wake.user_id))
        two.unwatch(wake.user_id)
        one.send(wake)
        assert await asyncio.wait_for(heard.get(), 5) == wake
        two.unwatch(wake.user_id)
        other = wake_of(new_id(), playing())
        await two.watch(other.user_id)
        one.send(wake)
        one.send(other)
        assert await asyncio.wait_for(heard.get(), 5) == other


async def test_wake_ups_are_heard_again_after_a_lost_connection(client: Redis) -> None:
    wake = wake_of(new_id(), playing())
    async with instance(client) as (one, _), instance(client) as (two, heard):
        await two.watch(wake.user_id)
        await client.client_kill_filter(_type="pubsub")
        while heard.empty():
            one.send(wake)
            await asyncio.sleep(0.05)
        assert heard.get_nowait() == wake


async def test_watching_while_the_store_is_away_does_not_hold_anyone_up() -> None:
    async with valkey.open_client("unix:///nowhere.sock") as away, instance(away) as (one, heard):
        wake = wake_of(new_id(), playing())
        await asyncio.wait_for(one.watch(wake.user_id), 5)
        one.send(wake)
        assert heard.get_nowait() == wake
        one.unwatch(wake.user_id)
