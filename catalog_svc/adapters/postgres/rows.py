"""Rows of the catalogue's tables as domain objects, and the queries that read them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

from catalog_svc.domain.catalogue import Access, Album, Artist, Loudness, Track, TrackState
from catalog_svc.domain.imports import (
    Counts,
    Import,
    ImportState,
    Source,
    SourceState,
    Stamp,
)
from catalog_svc.domain.playlists import Playlist
from meshkit import postgres

Row: TypeAlias = tuple[Any, ...]

TRACK = """
SELECT t.id, coalesce(t.edited_title, t.title), ar.name, t.artist_id,
       coalesce(al.title, ''), coalesce(t.album_id, ''),
       t.disc_number, t.track_number, t.duration_ms, t.genres, t.year, t.streams_total,
       t.bitrates_kbps, t.lossless, t.access, t.state,
       coalesce(nullif(t.artwork, ''), al.artwork, ''), t.integrated_lufs, t.true_peak_dbtp,
       t.created_at, t.version, t.hidden, t.taken_down
FROM tracks t JOIN artists ar ON ar.id = t.artist_id LEFT JOIN albums al ON al.id = t.album_id
"""
VISIBLE_TRACK = TRACK.replace("tracks t ", "(SELECT * FROM tracks WHERE NOT hidden) AS t ")
# OFFSET 0: without it a page of names would read all tracks, to hash those that are living.
ALBUM = """
SELECT al.id, al.title, ar.name, al.artist_id, al.year, al.track_count - al.hidden_tracks,
       al.total_duration_ms - al.hidden_duration_ms, al.artwork, al.created_at, al.version,
       EXISTS (SELECT FROM tracks lt
               WHERE lt.album_id = al.id AND lt.state <> 3 AND NOT lt.hidden OFFSET 0),
       al.taken_down
FROM albums al JOIN artists ar ON ar.id = al.artist_id
"""
ARTIST = """
SELECT ar.id, ar.name, ar.bio, ar.followers_count, ar.track_count - ar.hidden_tracks,
       ar.created_at, ar.version,
       EXISTS (SELECT FROM tracks lt
               WHERE lt.artist_id = ar.id AND lt.state <> 3 AND NOT lt.hidden OFFSET 0)
       OR EXISTS (SELECT FROM albums la JOIN tracks lt ON lt.album_id = la.id
                  WHERE la.artist_id = ar.id AND lt.state <> 3 AND NOT lt.hidden OFFSET 0),
       ar.taken_down
FROM artists ar
"""
SHOWN_ALBUM = "NOT (al.taken_down OR ar.taken_down)"
SHOWN_ARTIST = "NOT ar.taken_down"
SURVIVOR = "coalesce((SELECT m.track_id FROM track_merges m WHERE m.id = %(id)s), %(id)s)"
PLAYLIST = """
SELECT p.id, p.title, p.description, p.owner, p.track_count, p.follower_count, p.version, p.public
FROM playlists p
"""
PUBLIC_PLAYLIST = PLAYLIST.replace("playlists p", "(SELECT * FROM playlists WHERE public) AS p")
IMPORT = """
SELECT id, path, root, state, found, unchanged, duplicate, searchable, playable, complete, failed,
       audio_ms, error, created_at, finished_at
FROM imports
"""
SOURCE = """
SELECT id, path, size, mtime_ns, inode, state, track_id, reason, audio_ms FROM sources
"""


async def fetch(pool: postgres.Pool, query: str, arguments: Mapping[str, Any]) -> list[Row]:
    """All rows of a query that only reads."""

    async def run(connection: postgres.Connection) -> list[Row]:
        return await (await connection.execute(query.encode(), arguments)).fetchall()

    return await postgres.read(pool, run)


def track(row: Row) -> Track:
    """A row of ``TRACK``."""
    return Track(
        id=row[0],
        title=row[1],
        artist=row[2],
        artist_id=row[3],
        album=row[4],
        album_id=row[5],
        disc_number=row[6],
        track_number=row[7],
        duration_ms=row[8],
        genres=tuple(row[9]),
        year=row[10],
        streams_total=row[11],
        bitrates_kbps=tuple(row[12]),
        lossless=row[13],
        access=Access(row[14]),
        state=TrackState(row[15]),
        artwork=row[16],
        loudness=None if row[17] is None else Loudness(row[17], row[18]),
        created_at=row[19],
        version=row[20],
        hidden=row[21],
        taken_down=row[22],
    )


def album(row: Row) -> Album:
    """A row of ``ALBUM``."""
    return Album(*row)


def artist(row: Row) -> Artist:
    """A row of ``ARTIST``."""
    return Artist(*row)


def playlist(row: Row) -> Playlist:
    """A row of ``PLAYLIST``."""
    return Playlist(*row[:6])


def import_run(row: Row) -> Import:
    """A row of ``IMPORT``."""
    counts = Counts(*row[4:12])
    return Import(row[0], row[1], row[2], ImportState(row[3]), counts, row[12], row[13], row[14])


def source(row: Row) -> Source:
    """A row of ``SOURCE``."""
    stamp = Stamp(row[2], row[3], row[4])
    return Source(row[0], row[1], stamp, SourceState(row[5]), row[6], row[7], row[8])
