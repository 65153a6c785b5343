"""The PostgreSQL adapter under the contracts of the catalogue's stores."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from catalog_svc.adapters.postgres import artist_album_edits, catalogue_snapshot, track_writes
from catalog_svc.adapters.postgres.catalogue import PostgresCatalogue
from catalog_svc.adapters.postgres.catalogue_lists import PostgresCatalogueLists
from catalog_svc.adapters.postgres.catalogue_snapshot import PostgresCatalogueSnapshot
from catalog_svc.adapters.postgres.edits import PostgresEdits
from catalog_svc.adapters.postgres.import_changes import CHANNEL
from catalog_svc.adapters.postgres.imports import PostgresImports
from catalog_svc.adapters.postgres.job_queue import JobQueue
from catalog_svc.adapters.postgres.play_counts import PostgresPlayCounts
from catalog_svc.adapters.postgres.play_orders import PostgresPlayOrders
from catalog_svc.adapters.postgres.playlists import PostgresPlaylistReplica
from catalog_svc.adapters.postgres.preparation import PostgresPreparation
from catalog_svc.adapters.postgres.scan_store import PostgresScanStore
from catalog_svc.domain.edits import ArtistEdit
from catalog_svc.ports.playlists import PlaylistReplica
from catalog_svc.ports.plays import PlayCounts
from catalog_svc.schema import SCHEMA
from meshkit import feeds_postgres, postgres
from meshkit.notices_postgres import open_notices
from meshkit.testing.replica_suite import PlaceContract, ReplicaContract, ReplicaUnderTest
from tests.contracts.catalog.catalogue_lists_suite import CatalogueListsContract
from tests.contracts.catalog.catalogue_suite import CatalogueContract
from tests.contracts.catalog.catalogue_tracks_suite import CatalogueTracksContract
from tests.contracts.catalog.edits_artist_album_suite import ArtistAlbumEditsContract
from tests.contracts.catalog.edits_suite import EditsContract
from tests.contracts.catalog.imports_suite import ImportsContract
from tests.contracts.catalog.playlists_suite import (
    PlaylistsContract,
    replica_of,
)
from tests.contracts.catalog.plays_orders_suite import PlayOrdersContract
from tests.contracts.catalog.plays_suite import PlaysContract
from tests.contracts.catalog.preparation_handover_suite import HandoverContract
from tests.contracts.catalog.preparation_suite import PreparationContract
from tests.contracts.catalog.stores import CatalogueStores, found, tagged


@pytest.fixture
async def stores(catalog_dsn: str, pool: postgres.Pool) -> AsyncIterator[CatalogueStores]:
    queue = JobQueue()

    async def waiting() -> dict[str, int]:
        async with pool.connection() as connection:
            query = "SELECT queueing_lock, priority FROM procrastinate_jobs WHERE status = 'todo'"
            return dict(await (await connection.execute(query)).fetchall())

    catalogue = PostgresCatalogue(pool, queue)
    async with (
        feeds_postgres.open_feed(catalog_dsn, schema=SCHEMA.name, pool=pool) as feed,
        open_notices(catalog_dsn, schema="catalog", channel=CHANNEL) as import_changes,
    ):
        orders = PostgresPlayOrders(pool)
        yield CatalogueStores(
            catalogue=catalogue,
            browsing=PostgresCatalogueLists(pool),
            playables=catalogue,
            edits=PostgresEdits(pool),
            imports=PostgresImports(pool, queue),
            import_changes=import_changes,
            scans=PostgresScanStore(pool, queue),
            preparation=PostgresPreparation(pool, queue),
            feed=feed,
            listing=PostgresCatalogueSnapshot(pool),
            playlists=PostgresPlaylistReplica(pool),
            plays=PostgresPlayCounts(pool),
            orders=orders,
            played=orders,
            waiting=waiting,
        )


class TestPostgresTrackLists(CatalogueTracksContract):
    pass


class TestPostgresBrowsing(CatalogueListsContract):
    pass


class TestPostgresEdits(EditsContract):
    pass


class TestPostgresNameEdits(ArtistAlbumEditsContract):
    pass


class TestPostgresScan(ImportsContract):
    pass


class TestPostgresReads(CatalogueContract):
    pass


class TestPostgresPlaylistReplica(ReplicaContract):
    """The public playlists as every replica."""

    @pytest.fixture
    def replica(self, stores: CatalogueStores) -> ReplicaUnderTest:
        return replica_of(stores)

    @pytest.fixture
    def place(self, stores: CatalogueStores) -> PlaylistReplica:
        return stores.playlists


class TestPostgresPlayCountsPlace(PlaceContract):
    """The counts of plays as every replica whose feed lists nothing."""

    @pytest.fixture
    def place(self, stores: CatalogueStores) -> PlayCounts:
        return stores.plays


class TestPostgresPlaylists(PlaylistsContract):
    pass


class TestPostgresPlays(PlaysContract):
    pass


class TestPostgresPlayOrders(PlayOrdersContract):
    pass


class TestPostgresPreparation(PreparationContract):
    pass


class TestPostgresHandover(HandoverContract):
    pass


async def test_a_listing_of_several_pages_has_no_gap(
    stores: CatalogueStores, pool: postgres.Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(catalogue_snapshot, "_ROWS", 2)
    await stores.scanned(*(found(f"{n}.flac", tagged(f"Song {n}")) for n in range(5)))
    batches = [batch async for batch in PostgresCatalogueSnapshot(pool).everything(["track"])]
    assert [len(batch) for batch in batches] == [2, 2, 1]
    assert len({change.id for batch in batches for change in batch}) == 5


async def test_what_shows_a_renamed_artist_is_told_in_several_steps(
    stores: CatalogueStores, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(track_writes, "AT_ONCE", 2)
    monkeypatch.setattr(artist_album_edits, "AT_ONCE", 2)
    albums = [tagged(f"Song {n}", album=f"Album {n}") for n in range(5)]
    await stores.scanned(*(found(f"{n}.flac", tags) for n, tags in enumerate(albums)))
    track = (await stores.catalogue.tracks(after=None, limit=1))[0]
    token = await stores.feed.head()
    for edit in (ArtistEdit(name="Zoë"), ArtistEdit(hidden=True)):
        await stores.edits.edit_artist(track.artist_id, edit, None)
    told = await stores.changes_after(token)
    assert len([one for one in told if one.entity == "track"]) == 10
    assert len({one.id for one in told}) == 11
