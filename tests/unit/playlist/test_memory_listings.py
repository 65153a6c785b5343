"""Reads over many playlists in memory, under their suite."""

from __future__ import annotations

import pytest

from playlist_svc.adapters.memory.heads import MemoryHeads
from playlist_svc.adapters.memory.listings import MemoryListings
from playlist_svc.adapters.memory.playlists import MemoryPlaylists
from tests.contracts.playlist.listings_suite import ListingsContract


@pytest.fixture
def heads() -> MemoryHeads:
    return MemoryHeads()


@pytest.fixture
def store(heads: MemoryHeads) -> MemoryPlaylists:
    return MemoryPlaylists(heads)


@pytest.fixture
def listings(store: MemoryPlaylists, heads: MemoryHeads) -> MemoryListings:
    return MemoryListings(store, heads)


class TestMemoryListings(ListingsContract): ...
