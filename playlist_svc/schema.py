"""The schema of playlists in PostgreSQL."""

from __future__ import annotations

from meshkit import feeds_postgres, idempotency_postgres, leases_postgres, replicas_postgres
from meshkit.schema import Schema, Tables

SCHEMA = Schema(
    "playlist",
    (
        Tables.of_package("playlist_svc.migrations"),
        feeds_postgres.TABLES,
        idempotency_postgres.TABLES,
        replicas_postgres.TABLES,
        leases_postgres.TABLES,
    ),
)
