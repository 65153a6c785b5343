"""Denials of media paths in PostgreSQL, schema ``playback``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from meshkit import feeds_postgres, postgres
from meshkit.clock import instant_of_ms, unix_ms
from meshkit.feeds import Change
from meshkit.postgres import Connection, Pool
from playback_svc.adapters.codecs import denials_feed
from playback_svc.domain.denials import Denial

PUT = """
INSERT INTO denials AS held (session_id, version, rungs, forget_at)
VALUES (%(session_id)s, 1, %(rungs)s, %(forget_at)s)
ON CONFLICT (session_id) DO UPDATE
SET version = held.version + 1, rungs = excluded.rungs, forget_at = excluded.forget_at
RETURNING version
"""
"""Keeps a denial and gives its version; its values are those of ``values_of``."""

_IN_FORCE = """
SELECT session_id, rungs, forget_at, version FROM denials
WHERE session_id > %(after)s AND forget_at > %(now)s ORDER BY session_id LIMIT %(limit)s
"""
# Of the sessions of an erased user those that may have paths yet. They are held before their
# denials, as by commands, so that two writers wait for each other and never in a circle.
_DENY_ERASED = """
INSERT INTO denials AS held (session_id, version, rungs, forget_at)
SELECT session_id, 1, '{}', %(forget_at)s FROM (
    SELECT session_id FROM sessions
    WHERE user_id = %(user_id)s AND session_id = ANY (%(session_ids)s)
      AND (ended_at IS NULL OR ended_at > %(ended_after)s)
    ORDER BY session_id FOR UPDATE
) recent
ON CONFLICT (session_id) DO UPDATE
SET version = held.version + 1, rungs = excluded.rungs, forget_at = excluded.forget_at
RETURNING session_id, rungs, forget_at, version
"""
_USER_OF = "SELECT user_id FROM player_state WHERE sid = %s AND sid <> ''"


def values_of(denial: Denial) -> dict[str, Any]:
    """The values of ``PUT``."""
    return {
        "session_id": denial.session_id,
        "rungs": list(denial.rungs),
        "forget_at": instant_of_ms(denial.forget_at_ms),
    }


async def deny_erased(
    connection: Connection,
    user_id: str,
    session_ids: Sequence[str],
    *,
    ended_after_ms: int,
    forget_at_ms: int,
) -> None:
    """Takes back the paths of a user's sessions that are about to be erased, and tells it, in the
    caller's transaction."""
    values = {
        "user_id": user_id,
        "session_ids": list(session_ids),
        "ended_after": instant_of_ms(ended_after_ms),
        "forget_at": instant_of_ms(forget_at_ms),
    }
    denied = await (await connection.execute(_DENY_ERASED, values)).fetchall()
    if denied:
        await feeds_postgres.append(connection, *map(_change_of, denied))


class PostgresDenials:
    """The ``Denials`` and ``SignIns`` of one schema."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def in_force(self, after: str, now_ms: int, limit: int) -> Sequence[Change]:
        values = {"after": after, "now": instant_of_ms(now_ms), "limit": limit}

        async def query(connection: Connection) -> Sequence[Change]:
            found = await connection.execute(_IN_FORCE, values)
            return [_change_of(row) for row in await found.fetchall()]

        return await postgres.read(self._pool, query)

    async def user_of(self, sid: str) -> str | None:
        async def query(connection: Connection) -> str | None:
            row = await (await connection.execute(_USER_OF, (sid,))).fetchone()
            return str(row[0]) if row else None

        return await postgres.read(self._pool, query)


def _change_of(row: Sequence[Any]) -> Change:
    session_id, rungs, forget_at, version = row
    return denials_feed.change_of(Denial(session_id, tuple(rungs), unix_ms(forget_at)), version)
