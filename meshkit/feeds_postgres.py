"""Change feeds in PostgreSQL: the table ``change_feed`` of the service's schema.

Writers call :func:`append` inside the change's own transaction. Readers see rows in the order
(transaction id, sequence), strictly below the oldest transaction still running: a late commit
is delayed, never skipped. An open write transaction therefore holds every feed of the server,
which is why ``postgres.transaction`` is bounded. NOTIFY wakes all readers of a process through
one connection, and readers at the same place share one query.

A service runs :func:`prune` about daily. :func:`start_epoch` runs once after its database was
restored, before it serves; ``segue mesh restore`` sees to that.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any, LiteralString
from uuid import UUID

import psycopg

from meshkit import notices_postgres, postgres
from meshkit.feeds import (
    BATCH_LIMIT,
    CaughtUp,
    CaughtUpClock,
    Change,
    FeedBatch,
    Op,
    Position,
    decode_token,
    encode_token,
    expired,
    first_of,
)
from meshkit.migrations import Migration, MigrationSource
from meshkit.schema import Tables
from meshkit.single_flight import SingleFlight

KEPT = timedelta(days=30)
"""How long a change can be read."""

_IDLE_POLL_S = 5.0
_PENDING_POLL_S = 0.05
_PRUNE_ROWS = 5_000

_CHANNEL = "change_feed"

_MIGRATIONS = MigrationSource(
    "meshkit.feeds",
    (
        Migration(
            "0001_change_feed",
            """
CREATE TABLE change_feed (
    xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
    seq bigint GENERATED ALWAYS AS IDENTITY,
    entity text NOT NULL,
    id text NOT NULL,
    version bigint NOT NULL,
    op text NOT NULL CHECK (op IN ('UPSERT', 'DELETE')),
    payload bytea NOT NULL,
    written_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (xid, seq)
);
CREATE TABLE change_feed_state (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    epoch uuid NOT NULL DEFAULT gen_random_uuid(),
    floor_xid xid8 NOT NULL DEFAULT '0',
    floor_seq bigint NOT NULL DEFAULT 0
);
INSERT INTO change_feed_state DEFAULT VALUES;
""",
        ),
        # What was told before the contracts settled has other shapes: readers list again.
        Migration(
            "0002_new_epoch",
            """
TRUNCATE change_feed;
UPDATE change_feed_state SET epoch = gen_random_uuid(), floor_xid = '0', floor_seq = 0;
""",
        ),
    ),
)

_NOTIFY = "SELECT pg_notify(current_schema() || '.change_feed', '')"

_APPEND = """
WITH added AS (
    INSERT INTO change_feed (entity, id, version, op, payload)
    SELECT * FROM unnest(%s::text[], %s::text[], %s::bigint[], %s::text[], %s::bytea[])
) SELECT pg_notify(current_schema() || '.change_feed', '')
"""

_HEAD = """
SELECT epoch, pg_snapshot_xmin(pg_current_snapshot())::text FROM change_feed_state
"""

_OLDEST = "SELECT epoch, floor_xid::text, floor_seq FROM change_feed_state"

# One statement, hence one snapshot: rows, floor and horizon agree even while pruning runs.
_READ = """
SELECT state.epoch, state.floor_xid::text, state.floor_seq,
       pg_snapshot_xmax(pg_current_snapshot())::text,
       EXISTS (SELECT FROM change_feed WHERE (xid, seq) > (%(xid)s::xid8, %(seq)s)),
       found.xid::text, found.seq, found.entity, found.id, found.version, found.op, found.payload
FROM change_feed_state AS state LEFT JOIN LATERAL (
    SELECT * FROM change_feed
    WHERE (xid, seq) > (%(xid)s::xid8, %(seq)s)
      AND xid < pg_snapshot_xmin(pg_current_snapshot())
    ORDER BY xid, seq LIMIT %(limit)s
) AS found ON true
ORDER BY found.xid, found.seq
"""

_FORGET = "DELETE FROM change_feed WHERE id = ANY (%s) AND entity = %s"

# Only a prefix of the order may go, or the floor would not say what is missing.
_PRUNE = """
WITH oldest AS (
    SELECT xid, seq, written_at < now() - %(kept)s AS stale
    FROM change_feed ORDER BY xid, seq LIMIT %(rows)s
), dropped AS (
    DELETE FROM change_feed USING oldest
    WHERE change_feed.xid = oldest.xid AND change_feed.seq = oldest.seq AND NOT EXISTS (
        SELECT FROM oldest AS kept
        WHERE NOT kept.stale AND (kept.xid, kept.seq) <= (oldest.xid, oldest.seq)
    ) RETURNING change_feed.xid, change_feed.seq
), last AS (
    SELECT xid, seq FROM dropped ORDER BY xid DESC, seq DESC LIMIT 1
), raised AS (
    UPDATE change_feed_state SET floor_xid = last.xid, floor_seq = last.seq FROM last
)
SELECT count(*) FROM dropped
"""


async def append(connection: postgres.Connection, *changes: Change) -> None:
    """Write changes in the caller's transaction; readers are woken when it commits."""
    if connection.info.transaction_status is not psycopg.pq.TransactionStatus.INTRANS:
        raise RuntimeError("a change is appended inside the transaction that makes it")
    columns: list[list[Any]] = [
        [change.entity for change in changes],
        [change.id for change in changes],
        [change.version for change in changes],
        [change.op.value for change in changes],
        [change.payload for change in changes],
    ]
    await connection.execute(_APPEND, columns)


async def forget(connection: postgres.Connection, entity: str, ids: Sequence[str]) -> None:
    """Never tell again what happened to those things; places in the feed stay as they are.

    A service that forgets often has an index on the column ``id`` of its feed.
    """
    await connection.execute(_FORGET, [list(ids), entity])


async def start_epoch(connection: postgres.Connection) -> None:
    """Expire every token: readers list again, or begin with the oldest change that is kept.

    For after a restore of the whole cluster, files and all: changes that nobody had read by then
    are told, and stand where the transactions to come are later than they are. A database that was
    filled from a dump has other transactions, and must have its feed emptied instead.
    """
    await connection.execute("UPDATE change_feed_state SET epoch = gen_random_uuid()")
    await connection.execute(_NOTIFY)


async def prune(pool: postgres.Pool, *, kept: timedelta = KEPT) -> int:
    """Drop changes older than ``kept``, in short transactions; returns how many went."""
    total = 0
    while True:
        async with postgres.transaction(pool) as connection:
            cursor = await connection.execute(_PRUNE, {"kept": kept, "rows": _PRUNE_ROWS})
            row = await cursor.fetchone()
        dropped = int(row[0]) if row else 0
        total += dropped
        if dropped < _PRUNE_ROWS:
            return total


@dataclass(frozen=True, slots=True)
class _Found:
    batch: FeedBatch
    pending: bool
    """There are committed changes which an older open transaction still holds back."""
    asked_at: float
    """When the query began, in Unix seconds."""


class PostgresChangeFeed:
    """The ``ChangeFeed`` of one schema; get it from :func:`open_feed`."""

    def __init__(self, pool: postgres.Pool) -> None:
        self._pool = pool
        self._grown = asyncio.Event()
        self._fetches: SingleFlight[tuple[asyncio.Event, str, int], _Found] = SingleFlight()

    async def head(self) -> str:
        epoch, xid = await self._state(_HEAD)
        return encode_token(epoch, Position(int(xid), 0))

    async def oldest(self) -> str:
        epoch, xid, seq = await self._state(_OLDEST)
        return encode_token(epoch, Position(int(xid), seq))

    async def _state(self, statement: LiteralString) -> tuple[Any, ...]:
        async def query(connection: postgres.Connection) -> tuple[Any, ...] | None:
            return await (await connection.execute(statement)).fetchone()

        row = await postgres.read(self._pool, query)
        if row is None:
            raise RuntimeError("change_feed_state has lost its row")
        return row

    async def read(self, token: str, limit: int = BATCH_LIMIT) -> FeedBatch:
        return (await self._fetch(token, limit)).batch

    async def watch(self, token: str, *, stop: asyncio.Event) -> AsyncIterator[FeedBatch]:
        """Raises ``Unavailable`` when the store goes away."""
        token, clock = token or await self.head(), CaughtUpClock()
        while not stop.is_set():
            grown = self._grown
            # One query since the last wake-up for all who ask the same.
            fetch = partial(self._fetch, token, BATCH_LIMIT)
            found = await self._fetches((grown, token, BATCH_LIMIT), fetch)
            token = found.batch.token
            if found.batch.changes:
                yield found.batch
            elif not found.pending and clock.strikes():
                yield FeedBatch((), token, CaughtUp(found.asked_at))
            else:
                poll_s = _PENDING_POLL_S if found.pending else _IDLE_POLL_S
                await first_of(stop, grown, timeout_s=poll_s)

    def wake(self) -> None:
        """Let every watcher look again."""
        self._grown.set()
        self._grown = asyncio.Event()

    async def _fetch(self, token: str, limit: int) -> _Found:
        asked_at = time.time()
        if not token:
            return _Found(FeedBatch((), await self.head()), pending=False, asked_at=asked_at)
        epoch, position = decode_token(token)
        arguments = {"xid": str(position.xid), "seq": position.seq, "limit": limit}

        async def query(connection: postgres.Connection) -> list[tuple[Any, ...]]:
            return await (await connection.execute(_READ, arguments)).fetchall()

        rows = await postgres.read(self._pool, query)
        _check(epoch, position, rows[0])
        changes = tuple(
            Change(row[7], row[8], row[9], Op(row[10]), row[11])
            for row in rows
            if row[5] is not None
        )
        if changes:
            position = Position(int(rows[-1][5]), rows[-1][6])
        batch = FeedBatch(changes, encode_token(epoch, position))
        return _Found(batch, pending=rows[0][4], asked_at=asked_at)

    async def close(self) -> None:
        """Wait for the queries that watchers left behind."""
        await self._fetches.landed()


def _check(epoch: UUID, position: Position, row: tuple[Any, ...]) -> None:
    """Refuse a token whose place is not in this feed: the state's columns lead every row."""
    floor = Position(int(row[1]), row[2])
    # A position beyond the next transaction id was handed out before the database was restored.
    if row[0] != epoch or position < floor or position.xid > int(row[3]):
        raise expired()


@asynccontextmanager
async def open_feed(
    dsn: str, *, schema: str, pool: postgres.Pool
) -> AsyncIterator[PostgresChangeFeed]:
    """The feed of ``schema``, listening on one connection of its own until the block ends.

    While that connection is away, watchers poll every few seconds.
    """
    feed = PostgresChangeFeed(pool)
    hearing = notices_postgres.listening(
        dsn, schema=schema, channel=_CHANNEL, hear=lambda _: feed.wake()
    )
    async with hearing:
        try:
            yield feed
        finally:
            await feed.close()


TABLES = Tables(_MIGRATIONS, prune)
"""What a schema needs for it."""
