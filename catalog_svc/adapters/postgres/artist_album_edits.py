"""Artists and albums that an administrator edits, in PostgreSQL, and all that shows them."""

from __future__ import annotations

from collections.abc import Collection

from catalog_svc.adapters.postgres import hiding, rows, track_credits, track_writes
from catalog_svc.adapters.postgres.track_writes import AT_ONCE
from catalog_svc.domain.catalogue import Album, Artist
from catalog_svc.domain.edits import AlbumEdit, ArtistEdit, name_taken_error
from catalog_svc.domain.tags import identity
from meshkit import feeds_postgres, postgres

_TAGGED_ARTIST = "SELECT tagged_name FROM artists WHERE id = %s"
_ARTIST_TAKEN = """
SELECT FROM artists WHERE folded = %(folded)s AND id <> %(id)s
UNION ALL SELECT FROM artist_aliases WHERE folded = %(folded)s AND artist_id <> %(id)s
"""
_KEEP_ARTIST = """
INSERT INTO artist_aliases (folded, artist_id) SELECT folded, id FROM artists WHERE id = %s
ON CONFLICT DO NOTHING
"""
_FORGET_ARTIST = "DELETE FROM artist_aliases WHERE artist_id = %s"
_RENAME_ARTIST = """
UPDATE artists SET name = %(name)s, folded = %(folded)s, tagged_name = %(tagged)s WHERE id = %(id)s
"""
_EDIT_ARTIST = """
UPDATE artists SET bio = coalesce(%(bio)s, bio), taken_down = coalesce(%(hidden)s, taken_down),
    version = version + 1
WHERE id = %(id)s
"""
_TRACKS_OF_ARTIST = "UPDATE tracks SET version = version + 1 WHERE artist_id = %s RETURNING id"
_ALBUMS_OF_ARTIST = "UPDATE albums SET version = version + 1 WHERE artist_id = %s RETURNING id"

_TAGGED_ALBUM = "SELECT tagged_title, tagged_year FROM albums WHERE id = %s"
_ALBUM_TAKEN = """
SELECT FROM albums WHERE artist_id = %(artist)s AND folded = %(folded)s AND id <> %(id)s
UNION ALL SELECT FROM album_aliases
WHERE artist_id = %(artist)s AND folded = %(folded)s AND album_id <> %(id)s
"""
_KEEP_ALBUM = """
INSERT INTO album_aliases (artist_id, folded, album_id)
SELECT artist_id, folded, id FROM albums WHERE id = %s
ON CONFLICT DO NOTHING
"""
_FORGET_ALBUM = "DELETE FROM album_aliases WHERE album_id = %s"
_RENAME_ALBUM = """
UPDATE albums SET title = %(title)s, folded = %(folded)s, tagged_title = %(tagged)s
WHERE id = %(id)s
"""
_DATE_ALBUM = "UPDATE albums SET year = %s, tagged_year = %s WHERE id = %s"
_EDIT_ALBUM = """
UPDATE albums SET taken_down = coalesce(%(hidden)s, taken_down), version = version + 1
WHERE id = %(id)s
"""
_TRACKS_OF_ALBUM = "UPDATE tracks SET version = version + 1 WHERE album_id = %s RETURNING id"


async def artist(connection: postgres.Connection, artist_id: str) -> Artist | None:
    """The artist, a hidden one too."""
    query = f"{rows.ARTIST} WHERE ar.id = %s"
    row = await (await connection.execute(query.encode(), [artist_id])).fetchone()
    return rows.artist(row) if row else None


async def album(connection: postgres.Connection, album_id: str) -> Album | None:
    """The album, a hidden one too."""
    query = f"{rows.ALBUM} WHERE al.id = %s"
    row = await (await connection.execute(query.encode(), [album_id])).fetchone()
    return rows.album(row) if row else None


async def edit_artist(connection: postgres.Connection, held: Artist, edit: ArtistEdit) -> None:
    """Store what is other of an artist, and tell all that shows it."""
    renamed = edit.name is not None and await _rename_artist(connection, held, edit.name)
    if not renamed and edit.bio is None and edit.hidden is None:
        return
    values = {"id": held.id, "bio": edit.bio, "hidden": edit.hidden}
    await connection.execute(_EDIT_ARTIST, values)
    shown: set[str] = set()
    albums: set[str] = set()
    if renamed:
        shown = await _ids(connection, _TRACKS_OF_ARTIST, held.id)
        albums = await _ids(connection, _ALBUMS_OF_ARTIST, held.id)
    turned = hiding.Turned()
    if edit.hidden is not None:
        taken_along = await hiding.of_artist(connection, held.id)
        turned = await hiding.settle(connection, taken_along, step=1)
    await track_writes.publish(connection, shown | turned.tracks)
    await _tell(connection, turned.artists | {held.id}, turned.albums | albums)


async def edit_album(connection: postgres.Connection, held: Album, edit: AlbumEdit) -> None:
    """Store what is other of an album, and tell all that shows it."""
    renamed = edit.title is not None and await _rename_album(connection, held, edit.title)
    dated = edit.year is not None and await _date_album(connection, held, edit.year)
    if not renamed and not dated and edit.hidden is None:
        return
    await connection.execute(_EDIT_ALBUM, {"id": held.id, "hidden": edit.hidden})
    shown = await _ids(connection, _TRACKS_OF_ALBUM, held.id) if renamed else set()
    turned = hiding.Turned()
    if edit.hidden is not None:
        taken_along = await hiding.of_album(connection, held.id)
        turned = await hiding.settle(connection, taken_along, step=1)
    await track_writes.publish(connection, shown | turned.tracks)
    await _tell(connection, turned.artists, turned.albums | {held.id})


async def _rename_artist(connection: postgres.Connection, held: Artist, name: str) -> bool:
    """Show another name, or with an empty one the tags'; False where no other was said."""
    (tagged,) = await _one(connection, _TAGGED_ARTIST, held.id)
    if not name and tagged is None:
        return False
    shown = name or tagged
    values = {"id": held.id, "name": shown, "folded": identity(shown)}
    if await (await connection.execute(_ARTIST_TAKEN, values)).fetchone() is not None:
        raise name_taken_error("artist.name")
    await connection.execute(_KEEP_ARTIST if name else _FORGET_ARTIST, [held.id])
    await connection.execute(
        _RENAME_ARTIST, {**values, "tagged": (tagged or held.name) if name else None}
    )
    return True


async def _rename_album(connection: postgres.Connection, held: Album, title: str) -> bool:
    """Show another title, or with an empty one the tags'; False where no other was said."""
    tagged, _ = await _one(connection, _TAGGED_ALBUM, held.id)
    if not title and tagged is None:
        return False
    shown = title or tagged
    values = {"id": held.id, "artist": held.artist_id, "title": shown, "folded": identity(shown)}
    if await (await connection.execute(_ALBUM_TAKEN, values)).fetchone() is not None:
        raise name_taken_error("album.title")
    await connection.execute(_KEEP_ALBUM if title else _FORGET_ALBUM, [held.id])
    await connection.execute(
        _RENAME_ALBUM, {**values, "tagged": (tagged or held.title) if title else None}
    )
    return True


async def _date_album(connection: postgres.Connection, held: Album, year: int) -> bool:
    """Show another year, or with 0 the tags'; False where no other was said."""
    _, tagged = await _one(connection, _TAGGED_ALBUM, held.id)
    if not year and tagged is None:
        return False
    before = held.year if tagged is None else tagged
    await connection.execute(_DATE_ALBUM, [year or before, before if year else None, held.id])
    return True


async def _one(connection: postgres.Connection, query: str, thing_id: str) -> rows.Row:
    (row,) = await (await connection.execute(query.encode(), [thing_id])).fetchall()
    return row


async def _ids(connection: postgres.Connection, query: str, thing_id: str) -> set[str]:
    found = await (await connection.execute(query.encode(), [thing_id])).fetchall()
    return {row[0] for row in found}


async def _tell(
    connection: postgres.Connection, artist_ids: Collection[str], album_ids: Collection[str]
) -> None:
    """Tell artists and albums as they are now, a bounded number at a time."""
    for of, ids in (
        (track_credits.artist_changes, artist_ids),
        (track_credits.album_changes, album_ids),
    ):
        places = sorted(ids)
        for start in range(0, len(places), AT_ONCE):
            told = await of(connection, places[start : start + AT_ONCE])
            await feeds_postgres.append(connection, *told)
