"""Sign-ups over the wire: bounded by address over instances, and by what can be hashed in time."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.rpc.error_details_pb2 import RetryInfo
from grpc_status import rpc_status
from redis.asyncio import Redis

from edge.identity.adapters.argon2.password_hasher import Argon2Hasher
from edge.identity.adapters.valkey.sign_up_limiter import ValkeySignUpLimiter
from edge.identity.ports.sign_up_limiter import SignUpAllowance
from meshkit import client_address
from meshkit.testing import stores
from tests.rpc.identity.harness import Identity, new_user, reason_of, serving

ALLOWANCE = SignUpAllowance(burst=4, refill_s=3600.0)
LIMITED = ("LIMIT_REACHED", {"limit": "sign_ups_per_address"})
AT_ONCE = 64


@pytest.fixture
async def client(valkey_url: str) -> AsyncIterator[Redis]:
    async with stores.valkey_client(valkey_url) as opened:
        yield opened


def called_from(address: str) -> Any:
    return ((client_address.HEADER, address),)


async def sign_up(
    identity: Identity, number: int, address: str = "203.0.113.7", **call: Any
) -> grpc.aio.AioRpcError | None:
    """How a sign-up is refused; None where it is made."""
    request = new_user(username=f"user-{number}", email=f"user-{number}@example.org")
    try:
        await identity.users().CreateUser(request, metadata=called_from(address), **call)
    except grpc.aio.AioRpcError as refused:
        return refused
    return None


def retry_after_s(refused: grpc.aio.AioRpcError) -> float:
    status = rpc_status.from_call(refused)  # type: ignore[arg-type]
    assert status is not None
    found = RetryInfo()
    assert any(detail.Unpack(found) for detail in status.details)
    return found.retry_delay.ToMilliseconds() / 1000


async def test_an_address_has_one_bucket_over_two_instances(
    dsn: str, tls: Path, hasher: Argon2Hasher, client: Redis
) -> None:
    async with (
        serving(dsn, tls, hasher, sign_ups=ValkeySignUpLimiter(client, ALLOWANCE)) as one,
        serving(dsn, tls, hasher, sign_ups=ValkeySignUpLimiter(client, ALLOWANCE)) as other,
    ):
        for number in range(ALLOWANCE.burst):
            assert await sign_up((one, other)[number % 2], number) is None
        for instance in (one, other):
            refused = await sign_up(instance, 100)
            assert refused is not None
            assert refused.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
            assert reason_of(refused) == LIMITED
            assert 0 < retry_after_s(refused) <= ALLOWANCE.refill_s
        assert await sign_up(one, 101, "203.0.113.8") is None


async def test_what_is_wrong_with_a_sign_up_is_told_before_it_counts(
    dsn: str, tls: Path, hasher: Argon2Hasher, client: Redis
) -> None:
    limiter = ValkeySignUpLimiter(client, ALLOWANCE)
    async with serving(dsn, tls, hasher, sign_ups=limiter) as identity:
        for password in ["password123", "short"] * ALLOWANCE.burst:
            with pytest.raises(grpc.aio.AioRpcError) as refused:
                await identity.users().CreateUser(
                    new_user(password=password), metadata=called_from("203.0.113.7")
                )
            assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT
        assert await sign_up(identity, 1) is None


@pytest.mark.parametrize("password", ["qwertyuiop", "PASSWORD123", "michelle1987", "9876543210"])
async def test_a_common_password_is_refused_by_name(identity: Identity, password: str) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await identity.users().CreateUser(new_user(password=password))
    assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert reason_of(refused.value) == ("COMMON_PASSWORD", {"field": "password"})
    assert password not in str(refused.value.details())


async def test_what_cannot_be_hashed_in_time_is_refused_while_threads_are_busy(
    identity: Identity, hasher: Argon2Hasher
) -> None:
    go = threading.Event()
    busy = [asyncio.create_task(hasher._queue.run(go.wait, within_s=60)) for _ in range(2)]
    await asyncio.sleep(0)
    # Answered although no thread is free, long before the deadline of 0.5 s could be kept.
    refused = await sign_up(identity, 0, timeout=0.5)
    go.set()
    await asyncio.gather(*busy)
    assert refused is not None
    assert refused.code() is grpc.StatusCode.UNAVAILABLE
    assert reason_of(refused) == ("OVERLOADED", {})
    assert retry_after_s(refused) > 0
    assert await sign_up(identity, 0) is None


async def test_many_at_once_are_each_made_or_shed_with_a_reason(dsn: str, tls: Path) -> None:
    # A hash as slow as a real one on a busy machine, in little memory.
    with Argon2Hasher(threads=2, wait_s=1, time_cost=400, memory_kib=1024, parallelism=1) as slow:
        async with serving(dsn, tls, slow) as identity:
            refusals = await asyncio.gather(
                *(sign_up(identity, number, timeout=30) for number in range(AT_ONCE))
            )
            refused = [one for one in refusals if one is not None]
            assert {reason_of(one)[0] for one in refused} == {"OVERLOADED"}
            assert 0 < len(refused) < AT_ONCE
            assert all(retry_after_s(one) > 0 for one in refused)
