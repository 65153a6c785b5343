"""The names that identity told, in a real PostgreSQL."""

from __future__ import annotations

import pytest

from meshkit import postgres
from playlist_svc.adapters.postgres.people import PostgresLastKnownNames, PostgresUserReplica
from tests.contracts.playlist.people_suite import NOW, LastKnownNamesContract, UserReplicaContract


@pytest.fixture
def told(pool: postgres.Pool) -> PostgresLastKnownNames:
    return PostgresLastKnownNames(pool)


class TestPostgresLastKnownNames(LastKnownNamesContract): ...


class TestPostgresUserReplica(UserReplicaContract):
    @pytest.fixture
    def place(self, pool: postgres.Pool) -> PostgresUserReplica:
        return PostgresUserReplica(pool, lambda: NOW)
