"""Live positions in a real Valkey."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis

from meshkit import valkey
from meshkit.faults import Unavailable
from meshkit.testing import stores
from playback_svc.adapters.valkey.positions import ValkeyPositions, key_of
from tests.contracts.playback.positions_suite import PositionsContract
from tests.contracts.playback.samples import NOW, beat, playing


@pytest.fixture
async def client(valkey_url: str) -> AsyncIterator[Redis]:
    async with stores.valkey_client(valkey_url) as client:
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
    (liveness,) = await positions.get([live.session_id])
    assert liveness.position is None
    assert liveness.since_ms == NOW + 5_000


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
        away.connection_pool, cut_off._store._rests_until = client.connection_pool, 0.0
        now += 7_000
        await cut_off.put([live])
    assert (await other.get([live.session_id]))[0].since_ms == NOW + 7_000


async def test_a_malformed_position_counts_as_none(client: Redis) -> None:
    positions = ValkeyPositions(client, lambda: NOW)
    live = beat(playing())
    await client.set(key_of(live.session_id), b"what is this")
    assert (await positions.get([live.session_id]))[0].position is None
