"""The catalogue's schema, made once a session and cloned for each test."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from catalog_svc.schema import SCHEMA
from meshkit import postgres
from meshkit.testing import stores
from meshkit.testing.stores import PostgresServer
from tests.adapters.catalog.importing import Importing


@pytest.fixture
async def catalog_dsn(postgres_server: PostgresServer) -> AsyncIterator[str]:
    """The DSN of a database with an empty catalogue that only this test sees."""
    template = await postgres_server.template("catalog", SCHEMA.migrate)
    with postgres_server.database(template) as dsn:
        yield dsn


@pytest.fixture
async def pool(catalog_dsn: str) -> AsyncIterator[postgres.Pool]:
    """Connections to that database."""
    async with stores.open_pool(catalog_dsn, schema=SCHEMA.name) as pool:
        yield pool


@pytest.fixture
def importing(catalog_dsn: str, tmp_path: Path, pool: postgres.Pool) -> Importing:
    """Imports of a folder of music into that database."""
    return Importing(catalog_dsn, tmp_path, pool)
