"""What an administrator says of the catalogue, in PostgreSQL."""

from __future__ import annotations

from dataclasses import replace

from catalog_svc.adapters import postgres_names as names
from catalog_svc.adapters import postgres_rows as rows
from catalog_svc.adapters import postgres_tracks as tracks
from catalog_svc.adapters.kept_tracks import recalled, remembered
from catalog_svc.domain.catalogue import Track
from catalog_svc.domain.edits import NOTHING, TrackEdit
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
    access = coalesce(%(access)s, access), hidden = coalesce(%(hidden)s, hidden),
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
        """See ``Edits.edit_track``."""
        async with names.writing(self._pool) as connection:
            track = await _found(connection, track_id)
            if track is None:
                return None

            async def produce() -> bytes:
                return remembered(await _edited(connection, track, edit.of(track)))

            return recalled(await self._answers.answer_once(connection, key, produce))


async def _found(connection: postgres.Connection, track_id: str) -> Track | None:
    row = await (await connection.execute(_FIND.encode(), {"id": track_id})).fetchone()
    return rows.track(row) if row else None


async def _edited(connection: postgres.Connection, track: Track, edit: TrackEdit) -> Track:
    if edit.artist is not None:
        await tracks.credit_to(connection, track.id, edit.artist)
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
    were_silent = await names.silent(connection, track.id)
    await connection.execute(_EDIT, values)
    changed = await tracks.changes(connection, track.id, with_album=False)
    if edit.hidden is not None:
        silent = await names.silent(connection, track.id) if edit.hidden else were_silent
        changed += await names.turned(connection, silent)
    await feeds_postgres.append(connection, *changed)
