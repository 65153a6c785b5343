"""What an administrator says of the catalogue, in PostgreSQL."""

from __future__ import annotations

from dataclasses import replace

from catalog_svc.adapters.codecs import request_answers
from catalog_svc.adapters.postgres import (
    artist_album_edits,
    hiding,
    rows,
    track_credits,
    track_writes,
)
from catalog_svc.domain.catalogue import Album, Artist, Track
from catalog_svc.domain.edits import NOTHING, AlbumEdit, ArtistEdit, TrackEdit
from catalog_svc.domain.listings import title_key
from meshkit import feeds_postgres, postgres
from meshkit.idempotency import RequestKey
from meshkit.idempotency_postgres import PostgresAnswers

_FIND = f"{rows.TRACK} WHERE t.id = {rows.SURVIVOR}"
_EDIT = """
UPDATE tracks SET
    edited_title = CASE WHEN %(title)s::text IS NULL THEN edited_title
                        ELSE nullif(%(title)s::text, '') END,
    edited_folded = CASE WHEN %(title)s::text IS NULL THEN edited_folded
                         WHEN %(title)s::text <> '' THEN %(folded)s END,
    access = coalesce(%(access)s, access), taken_down = coalesce(%(hidden)s, taken_down),
    version = version + 1
WHERE id = %(id)s
"""


class PostgresEdits:
    """``Edits``."""

    def __init__(self, pool: postgres.Pool) -> None:
        self._pool = pool
        self._answers = PostgresAnswers()

    async def edit_track(
        self, track_id: str, edit: TrackEdit, key: RequestKey | None
    ) -> Track | None:
        async with track_credits.writing(self._pool) as connection:
            track = await _found(connection, track_id)
            if track is None:
                return None

            async def produce() -> bytes:
                return request_answers.encode(await _edited(connection, track, edit.of(track)))

            return request_answers.decode_track(
                await self._answers.answer_once(connection, key, produce)
            )

    async def edit_album(
        self, album_id: str, edit: AlbumEdit, key: RequestKey | None
    ) -> Album | None:
        async with track_credits.writing(self._pool) as connection:
            album = await artist_album_edits.album(connection, album_id)
            if album is None:
                return None

            async def produce() -> bytes:
                await artist_album_edits.edit_album(connection, album, edit.of(album))
                return request_answers.encode(
                    await artist_album_edits.album(connection, album_id) or album
                )

            return request_answers.decode_album(
                await self._answers.answer_once(connection, key, produce)
            )

    async def edit_artist(
        self, artist_id: str, edit: ArtistEdit, key: RequestKey | None
    ) -> Artist | None:
        async with track_credits.writing(self._pool) as connection:
            artist = await artist_album_edits.artist(connection, artist_id)
            if artist is None:
                return None

            async def produce() -> bytes:
                await artist_album_edits.edit_artist(connection, artist, edit.of(artist))
                return request_answers.encode(
                    await artist_album_edits.artist(connection, artist_id) or artist
                )

            return request_answers.decode_artist(
                await self._answers.answer_once(connection, key, produce)
            )


async def _found(connection: postgres.Connection, track_id: str) -> Track | None:
    row = await (await connection.execute(_FIND.encode(), {"id": track_id})).fetchone()
    return rows.track(row) if row else None


async def _edited(connection: postgres.Connection, track: Track, edit: TrackEdit) -> Track:
    if edit.artist is not None:
        await track_writes.credit_to(connection, track.id, edit.artist)
    if replace(edit, artist=None) != NOTHING:
        await _put(connection, track, edit)
    return await _found(connection, track.id) or track


async def _put(connection: postgres.Connection, track: Track, edit: TrackEdit) -> None:
    values = {
        "title": edit.title,
        "folded": title_key(edit.title or ""),
        "access": edit.access,
        "hidden": edit.hidden,
        "id": track.id,
    }
    await connection.execute(_EDIT, values)
    turned = await hiding.settle(connection, [track.id])
    changed = await track_writes.changes(connection, track.id, with_album=False)
    changed += await track_writes.names_told(connection, turned)
    await feeds_postgres.append(connection, *changed)
