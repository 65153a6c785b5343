"""The schema of playback in PostgreSQL."""

from __future__ import annotations

from meshkit import feeds_postgres, leases_postgres
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

SCHEMA = Schema(
    "playback",
    (
        Tables.of_package("playback_svc.migrations"),
        feeds_postgres.TABLES,
        leases_postgres.TABLES,
        _LEASES_CARRIED_OVER,
    ),
)
