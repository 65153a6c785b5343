"""Recommendations on the wire, over a database of each test."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from meshkit.testing.stores import PostgresServer
from rec_svc.schema import SCHEMA
from tests.rpc.rec.harness import Instance, an_instance


@pytest.fixture(scope="session")
def tls(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tls")


@pytest.fixture(scope="session")
async def rec_template(postgres_server: PostgresServer) -> str:
    return await postgres_server.template("rec", SCHEMA.migrate)


@pytest.fixture
def dsn(postgres_server: PostgresServer, rec_template: str) -> Iterator[str]:
    with postgres_server.database(rec_template) as fresh:
        yield fresh


@pytest.fixture
async def instance(dsn: str, valkey_url: str, tls: Path) -> AsyncIterator[Instance]:
    async with an_instance(dsn, valkey_url, tls) as instance:
        yield instance
