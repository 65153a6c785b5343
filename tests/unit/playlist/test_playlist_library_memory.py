"""The memory shelves under the suite of their port."""

from __future__ import annotations

import pytest

from playlist_svc.adapters.memory.library import MemoryShelf
from playlist_svc.domain.library import Album
from tests.contracts.playlist.library_suite import MOST, ShelfContract, an_album


class TestMemorySavedTracks(ShelfContract):
    @pytest.fixture
    def shelf(self) -> MemoryShelf[str]:
        return MemoryShelf(MOST)

    @pytest.fixture
    def other(self, shelf: MemoryShelf[str]) -> MemoryShelf[str]:
        return shelf

    def thing(self, thing_id: str) -> str:
        return thing_id


class TestMemorySavedAlbums(ShelfContract):
    @pytest.fixture
    def shelf(self) -> MemoryShelf[Album]:
        return MemoryShelf(MOST)

    @pytest.fixture
    def other(self, shelf: MemoryShelf[Album]) -> MemoryShelf[Album]:
        return shelf

    def thing(self, thing_id: str) -> Album:
        return an_album(thing_id)
