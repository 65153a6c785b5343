"""The names that identity told, in PostgreSQL: the table ``people``."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

from meshkit import postgres
from meshkit.clock import instant_of_ms, unix_ms
from meshkit.erasure import UserChange
from meshkit.replicas_postgres import PostgresReplica
from playlist_svc.ports.clock import Clock
from playlist_svc.ports.people import LastKnownName, fold_changes

FEED: Final = "identity"
"""The name of the cursor."""

_FIND = "SELECT user_id, username, told_at FROM people WHERE user_id = ANY (%s)"
# In the order of ids, so that two writers wait for each other and never in a circle.
_KEEP = """
INSERT INTO people AS held (user_id, username, told_at)
SELECT user_id, username, %(at)s
FROM unnest(%(ids)s::text[], %(names)s::text[]) AS told (user_id, username)
ORDER BY user_id COLLATE "C"
ON CONFLICT (user_id) DO UPDATE SET username = excluded.username, told_at = excluded.told_at
WHERE held.told_at < excluded.told_at
"""
_DROP = """
DELETE FROM people WHERE user_id IN (
    SELECT user_id FROM people WHERE user_id = ANY (%s) AND told_at <= %s
    ORDER BY user_id FOR UPDATE
)
"""


class PostgresLastKnownNames:
    """``LastKnownNames`` of the schema."""

    def __init__(self, pool: postgres.Pool) -> None:
        self._pool = pool

    async def find(self, user_ids: Collection[str]) -> Mapping[str, LastKnownName]:
        async def query(connection: postgres.Connection) -> list[tuple[Any, ...]]:
            return await (await connection.execute(_FIND, [list(user_ids)])).fetchall()

        return {
            user_id: LastKnownName(username, unix_ms(told_at))
            for user_id, username, told_at in await postgres.read(self._pool, query)
        }

    async def keep(self, names: Mapping[str, str], gone: Collection[str], known_at_ms: int) -> None:
        if names:
            async with postgres.transaction(self._pool) as connection:
                await _keep(connection, names, known_at_ms)
        if gone:
            async with postgres.transaction(self._pool) as connection:
                await _drop(connection, gone, known_at_ms)


class PostgresUserReplica(PostgresReplica[UserChange]):
    """The names as whoever consumes identity's feed writes them: told at the time of ``clock``."""

    def __init__(self, pool: postgres.Pool, clock: Clock) -> None:
        super().__init__(pool, FEED)
        self._clock = clock

    async def _store(
        self, connection: postgres.Connection, changes: Sequence[UserChange], generation: int
    ) -> None:
        names, gone = fold_changes(changes)
        if names:
            await _keep(connection, names, self._clock())
        if gone:
            await _drop(connection, gone, self._clock())


async def _keep(
    connection: postgres.Connection, names: Mapping[str, str], known_at_ms: int
) -> None:
    rows = {"at": instant_of_ms(known_at_ms), "ids": list(names), "names": list(names.values())}
    await connection.execute(_KEEP, rows)


async def _drop(connection: postgres.Connection, gone: Collection[str], known_at_ms: int) -> None:
    await connection.execute(_DROP, [sorted(gone), instant_of_ms(known_at_ms)])
