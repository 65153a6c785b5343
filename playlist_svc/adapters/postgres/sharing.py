"""Links and blocks in PostgreSQL: ``share_links`` and ``blocks``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from meshkit import postgres
from meshkit.clock import instant_of_ms, unix_ms
from meshkit.postgres import Connection, Pool
from playlist_svc.adapters.postgres.writing import PostgresWriting
from playlist_svc.domain.access import Role
from playlist_svc.domain.refusals import collection_full_error
from playlist_svc.domain.sharing import MOST_LINKS, Share
from playlist_svc.ports.playlists import Writing

_COLUMNS = """
share_id, playlist_id, role, created_by, created_at, expires_at, revoked_at, accepted_count
"""
_FIND = f"SELECT {_COLUMNS} FROM share_links WHERE code_sha256 = %s"  # noqa: S608
_GET = f"SELECT {_COLUMNS} FROM share_links WHERE share_id = %s"  # noqa: S608
_HELD = f"{_GET} AND playlist_id = %s"
_LIST = f"""
SELECT {_COLUMNS} FROM share_links
WHERE playlist_id = %(playlist)s
  AND (%(at)s::timestamptz IS NULL OR (created_at, share_id) < (%(at)s, %(id)s))
ORDER BY created_at DESC, share_id DESC LIMIT %(limit)s
"""  # noqa: S608
# Whoever adds a link holds the playlist, so that none comes between counting and adding.
_ADD = """
INSERT INTO share_links
    (share_id, playlist_id, role, created_by, created_at, expires_at, code_sha256)
SELECT %(share)s, %(playlist)s, %(role)s, %(created_by)s, %(created_at)s, %(expires_at)s, %(code)s
WHERE (
    SELECT count(*) FROM share_links WHERE playlist_id = %(playlist)s AND revoked_at IS NULL
      AND (expires_at IS NULL OR expires_at > %(created_at)s)
) < %(most)s
RETURNING share_id
"""
_REVOKE = """
UPDATE share_links SET revoked_at = coalesce(revoked_at, %s)
WHERE share_id = %s AND playlist_id = %s
RETURNING share_id
"""
_COUNT = """
WITH counted AS (
    INSERT INTO share_acceptances (share_id, user_id)
    SELECT share_id, %(user)s FROM share_links
    WHERE share_id = %(share)s AND playlist_id = %(playlist)s
    ON CONFLICT DO NOTHING RETURNING share_id
)
UPDATE share_links SET accepted_count = accepted_count + 1 FROM counted
WHERE share_links.share_id = counted.share_id
"""
_HAS_ACCEPTED = """
SELECT EXISTS (
    SELECT FROM share_acceptances JOIN share_links USING (share_id)
    WHERE share_id = %s AND user_id = %s AND playlist_id = %s
)
"""
_FORGET = """
DELETE FROM share_acceptances WHERE ctid = ANY (ARRAY(
    SELECT ctid FROM share_acceptances WHERE user_id = %s LIMIT %s
))
"""
_FORGOTTEN_AT_ONCE = 5_000
_BLOCKED = """
SELECT EXISTS (
    SELECT FROM blocks
    WHERE (user_id, blocked_id) IN ((%(one)s, %(other)s), (%(other)s, %(one)s))
)
"""


class PostgresShares:
    """The ``ShareStore`` of the schema, beside ``PostgresPlaylists`` of the same one."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def find(self, code_sha256: bytes) -> Share | None:
        return _first(await self._read(_FIND, [code_sha256]))

    async def get(self, share_id: str) -> Share | None:
        return _first(await self._read(_GET, [share_id]))

    async def of_playlist(
        self, playlist_id: str, after: tuple[int, str] | None, limit: int
    ) -> list[Share]:
        at, last = (instant_of_ms(after[0]), after[1]) if after else (None, "")
        asked = {"playlist": playlist_id, "at": at, "id": last, "limit": limit}
        return [_share(row) for row in await self._read(_LIST, asked)]

    async def add(self, writing: Writing, share: Share, code_sha256: bytes) -> None:
        expires = None if share.expires_at_ms is None else instant_of_ms(share.expires_at_ms)
        row = {
            "share": share.share_id,
            "playlist": share.playlist_id,
            "role": None if share.role is None else share.role.name,
            "created_by": share.created_by,
            "created_at": instant_of_ms(share.created_at_ms),
            "expires_at": expires,
            "code": code_sha256,
            "most": MOST_LINKS,
        }
        cursor = await _connection(writing).execute(_ADD, row)
        if not await cursor.fetchone():
            raise collection_full_error(MOST_LINKS)

    async def held(self, writing: Writing, share_id: str) -> Share | None:
        cursor = await _connection(writing).execute(_HELD, [share_id, writing.head.playlist_id])
        return _first(await cursor.fetchall())

    async def revoke(self, writing: Writing, share_id: str, now_ms: int) -> bool:
        named = [instant_of_ms(now_ms), share_id, writing.head.playlist_id]
        cursor = await _connection(writing).execute(_REVOKE, named)
        return await cursor.fetchone() is not None

    async def count_accepted(self, writing: Writing, share_id: str, user_id: str) -> None:
        names = {"share": share_id, "playlist": writing.head.playlist_id, "user": user_id}
        await _connection(writing).execute(_COUNT, names)

    async def has_accepted(self, writing: Writing, share_id: str, user_id: str) -> bool:
        named = [share_id, user_id, writing.head.playlist_id]
        cursor = await _connection(writing).execute(_HAS_ACCEPTED, named)
        found = await cursor.fetchone()
        return bool(found and found[0])

    async def erase(self, user_id: str) -> None:
        await postgres.in_parts(self._pool, _FORGET, [user_id], rows=_FORGOTTEN_AT_ONCE)

    async def _read(
        self, statement: str, arguments: Sequence[object] | Mapping[str, object]
    ) -> list[tuple[Any, ...]]:
        async def query(connection: Connection) -> list[tuple[Any, ...]]:
            return await (await connection.execute(statement.encode(), arguments)).fetchall()

        return await postgres.read(self._pool, query)


class PostgresBlocks:
    """The ``Blocks`` of the schema."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def between(self, one: str, other: str) -> bool:
        async def query(connection: Connection) -> bool:
            cursor = await connection.execute(_BLOCKED, {"one": one, "other": other})
            return bool((await cursor.fetchall())[0][0])

        return await postgres.read(self._pool, query)


def _connection(writing: Writing) -> Connection:
    """The connection that holds the playlist. TypeError for a writing of another store."""
    if not isinstance(writing, PostgresWriting):
        raise TypeError("links are stored beside playlists of the same schema")
    return writing.connection


def _first(rows: Sequence[tuple[Any, ...]]) -> Share | None:
    return _share(rows[0]) if rows else None


def _share(row: tuple[Any, ...]) -> Share:
    return Share(
        share_id=row[0],
        playlist_id=row[1],
        role=None if row[2] is None else Role[row[2]],
        created_by=row[3],
        created_at_ms=unix_ms(row[4]),
        expires_at_ms=None if row[5] is None else unix_ms(row[5]),
        revoked_at_ms=None if row[6] is None else unix_ms(row[6]),
        accepted_count=row[7],
    )
