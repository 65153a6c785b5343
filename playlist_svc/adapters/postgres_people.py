"""The names that identity told, in PostgreSQL: the table ``people``."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from meshkit import postgres
from playlist_svc.ports.people import ToldName

_FIND = "SELECT user_id, username, told_at FROM people WHERE user_id = ANY (%s)"
# In the order of ids, so that two writers wait for each other and never in a circle.
_KEEP = """
INSERT INTO people AS held (user_id, username, told_at)
SELECT user_id, username, %(at)s
FROM unnest(%(ids)s::text[], %(names)s::text[]) AS told (user_id, username)
ORDER BY user_id COLLATE "C"
ON CONFLICT (user_id) DO UPDATE SET username = excluded.username, told_at = excluded.told_at
WHERE held.told_at < excluded.told_at
"""
_DROP = "DELETE FROM people WHERE user_id = ANY (%s) AND told_at <= %s"

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


class PostgresToldNames:
    """``ToldNames`` of the schema."""

    def __init__(self, pool: postgres.Pool) -> None:
        self._pool = pool

    async def find(self, user_ids: Collection[str]) -> Mapping[str, ToldName]:
        """See the port."""

        async def query(connection: postgres.Connection) -> list[tuple[Any, ...]]:
            return await (await connection.execute(_FIND, [list(user_ids)])).fetchall()

        return {
            user_id: ToldName(username, (told_at - _EPOCH) // _MILLISECOND)
            for user_id, username, told_at in await postgres.read(self._pool, query)
        }

    async def keep(self, names: Mapping[str, str], gone: Collection[str], told_at_ms: int) -> None:
        """See the port."""
        at = _EPOCH + told_at_ms * _MILLISECOND
        rows = {"at": at, "ids": list(names), "names": list(names.values())}
        if names:
            async with postgres.transaction(self._pool) as connection:
                await connection.execute(_KEEP, rows)
        if gone:
            async with postgres.transaction(self._pool) as connection:
                await connection.execute(_DROP, [list(gone), at])
