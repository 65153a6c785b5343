"""Passwords are hashed beside the event loop, and never without bound."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator

import pytest

from edge.identity.adapters.argon2.password_hasher import Argon2Hasher
from edge.identity.domain.users import Password
from meshkit.faults import Unavailable

PASSWORD = Password("correct horse battery")


@pytest.fixture
def hasher() -> Iterator[Argon2Hasher]:
    with Argon2Hasher(threads=2, time_cost=1, memory_kib=8, parallelism=1) as cheap:
        yield cheap


async def test_a_hash_fits_its_password_alone(hasher: Argon2Hasher) -> None:
    hashed = await hasher.hash(PASSWORD)
    assert await hasher.verify(PASSWORD, hashed)
    assert not await hasher.verify(Password("another password"), hashed)


async def test_hashes_are_argon2id_and_salted(hasher: Argon2Hasher) -> None:
    hashes = {await hasher.hash(PASSWORD) for _ in range(3)}
    assert len(hashes) == 3
    assert all(one.startswith("$argon2id$v=19$m=8,t=1,p=1$") for one in hashes)


async def test_what_is_no_hash_fits_nothing(hasher: Argon2Hasher) -> None:
    assert not await hasher.verify(PASSWORD, "not a hash")


async def test_more_than_may_wait_are_refused_and_the_rest_is_served(
    hasher: Argon2Hasher,
) -> None:
    go = threading.Event()

    busy = [asyncio.create_task(hasher._run(go.wait)) for _ in range(2 * 33)]
    await asyncio.sleep(0)
    with pytest.raises(Unavailable) as refused:
        await hasher.hash(PASSWORD)
    assert refused.value.reason == "OVERLOADED"
    assert refused.value.retry_after_s
    go.set()
    assert all(await asyncio.gather(*busy))
    assert await hasher.hash(PASSWORD)


async def test_a_caller_who_left_frees_their_place(hasher: Argon2Hasher) -> None:
    for _ in range(2 * 33 + 1):
        leaving = asyncio.create_task(hasher.hash(PASSWORD))
        await asyncio.sleep(0)
        leaving.cancel()
        with pytest.raises(asyncio.CancelledError):
            await leaving
    await hasher._places.acquire()
    hasher._places.release()
    assert await hasher.hash(PASSWORD)
