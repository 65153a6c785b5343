"""Tracks in bulk in PostgreSQL: ids in the order of playing, and the most played."""

from __future__ import annotations

from collections.abc import Sequence

from catalog_svc.adapters import postgres_rows as rows
from catalog_svc.domain.plays import Streams
from meshkit import postgres

_OF_ALBUM = """
SELECT id FROM tracks WHERE album_id = %(id)s AND state <> 3
ORDER BY disc_number, track_number, id LIMIT %(limit)s
"""
_OF_ARTIST = """
SELECT id FROM tracks WHERE artist_id = %(id)s AND state <> 3
ORDER BY streams_total DESC, id DESC LIMIT %(limit)s
"""
_ARTISTS = """
SELECT array_agg(coalesce(t.artist_id, '') ORDER BY asked.place)
FROM unnest(%(ids)s::text[]) WITH ORDINALITY AS asked (id, place)
    LEFT JOIN track_merges m ON m.id = asked.id
    LEFT JOIN tracks t ON t.id = coalesce(m.track_id, asked.id)
"""
_MOST_PLAYED = """
SELECT id, streams_total FROM tracks WHERE state <> 3
ORDER BY streams_total DESC, id DESC LIMIT %(limit)s
"""


class PostgresPlayOrders:
    """``PlayOrders`` and ``PlayedTracks``."""

    def __init__(self, pool: postgres.Pool) -> None:
        self._pool = pool

    async def album_order(self, album_id: str, *, limit: int) -> Sequence[str]:
        """See ``PlayOrders.album_order``."""
        found = await rows.fetch(self._pool, _OF_ALBUM, {"id": album_id, "limit": limit})
        return [row[0] for row in found]

    async def artist_order(self, artist_id: str, *, limit: int) -> Sequence[str]:
        """See ``PlayOrders.artist_order``."""
        found = await rows.fetch(self._pool, _OF_ARTIST, {"id": artist_id, "limit": limit})
        return [row[0] for row in found]

    async def artist_ids(self, track_ids: Sequence[str]) -> Sequence[str]:
        """See ``PlayOrders.artist_ids``."""
        (row,) = await rows.fetch(self._pool, _ARTISTS, {"ids": list(track_ids)})
        return list(row[0] or ())

    async def most_played(self, limit: int) -> list[Streams]:
        """See ``PlayedTracks.most_played``."""
        found = await rows.fetch(self._pool, _MOST_PLAYED, {"limit": limit})
        return [Streams(row[0], row[1]) for row in found]
