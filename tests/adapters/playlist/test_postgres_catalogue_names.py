"""What albums and artists are called, in a real PostgreSQL."""

from __future__ import annotations

import pytest

from meshkit import postgres
from playlist_svc.adapters.postgres.catalogue_names import PostgresCatalogueNames
from playlist_svc.adapters.postgres.catalogue_replica import PostgresCatalogueReplica
from tests.contracts.playlist.catalogue_names_suite import CatalogueNamesContract, NamesUnderTest


class TestPostgresCatalogueNames(CatalogueNamesContract):
    """As in memory."""

    @pytest.fixture
    def world(self, pool: postgres.Pool) -> NamesUnderTest:
        return NamesUnderTest(PostgresCatalogueNames(pool), PostgresCatalogueReplica(pool))
