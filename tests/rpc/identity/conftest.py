"""Identity for each test, over a database of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from edge.identity.adapters.argon2.password_hasher import Argon2Hasher
from edge.identity.schema import SCHEMA
from meshkit.testing.stores import PostgresServer
from tests.rpc.identity.harness import Identity, serving


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tls")


@pytest.fixture
def hasher() -> Iterator[Argon2Hasher]:
    with Argon2Hasher(threads=2, wait_s=30, time_cost=1, memory_kib=8, parallelism=1) as cheap:
        yield cheap


@pytest.fixture
async def dsn(postgres_server: PostgresServer) -> AsyncIterator[str]:
    template = await postgres_server.template("identity", SCHEMA.migrate)
    with postgres_server.database(template) as fresh:
        yield fresh


@pytest.fixture
async def identity(dsn: str, tls: Path, hasher: Argon2Hasher) -> AsyncIterator[Identity]:
    async with serving(dsn, tls, hasher) as identity:
        yield identity
