"""Which tracks are hidden, in PostgreSQL: one rule, applied wherever what it rests on changes."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from catalog_svc.adapters.postgres import track_credits
from meshkit import postgres
from meshkit.feeds import Change

_SETTLE = """
UPDATE tracks t SET hidden = due.hidden, version = t.version + %(step)s
FROM (
    SELECT t.id, al.artist_id AS album_artist_id,
           t.taken_down OR ar.taken_down OR coalesce(al.taken_down OR aa.taken_down, false)
               AS hidden
    FROM tracks t JOIN artists ar ON ar.id = t.artist_id
        LEFT JOIN albums al ON al.id = t.album_id LEFT JOIN artists aa ON aa.id = al.artist_id
    WHERE t.id = ANY (%(tracks)s)
) AS due
WHERE due.id = t.id AND t.hidden <> due.hidden
RETURNING t.id, t.artist_id, t.album_id, due.album_artist_id
"""
_OF_ALBUM = "SELECT id FROM tracks WHERE album_id = %s"
_OF_ARTIST = """
SELECT id FROM tracks WHERE artist_id = %s
UNION SELECT t.id FROM albums al JOIN tracks t ON t.album_id = al.id WHERE al.artist_id = %s
"""
_COUNT_ARTISTS = """
UPDATE artists ar SET version = version + 1, hidden_tracks = (
    SELECT count(*) FROM tracks t WHERE t.artist_id = ar.id AND t.hidden
)
WHERE ar.id = ANY (%s)
"""
_COUNT_ALBUMS = """
UPDATE albums al SET version = version + 1, (hidden_tracks, hidden_duration_ms) = (
    SELECT count(*), coalesce(sum(t.duration_ms), 0)
    FROM tracks t WHERE t.album_id = al.id AND t.hidden
)
WHERE al.id = ANY (%s)
"""


@dataclass(frozen=True, slots=True)
class Turned:
    """Tracks that were hidden or brought back, and the names whose counts hang on that."""

    tracks: frozenset[str] = frozenset()
    artists: frozenset[str] = frozenset()
    albums: frozenset[str] = frozenset()


async def settle(
    connection: postgres.Connection, track_ids: Collection[str], *, step: int = 0
) -> Turned:
    """Hide of these tracks those that are to be, and bring the others back, counted and all.

    ``step`` is 1 where nothing else gives them a new version. The caller tells all that turned.
    """
    arguments = {"tracks": list(track_ids), "step": step}
    found = await (await connection.execute(_SETTLE, arguments)).fetchall()
    turned = Turned(
        frozenset(row[0] for row in found),
        frozenset(one for row in found for one in (row[1], row[3]) if one),
        frozenset(row[2] for row in found if row[2]),
    )
    await recount(connection, turned.artists, turned.albums)
    return turned


async def recount(
    connection: postgres.Connection, artist_ids: Iterable[str], album_ids: Iterable[str]
) -> None:
    """Count the hidden tracks of names anew; each gets a version."""
    if artists := list(artist_ids):
        await connection.execute(_COUNT_ARTISTS, [artists])
    if albums := list(album_ids):
        await connection.execute(_COUNT_ALBUMS, [albums])


async def placed(
    connection: postgres.Connection, track_ids: Collection[str], credits_: track_credits.Credits
) -> tuple[Turned, list[Change]]:
    """Settle tracks that are new with their names; what turned, and what the feed says of names."""
    if not credits_.taken_down:
        return Turned(), credits_.changes()
    turned = await settle(connection, track_ids)
    return turned, await track_credits.credited(connection, credits_)


async def of_album(connection: postgres.Connection, album_id: str) -> list[str]:
    """The tracks that an album takes along."""
    found = await (await connection.execute(_OF_ALBUM, [album_id])).fetchall()
    return [row[0] for row in found]


async def of_artist(connection: postgres.Connection, artist_id: str) -> list[str]:
    """The tracks that an artist takes along."""
    found = await (await connection.execute(_OF_ARTIST, [artist_id, artist_id])).fetchall()
    return [row[0] for row in found]
