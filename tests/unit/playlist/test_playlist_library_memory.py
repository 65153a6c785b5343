"""The memory collections under the suite of their port."""

from __future__ import annotations

import pytest

from playlist_svc.adapters.memory.library import MemoryCollection
from playlist_svc.domain.library import Album
from tests.contracts.playlist.library_suite import MOST, CollectionContract, an_album


class TestMemorySavedTracks(CollectionContract):
    @pytest.fixture
    def collection(self) -> MemoryCollection[str]:
        return MemoryCollection(MOST)

    @pytest.fixture
    def other(self, collection: MemoryCollection[str]) -> MemoryCollection[str]:
        return collection

    def thing(self, thing_id: str) -> str:
        return thing_id


class TestMemorySavedAlbums(CollectionContract):
    @pytest.fixture
    def collection(self) -> MemoryCollection[Album]:
        return MemoryCollection(MOST)

    @pytest.fixture
    def other(self, collection: MemoryCollection[Album]) -> MemoryCollection[Album]:
        return collection

    def thing(self, thing_id: str) -> Album:
        return an_album(thing_id)
