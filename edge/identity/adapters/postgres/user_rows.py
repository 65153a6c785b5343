"""Users as rows of the schema, read one by one and many at a time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC
from typing import Any

from edge.identity.domain.plans import Tier
from edge.identity.domain.users import User
from meshkit import postgres

_FIND_MANY = """
SELECT user_id, username, email, tier, created_at, version, plan_ends_at FROM users
WHERE user_id = ANY (%s)
"""


async def fetch_one(
    pool: postgres.Pool, statement: str, arguments: Sequence[object]
) -> tuple[Any, ...] | None:
    """The one row of a statement, or None."""

    async def query(connection: postgres.Connection) -> tuple[Any, ...] | None:
        return await (await connection.execute(statement.encode(), arguments)).fetchone()

    return await postgres.read(pool, query)


async def fetch_users(pool: postgres.Pool, user_ids: Sequence[str]) -> list[User]:
    """The users among these ids."""

    async def query(connection: postgres.Connection) -> list[tuple[Any, ...]]:
        return await (await connection.execute(_FIND_MANY, [list(user_ids)])).fetchall()

    rows = await postgres.read(pool, query) if user_ids else []
    return [found for row in rows if (found := user_of(row)) is not None]


def user_of(row: tuple[Any, ...] | None) -> User | None:
    """The user of a row; None where there is no row."""
    if row is None:
        return None
    user_id, username, email, tier, created_at, version, ends_at = row
    plan_ends_at = ends_at.astimezone(UTC) if ends_at else None
    made_at = created_at.astimezone(UTC)
    return User(user_id, username, email, Tier(tier), made_at, version, plan_ends_at)
