"""Revoked sign-ins in PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from edge.identity.adapters.codecs import changes
from edge.identity.domain.tokens import Revocation
from meshkit import feeds_postgres, postgres
from meshkit.idempotency import RequestKey
from meshkit.idempotency_postgres import PostgresAnswers

_PRUNE_ROWS = 5_000

_REVOKE = """
INSERT INTO revoked_sessions (sid, user_id, revoked_at, forget_at)
VALUES (%s, %s, %s, %s) ON CONFLICT (sid) DO NOTHING RETURNING sid
"""
_FIND_REVOKED = """
SELECT sid, user_id, revoked_at, forget_at FROM revoked_sessions WHERE sid = %s
"""
_IN_FORCE = """
SELECT sid, user_id, revoked_at, forget_at FROM revoked_sessions
WHERE forget_at > %s ORDER BY revoked_at
"""
_PRUNE_REVOKED = """
DELETE FROM revoked_sessions WHERE ctid = ANY (ARRAY(
    SELECT ctid FROM revoked_sessions WHERE forget_at < %s LIMIT %s FOR UPDATE SKIP LOCKED
))
"""


class PostgresRevocations:
    """The ``Revocations`` of the schema."""

    def __init__(self, pool: postgres.Pool) -> None:
        self._pool = pool
        self._answers = PostgresAnswers()

    async def revoke(self, revocation: Revocation, key: RequestKey | None = None) -> Revocation:
        async with postgres.transaction(self._pool) as connection:

            async def produce() -> bytes:
                return changes.encode_revocation(await _standing(connection, revocation))

            return changes.decode_revocation(
                await self._answers.answer_once(connection, key, produce)
            )

    async def in_force(self, now: datetime) -> list[Revocation]:
        async def query(connection: postgres.Connection) -> list[tuple[Any, ...]]:
            return await (await connection.execute(_IN_FORCE, [now])).fetchall()

        return [_revocation(row) for row in await postgres.read(self._pool, query)]


async def prune_revoked(pool: postgres.Pool, clock: Callable[[], datetime]) -> None:
    """Drops revocations that may be forgotten, a bounded part of them in each transaction."""
    await postgres.in_parts(pool, _PRUNE_REVOKED, [clock()], rows=_PRUNE_ROWS)


async def _standing(connection: postgres.Connection, revocation: Revocation) -> Revocation:
    row = [revocation.sid, revocation.user_id, revocation.revoked_at, revocation.forget_at]
    if await (await connection.execute(_REVOKE, row)).fetchone():
        await feeds_postgres.append(connection, changes.of_revocation(revocation))
        return revocation
    held = await (await connection.execute(_FIND_REVOKED, [revocation.sid])).fetchone()
    # Gone again, it was pruned in between: then it may be forgotten, and this one serves.
    return revocation if held is None else _revocation(held)


def _revocation(row: tuple[Any, ...]) -> Revocation:
    sid, user_id, revoked_at, forget_at = row
    return Revocation(sid, user_id, revoked_at.astimezone(UTC), forget_at.astimezone(UTC))
