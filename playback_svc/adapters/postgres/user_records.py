"""What PostgreSQL holds of a user, schema ``playback``, erased in transactions of bounded size."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from meshkit import feeds_postgres, postgres
from meshkit.clock import now_ms
from meshkit.postgres import Connection, Pool
from playback_svc.adapters.postgres import denials
from playback_svc.domain.denials import KEPT_MS
from playback_svc.ports.plays import FEED_ENTITY

ROWS_AT_ONCE: Final = 1_000
"""Rows that go in one transaction, at most."""

# The state is first: whatever a command in flight rests on is gone then.
_TABLES: Final = (
    "player_state",
    "answers",
    "commands",
    "devices",
    "device_lists",
    "blobs",
    "preferences",
    "told_plans",
    "latest_plays",
    "delivered_bytes",
)
_ERASE = """
DELETE FROM {table} WHERE ctid = ANY (ARRAY(
    SELECT ctid FROM {table} WHERE user_id = %s LIMIT %s FOR UPDATE
))
"""
_ERASE_PLAYS = """
DELETE FROM plays WHERE (user_id, play_id) IN (
    SELECT user_id, play_id FROM plays WHERE user_id = %s ORDER BY play_id LIMIT %s FOR UPDATE
) RETURNING play_id
"""
_SESSIONS = "SELECT session_id FROM sessions WHERE user_id = %s LIMIT %s"
_ERASE_SESSIONS = (
    "DELETE FROM delivered_segments WHERE session_id = ANY (%s)",
    "DELETE FROM counted_deliveries WHERE subject = ANY (%s)",
    "DELETE FROM sessions WHERE session_id = ANY (%s) AND user_id = %s",
)


class PostgresUserRecords:
    """The ``UserRecords`` of what the other stores of this schema keep."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def erase(self, user_id: str) -> None:
        for table in _TABLES:
            statement = _ERASE.format(table=table).encode()
            await postgres.in_parts(self._pool, statement, [user_id], rows=ROWS_AT_ONCE)
        while await self._erase_plays(user_id) == ROWS_AT_ONCE:
            pass

    async def _erase_plays(self, user_id: str) -> int:
        """Plays leave the history and the feed together."""
        async with postgres.transaction(self._pool) as connection:
            gone = await connection.execute(_ERASE_PLAYS, [user_id, ROWS_AT_ONCE])
            play_ids = [row[0] for row in await gone.fetchall()]
            await feeds_postgres.forget(connection, FEED_ENTITY, play_ids)
        return len(play_ids)

    async def sessions(self, user_id: str, limit: int) -> Sequence[str]:
        async def query(connection: Connection) -> list[tuple[Any, ...]]:
            return await (await connection.execute(_SESSIONS, [user_id, limit])).fetchall()

        return [str(row[0]) for row in await postgres.read(self._pool, query)]

    async def erase_sessions(self, user_id: str, session_ids: Sequence[str]) -> None:
        segments, marks, sessions = _ERASE_SESSIONS
        at_ms = now_ms()
        async with postgres.transaction(self._pool) as connection:
            await denials.deny_erased(
                connection,
                user_id,
                session_ids,
                ended_after_ms=at_ms - KEPT_MS,
                forget_at_ms=at_ms + KEPT_MS,
            )
            await connection.execute(segments, [list(session_ids)])
            await connection.execute(marks, [list(session_ids)])
            await connection.execute(sessions, [list(session_ids), user_id])
