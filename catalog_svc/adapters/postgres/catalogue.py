"""Reads of the catalogue in PostgreSQL."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

from catalog_svc.adapters.postgres import rows
from catalog_svc.adapters.postgres.job_queue import JobQueue
from catalog_svc.adapters.postgres.keyset import Order, page
from catalog_svc.domain.catalogue import Album, Artist, Playable, Streamable, Track
from catalog_svc.domain.jobs import Job, Priority, Work
from catalog_svc.domain.listings import NEWEST, TrackPlace, TrackQuery, TrackSort
from catalog_svc.domain.tags import file_title
from meshkit import postgres
from meshkit.clock import instant_of_us

_BY_ID = f"{rows.VISIBLE_TRACK} WHERE t.id = {rows.SURVIVOR}"
_TITLE = 'coalesce(t.edited_folded, t.folded) COLLATE "C"'
_ARTIST = 'ar.folded COLLATE "C"'
_ORDERS = {
    TrackSort.RECENT: Order(("t.created_at", "t.id"), falls=True),
    TrackSort.TITLE: Order((_TITLE, "t.id")),
    TrackSort.ARTIST: Order((_ARTIST, _TITLE, "t.id"), crossing=True),
    TrackSort.YEAR: Order(("t.year", "t.id"), falls=True),
    TrackSort.DURATION: Order(("t.duration_ms", "t.id"), falls=True),
}
_OF_ALBUM = f"""{rows.VISIBLE_TRACK}
WHERE t.album_id = %(album)s
  AND (t.disc_number, t.track_number, t.id) > (%(disc)s, %(number)s, %(id)s)
ORDER BY t.disc_number, t.track_number, t.id LIMIT %(limit)s
"""
_TOP = f"""{rows.VISIBLE_TRACK}
WHERE t.artist_id = %(artist)s ORDER BY t.streams_total DESC, t.id DESC LIMIT %(limit)s
"""
_ASKED = """
SELECT asked.id, found.* FROM unnest(%(ids)s::text[]) AS asked (id)
    LEFT JOIN track_merges m ON m.id = asked.id
"""
_TRACKS_OF = f"""{_ASKED}
CROSS JOIN LATERAL ({rows.VISIBLE_TRACK} WHERE t.id = coalesce(m.track_id, asked.id)) AS found
"""
_STREAMABLE = """
SELECT asked.id, t.version, a.descriptor, a.rung_names, a.rung_kbps
FROM unnest(%(ids)s::text[]) AS asked (id) LEFT JOIN track_merges m ON m.id = asked.id
    JOIN tracks t ON t.id = coalesce(m.track_id, asked.id) JOIN assets a ON a.track_id = t.id
WHERE NOT t.hidden
"""
# One statement, hence one moment: a track that is merged meanwhile is found as either.
_PLAYABLE = f"""
SELECT found.*, coalesce(a.descriptor, ''), a.rung_names, a.rung_kbps, own.failure, s.path
FROM ({_BY_ID}) AS found JOIN tracks own ON own.id = found.id
    LEFT JOIN assets a ON a.track_id = own.id LEFT JOIN sources s ON s.id = own.source_id
"""  # noqa: S608 - put together from constants alone
_SOURCE = "SELECT source_id FROM tracks WHERE id = %(id)s"


class PostgresCatalogue:
    """``Catalogue`` and ``Playables``."""

    def __init__(self, pool: postgres.Pool, queue: JobQueue) -> None:
        self._pool = pool
        self._queue = queue

    async def track(self, track_id: str) -> Track | None:
        found = await self._rows(_BY_ID, {"id": track_id})
        return rows.track(found[0]) if found else None

    async def tracks(
        self, query: TrackQuery = NEWEST, *, after: TrackPlace | None, limit: int
    ) -> list[Track]:
        order, place = _ordered(query, after)
        statement, placed = page(rows.TRACK, _conditions(query), order, place)
        asked = {**_asked(query), **placed, "limit": limit}
        return [rows.track(row) for row in await self._rows(statement, asked)]

    async def album(self, album_id: str) -> Album | None:
        query = f"{rows.ALBUM} WHERE al.id = %(id)s AND {rows.SHOWN_ALBUM}"
        found = await self._rows(query, {"id": album_id})
        return rows.album(found[0]) if found else None

    async def album_tracks(
        self, album_id: str, *, after: tuple[int, int, str] | None, limit: int
    ) -> list[Track]:
        disc, number, last = after or (-1, -1, "")
        place = {"album": album_id, "disc": disc, "number": number, "id": last, "limit": limit}
        return [rows.track(row) for row in await self._rows(_OF_ALBUM, place)]

    async def artist(self, artist_id: str) -> Artist | None:
        query = f"{rows.ARTIST} WHERE ar.id = %(id)s AND {rows.SHOWN_ARTIST}"
        found = await self._rows(query, {"id": artist_id})
        return rows.artist(found[0]) if found else None

    async def top_tracks(self, artist_id: str, *, limit: int) -> list[Track]:
        found = await self._rows(_TOP, {"artist": artist_id, "limit": limit})
        return [rows.track(row) for row in found]

    async def tracks_of(self, ids: Collection[str]) -> list[Track]:
        found = await self._rows(_TRACKS_OF, {"ids": list(set(ids))})
        return [replace(rows.track(row[1:]), id=row[0]) for row in found]

    async def albums_of(self, ids: Collection[str]) -> list[Album]:
        query = f"{rows.ALBUM} WHERE al.id = ANY (%(ids)s) AND {rows.SHOWN_ALBUM}"
        return [rows.album(row) for row in await self._rows(query, {"ids": list(ids)})]

    async def artists_of(self, ids: Collection[str]) -> list[Artist]:
        query = f"{rows.ARTIST} WHERE ar.id = ANY (%(ids)s) AND {rows.SHOWN_ARTIST}"
        return [rows.artist(row) for row in await self._rows(query, {"ids": list(ids)})]

    async def playable(self, track_id: str) -> Playable | None:
        found = await self._rows(_PLAYABLE, {"id": track_id})
        if not found:
            return None
        *track, descriptor, names, kbps, failure, path = found[0]
        rungs = tuple(zip(names or (), kbps or (), strict=True))
        return Playable(
            rows.track(tuple(track)), descriptor, rungs, file_title(path or b""), failure
        )

    async def streamable(self, ids: Collection[str]) -> list[Streamable]:
        found = await self._rows(_STREAMABLE, {"ids": list(set(ids))})
        return [
            Streamable(row[0], row[1], row[2], tuple(zip(row[3], row[4], strict=True)))
            for row in found
        ]

    async def prioritize(self, track_id: str) -> None:
        found = await self._rows(_SOURCE, {"id": track_id})
        if not found:
            return
        job = Job(Work.PREPARE, found[0][0], Priority.WANTED)
        async with postgres.transaction(self._pool) as connection:
            await self._queue.hurry(connection, job)

    async def _rows(self, query: str, arguments: Mapping[str, Any]) -> list[rows.Row]:
        return await rows.fetch(self._pool, query, arguments)


def _ordered(query: TrackQuery, after: TrackPlace | None) -> tuple[Order, Sequence[Any] | None]:
    """The order of the query, and the place as its columns have it."""
    order = _ORDERS[query.sort]
    if query.sort is TrackSort.ARTIST and query.artist_id:
        # One artist's tracks are in the order of their titles, which has an index of its own.
        return _ORDERS[TrackSort.TITLE], after and after[1:]
    if query.sort is TrackSort.RECENT and after is not None:
        return order, (instant_of_us(int(after[0])), after[1])
    return order, after


def _conditions(query: TrackQuery) -> list[str]:
    """What the query asks of a track. The states are in its text: indexes are of some of them."""
    states = ", ".join(str(int(state)) for state in sorted(query.states))
    conditions = [f"t.state IN ({states})", "t.hidden" if query.hidden else "NOT t.hidden"]
    if query.genre:
        conditions.append("t.genres @> ARRAY[%(genre)s]")
    if query.artist_id:
        conditions.append("t.artist_id = %(artist_id)s")
    if query.album_id:
        conditions.append("t.album_id = %(album_id)s")
    if query.year_from:
        conditions.append("t.year >= %(year_from)s")
    if query.year_to:
        conditions.append("t.year BETWEEN 1 AND %(year_to)s")
    return conditions


def _asked(query: TrackQuery) -> dict[str, object]:
    return {
        "genre": query.genre,
        "artist_id": query.artist_id,
        "album_id": query.album_id,
        "year_from": query.year_from,
        "year_to": query.year_to,
    }
