"""The schema of recommendations in PostgreSQL."""

from __future__ import annotations

from meshkit import (
    erasure_postgres,
    feeds_postgres,
    idempotency_postgres,
    jobs,
    leases_postgres,
    replicas_postgres,
)
from meshkit.schema import Schema, Tables

SCHEMA = Schema(
    "rec",
    (
        Tables.of_package("rec_svc.migrations"),
        feeds_postgres.TABLES,
        idempotency_postgres.TABLES,
        replicas_postgres.TABLES,
        leases_postgres.TABLES,
        jobs.tables(),
        erasure_postgres.TABLES,
    ),
)
