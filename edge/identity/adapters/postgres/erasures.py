"""Users who are gone, in PostgreSQL."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from edge.identity.adapters.codecs import changes
from edge.identity.domain.faults import LastAdmin, unknown_user_error
from edge.identity.domain.tokens import Erasure
from meshkit import feeds_postgres, postgres
from meshkit.idempotency import RequestKey
from meshkit.idempotency_postgres import PostgresAnswers

# Administrators are held in the order of their ids: of two who erase each other one is refused.
_HOLD = """
SELECT user_id, version, admin FROM users WHERE admin OR user_id = %s ORDER BY user_id FOR UPDATE
"""
_WAS_ERASED = "SELECT FROM erased_users WHERE user_id = %s"
# Answers of sign-ups and plans tell the address: those to strangers and to administrators, too.
_FORGET_ANSWERS = """
DELETE FROM request_answers
WHERE principal = %(id)s OR position(convert_to(%(id)s, 'UTF8') IN answer) > 0
"""
_FORGET_REVOKED = "DELETE FROM revoked_sessions WHERE user_id = %(id)s"
_DROP = "DELETE FROM users WHERE user_id = %(id)s"
_KEEP = "INSERT INTO erased_users (user_id, erased_at, forget_at) VALUES (%s, %s, %s)"
_IN_FORCE = """
SELECT user_id, erased_at, forget_at FROM erased_users WHERE forget_at > %s ORDER BY erased_at
"""
_PAGE = """
SELECT user_id, erased_at, forget_at FROM erased_users WHERE user_id > %s ORDER BY user_id LIMIT %s
"""


class PostgresErasures:
    """The ``Erasures`` of the schema."""

    def __init__(self, pool: postgres.Pool) -> None:
        self._pool = pool
        self._answers = PostgresAnswers()

    async def erase(self, erasure: Erasure, key: RequestKey | None = None) -> None:
        async with postgres.transaction(self._pool) as connection:

            async def produce() -> bytes:
                await _erase(connection, erasure)
                return b"erased"

            await self._answers.answer_once(connection, key, produce)

    async def in_force(self, now: datetime) -> list[Erasure]:
        return await self._read(_IN_FORCE, [now])

    async def page(self, after: str, limit: int) -> Sequence[Erasure]:
        return await self._read(_PAGE, [after, limit])

    async def _read(self, statement: str, arguments: list[Any]) -> list[Erasure]:
        async def query(connection: postgres.Connection) -> list[tuple[Any, ...]]:
            return await (await connection.execute(statement.encode(), arguments)).fetchall()

        return [
            Erasure(user_id, erased_at.astimezone(UTC), forget_at.astimezone(UTC))
            for user_id, erased_at, forget_at in await postgres.read(self._pool, query)
        ]


async def _erase(connection: postgres.Connection, erasure: Erasure) -> None:
    rows = await (await connection.execute(_HOLD, [erasure.user_id])).fetchall()
    held = {user_id: (version, admin) for user_id, version, admin in rows}
    if erasure.user_id not in held:
        if await (await connection.execute(_WAS_ERASED, [erasure.user_id])).fetchone() is None:
            raise unknown_user_error(erasure.user_id)
        return
    version, admin = held[erasure.user_id]
    if admin and sum(admin for _, admin in held.values()) == 1:
        raise LastAdmin
    for statement in (_FORGET_ANSWERS, _FORGET_REVOKED, _DROP):
        await connection.execute(statement.encode(), {"id": erasure.user_id})
    await connection.execute(_KEEP, [erasure.user_id, erasure.erased_at, erasure.forget_at])
    await feeds_postgres.append(connection, changes.of_erasure(erasure, version + 1))
