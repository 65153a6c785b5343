"""Reads over many playlists of the schema."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from meshkit import postgres
from playlist_svc.adapters.postgres.playlist_rows import HEAD_COLUMNS, head_of
from playlist_svc.domain.playlist import Head

_PUBLIC = f"""
SELECT {", ".join(HEAD_COLUMNS)} FROM playlists
WHERE visibility = 'PUBLIC' AND deleted_at IS NULL AND playlist_id > %s
ORDER BY playlist_id LIMIT %s
"""  # noqa: S608 - names of columns alone
_ALL = f"""
SELECT {", ".join(HEAD_COLUMNS)} FROM playlists
WHERE deleted_at IS NULL AND playlist_id > %s ORDER BY playlist_id LIMIT %s
"""  # noqa: S608 - names of columns alone
_FOLLOWED = """
SELECT playlist_id FROM playlist_followers WHERE user_id = %s AND playlist_id = ANY(%s)
"""


class PostgresListings:
    """``Listings`` of the schema."""

    def __init__(self, pool: postgres.Pool) -> None:
        self._pool = pool

    async def public_heads(self, after: str, limit: int) -> list[Head]:
        return await self._heads(_PUBLIC, after, limit)

    async def all_heads(self, after: str, limit: int) -> list[Head]:
        return await self._heads(_ALL, after, limit)

    async def _heads(self, statement: str, after: str, limit: int) -> list[Head]:
        async def query(connection: postgres.Connection) -> list[tuple[Any, ...]]:
            return await (await connection.execute(statement.encode(), [after, limit])).fetchall()

        return [head_of(row) for row in await postgres.read(self._pool, query)]

    async def followed(self, user_id: str, playlist_ids: Collection[str]) -> frozenset[str]:
        async def query(connection: postgres.Connection) -> list[tuple[Any, ...]]:
            arguments = [user_id, list(playlist_ids)]
            return await (await connection.execute(_FOLLOWED, arguments)).fetchall()

        return frozenset(row[0] for row in await postgres.read(self._pool, query))
