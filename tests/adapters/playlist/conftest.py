"""The schema of playlists, made once a session and cloned for each test; all run on uvloop."""

from __future__ import annotations

from asyncio import AbstractEventLoop
from collections.abc import AsyncIterator, Callable, Iterator, Mapping

import pytest
import uvloop

from meshkit import postgres
from meshkit.testing.stores import PostgresServer
from playlist_svc.wiring import SCHEMA, migrated


def pytest_asyncio_loop_factories() -> Mapping[str, Callable[[], AbstractEventLoop]]:
    return {"uvloop": uvloop.new_event_loop}


@pytest.fixture(scope="session")
async def playlist_template(postgres_server: PostgresServer) -> str:
    """The name of a database with the empty schema."""
    return await postgres_server.template("playlist", migrated)


@pytest.fixture
def playlist_dsn(postgres_server: PostgresServer, playlist_template: str) -> Iterator[str]:
    """The DSN of a database with the empty schema that only this test sees."""
    with postgres_server.database(playlist_template) as dsn:
        yield dsn


@pytest.fixture
async def pool(playlist_dsn: str) -> AsyncIterator[postgres.Pool]:
    """Connections to that database."""
    async with postgres.open_pool(playlist_dsn, schema=SCHEMA, max_size=8) as pool:
        yield pool
