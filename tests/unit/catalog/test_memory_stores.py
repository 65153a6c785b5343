"""The memory adapter under the contracts of the catalogue's stores."""

from __future__ import annotations

import pytest

from catalog_svc.adapters.memory.store import MemoryStore
from catalog_svc.ports.playlists import PlaylistReplica
from catalog_svc.ports.plays import PlayCounts
from meshkit.testing.replica_suite import PlaceContract, ReplicaContract, ReplicaUnderTest
from tests.contracts.catalog.catalogue_lists_suite import CatalogueListsContract
from tests.contracts.catalog.catalogue_suite import CatalogueContract
from tests.contracts.catalog.catalogue_tracks_suite import CatalogueTracksContract
from tests.contracts.catalog.edits_artist_album_suite import ArtistAlbumEditsContract
from tests.contracts.catalog.edits_suite import EditsContract
from tests.contracts.catalog.imports_suite import ImportsContract
from tests.contracts.catalog.playlists_suite import PlaylistsContract, replica_of
from tests.contracts.catalog.plays_orders_suite import PlayOrdersContract
from tests.contracts.catalog.plays_suite import PlaysContract
from tests.contracts.catalog.preparation_handover_suite import HandoverContract
from tests.contracts.catalog.preparation_suite import PreparationContract
from tests.contracts.catalog.stores import CatalogueStores, memory_stores


@pytest.fixture
def stores() -> CatalogueStores:
    return memory_stores(MemoryStore())


class TestMemoryTrackLists(CatalogueTracksContract):
    pass


class TestMemoryBrowsing(CatalogueListsContract):
    pass


class TestMemoryEdits(EditsContract):
    pass


class TestMemoryNameEdits(ArtistAlbumEditsContract):
    pass


class TestMemoryScan(ImportsContract):
    pass


class TestMemoryReads(CatalogueContract):
    pass


class TestMemoryPlaylistReplica(ReplicaContract):
    """The public playlists as every replica."""

    @pytest.fixture
    def replica(self, stores: CatalogueStores) -> ReplicaUnderTest:
        return replica_of(stores)

    @pytest.fixture
    def place(self, stores: CatalogueStores) -> PlaylistReplica:
        return stores.playlists


class TestMemoryPlayCountsPlace(PlaceContract):
    """The counts of plays as every replica whose feed lists nothing."""

    @pytest.fixture
    def place(self, stores: CatalogueStores) -> PlayCounts:
        return stores.plays


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
