"""The schema of playback in PostgreSQL."""

from __future__ import annotations

from meshkit import feeds_postgres
from meshkit.schema import Schema, Tables

SCHEMA = Schema(
    "playback",
    (
        Tables.of_package("playback_svc.migrations"),
        feeds_postgres.TABLES,
    ),
)
