"""Reads over many playlists in a real PostgreSQL, under their suite."""

from __future__ import annotations

import pytest

from meshkit import postgres
from playlist_svc.adapters.content_cache import ContentCache
from playlist_svc.adapters.memory.heads import MemoryHeads
from playlist_svc.adapters.postgres.listings import PostgresListings
from playlist_svc.adapters.postgres.playlists import PostgresPlaylists
from tests.contracts.playlist.listings_suite import ListingsContract


@pytest.fixture
def store(pool: postgres.Pool) -> PostgresPlaylists:
    return PostgresPlaylists(pool, ContentCache(), MemoryHeads())


@pytest.fixture
def listings(pool: postgres.Pool) -> PostgresListings:
    return PostgresListings(pool)


class TestPostgresListings(ListingsContract): ...
