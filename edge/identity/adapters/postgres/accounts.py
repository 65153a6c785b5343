"""Identity in PostgreSQL: the schema ``identity``."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from psycopg import errors

from edge.identity.adapters.codecs import changes
from edge.identity.domain.events import UserEvents
from edge.identity.domain.faults import UniqueField, UserExists
from edge.identity.domain.plans import Tier
from edge.identity.domain.tokens import Revocation
from edge.identity.domain.users import User
from edge.identity.ports import Account
from meshkit import feeds_postgres, postgres
from meshkit.faults import NotFound
from meshkit.feeds import ChangeFeed
from meshkit.idempotency import RequestKey
from meshkit.idempotency_postgres import PostgresAnswers

_PRUNE_ROWS = 5_000

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
_FIND_MANY = """
SELECT user_id, username, email, tier, created_at, version FROM users WHERE user_id = ANY (%s)
"""
_PASSWORD_HASH = "SELECT password_hash FROM users WHERE user_id = %s"  # noqa: S105
_CHANGE_TIER = """
UPDATE users SET tier = %(tier)s, version = version + 1
WHERE user_id = %(user_id)s AND tier <> %(tier)s
RETURNING user_id, username, email, tier, created_at, version
"""
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


class PostgresAccounts:
    """The ``Accounts`` of the schema."""

    def __init__(self, pool: postgres.Pool) -> None:
        self._pool = pool
        self._answers = PostgresAnswers()

    async def create(self, account: Account, key: RequestKey | None = None) -> User:
        """See ``Accounts.create``."""
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
        """See ``Accounts.find``."""
        return _user(await _one(self._pool, _FIND, [user_id]))

    async def find_many(self, user_ids: Sequence[str]) -> list[User]:
        """See ``Accounts.find_many``."""
        return await _many(self._pool, user_ids)

    async def find_named(self, username: str) -> User | None:
        """See ``Accounts.find_named``."""
        return _user(await _one(self._pool, _FIND_NAMED, [username]))

    async def password_hash(self, user_id: str) -> str | None:
        """See ``Accounts.password_hash``."""
        row = await _one(self._pool, _PASSWORD_HASH, [user_id])
        return row[0] if row else None

    async def change_tier(self, user_id: str, tier: Tier) -> User:
        """See ``Accounts.change_tier``."""
        arguments = {"user_id": user_id, "tier": tier.value}
        async with postgres.transaction(self._pool) as connection:
            changed = _user(await (await connection.execute(_CHANGE_TIER, arguments)).fetchone())
            if changed is not None:
                await feeds_postgres.append(connection, changes.of_user(changed))
                return changed
            held = _user(await (await connection.execute(_FIND, [user_id])).fetchone())
        if held is None:
            raise NotFound("There is no such user.", metadata={"resource": "user", "id": user_id})
        return held


class PostgresRevocations:
    """The ``Revocations`` of the schema."""

    def __init__(self, pool: postgres.Pool) -> None:
        self._pool = pool
        self._answers = PostgresAnswers()

    async def revoke(self, revocation: Revocation, key: RequestKey | None = None) -> Revocation:
        """See ``Revocations.revoke``."""
        async with postgres.transaction(self._pool) as connection:

            async def produce() -> bytes:
                return changes.encode_revocation(await _standing(connection, revocation))

            return changes.decode_revocation(
                await self._answers.answer_once(connection, key, produce)
            )

    async def in_force(self, now: datetime) -> list[Revocation]:
        """See ``Revocations.in_force``."""

        async def query(connection: postgres.Connection) -> list[tuple[Any, ...]]:
            return await (await connection.execute(_IN_FORCE, [now])).fetchall()

        return [_revocation(row) for row in await postgres.read(self._pool, query)]


class PostgresUserFeed:
    """The ``UserFeed`` of the schema, over its change feed."""

    def __init__(self, feed: ChangeFeed, pool: postgres.Pool) -> None:
        self._feed = feed
        self._pool = pool

    async def head(self) -> str:
        """See ``UserFeed.head``."""
        return await self._feed.head()

    async def watch(self, token: str, *, stop: asyncio.Event) -> AsyncIterator[UserEvents]:
        """See ``UserFeed.watch``."""
        async for batch in self._feed.watch(token, stop=stop):
            found = await _many(self._pool, changes.user_ids(batch.changes))
            users = {user.user_id: user for user in found}
            events = changes.events(batch.changes, users)
            yield UserEvents(events, batch.token, batch.caught_up)


async def prune_revoked(pool: postgres.Pool, clock: Callable[[], datetime]) -> None:
    """Drops revocations that may be forgotten, a bounded part of them in each transaction."""
    dropped = _PRUNE_ROWS
    while dropped == _PRUNE_ROWS:
        async with postgres.transaction(pool) as connection:
            found = await connection.execute(_PRUNE_REVOKED, [clock(), _PRUNE_ROWS])
            dropped = found.rowcount


async def _insert(connection: postgres.Connection, account: Account) -> None:
    user = account.user
    row = [user.user_id, user.username, user.email, user.tier.value, user.created_at, user.version]
    await connection.execute(_INSERT, [*row, account.password_hash])
    await feeds_postgres.append(connection, changes.of_user(user))


async def _standing(connection: postgres.Connection, revocation: Revocation) -> Revocation:
    row = [revocation.sid, revocation.user_id, revocation.revoked_at, revocation.forget_at]
    if await (await connection.execute(_REVOKE, row)).fetchone():
        await feeds_postgres.append(connection, changes.of_revocation(revocation))
        return revocation
    held = await (await connection.execute(_FIND_REVOKED, [revocation.sid])).fetchone()
    # Gone again, it was pruned in between: then it may be forgotten, and this one serves.
    return revocation if held is None else _revocation(held)


async def _one(
    pool: postgres.Pool, statement: str, arguments: Sequence[object]
) -> tuple[Any, ...] | None:
    async def query(connection: postgres.Connection) -> tuple[Any, ...] | None:
        return await (await connection.execute(statement.encode(), arguments)).fetchone()

    return await postgres.read(pool, query)


async def _many(pool: postgres.Pool, user_ids: Sequence[str]) -> list[User]:
    async def query(connection: postgres.Connection) -> list[tuple[Any, ...]]:
        return await (await connection.execute(_FIND_MANY, [list(user_ids)])).fetchall()

    rows = await postgres.read(pool, query) if user_ids else []
    return [user for row in rows if (user := _user(row)) is not None]


def _user(row: tuple[Any, ...] | None) -> User | None:
    if row is None:
        return None
    user_id, username, email, tier, created_at, version = row
    return User(user_id, username, email, Tier(tier), created_at.astimezone(UTC), version)


def _revocation(row: tuple[Any, ...]) -> Revocation:
    sid, user_id, revoked_at, forget_at = row
    return Revocation(sid, user_id, revoked_at.astimezone(UTC), forget_at.astimezone(UTC))
