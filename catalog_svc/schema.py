"""The schema of the catalogue in PostgreSQL."""

from __future__ import annotations

from meshkit import (
    erasure_postgres,
    feeds_postgres,
    idempotency_postgres,
    jobs,
    leases_postgres,
    replicas_postgres,
)
from meshkit.migrations import Migration, MigrationSource
from meshkit.schema import Schema, Tables

# The listings of feeds were counted in a table of the catalogue's own before.
_LISTINGS_CARRIED_OVER = Tables(
    MigrationSource(
        "catalog_svc.listings",
        (
            Migration(
                "0001_carried_over",
                """
INSERT INTO feed_cursors AS held (name, token, generation)
SELECT feed, '', generation FROM listings
ON CONFLICT (name) DO UPDATE SET generation = excluded.generation;
DROP TABLE listings;
""",
            ),
        ),
    )
)

SCHEMA = Schema(
    "catalog",
    (
        Tables.of_package("catalog_svc.migrations"),
        feeds_postgres.TABLES,
        idempotency_postgres.TABLES,
        replicas_postgres.TABLES,
        leases_postgres.TABLES,
        jobs.tables(),
        _LISTINGS_CARRIED_OVER,
        erasure_postgres.TABLES,
    ),
)
