"""Plays counted in PostgreSQL, by whoever consumes the playback service's feed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from ulid import ULID

from catalog_svc.adapters.codecs import feed_changes
from catalog_svc.adapters.postgres import rows
from catalog_svc.domain.plays import Play, sum_streams
from meshkit import feeds_postgres, postgres
from meshkit.replicas_postgres import PostgresReplica

FEED: Final = "playback"
KEPT: Final = timedelta(days=35)
"""How long the id of a counted play is kept: its feed is read for 30 days, and pruned hourly."""

_FORGOTTEN_AT_ONCE = 5_000

# A play that another transaction counts is waited for, and counted here if that one fails. In the
# order of the ids, and before any track is held, so that two cannot wait for each other.
_REMEMBER = """
INSERT INTO counted_plays (play_id) SELECT unnest(%s::uuid[]) ON CONFLICT DO NOTHING
RETURNING play_id
"""
_ADD = """
WITH told AS (
    SELECT coalesce(m.track_id, one.track_id) AS id, sum(one.total)::bigint AS total
    FROM unnest(%s::text[], %s::bigint[]) AS one (track_id, total)
        LEFT JOIN track_merges m ON m.id = one.track_id
    GROUP BY 1
), held AS (
    SELECT t.id, told.total FROM tracks t JOIN told ON told.id = t.id
    ORDER BY t.id FOR NO KEY UPDATE OF t
)
UPDATE tracks t SET streams_total = t.streams_total + held.total FROM held WHERE t.id = held.id
"""
_FORGET = """
DELETE FROM counted_plays WHERE play_id = ANY (ARRAY(
    SELECT play_id FROM counted_plays WHERE counted_at < now() - %s ORDER BY counted_at LIMIT %s
))
"""
# As the index tracks_outgrown says it. Who holds a track now may wait for one that is held here.
_TELL = """
WITH outgrown AS (
    SELECT id FROM tracks
    WHERE streams_total > streams_told + streams_told / 10 AND id > %s AND NOT hidden
    ORDER BY id LIMIT %s FOR NO KEY UPDATE SKIP LOCKED
)
UPDATE tracks t SET streams_told = t.streams_total, version = t.version + 1
FROM outgrown WHERE t.id = outgrown.id RETURNING t.id
"""
_TOLD = f"{rows.TRACK} WHERE t.id = ANY (%s)"


class PostgresPlayCounts(PostgresReplica[Play]):
    """``PlayCounts``.

    Exactly once, whatever the feed tells again and whoever else applies it: a play counts in the
    commit that enters its id, and an id is entered once. The place in the feed only saves work. It
    may go back for a moment, when a slower instance stores an older one, and it may be lost: from
    the first play that is kept nothing is counted twice, for ids are kept longer than plays are.
    A high-water mark would not do in their place: the feed is in the order in which plays ended,
    and their ids in that in which they began. What is never told, because the feed dropped it
    before it was read, is not counted.
    """

    def __init__(self, pool: postgres.Pool) -> None:
        super().__init__(pool, FEED)

    async def _store(
        self, connection: postgres.Connection, changes: Sequence[Play], generation: int
    ) -> None:
        ids = {ULID.from_str(play.id).to_uuid(): play.id for play in changes}
        entered = await (await connection.execute(_REMEMBER, [sorted(ids)])).fetchall()
        streams = sum_streams(changes, {ids[row[0]] for row in entered})
        if streams:
            columns: list[list[object]] = [
                [one.track_id for one in streams],
                [one.total for one in streams],
            ]
            await connection.execute(_ADD, columns)

    async def prune(self) -> int:
        return await postgres.in_parts(self._pool, _FORGET, [KEPT], rows=_FORGOTTEN_AT_ONCE)

    async def publish_outgrown(self, *, after: str, limit: int) -> list[str]:
        async with postgres.transaction(self._pool) as connection:
            cursor = await connection.execute(_TELL, [after, limit])
            ids = sorted(row[0] for row in await cursor.fetchall())
            if ids:
                cursor = await connection.execute(_TOLD.encode(), [ids])
                told = [rows.track(row) for row in await cursor.fetchall()]
                await feeds_postgres.append(connection, *map(feed_changes.track_change, told))
        return ids
