"""The catalogue's change feed in PostgreSQL, and all of it for who starts from nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence

from catalog_svc.adapters import feed_changes
from catalog_svc.adapters import postgres_rows as rows
from catalog_svc.domain.search import IndexChange
from catalog_svc.search_convert import index_change
from meshkit import postgres
from meshkit.feeds import Change, FeedBatch, Position, encode_token
from meshkit.feeds_postgres import PostgresChangeFeed

_OLDEST = "SELECT epoch, floor_xid::text, floor_seq FROM change_feed_state"
_ROWS = 2_000
_TABLES: tuple[tuple[str, str, Callable[[rows.Row], Change]], ...] = (
    (rows.ARTIST, "ar.id", lambda row: feed_changes.artist_change(rows.artist(row))),
    (rows.ALBUM, "al.id", lambda row: feed_changes.album_change(rows.album(row))),
    (rows.TRACK, "t.id", lambda row: feed_changes.track_change(rows.track(row))),
)


class PostgresChangeLog:
    """``ChangeLog``."""

    def __init__(self, pool: postgres.Pool, feed: PostgresChangeFeed) -> None:
        self._pool = pool
        self._feed = feed

    async def oldest(self) -> str:
        """See ``ChangeLog.oldest``."""
        found = await _fetch(self._pool, _OLDEST, {})
        epoch, xid, seq = found[0]
        return encode_token(epoch, Position(int(xid), seq))

    def watch(self, token: str, *, stop: asyncio.Event) -> AsyncIterator[FeedBatch]:
        """See ``ChangeLog.watch``."""
        return self._feed.watch(token, stop=stop)


class PostgresListing:
    """``CatalogueListing``: everything, in pages by id."""

    def __init__(self, pool: postgres.Pool) -> None:
        self._pool = pool

    async def everything(self) -> AsyncIterator[Sequence[IndexChange]]:
        """See ``CatalogueListing.everything``."""
        for select, key, changed in _TABLES:
            query = f"{select} WHERE {key} > %(after)s ORDER BY {key} LIMIT {_ROWS}"
            after = ""
            while found := await _fetch(self._pool, query, {"after": after}):
                changes = [index_change(changed(row)) for row in found]
                yield [change for change in changes if change is not None]
                after = found[-1][0]


async def _fetch(pool: postgres.Pool, query: str, arguments: dict[str, str]) -> list[rows.Row]:
    async def run(connection: postgres.Connection) -> list[rows.Row]:
        return await (await connection.execute(query.encode(), arguments)).fetchall()

    return await postgres.read(pool, run)
