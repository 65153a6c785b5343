"""Tracks in bulk in PostgreSQL: ids in the order of playing, and the most played."""

from __future__ import annotations

from collections.abc import Sequence

from catalog_svc.adapters.postgres import rows
from catalog_svc.domain.packed_ids import TEXT_SIZE
from catalog_svc.domain.plays import Streams
from meshkit import postgres

_OF_ALBUM = """
SELECT id FROM tracks WHERE album_id = %(id)s AND state <> 3 AND NOT hidden
ORDER BY disc_number, track_number, id LIMIT %(limit)s
"""
_OF_ARTIST = """
SELECT id FROM tracks WHERE artist_id = %(id)s AND state <> 3 AND NOT hidden
ORDER BY streams_total DESC, id DESC LIMIT %(limit)s
"""
# Ids go there and come back as one text: to make 10,000 parameters or rows takes longer than to
# find them.
_ARTISTS = """
SELECT coalesce(string_agg(found.pair, ''), '') FROM (
    SELECT t.id || t.artist_id FROM tracks t
    WHERE t.id = ANY (string_to_array(%(ids)s, ','))
    UNION ALL
    SELECT m.id || t.artist_id FROM track_merges m JOIN tracks t ON t.id = m.track_id
    WHERE m.id = ANY (string_to_array(%(ids)s, ','))
) AS found (pair)
"""
_PAIR = 2 * TEXT_SIZE
_MOST_PLAYED = """
SELECT id, streams_total FROM tracks WHERE state <> 3 AND NOT hidden
ORDER BY streams_total DESC, id DESC LIMIT %(limit)s
"""


class PostgresPlayOrders:
    """``PlayOrders`` and ``PlayedTracks``."""

    def __init__(self, pool: postgres.Pool) -> None:
        self._pool = pool

    async def album_order(self, album_id: str, *, limit: int) -> Sequence[str]:
        found = await rows.fetch(self._pool, _OF_ALBUM, {"id": album_id, "limit": limit})
        return [row[0] for row in found]

    async def artist_order(self, artist_id: str, *, limit: int) -> Sequence[str]:
        found = await rows.fetch(self._pool, _OF_ARTIST, {"id": artist_id, "limit": limit})
        return [row[0] for row in found]

    async def artist_ids(self, track_ids: Sequence[str]) -> Sequence[str]:
        (row,) = await rows.fetch(self._pool, _ARTISTS, {"ids": ",".join(sorted(set(track_ids)))})
        pairs: str = row[0]
        starts = range(0, len(pairs), _PAIR)
        artists = {pairs[at : at + TEXT_SIZE]: pairs[at + TEXT_SIZE : at + _PAIR] for at in starts}
        return [artists.get(track_id, "") for track_id in track_ids]

    async def most_played(self, limit: int) -> list[Streams]:
        found = await rows.fetch(self._pool, _MOST_PLAYED, {"limit": limit})
        return [Streams(row[0], row[1]) for row in found]
