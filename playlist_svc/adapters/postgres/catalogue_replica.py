"""The replica of the catalogue in PostgreSQL, written by whoever consumes its feed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from meshkit import postgres
from meshkit.replicas import newest_changes
from meshkit.replicas_postgres import PostgresReplica
from playlist_svc.adapters.postgres import track_rows
from playlist_svc.adapters.postgres.catalogue_names import store_albums, store_artists
from playlist_svc.ports.catalogue_replica import AlbumChange, ArtistChange, CatalogueChange
from playlist_svc.ports.tracks import TrackChange

FEED: Final = "catalogue"
"""The name of the cursor."""

_DROP = """
UPDATE tracks SET available = false WHERE ctid = ANY (ARRAY(
    SELECT ctid FROM tracks WHERE available AND listing < %s LIMIT %s
))
"""


class PostgresCatalogueReplica(PostgresReplica[CatalogueChange]):
    """``CatalogueReplica`` of the schema."""

    def __init__(self, pool: postgres.Pool) -> None:
        super().__init__(pool, FEED)

    async def _store(
        self, connection: postgres.Connection, changes: Sequence[CatalogueChange], generation: int
    ) -> None:
        tracks = [one for one in changes if isinstance(one, TrackChange)]
        await _store_tracks(connection, tracks, generation)
        albums = [one for one in changes if isinstance(one, AlbumChange)]
        await store_albums(connection, albums, generation)
        artists = [one for one in changes if isinstance(one, ArtistChange)]
        await store_artists(connection, artists, generation)

    async def _drop_untold(
        self, connection: postgres.Connection, generation: int, limit: int
    ) -> int:
        return (await connection.execute(_DROP, [generation, limit])).rowcount


async def _store_tracks(
    connection: postgres.Connection, changes: Sequence[TrackChange], generation: int
) -> None:
    newest = newest_changes(changes)
    if told := [change for change in newest if change.track is not None]:
        rows = {"number": generation, "rows": track_rows.rows_of(told)}
        await connection.execute(track_rows.UPSERT, rows)
    if removed := [change for change in newest if change.track is None]:
        arguments = {
            "number": generation,
            "ids": [change.id for change in removed],
            "versions": [change.version for change in removed],
        }
        await connection.execute(track_rows.REMOVE, arguments)
