"""The memory adapter under the contracts of the catalogue's stores."""

from __future__ import annotations

import pytest

from catalog_svc.adapters.memory.store import MemoryStore
from tests.contracts.catalog.catalogue_lists_suite import BrowsingContract
from tests.contracts.catalog.catalogue_suite import ReadsContract
from tests.contracts.catalog.catalogue_tracks_suite import TrackListsContract
from tests.contracts.catalog.edits_artist_album_suite import NameEditsContract
from tests.contracts.catalog.edits_suite import EditsContract
from tests.contracts.catalog.imports_suite import ScanContract
from tests.contracts.catalog.playlists_suite import PlaylistsContract
from tests.contracts.catalog.plays_orders_suite import PlayOrdersContract
from tests.contracts.catalog.plays_suite import PlaysContract
from tests.contracts.catalog.preparation_handover_suite import HandoverContract
from tests.contracts.catalog.preparation_suite import PreparationContract
from tests.contracts.catalog.stores import CatalogueStores, memory_stores


@pytest.fixture
def stores() -> CatalogueStores:
    return memory_stores(MemoryStore())


class TestMemoryTrackLists(TrackListsContract):
    pass


class TestMemoryBrowsing(BrowsingContract):
    pass


class TestMemoryEdits(EditsContract):
    pass


class TestMemoryNameEdits(NameEditsContract):
    pass


class TestMemoryScan(ScanContract):
    pass


class TestMemoryReads(ReadsContract):
    pass


class TestMemoryPlaylists(PlaylistsContract):
    pass


class TestMemoryPlays(PlaysContract):
    pass


class TestMemoryPlayOrders(PlayOrdersContract):
    pass


class TestMemoryPreparation(PreparationContract):
    pass


class TestMemoryHandover(HandoverContract):
    pass
