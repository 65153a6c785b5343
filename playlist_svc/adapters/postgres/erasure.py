"""What PostgreSQL holds of a user's playlists is found, withdrawn and erased, in short
transactions."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Final

from meshkit import feeds_postgres, postgres
from meshkit.postgres import Connection, Pool
from playlist_svc.adapters.codecs import heads
from playlist_svc.adapters.pending_write import owned_counts, withdrawn
from playlist_svc.adapters.postgres import heads as postgres_heads
from playlist_svc.adapters.postgres import purge as postgres_purge
from playlist_svc.domain.playlist import Head

_FOUND_AT_ONCE = 500

_PAGE = "AND playlist_id > %(after)s ORDER BY playlist_id LIMIT %(limit)s"
OWNED: Final = f"SELECT playlist_id FROM playlists WHERE owner_id = %(user_id)s {_PAGE}"  # noqa: S608
"""Deleted ones too."""
SHARED: Final = f"SELECT playlist_id FROM collaborators WHERE user_id = %(user_id)s {_PAGE}"  # noqa: S608
FOLLOWED: Final = f"SELECT playlist_id FROM playlist_followers WHERE user_id = %(user_id)s {_PAGE}"  # noqa: S608


async def found(pool: Pool, statement: str, user_id: str) -> AsyncIterator[str]:
    """The playlists of ``OWNED``, ``SHARED`` or ``FOLLOWED``, by rising id."""
    names: dict[str, object] = {"user_id": user_id, "after": "", "limit": _FOUND_AT_ONCE}

    async def page(connection: Connection) -> list[str]:
        rows = await (await connection.execute(statement.encode(), names)).fetchall()
        return [playlist_id for (playlist_id,) in rows]

    while ids := await postgres.read(pool, page):
        for playlist_id in ids:
            yield playlist_id
        names["after"] = ids[-1]


async def withdraw(connection: Connection, playlist_id: str, owner_id: str) -> Head | None:
    """Delete a playlist of that owner for good; None when it is not theirs any more."""
    held = await postgres_heads.hold(connection, playlist_id)
    if held is None or held.head.owner_id != owner_id:
        return None
    gone = withdrawn(held.head)
    await postgres_heads.count(connection, 0, owned_counts(held.head, gone))
    async with connection.pipeline():
        await feeds_postgres.append(connection, heads.change_of(gone))
        await postgres_heads.update_members(connection, held.head, gone)
        await postgres_heads.update(connection, replace(held, head=gone))
    return gone


async def drop(pool: Pool, playlist_id: str) -> None:
    """Erase a withdrawn playlist, whatever number of followers it has."""
    finished = False
    while not finished:
        async with postgres.transaction(pool) as connection:
            if await postgres_heads.hold(connection, playlist_id) is None:
                return
            finished = await postgres_purge.drop_part(connection, playlist_id)
