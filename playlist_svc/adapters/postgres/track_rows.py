"""Tracks as rows of the table ``tracks``."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from playlist_svc.domain.daily_shuffle import number_of
from playlist_svc.domain.folding import comparable, sortable
from playlist_svc.ports.tracks import Track, TrackChange

SHOWN = (
    "track_id, title, artist, artist_id, album, album_id, disc_number, track_number, duration_ms,"
    " year, genres, streams_total, artwork_path, created_at_ms, available"
)
"""The columns that ``track_of`` reads, in its order."""

_TOLD = (
    "title text, artist text, artist_id text, album text, album_id text, disc_number integer,"
    " track_number integer, duration_ms integer, year integer, genres text, streams_total bigint,"
    " artwork_path text, created_at_ms bigint, title_key text, artist_key text, album_key text,"
    " genre_keys text, title_order text, artist_order text, album_order text, chance integer"
)
_NAMES = ", ".join(column.split()[0] for column in _TOLD.split(", "))
_TAKEN = ", ".join(
    f"{name} = excluded.{name}" for name in (*_NAMES.split(", "), "available", "version", "listing")
)
# Always in the order of ids, so that two writers wait for each other and never in a circle.
_INSERT = f"""
INSERT INTO tracks AS held (track_id, version, available, listing, {_NAMES})
SELECT track_id, version, true, %(number)s, {_NAMES}
FROM json_to_recordset(%(rows)s) AS told (track_id text, version bigint, {_TOLD})
ORDER BY track_id COLLATE "C"
"""  # noqa: S608 - put together of names in this file

UPSERT = f"""{_INSERT}
ON CONFLICT (track_id) DO UPDATE SET {_TAKEN}
WHERE (held.listing, held.version) < (excluded.listing, excluded.version)
"""
"""Takes ``rows`` (``rows_of``) over what was told earlier; ``number`` is that of the listing."""

INSERT_ASKED = f"{_INSERT} ON CONFLICT (track_id) DO NOTHING"
"""Adds ``rows`` that nobody has told yet."""

REMOVE = """
INSERT INTO tracks AS held (track_id, version, available, listing)
SELECT track_id, version, false, %(number)s
FROM unnest(%(ids)s::text[], %(versions)s::bigint[]) AS told (track_id, version)
ORDER BY track_id COLLATE "C"
ON CONFLICT (track_id) DO UPDATE
    SET available = false, version = excluded.version, listing = excluded.listing
WHERE (held.listing, held.version) < (excluded.listing, excluded.version)
"""
"""Makes tracks unavailable; one that was never told leaves a row, so that its past stays past."""


def rows_of(changes: Iterable[TrackChange]) -> str:
    """The rows of changes that tell a track, as JSON."""
    told = [_row(change.version, change.track) for change in changes if change.track is not None]
    return json.dumps(told, ensure_ascii=False)


def _row(version: int, track: Track) -> dict[str, Any]:
    genres = "\n".join(map(comparable, track.genres))
    return {
        "track_id": track.track_id,
        "version": version,
        "title": track.title,
        "artist": track.artist,
        "artist_id": track.artist_id,
        "album": track.album,
        "album_id": track.album_id,
        "disc_number": track.disc_number,
        "track_number": track.track_number,
        "duration_ms": track.duration_ms,
        "year": track.year,
        "genres": "\n".join(genre.replace("\n", " ") for genre in track.genres),
        "streams_total": track.streams_total,
        "artwork_path": track.artwork_path,
        "created_at_ms": track.created_at_ms,
        "title_key": comparable(track.title),
        "artist_key": comparable(track.artist),
        "album_key": comparable(track.album),
        "genre_keys": f"\n{genres}\n",
        "title_order": sortable(track.title),
        "artist_order": sortable(track.artist),
        "album_order": sortable(track.album),
        "chance": number_of(track.track_id),
    }


def track_of(row: tuple[Any, ...]) -> Track:
    """The track in a row of the columns ``SHOWN``."""
    track_id, title, artist, artist_id, album, album_id, *numbers = row
    disc_number, track_number, duration_ms, year, genres, streams_total, *rest = numbers
    artwork_path, created_at_ms, available = rest
    return Track(
        track_id,
        title,
        artist,
        artist_id,
        album,
        album_id,
        disc_number,
        track_number,
        duration_ms,
        year,
        tuple(genres.split("\n")) if genres else (),
        streams_total,
        artwork_path,
        created_at_ms,
        available,
    )
