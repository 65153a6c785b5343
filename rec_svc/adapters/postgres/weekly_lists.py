"""The lists of Discover Weekly in PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

from psycopg.types.json import Jsonb

from meshkit import postgres
from meshkit.clock import now_ms
from rec_svc.adapters.codecs import weekly_lists as codec
from rec_svc.domain.weekly_lists import KeptList, WeeklyList
from rec_svc.domain.weeks import Week

_PRUNED_AT_ONCE: Final = 1_000

_FIND = """
SELECT user_id, week, body, playlist_id, due_at_ms FROM weekly_lists
WHERE user_id = %s AND week = %s
"""
_DUE = """
SELECT user_id, week, body, playlist_id, due_at_ms FROM weekly_lists
WHERE week = %s AND due_at_ms <= %s ORDER BY due_at_ms, user_id LIMIT %s
"""
_NOTE = """
UPDATE weekly_lists
SET playlist_id = %s, due_at_ms = CASE WHEN due_at_ms = %s THEN NULL ELSE due_at_ms END
WHERE user_id = %s AND week = %s
"""
# Later than it was due: whoever puts it now notes that this one is done, and no other.
_BLOCKED = """
UPDATE weekly_lists SET due_at_ms = greatest(%s, due_at_ms + 1)
WHERE user_id = ANY (%s) AND week = %s
"""
_PUT_OFF = """
UPDATE weekly_lists SET due_at_ms = %s
WHERE user_id = %s AND week = %s AND due_at_ms IS NOT NULL
"""
# Whoever comes second waits for the first one's commit, and then finds its row.
_KEEP = """
INSERT INTO weekly_lists (user_id, week, body, due_at_ms)
SELECT %(user)s, %(week)s, %(body)s, %(due)s
WHERE NOT EXISTS (SELECT FROM erased_users WHERE user_id = %(user)s)
ON CONFLICT DO NOTHING
"""
_BEFORE = """
SELECT body FROM weekly_lists WHERE user_id = %s AND week >= %s AND week < %s
"""
_ERASE = "DELETE FROM weekly_lists WHERE user_id = %s"
_PRUNE = """
DELETE FROM weekly_lists WHERE (user_id, week) IN (
    SELECT user_id, week FROM weekly_lists WHERE week < %s LIMIT %s FOR UPDATE SKIP LOCKED
)
"""


async def blocked(connection: postgres.Connection, user_ids: Iterable[str]) -> None:
    """These users block artists, or no longer, in this transaction: playlists are put anew."""
    at_ms = now_ms()
    values = [at_ms, sorted(set(user_ids)), Week.at(at_ms).key]
    await connection.execute(_BLOCKED, values)


class PostgresWeeklyLists:
    """``WeeklyLists`` of the schema; a holder of users (``UserHolder``)."""

    def __init__(self, pool: postgres.Pool) -> None:
        self._pool = pool

    async def find(self, user_id: str, week: Week) -> KeptList | None:
        return next(iter(await self._found(_FIND, [user_id, week.key])), None)

    async def due(self, week: Week, now_ms: int, limit: int) -> Sequence[KeptList]:
        return await self._found(_DUE, [week.key, now_ms, limit])

    async def note_playlist(self, kept: KeptList, playlist_id: str) -> None:
        made = kept.list
        await self._write(_NOTE, [playlist_id, kept.due_ms, made.user_id, made.week.key])

    async def put_off(self, user_id: str, week: Week, until_ms: int) -> None:
        await self._write(_PUT_OFF, [until_ms, user_id, week.key])

    async def keep(self, made: WeeklyList) -> KeptList:
        values = {
            "user": made.user_id,
            "week": made.week.key,
            "body": Jsonb(codec.body_of(made)),
            "due": made.made_at_ms,
        }
        async with postgres.transaction(self._pool) as connection:
            await connection.execute(_KEEP, values)
        return await self.find(made.user_id, made.week) or KeptList(made)

    async def tracks_before(self, user_id: str, week: Week, weeks: int) -> frozenset[str]:
        rows = await self._rows(_BEFORE, [user_id, week.before(weeks).key, week.key])
        lists = (codec.list_of(user_id, week, body) for (body,) in rows)
        return frozenset(track_id for one in lists for track_id in one.track_ids)

    async def erase(self, user_id: str) -> None:
        await self._write(_ERASE, [user_id])

    async def prune(self, before: Week) -> int:
        return await postgres.in_parts(self._pool, _PRUNE, [before.key], rows=_PRUNED_AT_ONCE)

    async def _found(self, query: str, values: list[Any]) -> list[KeptList]:
        rows = await self._rows(query, values)
        return [
            KeptList(codec.list_of(user_id, Week.of_key(week), body), playlist_id, due_ms)
            for user_id, week, body, playlist_id, due_ms in rows
        ]

    async def _write(self, statement: str, values: list[Any]) -> None:
        async with postgres.transaction(self._pool) as connection:
            await connection.execute(statement.encode(), values)

    async def _rows(self, query: str, values: list[Any]) -> list[tuple[Any, ...]]:
        async def run(connection: postgres.Connection) -> list[tuple[Any, ...]]:
            return await (await connection.execute(query.encode(), values)).fetchall()

        return await postgres.read(self._pool, run)
