"""The catalogue's schema, made once a session and cloned for each test."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from catalog_svc import wiring
from meshkit.testing.stores import PostgresServer
from tests.adapters.catalog.importing import Importing


@pytest.fixture
async def catalog_dsn(postgres_server: PostgresServer) -> AsyncIterator[str]:
    """The DSN of a database with an empty catalogue that only this test sees."""
    template = await postgres_server.template("catalog", wiring.migrated)
    with postgres_server.database(template) as dsn:
        yield dsn


@pytest.fixture
async def opened(catalog_dsn: str) -> AsyncIterator[wiring.Stores]:
    """Connections to that database."""
    async with wiring.open_stores(catalog_dsn) as opened:
        yield opened


@pytest.fixture
def importing(catalog_dsn: str, tmp_path: Path, opened: wiring.Stores) -> Importing:
    """Imports of a folder of music into that database."""
    return Importing(catalog_dsn, tmp_path, opened)
