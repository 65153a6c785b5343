"""The catalogue's tracks in PostgreSQL: the table ``tracks``."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

from meshkit import postgres
from meshkit.replicas import newest_changes
from meshkit.replicas_postgres import PostgresReplica
from rec_svc.domain.tracks import Artist, Track
from rec_svc.ports.tracks import TrackChange

FEED: Final = "catalog"
"""The name of the cursor."""

_SHOWN: Final = (
    "title",
    "artist",
    "artist_id",
    "album",
    "album_id",
    "duration_ms",
    "year",
    "genre",
    "artwork_path",
    "premium",
    "added_at_ms",
)
_TYPES: Final = {"duration_ms": "integer", "year": "integer", "premium": "boolean"}
_TYPES_TEXT: Final = ", ".join(
    f"{name} {'bigint' if name == 'added_at_ms' else _TYPES.get(name, 'text')}" for name in _SHOWN
)
_NAMES: Final = ", ".join(_SHOWN)
_TAKEN: Final = ", ".join(
    f"{name} = excluded.{name}" for name in (*_SHOWN, "available", "version", "listing", "streams")
)

_SELECT = f"SELECT track_id, {_NAMES} FROM tracks"  # noqa: S608 - names of this file alone
_BY_ID = f"{_SELECT} WHERE available AND track_id = ANY (%s)"
_PAGE = f"{_SELECT} WHERE available AND track_id > %s ORDER BY track_id LIMIT %s"
_POPULAR = f"""
{_SELECT} WHERE available AND track_id <> ALL (%s)
ORDER BY streams DESC, added_at_ms DESC, track_id DESC LIMIT %s
"""
# By artist, so that each is a few steps of an index however many tracks the others have.
_OF_ARTISTS = f"""
SELECT found.* FROM unnest(%(artists)s::text[]) AS asked (artist_id), LATERAL (
    SELECT track_id, {_NAMES} FROM tracks
    WHERE available AND artist_id = asked.artist_id
    ORDER BY added_at_ms DESC, track_id DESC LIMIT %(limit)s
) AS found
ORDER BY found.added_at_ms DESC, found.track_id DESC LIMIT %(limit)s
"""  # noqa: S608
_OF_GENRES = f"""
SELECT found.* FROM unnest(%(genres)s::text[]) AS asked (genre), LATERAL (
    SELECT track_id, {_NAMES} FROM tracks
    WHERE available AND genre <> '' AND genre = asked.genre
    ORDER BY streams DESC, added_at_ms DESC, track_id DESC LIMIT %(limit)s
) AS found
"""  # noqa: S608
# The name that the newest track has.
_ARTISTS = """
SELECT asked.artist_id, found.artist
FROM unnest(%s::text[]) AS asked (artist_id), LATERAL (
    SELECT artist FROM tracks WHERE available AND artist_id = asked.artist_id
    ORDER BY added_at_ms DESC, track_id DESC LIMIT 1
) AS found
"""
# In the order of ids, so that two writers wait for each other and never in a circle.
_UPSERT = f"""
INSERT INTO tracks AS held (track_id, version, listing, available, streams, {_NAMES})
SELECT track_id, version, %(listing)s, true, streams, {_NAMES}
FROM json_to_recordset(%(rows)s)
    AS told (track_id text, version bigint, streams bigint, {_TYPES_TEXT})
ORDER BY track_id COLLATE "C"
ON CONFLICT (track_id) DO UPDATE SET {_TAKEN}
WHERE (held.listing, held.version) < (excluded.listing, excluded.version)
"""  # noqa: S608
_REMOVE = """
INSERT INTO tracks AS held (track_id, version, listing, available)
SELECT track_id, version, %(listing)s, false
FROM unnest(%(ids)s::text[], %(versions)s::bigint[]) AS told (track_id, version)
ORDER BY track_id COLLATE "C"
ON CONFLICT (track_id) DO UPDATE
    SET available = false, version = excluded.version, listing = excluded.listing
WHERE (held.listing, held.version) < (excluded.listing, excluded.version)
"""
_DROP = """
UPDATE tracks SET available = false WHERE ctid = ANY (ARRAY(
    SELECT ctid FROM tracks WHERE available AND listing < %s LIMIT %s
))
"""


class PostgresTracks:
    """``Tracks`` of the schema."""

    def __init__(self, pool: postgres.Pool) -> None:
        self._pool = pool

    async def tracks(self, track_ids: Collection[str]) -> Mapping[str, Track]:
        found = await self._found(_BY_ID, [list(track_ids)]) if track_ids else []
        return {track.id: track for track in found}

    async def of_artists(self, artist_ids: Collection[str], limit: int) -> Sequence[Track]:
        asked = sorted(set(artist_ids))
        return await self._found(_OF_ARTISTS, {"artists": asked, "limit": limit})

    async def artists(self, artist_ids: Collection[str]) -> Mapping[str, Artist]:
        rows = await self._rows(_ARTISTS, [sorted(set(artist_ids))])
        return {artist_id: Artist(artist_id, name) for artist_id, name in rows}

    async def popular(self, limit: int, but: Collection[str] = ()) -> Sequence[Track]:
        return await self._found(_POPULAR, [list(but), limit])

    async def of_genres(self, genres: Collection[str], limit: int) -> Sequence[Track]:
        return await self._found(_OF_GENRES, {"genres": sorted(set(genres)), "limit": limit})

    async def page(self, after: str, limit: int) -> Sequence[Track]:
        return await self._found(_PAGE, [after, limit])

    async def _found(self, query: str, values: Any) -> list[Track]:
        rows = await self._rows(query, values)
        return [Track(id=row[0], **dict(zip(_SHOWN, row[1:], strict=True))) for row in rows]

    async def _rows(self, query: str, values: Any) -> list[tuple[Any, ...]]:
        async def run(connection: postgres.Connection) -> list[tuple[Any, ...]]:
            return await (await connection.execute(query.encode(), values)).fetchall()

        return await postgres.read(self._pool, run)


class PostgresTracksReplica(PostgresReplica[TrackChange]):
    """``TracksReplica`` of the schema."""

    def __init__(self, pool: postgres.Pool) -> None:
        super().__init__(pool, FEED)

    async def _store(
        self, connection: postgres.Connection, changes: Sequence[TrackChange], generation: int
    ) -> None:
        newest = newest_changes(changes)
        rows = [_row(change, change.track) for change in newest if change.track is not None]
        if rows:
            told = {"listing": generation, "rows": json.dumps(rows, ensure_ascii=False)}
            await connection.execute(_UPSERT.encode(), told)
        if gone := [change for change in newest if change.track is None]:
            ids, versions = [one.id for one in gone], [one.version for one in gone]
            removed = {"listing": generation, "ids": ids, "versions": versions}
            await connection.execute(_REMOVE, removed)

    async def _drop_untold(
        self, connection: postgres.Connection, generation: int, limit: int
    ) -> int:
        return (await connection.execute(_DROP, [generation, limit])).rowcount


def _row(change: TrackChange, track: Track) -> dict[str, Any]:
    shown = {name: getattr(track, name) for name in _SHOWN}
    return {"track_id": change.id, "version": change.version, "streams": change.streams, **shown}
