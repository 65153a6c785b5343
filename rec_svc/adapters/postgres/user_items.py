"""What users keep of the catalogue, in PostgreSQL: the table ``user_items``."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from meshkit import postgres
from meshkit.clock import now_ms
from meshkit.replicas import ToldAt
from meshkit.replicas_postgres import PostgresReplica
from rec_svc.adapters.postgres import homes, pending_events, weekly_lists
from rec_svc.domain.user_items import ItemChange, ItemChanged, ItemKind, told_items

FEEDS: Final = {
    ItemKind.SAVED_TRACK: "saved-tracks",
    ItemKind.BLOCKED_ARTIST: "blocked-artists",
    ItemKind.FOLLOWED_ARTIST: "followed-artists",
}
"""The names of the cursors."""
KEPT: Final = timedelta(days=35)
"""How long it is known that an item was taken out: its feed is read for 30 days."""

_FORGOTTEN_AT_ONCE = 5_000

_HELD = """
SELECT user_id, item_id, listing, version, kept FROM user_items
WHERE kind = %s AND (user_id, item_id) IN (SELECT * FROM unnest(%s::text[], %s::text[]))
"""
_STORE = """
INSERT INTO user_items AS held (user_id, kind, item_id, version, listing, kept, changed_at_ms)
SELECT user_id, %s, item_id, version, %s, kept, at_ms
FROM unnest(%s::text[], %s::text[], %s::bigint[], %s::boolean[], %s::bigint[])
    AS told (user_id, item_id, version, kept, at_ms)
WHERE NOT EXISTS (SELECT FROM erased_users WHERE erased_users.user_id = told.user_id)
ON CONFLICT (user_id, kind, item_id) DO UPDATE SET
    version = excluded.version, listing = excluded.listing, kept = excluded.kept,
    changed_at_ms = excluded.changed_at_ms
"""
_FORGET_USERS = "DELETE FROM user_items WHERE kind = %s AND user_id = ANY (%s)"
_DROP = """
DELETE FROM user_items WHERE ctid = ANY (ARRAY(
    SELECT ctid FROM user_items WHERE kind = %s AND listing < %s LIMIT %s
))
"""
_PRUNE = """
DELETE FROM user_items WHERE ctid = ANY (ARRAY(
    SELECT ctid FROM user_items WHERE NOT kept AND kind = %s AND changed_at_ms < %s LIMIT %s
))
"""


class PostgresUserItems(PostgresReplica[ItemChange]):
    """``ItemsReplica`` of one collection; writers of one wait for each other at its cursor."""

    def __init__(self, pool: postgres.Pool, kind: ItemKind) -> None:
        super().__init__(pool, FEEDS[kind])
        self._kind = kind

    async def _store(
        self, connection: postgres.Connection, changes: Sequence[ItemChange], generation: int
    ) -> None:
        items, forgotten = told_items(changes)
        held = await self._held(connection, items)
        newest: dict[str, ItemChanged] = {}
        turned: list[ItemChanged] = []
        for one in sorted(items, key=lambda one: one.version):
            told_at, kept = held.get(one.id, _ABSENT)
            if ToldAt(generation, one.version) > told_at:
                newest[one.id] = one
                turned += [one] if one.kept is not kept else []
                held[one.id] = (ToldAt(generation, one.version), one.kept)
        if newest:
            await self._take(connection, list(newest.values()), generation)
        if self._kind is ItemKind.SAVED_TRACK:
            await pending_events.append(connection, [one.saving() for one in turned])
        else:
            await homes.changed(connection, [one.user_id for one in turned])
        if self._kind is ItemKind.BLOCKED_ARTIST:
            await weekly_lists.blocked(connection, [one.user_id for one in turned])
        if forgotten:
            await connection.execute(_FORGET_USERS, [self._kind, sorted(forgotten)])

    async def _held(
        self, connection: postgres.Connection, told: Sequence[ItemChanged]
    ) -> dict[str, tuple[ToldAt, bool]]:
        """Of each item that is known: when it was told last, and whether it is kept."""
        users, items = [one.user_id for one in told], [one.item_id for one in told]
        cursor = await connection.execute(_HELD, [self._kind, users, items])
        return {
            f"{user_id}/{item_id}": (ToldAt(listing, version), kept)
            for user_id, item_id, listing, version, kept in await cursor.fetchall()
        }

    async def _take(
        self, connection: postgres.Connection, newer: Sequence[ItemChanged], generation: int
    ) -> None:
        rows = [(one.user_id, one.item_id, one.version, one.kept, one.at_ms) for one in newer]
        columns = [list(column) for column in zip(*rows, strict=True)]
        await connection.execute(_STORE, [self._kind, generation, *columns])

    async def _drop_untold(
        self, connection: postgres.Connection, generation: int, limit: int
    ) -> int:
        return (await connection.execute(_DROP, [self._kind, generation, limit])).rowcount

    async def prune(self) -> int:
        before_ms = now_ms() - KEPT // timedelta(milliseconds=1)
        values = [self._kind, before_ms]
        return await postgres.in_parts(self._pool, _PRUNE, values, rows=_FORGOTTEN_AT_ONCE)


_ABSENT = (ToldAt(-1, 0), False)
