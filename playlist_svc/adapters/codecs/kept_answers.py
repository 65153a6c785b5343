"""Answers of writes that were told before, and how plain ones are kept."""

from __future__ import annotations

from meshkit import postgres
from meshkit.idempotency import RequestKey
from meshkit.idempotency_postgres import PostgresAnswers

NOTHING = b""
"""What a write keeps that answers nothing."""


async def kept(pool: postgres.Pool, key: RequestKey | None) -> bytes | None:
    """The answer that is kept for an equal key, None where there is none (yet).

    Raises InvalidArgument (REQUEST_ID_REUSED).
    """
    if key is None:
        return None
    return await postgres.read(
        pool, lambda connection: PostgresAnswers().answer_of(connection, key)
    )


def number(count: int) -> bytes:
    """A count as it is kept; ``int`` reads it."""
    return str(count).encode()
