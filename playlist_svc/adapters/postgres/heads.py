"""Heads in PostgreSQL: held, stored, counted and listed, all on the caller's connection."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from meshkit.clock import instant_of_ms, unix_ms
from meshkit.postgres import Connection
from playlist_svc.adapters.postgres import playlist_rows
from playlist_svc.adapters.postgres.playlist_rows import HEAD_COLUMNS
from playlist_svc.domain.playlist import Head
from playlist_svc.domain.refusals import collection_full_error
from playlist_svc.ports.playlists import Kinds, Listed

_COPY_COLUMNS = ("copy_revision", "bytes_since_copy")
_COLUMNS = ", ".join(HEAD_COLUMNS)
_OF_P = ", ".join(f"p.{column}" for column in HEAD_COLUMNS)
_STORED = (*HEAD_COLUMNS, *_COPY_COLUMNS)
# What never changes, and what only following changes.
_KEPT = ("playlist_id", "created_at", "follower_count")

# Every statement below is put together from the constant names of columns alone.
_FIND = f"SELECT {_COLUMNS} FROM playlists WHERE playlist_id = %s"  # noqa: S608
# Not FOR UPDATE, which would hold up those who refer to the row by a foreign key as well.
_HOLD = f"""
SELECT {_COLUMNS}, {", ".join(_COPY_COLUMNS)} FROM playlists WHERE playlist_id = %s
FOR NO KEY UPDATE
"""  # noqa: S608
_MANAGED = f"""
SELECT {_COLUMNS} FROM playlists
WHERE owner_id = %s AND managed_by = %s AND managed_key = %s AND managed_key <> ''
"""  # noqa: S608
_INSERT = f"""
INSERT INTO playlists ({", ".join(_STORED)})
VALUES ({", ".join(f"%({column})s" for column in _STORED)})
"""  # noqa: S608
_UPDATE = f"""
UPDATE playlists SET {", ".join(f"{c} = %({c})s" for c in _STORED if c not in _KEPT)}
WHERE playlist_id = %(playlist_id)s
"""  # noqa: S608
_STEP_FOLLOWERS = """
UPDATE playlists SET follower_count = %s, version = %s WHERE playlist_id = %s
"""
_ADD_MEMBERS = """
INSERT INTO collaborators (playlist_id, user_id, since)
SELECT %s, * FROM unnest(%s::text[], %s::timestamptz[])
ON CONFLICT (playlist_id, user_id) DO UPDATE SET since = excluded.since
"""
_DROP_MEMBERS = "DELETE FROM collaborators WHERE playlist_id = %s AND user_id = ANY (%s)"
# In the order of the users, so that two who count the same users cannot wait for each other.
_COUNT = """
INSERT INTO user_counts AS held (user_id, playlists, followed_playlists)
SELECT * FROM unnest(%s::text[], %s::int[], %s::int[]) AS step (user_id, owned, followed)
ORDER BY user_id COLLATE "C"
ON CONFLICT (user_id) DO UPDATE
    SET playlists = held.playlists + excluded.playlists,
        followed_playlists = held.followed_playlists + excluded.followed_playlists
RETURNING user_id, playlists, followed_playlists
"""

_OWNED_COUNT = "SELECT playlists FROM user_counts WHERE user_id = %s"
_OWNED_FROM = f"SELECT {_OF_P}, p.created_at FROM playlists p WHERE p.owner_id = %(user_id)s"  # noqa: S608
_OWNED_PAGE = """
  AND (p.created_at, p.playlist_id) < (%(after)s, %(after_id)s)
ORDER BY p.created_at DESC, p.playlist_id DESC LIMIT %(limit)s
"""
_LISTS: Mapping[Kinds, str] = {
    Kinds.OWNED: f"{_OWNED_FROM} AND p.deleted_at IS NULL {_OWNED_PAGE}",
    Kinds.PUBLIC: (
        f"{_OWNED_FROM} AND p.deleted_at IS NULL AND p.visibility = 'PUBLIC' {_OWNED_PAGE}"
    ),
    Kinds.DELETED: f"{_OWNED_FROM} AND p.deleted_at IS NOT NULL {_OWNED_PAGE}",
    Kinds.SHARED: f"""
SELECT {_OF_P}, c.since FROM collaborators c JOIN playlists p USING (playlist_id)
WHERE c.user_id = %(user_id)s AND p.deleted_at IS NULL
  AND (c.since, c.playlist_id) < (%(after)s, %(after_id)s)
ORDER BY c.since DESC, c.playlist_id DESC LIMIT %(limit)s
""",  # noqa: S608
    Kinds.FOLLOWED: f"""
SELECT {_OF_P}, f.followed_at FROM playlist_followers f JOIN playlists p USING (playlist_id)
WHERE f.user_id = %(user_id)s AND p.deleted_at IS NULL
  AND (f.followed_at, f.playlist_id) < (%(after)s, %(after_id)s)
  AND (p.visibility <> 'PRIVATE' OR p.owner_id = %(user_id)s
       OR p.members @> jsonb_build_array(jsonb_build_object('user_id', %(user_id)s::text)))
  AND NOT EXISTS (
    SELECT FROM blocks b WHERE b.user_id = p.owner_id AND b.blocked_id = %(user_id)s
  )
ORDER BY f.followed_at DESC, f.playlist_id DESC LIMIT %(limit)s
""",  # noqa: S608
}
_BEFORE_ALL = ("infinity", "")


@dataclass(frozen=True, slots=True)
class LockedHead:
    """A head whose row is locked until the transaction ends, and what its full copies cover."""

    head: Head
    copy_revision: int
    bytes_since_copy: int


async def find(connection: Connection, playlist_id: str) -> Head | None:
    """The head as it was committed last."""
    row = await (await connection.execute(_FIND.encode(), [playlist_id])).fetchone()
    return None if row is None else playlist_rows.head_of(row)


async def find_managed(
    connection: Connection, owner_id: str, service: str, key: str
) -> Head | None:
    """The playlist that a service manages for the owner under ``key``."""
    rows = await connection.execute(_MANAGED.encode(), [owner_id, service, key])
    row = await rows.fetchone()
    return None if row is None else playlist_rows.head_of(row)


async def hold(connection: Connection, playlist_id: str) -> LockedHead | None:
    """The head, held against every other writer."""
    row = await (await connection.execute(_HOLD.encode(), [playlist_id])).fetchone()
    if row is None:
        return None
    return LockedHead(playlist_rows.head_of(row), *row[len(HEAD_COLUMNS) :])


async def insert(connection: Connection, head: Head) -> None:
    """A new head whose first version is stored as a whole."""
    values = playlist_rows.head_values(head)
    values |= {"copy_revision": head.revision, "bytes_since_copy": 0}
    await connection.execute(_INSERT.encode(), values)


async def update(connection: Connection, held: LockedHead) -> None:
    """The head but for its followers, and what its full copies cover."""
    values = playlist_rows.head_values(held.head)
    values |= {"copy_revision": held.copy_revision, "bytes_since_copy": held.bytes_since_copy}
    await connection.execute(_UPDATE.encode(), values)


async def update_followers(connection: Connection, head: Head) -> None:
    """The number of followers alone."""
    await connection.execute(_STEP_FOLLOWERS, [head.follower_count, head.version, head.playlist_id])


async def update_members(connection: Connection, before: Head | None, after: Head) -> None:
    """The list by user of who became a member, or is one no longer."""
    old = {m.user_id: m.since_ms for m in before.members} if before else {}
    new = {m.user_id: m.since_ms for m in after.members}
    gone = sorted(old.keys() - new.keys())
    come = sorted(user_id for user_id, since in new.items() if old.get(user_id) != since)
    if gone:
        await connection.execute(_DROP_MEMBERS, [after.playlist_id, gone])
    if come:
        since = [instant_of_ms(new[user_id]) for user_id in come]
        await connection.execute(_ADD_MEMBERS, [after.playlist_id, come, since])


async def count(
    connection: Connection,
    most: int,
    owned: Mapping[str, int] | None = None,
    followed: Mapping[str, int] | None = None,
) -> None:
    """Add to users' numbers of playlists. COLLECTION_FULL when one that rose is above ``most``.

    Locks the users' rows, which everyone does after the playlist's row and never before it.
    """
    owned, followed = owned or {}, followed or {}
    users = sorted(owned.keys() | followed.keys())
    if not users:
        return
    steps = [users, [owned.get(u, 0) for u in users], [followed.get(u, 0) for u in users]]
    for user_id, owns, follows in await (await connection.execute(_COUNT, steps)).fetchall():
        for numbers, total in ((owned, owns), (followed, follows)):
            if numbers.get(user_id, 0) > 0 and total > most:
                raise collection_full_error(most)


async def require_room(connection: Connection, most: int, owner_id: str) -> None:
    """COLLECTION_FULL when the user has ``most`` playlists or more; locks nothing."""
    found = await connection.execute(_OWNED_COUNT, [owner_id])
    if any(owns >= most for (owns,) in await found.fetchall()):
        raise collection_full_error(most)


async def listed(
    connection: Connection, user_id: str, kinds: Kinds, after: tuple[int, str] | None, limit: int
) -> list[Listed]:
    """The playlists that ``PlaylistStore.heads_of`` promises."""
    at, after_id = (instant_of_ms(after[0]), after[1]) if after else _BEFORE_ALL
    names = {"user_id": user_id, "after": at, "after_id": after_id, "limit": limit}
    rows = await (await connection.execute(_LISTS[kinds].encode(), names)).fetchall()
    return [Listed(playlist_rows.head_of(row), unix_ms(row[len(HEAD_COLUMNS)])) for row in rows]
