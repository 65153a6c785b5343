"""The schema of playlists in PostgreSQL."""

from __future__ import annotations

from meshkit import (
    erasure_postgres,
    feeds_postgres,
    idempotency_postgres,
    leases_postgres,
    replicas_postgres,
)
from meshkit.migrations import Migration, MigrationSource
from meshkit.schema import Schema, Tables

# The listings of the catalogue were counted in a table of this service's own before. Since albums
# and artists are kept too, all is listed anew.
_LISTINGS = Tables(
    MigrationSource(
        "playlist_svc.listings",
        (
            Migration(
                "0001_carried_over",
                """
INSERT INTO feed_cursors AS held (name, token, generation)
SELECT 'catalogue', '', number FROM track_listings
ON CONFLICT (name) DO UPDATE SET generation = excluded.generation;
DROP TABLE track_listings;
""",
            ),
            Migration(
                "0002_listed_anew",
                "UPDATE feed_cursors SET token = '' WHERE name = 'catalogue';",
            ),
        ),
    )
)

SCHEMA = Schema(
    "playlist",
    (
        Tables.of_package("playlist_svc.migrations"),
        feeds_postgres.TABLES,
        idempotency_postgres.TABLES,
        replicas_postgres.TABLES,
        leases_postgres.TABLES,
        _LISTINGS,
        erasure_postgres.TABLES,
    ),
)
