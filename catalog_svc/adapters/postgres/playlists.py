"""Public playlists and artists' followers in PostgreSQL, replicated by a consumer."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager

from catalog_svc.adapters.codecs import feed_changes
from catalog_svc.adapters.postgres import rows, track_credits
from catalog_svc.domain.playlists import (
    FollowerCountChange,
    Playlist,
    PlaylistChange,
    PlaylistFeedChange,
)
from meshkit import feeds_postgres, postgres
from meshkit.feeds import Change
from meshkit.replicas import ToldAt, newest_changes
from meshkit.replicas_postgres import PostgresReplica

FEED = "playlist"

_HELD = f"{rows.PLAYLIST} WHERE p.id = ANY (%s) ORDER BY p.id FOR UPDATE"
_UPSERT = """
INSERT INTO playlists AS held (id, public, title, description, owner, track_count, follower_count,
                               told_version, generation, version)
SELECT *, nextval('playlist_versions') FROM unnest(
    %s::text[], %s::boolean[], %s::text[], %s::text[], %s::text[], %s::integer[], %s::integer[],
    %s::bigint[], %s::bigint[])
ON CONFLICT (id) DO UPDATE SET
    public = excluded.public, title = excluded.title, description = excluded.description,
    owner = excluded.owner, track_count = excluded.track_count,
    follower_count = excluded.follower_count, told_version = excluded.told_version,
    generation = excluded.generation, version = nextval('playlist_versions')
WHERE (held.generation, held.told_version) < (excluded.generation, excluded.told_version)
RETURNING held.id, held.version
"""
_DROP = """
DELETE FROM playlists WHERE id IN (
    SELECT id FROM playlists WHERE generation < %s ORDER BY id LIMIT %s FOR UPDATE
) RETURNING id, public, nextval('playlist_versions')
"""
_FOLLOWED = """
SELECT id, followers_count, followers_version, followers_generation FROM artists
WHERE id = ANY (%s) ORDER BY id FOR UPDATE
"""
_SET_FOLLOWERS = """
UPDATE artists ar SET followers_count = told.count, followers_version = told.version,
    followers_generation = told.generation, version = ar.version + told.step
FROM unnest(%s::text[], %s::bigint[], %s::bigint[], %s::bigint[], %s::integer[])
    AS told (id, count, version, generation, step)
WHERE ar.id = told.id
"""
_DROP_FOLLOWERS = """
UPDATE artists SET followers_count = 0, followers_version = 0, version = version + 1
WHERE id IN (
    SELECT id FROM artists WHERE followers_count > 0 AND followers_generation < %s
    ORDER BY id LIMIT %s
) RETURNING id
"""


class PostgresPlaylistReplica(PostgresReplica[PlaylistFeedChange]):
    """``PlaylistReplica``."""

    def __init__(self, pool: postgres.Pool) -> None:
        super().__init__(pool, FEED)

    def _writing(
        self, changes: Sequence[PlaylistFeedChange] | None
    ) -> AbstractAsyncContextManager[postgres.Connection]:
        # Artists are changed by imports too, one writer at a time.
        artists = changes is None or any(isinstance(one, FollowerCountChange) for one in changes)
        opened = track_credits.writing if artists else postgres.transaction
        return opened(self._pool)

    async def _store(
        self,
        connection: postgres.Connection,
        changes: Sequence[PlaylistFeedChange],
        generation: int,
    ) -> None:
        playlists = newest_changes(one for one in changes if isinstance(one, PlaylistChange))
        followers = newest_changes(one for one in changes if isinstance(one, FollowerCountChange))
        changed = await _replicate(connection, playlists, generation)
        changed += await _set_followers(connection, followers, generation)
        if changed:
            await feeds_postgres.append(connection, *changed)

    async def _drop_untold(
        self, connection: postgres.Connection, generation: int, limit: int
    ) -> int:
        gone = await (await connection.execute(_DROP, [generation, limit])).fetchall()
        changed = [feed_changes.removal("playlist", row[0], row[2]) for row in gone if row[1]]
        arguments = [generation, limit - len(gone)]
        artists = await (await connection.execute(_DROP_FOLLOWERS, arguments)).fetchall()
        changed += await track_credits.artist_changes(connection, [row[0] for row in artists])
        if changed:
            await feeds_postgres.append(connection, *changed)
        return len(gone) + len(artists)


async def _replicate(
    connection: postgres.Connection, told: Sequence[PlaylistChange], generation: int
) -> list[Change]:
    """Take playlists over; what the feed says of those that people see otherwise now."""
    if not told:
        return []
    cursor = await connection.execute(_HELD.encode(), [[one.id for one in told]])
    held = {row[0]: rows.playlist(row) for row in await cursor.fetchall() if row[7]}
    cursor = await connection.execute(_UPSERT, _columns(told, generation))
    versions: dict[str, int] = dict(await cursor.fetchall())
    return [
        _change(one, versions[one.id])
        for one in told
        if one.id in versions and one.playlist != held.get(one.id)
    ]


def _columns(told: Sequence[PlaylistChange], generation: int) -> list[list[object]]:
    shown = [one.playlist or Playlist(one.id, "", "", "", 0, 0) for one in told]
    return [
        [one.id for one in told],
        [one.playlist is not None for one in told],
        [one.title for one in shown],
        [one.description for one in shown],
        [one.owner for one in shown],
        [one.track_count for one in shown],
        [one.follower_count for one in shown],
        [one.version for one in told],
        [generation for _ in told],
    ]


def _change(one: PlaylistChange, version: int) -> Change:
    if one.playlist is None:
        return feed_changes.removal("playlist", one.id, version)
    return feed_changes.playlist_change(one.playlist, version)


async def _set_followers(
    connection: postgres.Connection, told: Sequence[FollowerCountChange], generation: int
) -> list[Change]:
    """Take counts of followers over; what the feed says of the artists whose count is another."""
    if not told:
        return []
    cursor = await connection.execute(_FOLLOWED, [[one.id for one in told]])
    held = {row[0]: (row[1], ToldAt(row[3], row[2])) for row in await cursor.fetchall()}
    fresh = [
        one for one in told if one.id in held and held[one.id][1] < ToldAt(generation, one.version)
    ]
    changed = [one.id for one in fresh if held[one.id][0] != one.count]
    columns: list[list[object]] = [
        [one.id for one in fresh],
        [one.count for one in fresh],
        [one.version for one in fresh],
        [generation for _ in fresh],
        [int(one.id in changed) for one in fresh],
    ]
    await connection.execute(_SET_FOLLOWERS, columns)
    return await track_credits.artist_changes(connection, changed)
