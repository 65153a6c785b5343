"""The names that identity told, in a real PostgreSQL."""

from __future__ import annotations

import pytest

from meshkit import postgres
from playlist_svc.adapters.postgres_people import PostgresToldNames
from tests.contracts.playlist.people_suite import ToldNamesContract


class TestPostgresToldNames(ToldNamesContract):
    @pytest.fixture
    def told(self, pool: postgres.Pool) -> PostgresToldNames:
        return PostgresToldNames(pool)
