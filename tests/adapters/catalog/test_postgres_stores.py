"""The PostgreSQL adapter under the contracts of the catalogue's stores."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from catalog_svc import wiring
from catalog_svc.adapters.postgres_changes import PostgresChangeLog, PostgresListing
from catalog_svc.adapters.postgres_imports import PostgresImports
from catalog_svc.adapters.postgres_preparation import PostgresPreparation
from catalog_svc.adapters.postgres_queue import SCHEMA
from catalog_svc.adapters.postgres_reads import PostgresCatalogue
from catalog_svc.adapters.postgres_scan import PostgresScanStore
from meshkit import feeds_postgres
from tests.contracts.catalog.handover_suite import HandoverContract
from tests.contracts.catalog.preparation_suite import PreparationContract
from tests.contracts.catalog.scan_suite import ScanContract
from tests.contracts.catalog.stores import CatalogueStores, found, tagged


@pytest.fixture
async def stores(catalog_dsn: str, opened: wiring.Stores) -> AsyncIterator[CatalogueStores]:
    pool, queue = opened.pool, opened.queue

    async def waiting() -> dict[str, int]:
        async with pool.connection() as connection:
            query = "SELECT queueing_lock, priority FROM procrastinate_jobs WHERE status = 'todo'"
            return dict(await (await connection.execute(query)).fetchall())

    catalogue = PostgresCatalogue(pool, queue)
    async with feeds_postgres.open_feed(catalog_dsn, schema=SCHEMA, pool=pool) as feed:
        yield CatalogueStores(
            catalogue,
            catalogue,
            PostgresImports(pool, queue),
            PostgresScanStore(pool, queue),
            PostgresPreparation(pool, queue),
            feed,
            waiting,
        )


class TestPostgresScan(ScanContract):
    pass


class TestPostgresPreparation(PreparationContract):
    pass


class TestPostgresHandover(HandoverContract):
    pass


async def test_the_oldest_token_brings_every_change_that_is_kept(
    stores: CatalogueStores, opened: wiring.Stores
) -> None:
    await stores.scanned(found("a.flac", tagged()))
    feed = feeds_postgres.PostgresChangeFeed(opened.pool)
    log = PostgresChangeLog(opened.pool, feed)
    changes = (await feed.read(await log.oldest())).changes
    assert {change.entity for change in changes} == {"track", "album", "artist"}


async def test_the_listing_has_everything_once(
    stores: CatalogueStores, opened: wiring.Stores
) -> None:
    await stores.scanned(*(found(f"{n}.flac", tagged(f"Song {n}")) for n in range(5)))
    listed = [one async for batch in PostgresListing(opened.pool).everything() for one in batch]
    assert sorted(change.kind.value for change in listed) == ["album", "artist"] + 5 * ["track"]
    assert len({change.id for change in listed}) == 7
