"""Other users in PostgreSQL, schema ``playback``."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from meshkit import postgres
from meshkit.postgres import Connection, Pool
from playback_svc.adapters.postgres import rows
from playback_svc.adapters.postgres.preferences_rows import preferences_of
from playback_svc.domain.player_state import Version
from playback_svc.domain.preferences import DEFAULT
from playback_svc.ports.user_snapshots import UserSnapshot

# Up to 16 KB a user, and shown to nobody else.
_COLUMNS = ", ".join(
    "''::bytea" if column == "queued" else f"s.{column}" for column in rows.STATE_COLUMNS
)
# Put together from the constant names of columns alone.
_LOOK = f"""
SELECT asked.user_id, p.version, p.preferences, {_COLUMNS}
FROM unnest(%s::text[]) AS asked (user_id)
LEFT JOIN player_state s USING (user_id) LEFT JOIN preferences p USING (user_id)
"""  # noqa: S608
_VERSIONS = "SELECT user_id, epoch, revision FROM player_state WHERE user_id = ANY(%s)"


class PostgresUserSnapshots:
    """The ``UserSnapshots`` whose partitions ``PostgresPlayerStates`` keeps."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def read(self, user_ids: Collection[str]) -> Mapping[str, UserSnapshot]:
        """See the port. One statement, hence one moment. Raises Unavailable."""

        async def query(connection: Connection) -> Mapping[str, UserSnapshot]:
            found = await connection.execute(_LOOK.encode(), (list(user_ids),))
            return {row[0]: _snapshot(row) for row in await found.fetchall()}

        return await postgres.read(self._pool, query)

    async def versions(self, user_ids: Collection[str]) -> Mapping[str, Version]:
        async def query(connection: Connection) -> Mapping[str, Version]:
            found = await connection.execute(_VERSIONS, (list(user_ids),))
            return {row[0]: Version(row[1], row[2]) for row in await found.fetchall()}

        return await postgres.read(self._pool, query)


def _snapshot(row: tuple[Any, ...]) -> UserSnapshot:
    _, version, document, *columns = row
    preferences = DEFAULT if version is None else preferences_of(version, document)
    return UserSnapshot(rows.state_of(columns) if columns[0] is not None else None, preferences)
