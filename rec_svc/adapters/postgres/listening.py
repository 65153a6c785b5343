"""What users listened to and keep, in PostgreSQL."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from meshkit import postgres
from meshkit.idempotency import RequestKey
from meshkit.idempotency_postgres import PostgresAnswers
from rec_svc.adapters.postgres import homes
from rec_svc.domain.listening import Listened, Taste
from rec_svc.domain.user_items import ItemKind
from rec_svc.ports.listening import MOST_TRACKS

_LISTENED = """
SELECT track_id, plays, skips, last_played_ms FROM listened WHERE user_id = %s
ORDER BY last_played_ms DESC, track_id DESC LIMIT %s
"""
# From each user to the next by the index, whatever each of them heard.
_LISTENERS = """
WITH RECURSIVE listeners AS (
    (SELECT user_id, last_played_ms FROM listened WHERE user_id > %(after)s
     ORDER BY user_id, last_played_ms DESC LIMIT 1)
    UNION ALL
    SELECT next.user_id, next.last_played_ms FROM listeners, LATERAL (
        SELECT user_id, last_played_ms FROM listened WHERE user_id > listeners.user_id
        ORDER BY user_id, last_played_ms DESC LIMIT 1
    ) next
)
SELECT user_id, last_played_ms FROM listeners LIMIT %(limit)s
"""
_ITEMS = "SELECT kind, item_id FROM user_items WHERE user_id = %s AND kept"
_BLOCKED = "SELECT item_id FROM user_items WHERE user_id = %s AND kind = %s AND kept"
_BLOCKED_BY_ANYONE = """
SELECT asked.artist_id FROM unnest(%s::text[]) AS asked (artist_id), LATERAL (
    SELECT FROM user_items
    WHERE kind = 'BLOCKED_ARTIST' AND kept AND item_id = asked.artist_id LIMIT 1
) AS found
"""
_FAVORITES = "SELECT artist_ids FROM favorite_artists WHERE user_id = %s"
# What was begun since then was left since then.
_HEARD = """
SELECT track_id, last_begun_ms FROM listened
WHERE user_id = %(user)s AND last_played_ms >= %(since)s AND last_begun_ms >= %(since)s
"""
_SET_FAVORITES = """
INSERT INTO favorite_artists (user_id, artist_ids)
SELECT %(user)s, %(artists)s
WHERE NOT EXISTS (SELECT FROM erased_users WHERE user_id = %(user)s)
ON CONFLICT (user_id) DO UPDATE SET artist_ids = excluded.artist_ids
"""
_ERASE = (
    "DELETE FROM listened WHERE user_id = %s",
    "DELETE FROM user_items WHERE user_id = %s",
    "DELETE FROM favorite_artists WHERE user_id = %s",
)


class PostgresListening:
    """``Listening`` and ``FavoriteArtists`` of the schema; a holder of users (``UserHolder``)."""

    def __init__(self, pool: postgres.Pool) -> None:
        self._pool = pool
        self._answers = PostgresAnswers()

    async def taste(self, user_id: str) -> Taste:
        async def query(connection: postgres.Connection) -> Taste:
            listened = await _rows(connection, _LISTENED, [user_id, MOST_TRACKS])
            items = await _rows(connection, _ITEMS, [user_id])
            favorites = await _rows(connection, _FAVORITES, [user_id])
            return Taste(
                listened=tuple(Listened(*row) for row in listened),
                saved=_of_kind(items, ItemKind.SAVED_TRACK),
                blocked_artists=_of_kind(items, ItemKind.BLOCKED_ARTIST),
                followed_artists=_of_kind(items, ItemKind.FOLLOWED_ARTIST),
                favorite_artists=tuple(favorites[0][0]) if favorites else (),
            )

        return await postgres.read(self._pool, query)

    async def blocked_artists(self, user_id: str) -> frozenset[str]:
        async def query(connection: postgres.Connection) -> frozenset[str]:
            rows = await _rows(connection, _BLOCKED, [user_id, ItemKind.BLOCKED_ARTIST])
            return frozenset(row[0] for row in rows)

        return await postgres.read(self._pool, query)

    async def blocked_by_anyone(self, artist_ids: Collection[str]) -> frozenset[str]:
        async def query(connection: postgres.Connection) -> frozenset[str]:
            rows = await _rows(connection, _BLOCKED_BY_ANYONE, [sorted(set(artist_ids))])
            return frozenset(row[0] for row in rows)

        return await postgres.read(self._pool, query)

    async def listeners(self, after: str, limit: int) -> Sequence[tuple[str, int]]:
        async def query(connection: postgres.Connection) -> Sequence[tuple[str, int]]:
            rows = await _rows(connection, _LISTENERS, {"after": after, "limit": limit})
            return [(user_id, last_ms) for user_id, last_ms in rows]

        return await postgres.read(self._pool, query)

    async def heard_since(self, user_id: str, since_ms: int) -> Mapping[str, int]:
        async def query(connection: postgres.Connection) -> Mapping[str, int]:
            rows = await _rows(connection, _HEARD, {"user": user_id, "since": since_ms})
            return dict(rows)

        return await postgres.read(self._pool, query)

    async def set_favorite_artists(
        self, user_id: str, artist_ids: Sequence[str], key: RequestKey | None = None
    ) -> None:
        async with postgres.transaction(self._pool) as connection:

            async def produce() -> bytes:
                named = {"user": user_id, "artists": list(artist_ids)}
                await connection.execute(_SET_FAVORITES, named)
                await homes.changed(connection, [user_id])
                return b""

            await self._answers.answer_once(connection, key, produce)

    async def erase(self, user_id: str) -> None:
        """Forgets all that is known of a user's listening."""
        async with postgres.transaction(self._pool) as connection:
            for statement in _ERASE:
                await connection.execute(statement, [user_id])


async def _rows(connection: postgres.Connection, query: str, values: Any) -> list[tuple[Any, ...]]:
    return await (await connection.execute(query.encode(), values)).fetchall()


def _of_kind(items: Sequence[tuple[Any, ...]], wanted: ItemKind) -> frozenset[str]:
    return frozenset(item_id for kind, item_id in items if kind == wanted)
