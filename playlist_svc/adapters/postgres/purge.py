"""What need not be kept any longer leaves PostgreSQL, in short transactions."""

from __future__ import annotations

from meshkit import postgres
from meshkit.clock import instant_of_ms
from meshkit.postgres import Connection, Pool
from playlist_svc.adapters.postgres import heads as postgres_heads
from playlist_svc.domain.playlist import RECOVERABLE_MS

_FOLLOWERS_AT_ONCE = 5_000

_OLDEST_DELETED = """
SELECT playlist_id FROM playlists WHERE deleted_at < %s
ORDER BY deleted_at LIMIT 1 FOR UPDATE SKIP LOCKED
"""
_DROP_FOLLOWERS = """
DELETE FROM playlist_followers WHERE ctid = ANY (ARRAY(
    SELECT ctid FROM playlist_followers WHERE playlist_id = %s LIMIT %s
)) RETURNING user_id
"""
_ERASE = "DELETE FROM playlists WHERE playlist_id = %s"
_LONG = """
SELECT playlist_id FROM playlists
WHERE revision - first_revision > %(kept)s AND playlist_id IN (
    SELECT playlist_id FROM snapshot_copies WHERE revision > %(kept)s
) LIMIT %(limit)s
"""
# The newest full copy beyond what is kept becomes the oldest version; nothing below it is needed.
_RAISE = """
WITH held AS (
    SELECT playlist_id, revision, first_revision FROM playlists
    WHERE playlist_id = %(playlist_id)s FOR NO KEY UPDATE SKIP LOCKED
)
UPDATE playlists SET first_revision = copy.revision
FROM held, LATERAL (
    SELECT revision FROM snapshot_copies
    WHERE playlist_id = held.playlist_id AND revision <= held.revision - %(kept)s
    ORDER BY revision DESC LIMIT 1
) AS copy
WHERE playlists.playlist_id = held.playlist_id AND copy.revision > held.first_revision
RETURNING playlists.first_revision
"""
_DROP_COPIES = "DELETE FROM snapshot_copies WHERE playlist_id = %s AND revision < %s"
_DROP_SNAPSHOTS = "DELETE FROM snapshots WHERE playlist_id = %s AND revision < %s"


async def playlists(pool: Pool, now_ms: int, limit: int) -> int:
    """Erase at most ``limit`` playlists that cannot be recovered any more; how many went."""
    erased = 0
    while erased < limit:
        async with postgres.transaction(pool) as connection:
            finished = await _erase_one(connection, now_ms)
        if finished is None:
            break
        erased += finished
    return erased


async def _erase_one(connection: Connection, now_ms: int) -> bool | None:
    """Erase one; False when some of its followers remain for another turn, None without any."""
    before = instant_of_ms(now_ms - RECOVERABLE_MS)
    row = await (await connection.execute(_OLDEST_DELETED, [before])).fetchone()
    return None if row is None else await drop_part(connection, row[0])


async def drop_part(connection: Connection, playlist_id: str) -> bool:
    """Erase the playlist that the connection holds; False when some of its followers remain."""
    dropped = await connection.execute(_DROP_FOLLOWERS, [playlist_id, _FOLLOWERS_AT_ONCE])
    followers = [user_id for (user_id,) in await dropped.fetchall()]
    await postgres_heads.count(connection, 0, followed=dict.fromkeys(followers, -1))
    if len(followers) == _FOLLOWERS_AT_ONCE:
        return False
    await connection.execute(_ERASE, [playlist_id])
    return True


async def versions(pool: Pool, kept: int, limit: int) -> int:
    """Drop the versions of at most ``limit`` playlists below the newest ``kept``; how many went."""

    async def query(connection: Connection) -> list[str]:
        found = await connection.execute(_LONG, {"kept": kept, "limit": limit})
        return [playlist_id for (playlist_id,) in await found.fetchall()]

    dropped = 0
    for playlist_id in await postgres.read(pool, query):
        async with postgres.transaction(pool) as connection:
            dropped += await _shorten(connection, playlist_id, kept)
    return dropped


async def _shorten(connection: Connection, playlist_id: str, kept: int) -> int:
    names = {"playlist_id": playlist_id, "kept": kept}
    row = await (await connection.execute(_RAISE, names)).fetchone()
    if row is None:
        return 0
    await connection.execute(_DROP_COPIES, [playlist_id, row[0]])
    return (await connection.execute(_DROP_SNAPSHOTS, [playlist_id, row[0]])).rowcount
