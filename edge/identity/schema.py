"""The schema of identity in PostgreSQL."""

from __future__ import annotations

from meshkit import feeds_postgres, idempotency_postgres
from meshkit.schema import Schema, Tables

SCHEMA = Schema(
    "identity",
    (
        Tables.of_package("edge.identity.migrations"),
        feeds_postgres.TABLES,
        idempotency_postgres.TABLES,
    ),
)
