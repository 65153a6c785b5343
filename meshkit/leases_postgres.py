"""Leases in PostgreSQL: the table ``leases`` of the service's schema, by the server's clock."""

from __future__ import annotations

from datetime import timedelta

from meshkit import postgres
from meshkit.migrations import Migration, MigrationSource
from meshkit.schema import Tables

_MIGRATIONS = MigrationSource(
    "meshkit.leases",
    (
        Migration(
            "0001_leases",
            """
CREATE TABLE leases (
    name text PRIMARY KEY,
    holder text NOT NULL,
    held_until timestamptz NOT NULL
);
""",
        ),
    ),
)

# Of claims that race, the second waits for the row of the first and then finds it held.
_CLAIM = """
INSERT INTO leases AS held (name, holder, held_until)
VALUES (%(name)s, %(holder)s, clock_timestamp() + %(ttl)s)
ON CONFLICT (name) DO UPDATE
    SET holder = excluded.holder, held_until = clock_timestamp() + %(ttl)s
    WHERE held.holder = excluded.holder OR held.held_until <= clock_timestamp()
RETURNING true
"""
_RELEASE = "DELETE FROM leases WHERE name = %(name)s AND holder = %(holder)s"


class PostgresLeases:
    """The ``Leases`` of one schema."""

    def __init__(self, pool: postgres.Pool) -> None:
        self._pool = pool

    async def claim(self, name: str, holder: str, ttl_s: float) -> bool:
        claim = {"name": name, "holder": holder, "ttl": timedelta(seconds=ttl_s)}
        async with postgres.transaction(self._pool) as connection:
            return await (await connection.execute(_CLAIM, claim)).fetchone() is not None

    async def release(self, name: str, holder: str) -> None:
        async with postgres.transaction(self._pool) as connection:
            await connection.execute(_RELEASE, {"name": name, "holder": holder})


TABLES = Tables(_MIGRATIONS)
"""What a schema needs for it."""
