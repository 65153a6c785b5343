"""Upkeep of the tables in PostgreSQL, schema ``playback``."""

from __future__ import annotations

from meshkit import postgres
from meshkit.clock import instant_of_ms, unix_ms
from meshkit.postgres import Connection, Pool
from playback_svc.ports.upkeep import FIRST, Overdue

_OVERDUE = """
SELECT expires_at, user_id FROM player_state
WHERE expires_at < %(before)s AND expires_at >= %(after)s
  AND (expires_at, user_id) > (%(after)s, %(after_user)s)
ORDER BY expires_at, user_id LIMIT %(limit)s
"""
# The condition stands twice: a row may be written anew between its choice and its end.
_FORGET_ANSWERS = """
DELETE FROM answers WHERE expires_at <= %(until)s AND ctid = ANY (ARRAY(
    SELECT ctid FROM answers WHERE expires_at <= %(until)s ORDER BY expires_at LIMIT %(limit)s
))
"""
_FORGET_COMMANDS = """
DELETE FROM commands WHERE issued_at <= %(until)s AND ctid = ANY (ARRAY(
    SELECT ctid FROM commands WHERE issued_at <= %(until)s ORDER BY issued_at LIMIT %(limit)s
))
"""
_FORGET_DENIALS = """
DELETE FROM denials WHERE forget_at <= %(until)s AND ctid = ANY (ARRAY(
    SELECT ctid FROM denials WHERE forget_at <= %(until)s ORDER BY forget_at LIMIT %(limit)s
))
"""
_FORGET_SESSIONS = """
DELETE FROM sessions WHERE ended_at <= %(until)s AND ctid = ANY (ARRAY(
    SELECT ctid FROM sessions WHERE ended_at <= %(until)s ORDER BY ended_at LIMIT %(limit)s
))
"""


class PostgresUpkeep:
    """The ``Upkeep`` of what ``PostgresPlayerStates`` and ``PostgresMailboxes`` keep."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def overdue(self, before_ms: int, limit: int, after: Overdue = FIRST) -> list[Overdue]:
        values = {
            "before": instant_of_ms(before_ms),
            "after": instant_of_ms(after.over_at_ms),
            "after_user": after.user_id,
            "limit": limit,
        }

        async def query(connection: Connection) -> list[Overdue]:
            found = await connection.execute(_OVERDUE, values)
            return [Overdue(unix_ms(row[0]), row[1]) for row in await found.fetchall()]

        return await postgres.read(self._pool, query)

    async def forget_answers(self, now_ms: int, limit: int) -> int:
        return await self._forget(_FORGET_ANSWERS, now_ms, limit)

    async def forget_commands(self, until_ms: int, limit: int) -> int:
        return await self._forget(_FORGET_COMMANDS, until_ms, limit)

    async def forget_denials(self, now_ms: int, limit: int) -> int:
        return await self._forget(_FORGET_DENIALS, now_ms, limit)

    async def forget_sessions(self, until_ms: int, limit: int) -> int:
        return await self._forget(_FORGET_SESSIONS, until_ms, limit)

    async def _forget(self, statement: str, until_ms: int, limit: int) -> int:
        values = {"until": instant_of_ms(until_ms), "limit": limit}
        async with postgres.transaction(self._pool) as connection:
            return (await connection.execute(statement.encode(), values)).rowcount
