"""Deliveries in PostgreSQL, schema ``playback``: a batch is one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from meshkit import postgres
from meshkit.clock import instant_of_ms
from meshkit.postgres import Connection, Pool
from playback_svc.domain.deliveries import Batch, Delivery, bytes_of, month_of, parts_of

# Each statement takes its rows in one order for all batches, so that no two wait for each other.
_MARK = """
INSERT INTO counted_deliveries (subject, batch_id, counted_at)
SELECT subject, %(batch_id)s, %(at)s FROM unnest(%(subjects)s::text[]) AS s (subject)
ON CONFLICT DO NOTHING RETURNING subject
"""
_OWNERS = "SELECT session_id, user_id FROM sessions WHERE session_id = ANY(%s)"
_ADD_PARTS = """
INSERT INTO delivered_segments AS held
    (session_id, descriptor, number, delivered_ms, duration_ms, delivered_at)
SELECT session_id, descriptor, number, delivered_ms, duration_ms, %(now)s FROM unnest(
    %(session_id)s::text[], %(descriptor)s::text[], %(number)s::int[], %(delivered_ms)s::int[],
    %(duration_ms)s::int[]
) AS p (session_id, descriptor, number, delivered_ms, duration_ms)
ON CONFLICT (session_id, descriptor, number) DO UPDATE SET
    duration_ms = greatest(held.duration_ms, excluded.duration_ms),
    delivered_ms = least(
        held.delivered_ms + excluded.delivered_ms, greatest(held.duration_ms, excluded.duration_ms)
    ),
    delivered_at = excluded.delivered_at
"""
_ADD_BYTES = """
INSERT INTO delivered_bytes AS held (user_id, month, bytes)
SELECT user_id, %(month)s, bytes
FROM unnest(%(user_id)s::text[], %(bytes)s::bigint[]) AS b (user_id, bytes)
ON CONFLICT (user_id, month) DO UPDATE SET bytes = held.bytes + excluded.bytes
"""
_DELIVERED_MS = """
SELECT coalesce(sum(delivered_ms), 0)::int FROM delivered_segments
WHERE session_id = %s AND descriptor = %s
"""
_MONTH_BYTES = "SELECT bytes FROM delivered_bytes WHERE user_id = %s AND month = %s"
_FORGET_SEGMENTS = """
DELETE FROM delivered_segments WHERE delivered_at <= %(until)s AND ctid = ANY (ARRAY(
    SELECT ctid FROM delivered_segments WHERE delivered_at <= %(until)s
    ORDER BY delivered_at LIMIT %(limit)s
))
"""
_FORGET_BATCHES = """
DELETE FROM counted_deliveries WHERE ctid = ANY (ARRAY(
    SELECT ctid FROM counted_deliveries WHERE counted_at <= %(until)s
    ORDER BY counted_at LIMIT %(limit)s
))
"""


class PostgresDeliveries:
    """The ``Deliveries`` of the sessions that ``PostgresPlayerStates`` keeps."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def count(self, batch: Batch, now_ms: int) -> int:
        """See the port. All subjects are counted together here."""
        async with postgres.transaction(self._pool) as connection:
            mark = {"subjects": batch.subjects, "batch_id": batch.batch_id}
            mark_at = {"at": instant_of_ms(batch.marked_at_ms(now_ms))}
            marked = await connection.execute(_MARK, mark | mark_at)
            fresh = {row[0] for row in await marked.fetchall()}
            if not fresh:
                return 0
            found = await connection.execute(_OWNERS, (sorted(fresh),))
            owners: dict[str, str] = dict(await found.fetchall())
            event = [one for one in batch.deliveries if one.subject in fresh]
            known = [one for one in event if one.subject in owners]
            if known:
                await connection.execute(_ADD_PARTS, _part_values(known, now_ms))
                month = month_of(batch.counts_at_ms(now_ms))
                await connection.execute(_ADD_BYTES, _byte_values(known, owners, month))
            return sum(one.bytes_sent for one in event if one.subject not in owners)

    async def delivered_ms(self, session_id: str, descriptor: str) -> int:
        return await self._number(_DELIVERED_MS, (session_id, descriptor))

    async def month_bytes(self, user_id: str, month: date) -> int:
        return await self._number(_MONTH_BYTES, (user_id, month))

    async def forget_segments(self, until_ms: int, limit: int) -> int:
        return await self._forget(_FORGET_SEGMENTS, until_ms, limit)

    async def forget_batches(self, until_ms: int, limit: int) -> int:
        return await self._forget(_FORGET_BATCHES, until_ms, limit)

    async def _forget(self, statement: str, until_ms: int, limit: int) -> int:
        values = {"until": instant_of_ms(until_ms), "limit": limit}
        async with postgres.transaction(self._pool) as connection:
            return (await connection.execute(statement.encode(), values)).rowcount

    async def _number(self, statement: str, values: tuple[Any, ...]) -> int:
        async def query(connection: Connection) -> int:
            row = await (await connection.execute(statement.encode(), values)).fetchone()
            return int(row[0]) if row else 0

        return await postgres.read(self._pool, query)


def _part_values(deliveries: Sequence[Delivery], now_ms: int) -> dict[str, Any]:
    parts = parts_of(deliveries)
    return {
        "session_id": [key.session_id for key in parts],
        "descriptor": [key.descriptor for key in parts],
        "number": [key.number for key in parts],
        "delivered_ms": [part.delivered_ms for part in parts.values()],
        "duration_ms": [part.duration_ms for part in parts.values()],
        "now": instant_of_ms(now_ms),
    }


def _byte_values(
    deliveries: Sequence[Delivery], owners: dict[str, str], month: date
) -> dict[str, Any]:
    totals: dict[str, int] = {}
    for subject, count in bytes_of(deliveries).items():
        totals[owners[subject]] = totals.get(owners[subject], 0) + count
    users = sorted(totals)
    return {"user_id": users, "bytes": [totals[user] for user in users], "month": month}
