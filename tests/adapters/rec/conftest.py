"""The schema of recommendations, made once a session and cloned for each test."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from meshkit import postgres
from meshkit.testing import stores
from meshkit.testing.stores import PostgresServer
from rec_svc.schema import SCHEMA


@pytest.fixture(scope="session")
async def rec_template(postgres_server: PostgresServer) -> str:
    """The name of a database with the empty schema."""
    return await postgres_server.template("rec", SCHEMA.migrate)


@pytest.fixture
def rec_dsn(postgres_server: PostgresServer, rec_template: str) -> Iterator[str]:
    """The DSN of a database with the empty schema that only this test sees."""
    with postgres_server.database(rec_template) as dsn:
        yield dsn


@pytest.fixture
async def pool(rec_dsn: str) -> AsyncIterator[postgres.Pool]:
    """Connections to that database."""
    async with stores.open_pool(rec_dsn, schema=SCHEMA.name, max_size=8) as pool:
        yield pool
