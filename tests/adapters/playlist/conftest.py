"""The schema of playlists, made once a session and cloned for each test."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from meshkit import postgres
from meshkit.testing import stores
from meshkit.testing.stores import PostgresServer
from playlist_svc.schema import SCHEMA


@pytest.fixture(scope="session")
async def playlist_template(postgres_server: PostgresServer) -> str:
    """The name of a database with the empty schema."""
    return await postgres_server.template("playlist", SCHEMA.migrate)


@pytest.fixture
def playlist_dsn(postgres_server: PostgresServer, playlist_template: str) -> Iterator[str]:
    """The DSN of a database with the empty schema that only this test sees."""
    with postgres_server.database(playlist_template) as dsn:
        yield dsn


@pytest.fixture
async def pool(playlist_dsn: str) -> AsyncIterator[postgres.Pool]:
    """Connections to that database."""
    async with stores.open_pool(playlist_dsn, schema=SCHEMA.name, max_size=8) as pool:
        yield pool
