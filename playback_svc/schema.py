"""The schema of playback in PostgreSQL."""

from __future__ import annotations

from meshkit import erasure_postgres, feeds_postgres, leases_postgres, replicas_postgres
from meshkit.migrations import Migration, MigrationSource
from meshkit.schema import Schema, Tables

# What 0017_leases.sql sets aside: whoever leads goes on to, until its time is over.
_LEASES_CARRIED_OVER = Tables(
    MigrationSource(
        "playback_svc.leases",
        (
            Migration(
                "0001_carried_over",
                """
INSERT INTO leases (name, holder, held_until) SELECT name, holder, until FROM leases_before
ON CONFLICT DO NOTHING;
DROP TABLE leases_before;
""",
            ),
        ),
    )
)

# Plays of users who were erased are looked up in the feed by their ids.
_FEED_BY_ID = Tables(
    MigrationSource(
        "playback_svc.feed",
        (Migration("0001_ids", "CREATE INDEX change_feed_ids ON change_feed (id);"),),
    )
)

SCHEMA = Schema(
    "playback",
    (
        Tables.of_package("playback_svc.migrations"),
        feeds_postgres.TABLES,
        leases_postgres.TABLES,
        _LEASES_CARRIED_OVER,
        replicas_postgres.TABLES,
        erasure_postgres.TABLES,
        _FEED_BY_ID,
    ),
)
