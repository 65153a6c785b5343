"""The playlist service for its tests over gRPC."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from meshkit.certificates import WORKLOADS, ensure_certificates
from tests.rpc.playlist.harness import Instance, User, World, an_instance


@pytest.fixture(scope="session")
def tls(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Certificates, made once."""
    folder = tmp_path_factory.mktemp("tls")
    ensure_certificates(folder, workloads=(*WORKLOADS, "rec"))
    return folder


@pytest.fixture
def world(tls: Path) -> World:
    """Stores and neighbours of one test."""
    return World(tls)


@pytest.fixture
async def instance(world: World) -> AsyncIterator[Instance]:
    """One running instance."""
    async with an_instance(world) as instance:
        yield instance


@pytest.fixture
async def ann(instance: Instance) -> User:
    """A user; mostly the owner of playlists."""
    return instance.user("ann")


@pytest.fixture
async def ben(instance: Instance) -> User:
    """Another user."""
    return instance.user("ben")
