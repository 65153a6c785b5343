"""The listening history in PostgreSQL, schema ``playback``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from meshkit import postgres
from meshkit.postgres import Connection, Pool
from playback_svc.adapters.postgres import device_rows
from playback_svc.domain.plays import PlayRecord

_LISTED = ", ".join(f"p.{column}" for column in device_rows.PLAY_COLUMNS)

# Above every ULID. A condition that may also be left out would be no place in an index.
_ABOVE_ALL = "Z" * 26

# The statements are put together from the constant names of columns alone.
_PAGE = f"""
SELECT {_LISTED} FROM plays p
WHERE p.user_id = %(user_id)s AND p.counted AND p.play_id < %(after)s
ORDER BY p.play_id DESC LIMIT %(limit)s
"""  # noqa: S608
_DISTINCT = f"""
SELECT {_LISTED} FROM (
    SELECT user_id, play_id FROM latest_plays
    WHERE user_id = %(user_id)s AND play_id < %(after)s
    ORDER BY play_id DESC LIMIT %(limit)s
) latest JOIN plays p USING (user_id, play_id)
ORDER BY p.play_id DESC
"""  # noqa: S608
_LATEST = f"""
SELECT {_LISTED} FROM plays p WHERE p.user_id = %(user_id)s
ORDER BY p.play_id DESC LIMIT %(limit)s
"""  # noqa: S608


class PostgresPlays:
    """The ``Plays`` that ``PostgresPlayerStates`` keeps."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def page(
        self, user_id: str, after: str | None, limit: int, *, distinct: bool
    ) -> Sequence[PlayRecord]:
        """See the port. Raises Unavailable."""
        statement = _DISTINCT if distinct else _PAGE
        values = {"user_id": user_id, "after": after or _ABOVE_ALL, "limit": limit}
        return await self._read(statement, values)

    async def latest(self, user_id: str, limit: int) -> Sequence[PlayRecord]:
        """See the port. Raises Unavailable."""
        return await self._read(_LATEST, {"user_id": user_id, "limit": limit})

    async def _read(self, statement: str, values: dict[str, Any]) -> Sequence[PlayRecord]:
        async def query(connection: Connection) -> Sequence[PlayRecord]:
            found = await connection.execute(statement.encode(), values)
            return [device_rows.play_of(row) for row in await found.fetchall()]

        return await postgres.read(self._pool, query)
