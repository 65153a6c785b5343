"""Which tracks are in which playlist, in PostgreSQL: the table ``playlists``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from meshkit import postgres
from meshkit.replicas import ToldAt, newest_changes
from meshkit.replicas_postgres import PostgresReplica
from rec_svc.adapters.postgres import pending_events
from rec_svc.domain.playlists import Playlist, PlaylistChange, additions, unpacked

FEED: Final = "membership"
_MOST_TRACKS: Final = 20_000
"""So many tracks are stored in one transaction, or one playlist: none may take 5 s."""

_SHOWN = "SELECT playlist_id, owner_id, is_public, managed_by, track_ids FROM playlists"
_BY_ID = f"{_SHOWN} WHERE there AND playlist_id = %s"
_OF_OWNER = f"{_SHOWN} WHERE there AND owner_id = %s ORDER BY playlist_id"
_HELD = """
SELECT playlist_id, listing, version, track_ids FROM playlists WHERE playlist_id = ANY (%s)
"""
_STORE = """
INSERT INTO playlists
    (playlist_id, version, listing, there, owner_id, is_public, managed_by, track_ids)
SELECT playlist_id, version, %s, there AND NOT erased, CASE WHEN erased THEN '' ELSE owner_id END,
       is_public, managed_by, CASE WHEN erased THEN '' ELSE track_ids END
FROM (
    SELECT told.*, EXISTS (
        SELECT FROM erased_users WHERE erased_users.user_id = told.owner_id
    ) AS erased
    FROM unnest(%s::text[], %s::bigint[], %s::boolean[], %s::text[], %s::boolean[], %s::text[],
                %s::bytea[])
        AS told (playlist_id, version, there, owner_id, is_public, managed_by, track_ids)
) AS told
ON CONFLICT (playlist_id) DO UPDATE SET
    version = excluded.version, listing = excluded.listing, there = excluded.there,
    owner_id = excluded.owner_id, is_public = excluded.is_public,
    managed_by = excluded.managed_by, track_ids = excluded.track_ids
"""
_DROP = """
DELETE FROM playlists WHERE ctid = ANY (ARRAY(
    SELECT ctid FROM playlists WHERE listing < %s LIMIT %s
))
"""
_ERASE = """
UPDATE playlists SET there = false, owner_id = '', track_ids = '' WHERE owner_id = %s
"""


class PostgresPlaylists:
    """``Playlists`` of the schema; a holder of users (``UserHolder``)."""

    def __init__(self, pool: postgres.Pool) -> None:
        self._pool = pool

    async def playlist(self, playlist_id: str) -> Playlist | None:
        found = await self._found(_BY_ID, playlist_id)
        return found[0] if found else None

    async def of_owner(self, owner_id: str) -> Sequence[Playlist]:
        return await self._found(_OF_OWNER, owner_id)

    async def _found(self, query: str, value: str) -> list[Playlist]:
        async def run(connection: postgres.Connection) -> list[tuple[Any, ...]]:
            return await (await connection.execute(query.encode(), [value])).fetchall()

        rows = await postgres.read(self._pool, run)
        return [
            Playlist(playlist_id, owner_id, is_public, managed_by, unpacked(bytes(track_ids)))
            for playlist_id, owner_id, is_public, managed_by, track_ids in rows
        ]

    async def erase(self, user_id: str) -> None:
        """Forgets the playlists of a user."""
        async with postgres.transaction(self._pool) as connection:
            await connection.execute(_ERASE, [user_id])


class PostgresPlaylistsReplica(PostgresReplica[PlaylistChange]):
    """``PlaylistsReplica`` of the schema."""

    def __init__(self, pool: postgres.Pool) -> None:
        super().__init__(pool, FEED)

    async def apply(self, changes: Sequence[PlaylistChange], resume_token: str) -> None:
        """As every replica's, but in parts, and the place last: lists may be long.

        What is interrupted in between is told again, and changes nothing then.
        """
        *first, last = _parts(newest_changes(changes))
        for part in first:
            await super().apply(part, "")
        await super().apply(last, resume_token)

    async def _store(
        self, connection: postgres.Connection, changes: Sequence[PlaylistChange], generation: int
    ) -> None:
        held = await self._held(connection, changes)
        newer = [
            one
            for one in changes
            if one.id not in held or held[one.id][0] < ToldAt(generation, one.version)
        ]
        if not newer:
            return
        columns = [list(column) for column in zip(*map(_row, newer), strict=True)]
        await connection.execute(_STORE, [generation, *columns])
        before = {id_: frozenset(unpacked(track_ids)) for id_, (_, track_ids) in held.items()}
        added = [
            event for one in newer for event in additions(one, before.get(one.id, frozenset()))
        ]
        await pending_events.append(connection, added)

    async def _held(
        self, connection: postgres.Connection, changes: Sequence[PlaylistChange]
    ) -> Mapping[str, tuple[ToldAt, bytes]]:
        cursor = await connection.execute(_HELD, [[one.id for one in changes]])
        return {
            playlist_id: (ToldAt(listing, version), bytes(track_ids))
            for playlist_id, listing, version, track_ids in await cursor.fetchall()
        }

    async def _drop_untold(
        self, connection: postgres.Connection, generation: int, limit: int
    ) -> int:
        return (await connection.execute(_DROP, [generation, limit])).rowcount


def _parts(changes: Sequence[PlaylistChange]) -> Iterator[list[PlaylistChange]]:
    """The changes in parts of at most ``_MOST_TRACKS`` tracks or one change; one part at least."""
    part: list[PlaylistChange] = []
    size = 0
    for change in changes:
        tracks = len(change.playlist.track_ids) if change.playlist else 0
        if part and size + tracks > _MOST_TRACKS:
            yield part
            part, size = [], 0
        part.append(change)
        size += tracks
    yield part


def _row(change: PlaylistChange) -> tuple[object, ...]:
    one = change.playlist
    if one is None:
        return change.id, change.version, False, "", False, "", b""
    return (
        change.id,
        change.version,
        True,
        one.owner_id,
        one.is_public,
        one.managed_by,
        one.packed,
    )
