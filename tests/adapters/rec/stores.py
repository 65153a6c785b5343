"""The stores of what is learnt from, over PostgreSQL and files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from meshkit import postgres
from rec_svc.adapters.parquet.events import ParquetEvents
from rec_svc.adapters.postgres.listening import PostgresListening
from rec_svc.adapters.postgres.pending_events import PostgresPendingEvents
from rec_svc.adapters.postgres.playlists import PostgresPlaylists, PostgresPlaylistsReplica
from rec_svc.adapters.postgres.plays import PostgresPlays
from rec_svc.adapters.postgres.user_items import PostgresUserItems
from rec_svc.domain.user_items import ItemKind
from tests.contracts.rec.listening_world import MOST_TRACKS, ListeningStores

_SAVED = """
SELECT item_id, changed_at_ms FROM user_items
WHERE user_id = %s AND kind = 'SAVED_TRACK' AND kept
"""


def parquet_events(pool: postgres.Pool, folder: Path) -> ParquetEvents:
    """The events of a schema, in files below a folder."""
    return ParquetEvents(folder.as_uri(), PostgresPendingEvents(pool))


def listening_stores(pool: postgres.Pool, folder: Path) -> ListeningStores:
    """All of them, with files below a folder."""
    listening, playlists = PostgresListening(pool), PostgresPlaylists(pool)
    events = parquet_events(pool, folder)

    async def erase(user_id: str) -> None:
        for holder in (events.pending, listening, playlists):
            await holder.erase(user_id)

    async def saved_at_ms(user_id: str) -> Mapping[str, int]:
        async with pool.connection() as connection:
            rows = await (await connection.execute(_SAVED, [user_id])).fetchall()
        return dict(rows)

    return ListeningStores(
        listening=listening,
        favorites=listening,
        plays=PostgresPlays(pool, MOST_TRACKS),
        items={kind: PostgresUserItems(pool, kind) for kind in ItemKind},
        playlists=playlists,
        playlists_replica=PostgresPlaylistsReplica(pool),
        events=events,
        erase=erase,
        saved_at_ms=saved_at_ms,
    )
