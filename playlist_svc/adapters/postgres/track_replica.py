"""The copy of the catalogue's tracks in PostgreSQL, written by whoever follows the catalogue."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from meshkit import postgres
from meshkit.replicas_postgres import PostgresCursor
from playlist_svc.adapters.postgres import track_rows
from playlist_svc.ports.tracks import TrackChange

FEED: Final = "catalogue"
"""The name of the cursor, and of the lease of whoever follows."""

LAST_LISTING: Final = "SELECT number FROM track_listings"
LOCK_LISTING: Final = f"{LAST_LISTING} FOR UPDATE"
"""Makes writers of the copy wait for each other, so that they cannot wait in a circle."""

_BEGIN = "UPDATE track_listings SET number = number + 1 RETURNING number"
_DROP = """
UPDATE tracks SET available = false WHERE ctid = ANY (ARRAY(
    SELECT ctid FROM tracks WHERE available AND listing < %s LIMIT %s
))
"""
_DROPPED_AT_ONCE = 5_000


class PostgresTrackReplica:
    """``TrackReplica`` of the schema."""

    def __init__(self, pool: postgres.Pool) -> None:
        self._pool = pool
        self._cursor = PostgresCursor(pool, FEED)

    async def resume_token(self) -> str:
        return await self._cursor.token()

    async def begin_listing(self) -> int:
        async with postgres.transaction(self._pool) as connection:
            return await _number(connection, _BEGIN)

    async def store(
        self, changes: Sequence[TrackChange], resume_token: str, listing: int | None = None
    ) -> None:
        told = [change for change in changes if change.track is not None]
        removed = [change for change in changes if change.track is None]
        async with postgres.transaction(self._pool) as connection:
            last = await _number(connection, LOCK_LISTING)
            number = last if listing is None else listing
            if told:
                upsert = track_rows.UPSERT_TOLD if listing is None else track_rows.UPSERT_LISTED
                rows = track_rows.rows_of(told)
                await connection.execute(upsert, {"number": number, "rows": rows})
            if removed:
                arguments = {
                    "number": number,
                    "ids": [change.track_id for change in removed],
                    "versions": [change.version for change in removed],
                }
                await connection.execute(track_rows.REMOVE, arguments)
            await self._cursor.advance(connection, resume_token)

    async def drop_untold(self, listing: int) -> None:
        dropped = _DROPPED_AT_ONCE
        while dropped == _DROPPED_AT_ONCE:
            async with postgres.transaction(self._pool) as connection:
                await connection.execute(LOCK_LISTING)
                cursor = await connection.execute(_DROP, [listing, _DROPPED_AT_ONCE])
                dropped = cursor.rowcount


async def _number(connection: postgres.Connection, statement: str) -> int:
    row = await (await connection.execute(statement.encode())).fetchone()
    if row is None:
        raise RuntimeError("the table of listings has lost its row")
    return int(row[0])
