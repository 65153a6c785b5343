"""Replicas in PostgreSQL: their places and listings are in the table ``feed_cursors``.

A service says how its own tables take changes over, the rest is the same for all::

    class PostgresTitles(PostgresReplica[Title]):
        def __init__(self, pool):
            super().__init__(pool, "catalogue")

        async def _store(self, connection, changes, generation):
            await connection.execute(...)   # where (held.generation, held.version) < (new ones)

        async def _drop_untold(self, connection, generation, limit):
            ...                             # where held.generation < generation
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Final, Generic, TypeVar

import psycopg

from meshkit import postgres
from meshkit.migrations import Migration, MigrationSource
from meshkit.replicas import overtaken_error
from meshkit.schema import Tables

DROPPED_AT_ONCE: Final = 1_000
"""So many of what a listing did not tell go in one transaction."""

_MIGRATIONS = MigrationSource(
    # By this name schemas know what they have; it is that of the module which had it first.
    "meshkit.following",
    (
        Migration(
            "0001_feed_cursors",
            """
CREATE TABLE feed_cursors (
    name text PRIMARY KEY,
    token text NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT now()
);
""",
        ),
        Migration(
            "0002_generations",
            "ALTER TABLE feed_cursors ADD COLUMN generation bigint NOT NULL DEFAULT 0;",
        ),
    ),
)

_FIND = "SELECT token, generation FROM feed_cursors WHERE name = %s"
_ADD = "INSERT INTO feed_cursors (name, token) VALUES (%s, '') ON CONFLICT DO NOTHING"
_HOLD = "SELECT generation FROM feed_cursors WHERE name = %s FOR UPDATE"
_BEGIN = """
INSERT INTO feed_cursors AS held (name, token, generation) VALUES (%s, '', 1)
ON CONFLICT (name) DO UPDATE SET generation = held.generation + 1 RETURNING generation
"""
_ADVANCE = "UPDATE feed_cursors SET token = %s, updated_at = now() WHERE name = %s"

T = TypeVar("T")


class PostgresCursor:
    """The place in the feed ``name``, and how often that was listed."""

    def __init__(self, pool: postgres.Pool, name: str) -> None:
        self._pool = pool
        self._name = name

    async def find(self) -> tuple[str, int]:
        """The token that was stored last, empty when there is none, and the last generation."""

        async def query(connection: postgres.Connection) -> tuple[Any, ...] | None:
            return await (await connection.execute(_FIND, [self._name])).fetchone()

        row = await postgres.read(self._pool, query)
        return ("", 0) if row is None else (str(row[0]), int(row[1]))

    async def begin_listing(self) -> int:
        """A new generation, higher than any before."""
        async with postgres.transaction(self._pool) as connection:
            row = await (await connection.execute(_BEGIN, [self._name])).fetchone()
        return int(row[0]) if row else 0

    async def hold(self, connection: postgres.Connection) -> int:
        """The last generation, which stays the last until the transaction ends.

        Whoever writes the replica begins with this, so that writers wait for each other and never
        in a circle.
        """
        if connection.info.transaction_status is not psycopg.pq.TransactionStatus.INTRANS:
            raise RuntimeError("a cursor is held inside the transaction of what is applied")
        row = await (await connection.execute(_HOLD, [self._name])).fetchone()
        if row is None:
            await connection.execute(_ADD, [self._name])
            row = await (await connection.execute(_HOLD, [self._name])).fetchone()
        return int(row[0]) if row else 0

    async def advance(self, connection: postgres.Connection, token: str) -> None:
        """Store ``token`` in the transaction that holds the cursor; an empty one changes
        nothing."""
        if token:
            await connection.execute(_ADVANCE, [token, self._name])


class PostgresReplica(Generic[T]):
    """A ``meshkit.consuming.Replica`` whose changes and place are stored in one transaction.

    Of two instances that apply the same feed, one that began before the other's listing is refused
    (Aborted): what it was told may be of before a restore. By itself it keeps its place alone.
    """

    def __init__(self, pool: postgres.Pool, feed: str) -> None:
        self._pool = pool
        self._cursor = PostgresCursor(pool, feed)
        self._generation: int | None = None

    async def resume_token(self) -> str:
        """The token that was stored last; empty when there is none."""
        token, self._generation = await self._cursor.find()
        return token

    async def begin_listing(self) -> None:
        """A new generation: everything is told from here on."""
        self._generation = await self._cursor.begin_listing()

    async def apply(self, changes: Sequence[T], resume_token: str) -> None:
        """Stores ``changes`` and the token, unless that is empty; all or nothing."""
        async with self._writing(changes) as connection:
            generation = await self._held_generation(connection)
            if changes:
                await self._store(connection, changes, generation)
            await self._cursor.advance(connection, resume_token)

    async def end_listing(self) -> None:
        """Drops what was told before the listing began, a bounded part in each transaction."""
        dropped = DROPPED_AT_ONCE
        while dropped >= DROPPED_AT_ONCE:
            async with self._writing(None) as connection:
                generation = await self._held_generation(connection)
                dropped = await self._drop_untold(connection, generation, DROPPED_AT_ONCE)

    async def _held_generation(self, connection: postgres.Connection) -> int:
        generation = await self._cursor.hold(connection)
        if self._generation not in (None, generation):
            raise overtaken_error()
        return generation

    def _writing(
        self, changes: Sequence[T] | None
    ) -> AbstractAsyncContextManager[postgres.Connection]:
        """The transaction in which ``changes`` are stored or, by None, untold things dropped."""
        return postgres.transaction(self._pool)

    async def _store(
        self, connection: postgres.Connection, changes: Sequence[T], generation: int
    ) -> None:
        """Store what is newer by ``meshkit.replicas.ToldAt``, at ``generation``."""

    async def _drop_untold(
        self, connection: postgres.Connection, generation: int, limit: int
    ) -> int:
        """Drop at most ``limit`` of what was told in earlier generations alone; how many went."""
        return 0


TABLES = Tables(_MIGRATIONS)
"""What a schema needs for it."""
