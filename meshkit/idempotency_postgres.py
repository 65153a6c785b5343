"""Answers of idempotent writes in the table ``request_answers`` of the service's schema.

A service runs :func:`prune` about hourly.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta

import psycopg

from meshkit import postgres
from meshkit.idempotency import KEPT, RequestKey, reused
from meshkit.migrations import Migration, MigrationSource
from meshkit.schema import Tables

_PRUNE_ROWS = 5_000

_MIGRATIONS = MigrationSource(
    "meshkit.idempotency",
    (
        Migration(
            "0001_request_answers",
            """
CREATE TABLE request_answers (
    principal text NOT NULL,
    method text NOT NULL,
    request_id text NOT NULL,
    body_sha256 bytea NOT NULL,
    answer bytea,
    written_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (principal, method, request_id)
);
CREATE INDEX request_answers_written_at ON request_answers (written_at);
""",
        ),
        # Answers from before the contracts settled have other shapes: a retry executes again.
        Migration("0002_emptied", "TRUNCATE request_answers;"),
    ),
)

# The insert waits for a transaction that holds the same key: it then finds its row, or, when
# that transaction rolled back, becomes the one that executes.
_CLAIM = """
INSERT INTO request_answers AS held (principal, method, request_id, body_sha256)
VALUES (%(principal)s, %(method)s, %(request_id)s, %(body_sha256)s)
ON CONFLICT (principal, method, request_id) DO UPDATE
    SET body_sha256 = excluded.body_sha256, answer = NULL, written_at = now()
    WHERE held.written_at < now() - %(kept)s
RETURNING true
"""
_STORE = """
UPDATE request_answers SET answer = %(answer)s
WHERE principal = %(principal)s AND method = %(method)s AND request_id = %(request_id)s
"""
_FIND = """
SELECT body_sha256, answer FROM request_answers
WHERE principal = %(principal)s AND method = %(method)s AND request_id = %(request_id)s
"""
_FIND_KEPT = _FIND + "AND written_at >= now() - %(kept)s AND answer IS NOT NULL"
_ERASE = "DELETE FROM request_answers WHERE principal = %s"
_PRUNE = """
DELETE FROM request_answers WHERE ctid = ANY (ARRAY(
    SELECT ctid FROM request_answers WHERE written_at < now() - %s
    ORDER BY written_at LIMIT %s FOR UPDATE SKIP LOCKED
))
"""


class PostgresAnswers:
    """The ``AnswerStore`` whose transaction is the connection that the write runs on."""

    def __init__(self, *, kept: timedelta = KEPT) -> None:
        self._kept = kept

    async def answer_once(
        self,
        transaction: postgres.Connection,
        key: RequestKey | None,
        produce: Callable[[], Awaitable[bytes]],
    ) -> bytes:
        """``produce`` writes on the same connection."""
        if key is None:
            return await produce()
        if transaction.info.transaction_status is not psycopg.pq.TransactionStatus.INTRANS:
            raise RuntimeError("an answer is stored inside the transaction of its write")
        name = {"principal": key.principal, "method": key.method, "request_id": key.request_id}
        claim = name | {"body_sha256": key.body_sha256, "kept": self._kept}
        if await (await transaction.execute(_CLAIM, claim)).fetchone():
            answer = await produce()
            await transaction.execute(_STORE, name | {"answer": answer})
            return answer
        row = await (await transaction.execute(_FIND, name)).fetchone()
        if row is None or row[1] is None:
            raise RuntimeError("a committed request has no answer")
        if row[0] != key.body_sha256:
            raise reused()
        return bytes(row[1])

    async def answer_of(
        self, transaction: postgres.Connection, key: RequestKey | None
    ) -> bytes | None:
        """It need not be inside a transaction."""
        if key is None:
            return None
        name = {"principal": key.principal, "method": key.method, "request_id": key.request_id}
        found = await transaction.execute(_FIND_KEPT, name | {"kept": self._kept})
        row = await found.fetchone()
        if row is None:
            return None
        if row[0] != key.body_sha256:
            raise reused()
        return bytes(row[1])


class KeptAnswers:
    """The answers that are kept of users, to be erased (``meshkit.erasure.UserHolder``)."""

    def __init__(self, pool: postgres.Pool) -> None:
        self._pool = pool

    async def erase(self, user_id: str) -> None:
        async with postgres.transaction(self._pool) as connection:
            await connection.execute(_ERASE, [user_id])


async def prune(pool: postgres.Pool, *, kept: timedelta = KEPT) -> int:
    """Drop answers older than ``kept``, in short transactions; returns how many went."""
    return await postgres.in_parts(pool, _PRUNE, [kept], rows=_PRUNE_ROWS)


TABLES = Tables(_MIGRATIONS, prune)
"""What a schema needs for it."""
