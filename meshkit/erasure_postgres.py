"""Users to be erased once more, in PostgreSQL: the table ``pending_erasures``."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import timedelta
from typing import Any

from meshkit import postgres
from meshkit.migrations import Migration, MigrationSource
from meshkit.schema import Tables

_MIGRATIONS = MigrationSource(
    "meshkit.erasure",
    (
        Migration(
            "0001_pending_erasures",
            """
CREATE TABLE pending_erasures (
    user_id text PRIMARY KEY,
    due_at timestamptz NOT NULL
);
CREATE INDEX pending_erasures_due ON pending_erasures (due_at);
""",
        ),
    ),
)

# In the order of ids, so that two writers wait for each other and never in a circle.
_ADD = """
INSERT INTO pending_erasures (user_id, due_at)
SELECT user_id, clock_timestamp() + %s FROM unnest(%s::text[]) AS told (user_id) ORDER BY user_id
ON CONFLICT DO NOTHING
"""
_DUE = """
SELECT user_id FROM pending_erasures WHERE due_at <= clock_timestamp() ORDER BY due_at LIMIT %s
"""
_REMOVE = "DELETE FROM pending_erasures WHERE user_id = ANY (%s)"


class PostgresPendingErasures:
    """The ``PendingErasures`` of one schema, by the server's clock."""

    def __init__(self, pool: postgres.Pool) -> None:
        self._pool = pool

    async def add(self, user_ids: Collection[str], after_s: float) -> None:
        async with postgres.transaction(self._pool) as connection:
            await connection.execute(_ADD, [timedelta(seconds=after_s), list(user_ids)])

    async def due(self, limit: int) -> Sequence[str]:
        async def query(connection: postgres.Connection) -> list[tuple[Any, ...]]:
            return await (await connection.execute(_DUE, [limit])).fetchall()

        return [str(row[0]) for row in await postgres.read(self._pool, query)]

    async def remove(self, user_ids: Collection[str]) -> None:
        async with postgres.transaction(self._pool) as connection:
            await connection.execute(_REMOVE, [list(user_ids)])


TABLES = Tables(_MIGRATIONS)
"""What a schema needs for it."""
