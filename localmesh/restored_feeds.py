"""The change feeds of a restored mesh."""

from __future__ import annotations

from collections.abc import Iterable

import psycopg

from meshkit import feeds_postgres

_HAS_FEED = "SELECT to_regclass('change_feed_state') IS NOT NULL"


async def begin_epochs(dsns: Iterable[str]) -> None:
    """Begin a new epoch of every feed, so that whoever follows it reconciles. Repeatable.

    What was told after the point of the backup is gone from the feed, and a place that was handed
    out then would soon name another one.
    """
    for dsn in dsns:
        async with await psycopg.AsyncConnection.connect(dsn) as connection:
            row = await (await connection.execute(_HAS_FEED)).fetchone()
            if row is not None and row[0]:
                await feeds_postgres.start_epoch(connection)
