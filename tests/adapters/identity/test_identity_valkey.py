"""Buckets of sign-ups in a real Valkey, shared by instances."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis

from edge.identity.adapters.valkey.sign_up_limiter import ValkeySignUpLimiter
from meshkit import valkey
from meshkit.testing import stores
from tests.contracts.identity.sign_up_limiter_suite import (
    ALLOWANCE,
    NOW,
    ONE,
    SignUpLimiterContract,
)


@pytest.fixture
async def client(valkey_url: str) -> AsyncIterator[Redis]:
    async with stores.valkey_client(valkey_url) as opened:
        yield opened


class TestValkeySignUpLimiter(SignUpLimiterContract):
    @pytest.fixture
    def limiter(self, client: Redis) -> ValkeySignUpLimiter:
        return ValkeySignUpLimiter(client, ALLOWANCE)

    async def test_instances_share_a_bucket(self, client: Redis) -> None:
        one, other = (ValkeySignUpLimiter(client, ALLOWANCE) for _ in range(2))
        assert [await each.take(ONE, NOW) for each in (one, other, one, other)] == [0, 0, 0, 30.0]

    async def test_what_is_kept_ends_when_the_bucket_is_full_and_names_nobody(
        self, client: Redis, limiter: ValkeySignUpLimiter
    ) -> None:
        for _ in range(ALLOWANCE.burst):
            await limiter.take(ONE, NOW)
        (key,) = await client.keys()
        assert ONE.encode() not in key
        assert 0 < await client.pttl(key) <= ALLOWANCE.burst * ALLOWANCE.refill_ms

    async def test_without_valkey_everyone_is_let_in(self) -> None:
        async with valkey.open_client("unix:///nowhere.sock") as away:
            limiter = ValkeySignUpLimiter(away, ALLOWANCE)
            for _ in range(2 * ALLOWANCE.burst):
                assert await limiter.take(ONE, NOW) == 0
