"""The schema of the catalogue in PostgreSQL."""

from __future__ import annotations

from meshkit import feeds_postgres, idempotency_postgres, jobs, leases_postgres, replicas_postgres
from meshkit.schema import Schema, Tables

SCHEMA = Schema(
    "catalog",
    (
        Tables.of_package("catalog_svc.migrations"),
        feeds_postgres.TABLES,
        idempotency_postgres.TABLES,
        replicas_postgres.TABLES,
        leases_postgres.TABLES,
        jobs.tables(),
    ),
)
