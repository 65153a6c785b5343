"""A running playback service, its stores and its neighbours."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from meshkit.certificates import WORKLOADS, ensure_certificates
from meshkit.testing.stores import PostgresServer
from tests.rpc.playback.harness import Instance, User, World, a_world, an_instance


@pytest.fixture(scope="session")
def tls(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Certificates, made once; also of services that ask and are no part of a mesh yet."""
    folder = tmp_path_factory.mktemp("tls")
    ensure_certificates(folder, workloads=(*WORKLOADS, "rec", "sync"))
    return folder


@pytest.fixture
async def world(
    postgres_server: PostgresServer, valkey_url: str, tls: Path
) -> AsyncIterator[World]:
    """Stores and neighbours of one test."""
    async with a_world(postgres_server, valkey_url, tls) as world:
        yield world


@pytest.fixture
async def instance(world: World) -> AsyncIterator[Instance]:
    """One running instance."""
    async with an_instance(world) as instance:
        yield instance


@pytest.fixture
async def user(instance: Instance) -> User:
    """A user of the free plan who has played nothing yet."""
    return instance.user()
