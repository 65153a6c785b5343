"""Lists of albums, artists, genres and years in PostgreSQL; the first two walk along an index."""

from __future__ import annotations

from typing import Any

from catalog_svc.adapters.postgres import rows
from catalog_svc.adapters.postgres.keyset import Order, page
from catalog_svc.domain.catalogue import Album, Artist, Genre, ReleaseYear
from catalog_svc.domain.listings import (
    AlbumQuery,
    AlbumSort,
    ArtistSort,
    NumberPlace,
    TextPlace,
)
from meshkit import postgres
from meshkit.clock import instant_of_us

_ALBUM_ORDERS = {
    AlbumSort.RECENT: Order(("al.created_at", "al.id"), falls=True),
    AlbumSort.TITLE: Order(('al.folded COLLATE "C"', "al.id")),
    AlbumSort.YEAR: Order(("al.year", "al.id"), falls=True),
}
_ARTIST_ORDERS = {
    ArtistSort.NAME: Order(('ar.folded COLLATE "C"', "ar.id")),
    ArtistSort.RECENT: Order(("ar.created_at", "ar.id"), falls=True),
}
_LIVING_ALBUM = """
EXISTS (SELECT FROM tracks lt
        WHERE lt.album_id = al.id AND lt.state <> 3 AND NOT lt.hidden)
"""
# OFFSET 0: without it a page of artists would read all tracks, as in ``rows.ARTIST``.
_LIVING_ARTIST = """(
    EXISTS (SELECT FROM tracks lt
            WHERE lt.artist_id = ar.id AND lt.state <> 3 AND NOT lt.hidden OFFSET 0)
    OR EXISTS (SELECT FROM albums la JOIN tracks lt ON lt.album_id = la.id
               WHERE la.artist_id = ar.id AND lt.state <> 3 AND NOT lt.hidden OFFSET 0)
)"""
_GENRE_OF = """
EXISTS (SELECT FROM tracks lt WHERE {name} AND lt.state <> 3 AND NOT lt.hidden
        AND lt.genres @> ARRAY[%(genre)s])
"""
_ALBUM_OF_GENRE = _GENRE_OF.format(name="lt.album_id = al.id")
_ARTIST_OF_GENRE = _GENRE_OF.format(name="lt.artist_id = ar.id")
_GENRES = """
SELECT g.name, count(*) FROM tracks t CROSS JOIN LATERAL unnest(t.genres) AS g (name)
WHERE t.state <> 3 AND NOT t.hidden AND g.name COLLATE "C" > %(after)s
GROUP BY g.name ORDER BY g.name COLLATE "C" LIMIT %(limit)s
"""
_YEARS = """
WITH told AS (
    SELECT t.year, count(*) AS tracks FROM tracks t
    WHERE t.state <> 3 AND NOT t.hidden AND t.year > 0 AND t.year < %(before)s
    GROUP BY t.year ORDER BY t.year DESC LIMIT %(limit)s
)
SELECT told.year, told.tracks,
       (SELECT count(*) FROM albums al WHERE al.year = told.year AND EXISTS (
            SELECT FROM tracks lt WHERE lt.album_id = al.id AND lt.state <> 3 AND NOT lt.hidden))
FROM told ORDER BY told.year DESC
"""


class PostgresCatalogueLists:
    """``CatalogueLists``."""

    def __init__(self, pool: postgres.Pool) -> None:
        self._pool = pool

    async def albums(
        self, query: AlbumQuery, *, after: TextPlace | NumberPlace | None, limit: int
    ) -> list[Album]:
        conditions = [_ALBUM_OF_GENRE if query.genre else _LIVING_ALBUM]
        if query.artist_id:
            conditions.append("al.artist_id = %(artist_id)s")
        if query.year_from:
            conditions.append("al.year >= %(year_from)s")
        if query.year_to:
            conditions.append("al.year BETWEEN 1 AND %(year_to)s")
        values = {
            "artist_id": query.artist_id,
            "year_from": query.year_from,
            "year_to": query.year_to,
            "genre": query.genre,
        }
        order, place = _ALBUM_ORDERS[query.sort], _value(query.sort, after)
        statement, placed = page(rows.ALBUM, conditions, order, place)
        found = await rows.fetch(self._pool, statement, {**values, **placed, "limit": limit})
        return [rows.album(row) for row in found]

    async def artists(
        self,
        sort: ArtistSort,
        *,
        after: TextPlace | NumberPlace | None,
        limit: int,
        genre: str = "",
    ) -> list[Artist]:
        order, place = _ARTIST_ORDERS[sort], _value(sort, after)
        condition = _ARTIST_OF_GENRE if genre else _LIVING_ARTIST
        statement, placed = page(rows.ARTIST, [condition], order, place)
        asked = {"genre": genre, **placed, "limit": limit}
        found = await rows.fetch(self._pool, statement, asked)
        return [rows.artist(row) for row in found]

    async def genres(self, *, after: str, limit: int) -> list[Genre]:
        found = await rows.fetch(self._pool, _GENRES, {"after": after, "limit": limit})
        return [Genre(row[0], row[1]) for row in found]

    async def years(self, *, before: int, limit: int) -> list[ReleaseYear]:
        found = await rows.fetch(self._pool, _YEARS, {"before": before, "limit": limit})
        return [ReleaseYear(*row) for row in found]


def _value(sort: AlbumSort | ArtistSort, after: TextPlace | NumberPlace | None) -> Any:
    """The place as its columns have it."""
    if after is not None and (sort is AlbumSort.RECENT or sort is ArtistSort.RECENT):
        return instant_of_us(int(after[0])), after[1]
    return after
