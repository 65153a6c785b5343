"""The place in a consumed feed: the table ``feed_cursors`` of the service's schema."""

from __future__ import annotations

from typing import Any

import psycopg

from meshkit import postgres
from meshkit.migrations import Migration, MigrationSource
from meshkit.schema import Tables

_MIGRATIONS = MigrationSource(
    "meshkit.following",
    (
        Migration(
            "0001_feed_cursors",
            """
CREATE TABLE feed_cursors (
    name text PRIMARY KEY,
    token text NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT now()
);
""",
        ),
    ),
)

_FIND = "SELECT token FROM feed_cursors WHERE name = %s"
_ADVANCE = """
INSERT INTO feed_cursors AS held (name, token) VALUES (%s, %s)
ON CONFLICT (name) DO UPDATE SET token = excluded.token, updated_at = now()
"""


class PostgresCursor:
    """The place in the feed ``name``; a ``Replica`` in PostgreSQL is made with one::

    async def apply(self, changes: Sequence[Track], resume_token: str) -> None:
        async with postgres.transaction(self._pool) as connection:
            await connection.execute(...)
            await self._cursor.advance(connection, resume_token)
    """

    def __init__(self, pool: postgres.Pool, name: str) -> None:
        self._pool = pool
        self._name = name

    async def token(self) -> str:
        """The token that was stored last; empty when there is none."""

        async def query(connection: postgres.Connection) -> tuple[Any, ...] | None:
            return await (await connection.execute(_FIND, [self._name])).fetchone()

        row = await postgres.read(self._pool, query)
        return "" if row is None else str(row[0])

    async def advance(self, connection: postgres.Connection, token: str) -> None:
        """Store ``token`` in the transaction of what was applied; an empty one changes nothing."""
        if connection.info.transaction_status is not psycopg.pq.TransactionStatus.INTRANS:
            raise RuntimeError("a cursor moves inside the transaction of what was applied")
        if token:
            await connection.execute(_ADVANCE, [self._name, token])


TABLES = Tables(_MIGRATIONS)
"""What a schema needs for it."""
