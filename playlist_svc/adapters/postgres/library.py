"""Saved tracks and albums, and blocked artists, in PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeAlias, TypeVar

from psycopg import sql

from meshkit import feeds_postgres, postgres
from meshkit.clock import instant_of_us, unix_us
from meshkit.idempotency import RequestKey
from meshkit.idempotency_postgres import PostgresAnswers
from playlist_svc.adapters.codecs.kept_answers import kept, number
from playlist_svc.adapters.postgres.user_counts import drop_empty, hold, place
from playlist_svc.domain.collection_changes import (
    BLOCKED_ARTIST,
    SAVED_TRACK,
    CollectionErased,
    ItemChanged,
    encode,
)
from playlist_svc.domain.library import MOST_SAVED, Album, Saved, SavedPage
from playlist_svc.domain.refusals import collection_full_error
from playlist_svc.domain.social import MOST_BLOCKED, Artist

T = TypeVar("T")
_Row: TypeAlias = Sequence[Any]

# The first lies on top, a microsecond between each two, all above what is there already, also
# where another instance's clock was ahead.
_SAVE = """
INSERT INTO {table} (user_id, saved_at, {columns})
SELECT %(user)s, top.at - asked.n * interval '1 microsecond', {asked}
FROM unnest({arrays}) WITH ORDINALITY AS asked ({columns}, n), (
    SELECT greatest(%(now)s, max(saved_at) + %(n)s * interval '1 microsecond')
         + interval '1 microsecond' AS at
    FROM {table} WHERE user_id = %(user)s
) AS top
ON CONFLICT DO NOTHING RETURNING {id}, saved_at
"""
_REMOVE = "DELETE FROM {table} WHERE user_id = %(user)s AND {id} = ANY(%(ids)s) RETURNING {id}"
_COUNT = """
UPDATE user_counts SET {count} = {count} + %(change)s WHERE user_id = %(user)s RETURNING {count}
"""
_PAGE = """
SELECT coalesce(counts.{count}, 0), found.*
FROM (SELECT %(user)s::text AS user_id) AS asked
LEFT JOIN user_counts AS counts USING (user_id)
LEFT JOIN LATERAL (
    SELECT saved_at, {columns} FROM {table}
    WHERE user_id = %(user)s AND (saved_at, {id}) < (%(at)s, %(id)s)
    ORDER BY saved_at DESC, {id} DESC LIMIT %(limit)s
) AS found ON true
ORDER BY found.saved_at DESC, found.{id} DESC
"""
_AMONG = "SELECT {id} FROM {table} WHERE user_id = %(user)s AND {id} = ANY(%(ids)s)"
_ERASE = "DELETE FROM {table} WHERE user_id = %(user)s"
_EVERYONES = """
SELECT user_id, {id}, saved_at FROM {table}
WHERE (user_id, {id}) > (%(user)s, %(id)s) ORDER BY user_id, {id} LIMIT %(limit)s
"""
_VERSION = "SELECT nextval('shelf_versions')"


@dataclass(frozen=True, slots=True)
class _Sort(Generic[T]):
    """One table. The first of ``columns`` is the id; each goes with the type of its array.

    ``entity`` is what changes are filed under in the feed; empty: it is not told.
    """

    table: str
    columns: dict[str, str]
    encode: Callable[[T], _Row]
    decode: Callable[[_Row], T]
    entity: str = ""

    def statement(self, template: str) -> sql.Composed:
        """A template with this table's names."""
        names = [sql.Identifier(name) for name in self.columns]
        comma = sql.SQL(", ")
        arrays = [
            sql.SQL("{}::{}[]").format(sql.Placeholder(name), sql.Identifier(kind))
            for name, kind in self.columns.items()
        ]
        return sql.SQL(template).format(
            table=sql.Identifier(self.table),
            count=sql.Identifier(self.table),
            id=names[0],
            columns=comma.join(names),
            asked=comma.join(sql.SQL("asked.{}").format(name) for name in names),
            arrays=comma.join(arrays),
        )


class _PostgresCollection(Generic[T]):
    """A ``UserCollection`` that is one table."""

    def __init__(self, pool: postgres.Pool, sort: _Sort[T], most: int) -> None:
        self._pool = pool
        self._sort = sort
        self._most = most
        self._answers = PostgresAnswers()
        self._save, self._remove, self._count, self._page = map(
            sort.statement, (_SAVE, _REMOVE, _COUNT, _PAGE)
        )
        self._among, self._erase, self._page_of_all = map(
            sort.statement, (_AMONG, _ERASE, _EVERYONES)
        )

    async def stored_answer(self, key: RequestKey | None) -> int | None:
        answer = await kept(self._pool, key)
        return None if answer is None else int(answer)

    async def save(
        self, user_id: str, things: Sequence[T], now_ms: int, key: RequestKey | None = None
    ) -> int:
        columns = zip(*map(self._sort.encode, things), strict=True)
        arguments = {
            **dict(zip(self._sort.columns, map(list, columns), strict=False)),
            "user": user_id,
            "now": instant_of_us(now_ms * 1000),
            "n": len(things),
        }

        async def produce() -> bytes:
            await hold(connection, [user_id])
            saved = await (await connection.execute(self._save, arguments)).fetchall()
            if saved and await self._counted(connection, user_id, len(saved)) > self._most:
                raise collection_full_error(self._most)
            moved = [(thing_id, unix_us(saved_at)) for thing_id, saved_at in saved]
            await self._tell(connection, user_id, moved, kept=True)
            return number(len(saved))

        async with postgres.transaction(self._pool) as connection:
            return int(await self._answers.answer_once(connection, key, produce))

    async def _counted(self, connection: postgres.Connection, user_id: str, change: int) -> int:
        cursor = await connection.execute(self._count, {"user": user_id, "change": change})
        row = await cursor.fetchone()
        if row is None:
            raise RuntimeError("a row that this transaction holds is gone")
        return int(row[0])

    async def remove(
        self, user_id: str, ids: Collection[str], now_ms: int, key: RequestKey | None = None
    ) -> int:
        async def produce() -> bytes:
            await hold(connection, [user_id])
            cursor = await connection.execute(self._remove, {"user": user_id, "ids": list(ids)})
            removed = await cursor.fetchall()
            await self._counted(connection, user_id, -len(removed))
            moved = [(thing_id, now_ms * 1000) for (thing_id,) in removed]
            await self._tell(connection, user_id, moved, kept=False)
            return number(len(removed))

        async with postgres.transaction(self._pool) as connection:
            return int(await self._answers.answer_once(connection, key, produce))

    async def page(self, user_id: str, after: tuple[int, str] | None, limit: int) -> SavedPage[T]:
        rows = await self._rows(self._page, user=user_id, limit=limit, **place(after))
        found = [
            Saved(self._sort.decode(row[2:]), unix_us(row[1])) for row in rows if row[1] is not None
        ]
        return SavedPage(found, rows[0][0])

    async def among(self, user_id: str, ids: Collection[str]) -> frozenset[str]:
        rows = await self._rows(self._among, user=user_id, ids=list(ids))
        return frozenset(row[0] for row in rows)

    async def erase(self, user_id: str) -> None:
        async with postgres.transaction(self._pool) as connection:
            await hold(connection, [user_id])
            cursor = await connection.execute(self._erase, {"user": user_id})
            await self._counted(connection, user_id, -cursor.rowcount)
            if cursor.rowcount and self._sort.entity:
                gone = CollectionErased(user_id, await self._version(connection))
                await feeds_postgres.append(connection, encode(self._sort.entity, gone))
            await drop_empty(connection, user_id)

    async def page_of_all(self, after: tuple[str, str], limit: int) -> Sequence[ItemChanged]:
        rows = await self._rows(self._page_of_all, user=after[0], id=after[1], limit=limit)
        return [ItemChanged(user_id, thing, unix_us(at), 0, True) for user_id, thing, at in rows]

    async def _tell(
        self,
        connection: postgres.Connection,
        user_id: str,
        moved: Sequence[tuple[str, int]],
        *,
        kept: bool,
    ) -> None:
        """Tells the feed which things came or went, and when. The user's row is held."""
        entity = self._sort.entity
        if not moved or not entity:
            return
        version = await self._version(connection)
        changes = [ItemChanged(user_id, thing, at_us, version, kept) for thing, at_us in moved]
        await feeds_postgres.append(connection, *(encode(entity, change) for change in changes))

    async def _version(self, connection: postgres.Connection) -> int:
        row = await (await connection.execute(_VERSION)).fetchone()
        if row is None:
            raise RuntimeError("a sequence has a next value")
        return int(row[0])

    async def _rows(self, query: sql.Composed, **arguments: object) -> list[tuple[Any, ...]]:
        async def run(connection: postgres.Connection) -> list[tuple[Any, ...]]:
            return await (await connection.execute(query, arguments)).fetchall()

        return await postgres.read(self._pool, run)


def _album_row(album: Album) -> _Row:
    return (
        album.album_id,
        album.title,
        album.artist,
        album.artist_id,
        album.year,
        album.artwork_path,
    )


_TRACKS: _Sort[str] = _Sort(
    "saved_tracks",
    {"track_id": "text"},
    lambda track_id: (track_id,),
    lambda row: str(row[0]),
    SAVED_TRACK,
)
_ARTISTS: _Sort[Artist] = _Sort(
    "blocked_artists",
    {"artist_id": "text", "name": "text"},
    lambda artist: (artist.artist_id, artist.name),
    lambda row: Artist(*row),
    BLOCKED_ARTIST,
)
_ALBUMS: _Sort[Album] = _Sort(
    "saved_albums",
    {
        "album_id": "text",
        "title": "text",
        "artist": "text",
        "artist_id": "text",
        "year": "int4",
        "artwork_path": "text",
    },
    _album_row,
    lambda row: Album(*row),
)


class PostgresSavedTracks(_PostgresCollection[str]):
    """The ``UserCollection`` of tracks, which it knows by id alone."""

    def __init__(self, pool: postgres.Pool, most: int = MOST_SAVED) -> None:
        super().__init__(pool, _TRACKS, most)


class PostgresSavedAlbums(_PostgresCollection[Album]):
    """The ``UserCollection`` of albums, as they were when they were saved."""

    def __init__(self, pool: postgres.Pool, most: int = MOST_SAVED) -> None:
        super().__init__(pool, _ALBUMS, most)


class PostgresBlockedArtists(_PostgresCollection[Artist]):
    """The ``UserCollection`` of artists that users block, as they were when they were blocked."""

    def __init__(self, pool: postgres.Pool, most: int = MOST_BLOCKED) -> None:
        super().__init__(pool, _ARTISTS, most)
