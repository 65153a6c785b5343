"""Homes in PostgreSQL: the table ``homes``."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

import structlog

from meshkit import postgres
from rec_svc.adapters.codecs import homes as codec
from rec_svc.domain.home import Home
from rec_svc.ports.homes import DROPPED_FOR_S, KeptHome, StoredHome

_PRUNED_AT_ONCE: Final = 1_000

# In the order of ids, so that two writers wait for each other and never in a circle.
_CHANGED = """
INSERT INTO homes AS held (user_id, changed, changed_at)
SELECT user_id, 1, now() FROM unnest(%s::text[]) AS told (user_id)
ORDER BY user_id COLLATE "C"
ON CONFLICT (user_id) DO UPDATE SET
    changed = held.changed + 1, changed_at = now(), made_at_ms = 0, exposed = false, body = NULL
"""
_FIND = "SELECT changed, made_at_ms, exposed, body FROM homes WHERE user_id = %s"
_CHANGES = "SELECT changed FROM homes WHERE user_id = %s"
# A change that is under way is waited for at the row, and then seen.
_KEEP = """
INSERT INTO homes AS held (user_id, changed, made_at_ms, body)
SELECT %(user)s, %(changed)s, %(made)s, %(body)s
WHERE NOT EXISTS (SELECT FROM erased_users WHERE user_id = %(user)s)
ON CONFLICT (user_id) DO UPDATE
    SET made_at_ms = excluded.made_at_ms, exposed = false, body = excluded.body
    WHERE held.changed = excluded.changed AND held.made_at_ms = %(replaces)s
"""
_EXPOSE = "UPDATE homes SET exposed = true WHERE user_id = %s AND made_at_ms = %s AND NOT exposed"
_DROPPED = "SELECT user_id FROM homes WHERE changed_at IS NOT NULL ORDER BY changed_at LIMIT %s"
_FORGET = """
DELETE FROM homes USING erased_users
WHERE homes.user_id = erased_users.user_id AND homes.user_id = ANY (%s)
    AND changed_at <= now() - make_interval(secs => %s)
"""
_GONE = """
UPDATE homes SET changed_at = NULL
WHERE user_id = ANY (%s) AND changed_at <= now() - make_interval(secs => %s)
"""
_PRUNE = """
DELETE FROM homes WHERE user_id = ANY (ARRAY(
    SELECT user_id FROM homes WHERE changed_at IS NULL AND made_at_ms < %s
    ORDER BY made_at_ms LIMIT %s FOR UPDATE SKIP LOCKED
))
"""

_log = structlog.get_logger("homes")


async def changed(connection: postgres.Connection, user_ids: Iterable[str]) -> None:
    """Something that the homes of users go by changes in this transaction."""
    if told := sorted(set(user_ids)):
        await connection.execute(_CHANGED, [told])


class PostgresHomes:
    """``Homes`` of the schema."""

    def __init__(self, pool: postgres.Pool) -> None:
        self._pool = pool

    async def find(self, user_id: str) -> StoredHome:
        return _stored(await self._row(_FIND, user_id), user_id)

    async def changed(self, user_id: str) -> int:
        row = await self._row(_CHANGES, user_id)
        return 0 if row is None else int(row[0])

    async def keep(
        self, user_id: str, home: Home, *, changed: int, replaces_ms: int
    ) -> KeptHome | None:
        values = {
            "user": user_id,
            "changed": changed,
            "made": home.made_at_ms,
            "body": codec.encode(home),
            "replaces": replaces_ms,
        }
        async with postgres.transaction(self._pool) as connection:
            if (await connection.execute(_KEEP, values)).rowcount:
                return KeptHome(home, changed)
            row = await (await connection.execute(_FIND, [user_id])).fetchone()
        stored = _stored(row, user_id)
        return stored.kept if stored.changed == changed else None

    async def expose(self, user_id: str, made_at_ms: int) -> None:
        async with postgres.transaction(self._pool) as connection:
            await connection.execute(_EXPOSE, [user_id, made_at_ms])

    async def dropped(self, limit: int) -> Sequence[str]:
        async def query(connection: postgres.Connection) -> list[str]:
            rows = await (await connection.execute(_DROPPED, [limit])).fetchall()
            return [row[0] for row in rows]

        return await postgres.read(self._pool, query)

    async def gone(self, user_ids: Sequence[str], *, after_s: float = DROPPED_FOR_S) -> None:
        values = [list(user_ids), after_s]
        async with postgres.transaction(self._pool) as connection:
            await connection.execute(_FORGET, values)
            await connection.execute(_GONE, values)

    async def erase(self, user_id: str) -> None:
        async with postgres.transaction(self._pool) as connection:
            await changed(connection, [user_id])

    async def prune(self, before_ms: int) -> int:
        return await postgres.in_parts(self._pool, _PRUNE, [before_ms], rows=_PRUNED_AT_ONCE)

    async def _row(self, statement: str, user_id: str) -> tuple[Any, ...] | None:
        async def query(connection: postgres.Connection) -> tuple[Any, ...] | None:
            return await (await connection.execute(statement.encode(), [user_id])).fetchone()

        return await postgres.read(self._pool, query)


def _stored(row: tuple[Any, ...] | None, user_id: str) -> StoredHome:
    if row is None:
        return StoredHome()
    changes, made_at_ms, exposed, body = row
    kept = None
    if body is not None:
        try:
            kept = KeptHome(codec.decode(bytes(body)), changes, exposed)
        except codec.HomeDamaged:
            _log.warning("a home cannot be read and is made anew", user_id=user_id)
    return StoredHome(changes, made_at_ms, kept)
