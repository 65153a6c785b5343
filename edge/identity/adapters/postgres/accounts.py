"""Accounts in PostgreSQL."""

from __future__ import annotations

from collections.abc import Sequence

from psycopg import errors

from edge.identity.adapters.codecs import changes
from edge.identity.adapters.postgres.user_rows import fetch_one, fetch_users, user_of
from edge.identity.domain.faults import UniqueField, UserExists
from edge.identity.domain.plans import Tier
from edge.identity.domain.users import User
from edge.identity.ports.accounts import Account
from meshkit import feeds_postgres, postgres
from meshkit.faults import NotFound
from meshkit.idempotency import RequestKey
from meshkit.idempotency_postgres import PostgresAnswers

_UNIQUE: dict[str, UniqueField] = {"users_username": "username", "users_email": "email"}

_INSERT = """
INSERT INTO users (user_id, username, email, tier, created_at, version, password_hash)
VALUES (%s, %s, %s, %s, %s, %s, %s)
"""
_FIND = """
SELECT user_id, username, email, tier, created_at, version FROM users WHERE user_id = %s
"""
_FIND_NAMED = """
SELECT user_id, username, email, tier, created_at, version FROM users
WHERE lower(username) = lower(%s)
"""
_PASSWORD_HASH = "SELECT password_hash FROM users WHERE user_id = %s"  # noqa: S105
_CHANGE_TIER = """
UPDATE users SET tier = %(tier)s, version = version + 1
WHERE user_id = %(user_id)s AND tier <> %(tier)s
RETURNING user_id, username, email, tier, created_at, version
"""


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

    async def change_tier(self, user_id: str, tier: Tier) -> User:
        arguments = {"user_id": user_id, "tier": tier.value}
        async with postgres.transaction(self._pool) as connection:
            changed = user_of(await (await connection.execute(_CHANGE_TIER, arguments)).fetchone())
            if changed is not None:
                await feeds_postgres.append(connection, changes.of_user(changed))
                return changed
            held = user_of(await (await connection.execute(_FIND, [user_id])).fetchone())
        if held is None:
            raise NotFound("There is no such user.", metadata={"resource": "user", "id": user_id})
        return held


async def _insert(connection: postgres.Connection, account: Account) -> None:
    user = account.user
    row = [user.user_id, user.username, user.email, user.tier.value, user.created_at, user.version]
    await connection.execute(_INSERT, [*row, account.password_hash])
    await feeds_postgres.append(connection, changes.of_user(user))
