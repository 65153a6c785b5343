"""Accounts in PostgreSQL."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from psycopg import errors

from edge.identity.adapters.codecs import changes
from edge.identity.adapters.postgres.user_rows import fetch_one, fetch_users, user_of
from edge.identity.domain.faults import UniqueField, UserExists, unknown_user_error
from edge.identity.domain.users import PlanPeriod, User
from edge.identity.ports.accounts import Account
from meshkit import feeds_postgres, postgres
from meshkit.idempotency import RequestKey
from meshkit.idempotency_postgres import PostgresAnswers

_UNIQUE: dict[str, UniqueField] = {"users_username": "username", "users_email": "email"}

_INSERT = """
INSERT INTO users (user_id, username, email, tier, created_at, version, plan_ends_at, password_hash)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s)
"""
_FIND = """
SELECT user_id, username, email, tier, created_at, version, plan_ends_at FROM users
WHERE user_id = %s
"""
_FIND_NAMED = """
SELECT user_id, username, email, tier, created_at, version, plan_ends_at FROM users
WHERE lower(username) = lower(%s)
"""
_PASSWORD_HASH = "SELECT password_hash FROM users WHERE user_id = %s"  # noqa: S105
_SET_PLAN = """
UPDATE users SET tier = %(tier)s, plan_ends_at = %(ends_at)s, version = version + 1
WHERE user_id = %(user_id)s
  AND (tier, plan_ends_at) IS DISTINCT FROM (%(tier)s, %(ends_at)s::timestamptz)
RETURNING user_id, username, email, tier, created_at, version, plan_ends_at
"""
_END_PLANS = """
UPDATE users SET tier = 'free', plan_ends_at = NULL, version = version + 1
WHERE user_id = ANY (ARRAY(
    SELECT user_id FROM users WHERE plan_ends_at <= %s
    ORDER BY plan_ends_at LIMIT %s FOR UPDATE SKIP LOCKED
))
RETURNING user_id, username, email, tier, created_at, version, plan_ends_at
"""
_MAKE_ADMIN = "UPDATE users SET admin = true WHERE user_id = %s AND NOT admin"


class PostgresAccounts:
    """The ``Accounts`` of the schema."""

    def __init__(self, pool: postgres.Pool) -> None:
        self._pool = pool
        self._answers = PostgresAnswers()

    async def create(self, account: Account, key: RequestKey | None = None) -> User:
        try:
            async with postgres.transaction(self._pool) as connection:

                async def produce() -> bytes:
                    await _insert(connection, account)
                    return changes.encode_user(account.user)

                return changes.decode_user(
                    await self._answers.answer_once(connection, key, produce)
                )
        except errors.IntegrityError as error:
            # The driver's words quote the row with its hash, so they end here.
            constraint = error.diag.constraint_name or ""
            if constraint not in _UNIQUE:
                raise RuntimeError(f"the users' constraint {constraint} was broken") from None
            raise UserExists(_UNIQUE[constraint]) from None

    async def find(self, user_id: str) -> User | None:
        return user_of(await fetch_one(self._pool, _FIND, [user_id]))

    async def find_many(self, user_ids: Sequence[str]) -> list[User]:
        return await fetch_users(self._pool, user_ids)

    async def find_named(self, username: str) -> User | None:
        return user_of(await fetch_one(self._pool, _FIND_NAMED, [username]))

    async def password_hash(self, user_id: str) -> str | None:
        row = await fetch_one(self._pool, _PASSWORD_HASH, [user_id])
        return row[0] if row else None

    async def set_plan(
        self, user_id: str, period: PlanPeriod, now: datetime, key: RequestKey | None = None
    ) -> User:
        async with postgres.transaction(self._pool) as connection:

            async def produce() -> bytes:
                period.require_valid(now)
                return changes.encode_user(await _put(connection, user_id, period))

            return changes.decode_user(await self._answers.answer_once(connection, key, produce))

    async def end_plans(self, now: datetime, limit: int) -> int:
        async with postgres.transaction(self._pool) as connection:
            ended = await (await connection.execute(_END_PLANS, [now, limit])).fetchall()
            users = [user for row in ended if (user := user_of(row)) is not None]
            if users:
                await feeds_postgres.append(connection, *map(changes.of_user, users))
        return len(users)

    async def make_admin(self, user_id: str) -> None:
        async with postgres.transaction(self._pool) as connection:
            await connection.execute(_MAKE_ADMIN, [user_id])


async def _put(connection: postgres.Connection, user_id: str, period: PlanPeriod) -> User:
    arguments = {"user_id": user_id, "tier": period.tier.value, "ends_at": period.ends_at}
    changed = user_of(await (await connection.execute(_SET_PLAN, arguments)).fetchone())
    if changed is not None:
        await feeds_postgres.append(connection, changes.of_user(changed))
        return changed
    held = user_of(await (await connection.execute(_FIND, [user_id])).fetchone())
    if held is None:
        raise unknown_user_error(user_id)
    return held


async def _insert(connection: postgres.Connection, account: Account) -> None:
    user = account.user
    row = [user.user_id, user.username, user.email, user.tier.value, user.created_at, user.version]
    await connection.execute(_INSERT, [*row, user.plan_ends_at, account.password_hash])
    await feeds_postgres.append(connection, changes.of_user(user))
