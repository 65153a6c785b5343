"""Albums and artists of the catalogue in PostgreSQL, as its feed told them last."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from meshkit import postgres
from meshkit.replicas import newest_changes
from playlist_svc.domain.library import Album
from playlist_svc.domain.social import Artist
from playlist_svc.ports.catalogue_replica import AlbumChange, ArtistChange

_ALBUMS = """
SELECT album_id, title, artist, artist_id, year, artwork_path FROM catalogue_albums
WHERE album_id = ANY (%s)
"""
_ARTISTS = "SELECT artist_id, name FROM catalogue_artists WHERE artist_id = ANY (%s)"
_STORE_ALBUMS = """
INSERT INTO catalogue_albums AS held
    (listing, album_id, version, title, artist, artist_id, year, artwork_path)
SELECT %s, * FROM unnest(%s::text[], %s::bigint[], %s::text[], %s::text[], %s::text[],
                         %s::integer[], %s::text[])
ON CONFLICT (album_id) DO UPDATE SET
    listing = excluded.listing, version = excluded.version, title = excluded.title,
    artist = excluded.artist, artist_id = excluded.artist_id, year = excluded.year,
    artwork_path = excluded.artwork_path
WHERE (held.listing, held.version) < (excluded.listing, excluded.version)
"""
_STORE_ARTISTS = """
INSERT INTO catalogue_artists AS held (listing, artist_id, version, name)
SELECT %s, * FROM unnest(%s::text[], %s::bigint[], %s::text[])
ON CONFLICT (artist_id) DO UPDATE SET
    listing = excluded.listing, version = excluded.version, name = excluded.name
WHERE (held.listing, held.version) < (excluded.listing, excluded.version)
"""


class PostgresCatalogueNames:
    """``CatalogueNames`` of the schema."""

    def __init__(self, pool: postgres.Pool) -> None:
        self._pool = pool

    async def albums(self, album_ids: Collection[str]) -> Mapping[str, Album]:
        return {row[0]: Album(*row) for row in await self._rows(_ALBUMS, album_ids)}

    async def artists(self, artist_ids: Collection[str]) -> Mapping[str, Artist]:
        return {row[0]: Artist(*row) for row in await self._rows(_ARTISTS, artist_ids)}

    async def _rows(self, query: str, ids: Collection[str]) -> list[tuple[Any, ...]]:
        async def run(connection: postgres.Connection) -> list[tuple[Any, ...]]:
            return await (await connection.execute(query.encode(), [list(ids)])).fetchall()

        return await postgres.read(self._pool, run) if ids else []


async def store_albums(
    connection: postgres.Connection, changes: Sequence[AlbumChange], generation: int
) -> None:
    """Takes over what was told in a listing's ``generation``, unless a newer one is held."""
    rows = [
        (
            one.id,
            one.version,
            one.album.title,
            one.album.artist,
            one.album.artist_id,
            one.album.year,
            one.album.artwork_path,
        )
        for one in newest_changes(changes)
    ]
    if rows:
        columns = map(list, zip(*rows, strict=True))
        await connection.execute(_STORE_ALBUMS, [generation, *columns])


async def store_artists(
    connection: postgres.Connection, changes: Sequence[ArtistChange], generation: int
) -> None:
    """Takes over what was told in a listing's ``generation``, unless a newer one is held."""
    rows = [(one.id, one.version, one.artist.name) for one in newest_changes(changes)]
    if rows:
        columns = map(list, zip(*rows, strict=True))
        await connection.execute(_STORE_ARTISTS, [generation, *columns])
