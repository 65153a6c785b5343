"""Passwords are hashed with argon2id."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from edge.identity.adapters.argon2.password_hasher import Argon2Hasher
from edge.identity.domain.users import Password

PASSWORD = Password("correct horse battery")


@pytest.fixture
def hasher() -> Iterator[Argon2Hasher]:
    with Argon2Hasher(threads=2, wait_s=30, time_cost=1, memory_kib=8, parallelism=1) as cheap:
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
