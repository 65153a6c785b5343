"""Events that are in no file yet, and users of whom nothing may be read: in PostgreSQL.

What learns of an event enters it in the commit that remembers that it was told. A batch is a set of
rows that was fixed by a commit before the first file of it was written, and that is in no other.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import timedelta
from typing import Any, Final

from meshkit import postgres
from meshkit.ulids import new_id
from rec_svc.domain.events import COLUMNS, Event, EventKind

_TYPES: Final = {"at_ms": "bigint", "heard_ms": "integer", "completed": "boolean"}
_NAMES: Final = ", ".join(COLUMNS)
_ARRAYS: Final = ", ".join(f"%s::{_TYPES.get(name, 'text')}[]" for name in COLUMNS)
_APPEND = f"""
INSERT INTO pending_events ({_NAMES})
SELECT {_NAMES} FROM unnest({_ARRAYS}) AS told ({_NAMES})
WHERE NOT EXISTS (SELECT FROM erased_users WHERE erased_users.user_id = told.user_id)
ORDER BY event_id COLLATE "C"
ON CONFLICT DO NOTHING
"""  # noqa: S608 - names of this file alone
# One at a time: who finds fewer than the limit has fixed all that was committed before.
_TURN = "SELECT pg_advisory_xact_lock(hashtextextended('segue.rec.pending_events', 0))"
_FIX = """
UPDATE pending_events SET batch = %s WHERE ctid = ANY (ARRAY(
    SELECT ctid FROM pending_events WHERE batch IS NULL LIMIT %s
))
"""
_BATCHES = "SELECT DISTINCT batch FROM pending_events WHERE batch IS NOT NULL ORDER BY batch"
_ROWS = f"SELECT {_NAMES} FROM pending_events WHERE batch = %s ORDER BY event_id"  # noqa: S608
_DONE = "DELETE FROM pending_events WHERE batch = %s"
_WAITING = "SELECT count(*) FROM pending_events"
_ERASE = """
INSERT INTO erased_users AS held (user_id) VALUES (%s)
ON CONFLICT (user_id) DO UPDATE SET erased_at = now(), rewritten_at = NULL
"""
_FORGET = "DELETE FROM pending_events WHERE user_id = %s"
_ERASED = "SELECT user_id FROM erased_users"
_TO_REWRITE = """
SELECT user_id FROM erased_users WHERE rewritten_at IS NULL AND erased_at <= now() - %s
"""
_REWRITTEN = """
UPDATE erased_users SET rewritten_at = now()
WHERE user_id = ANY (%s) AND rewritten_at IS NULL AND erased_at <= now() - %s
"""
_LET_GO = "DELETE FROM erased_users WHERE rewritten_at < now() - %s"


async def append(connection: postgres.Connection, events: Sequence[Event]) -> None:
    """Enters events in the caller's transaction; those that wait already are left as they are."""
    if events:
        columns = [[getattr(event, name) for event in events] for name in COLUMNS]
        await connection.execute(_APPEND.encode(), columns)


class PostgresPendingEvents:
    """What waits to be written, and who was erased."""

    def __init__(self, pool: postgres.Pool) -> None:
        self._pool = pool

    async def batches(self, limit: int) -> list[str]:
        """The batches that hold all that waits now, of at most ``limit`` events each."""
        fixed = limit
        while fixed == limit:
            async with postgres.transaction(self._pool) as connection:
                await connection.execute(_TURN)
                fixed = (await connection.execute(_FIX, [new_id(), limit])).rowcount
        return [str(batch) for batch in await self._column(_BATCHES, [])]

    async def rows(self, batch: str) -> list[Event]:
        """The events of a batch, by id; none once it is done."""

        async def query(connection: postgres.Connection) -> list[tuple[Any, ...]]:
            return await (await connection.execute(_ROWS.encode(), [batch])).fetchall()

        rows = await postgres.read(self._pool, query)
        named = (dict(zip(COLUMNS, row, strict=True)) for row in rows)
        return [Event(**one | {"kind": EventKind(one["kind"])}) for one in named]

    async def done(self, batch: str) -> None:
        """The batch is in its files."""
        async with postgres.transaction(self._pool) as connection:
            await connection.execute(_DONE, [batch])

    async def waiting(self) -> int:
        """How many events are in no file yet."""
        return int((await self._column(_WAITING, []))[0])

    async def erase(self, user_id: str) -> None:
        """Nothing of the user may be read from now on (``meshkit.erasure.UserHolder``)."""
        async with postgres.transaction(self._pool) as connection:
            await connection.execute(_ERASE, [user_id])
            await connection.execute(_FORGET, [user_id])

    async def erased(self) -> frozenset[str]:
        """Of whom nothing may be read."""
        return frozenset(await self._column(_ERASED, []))

    async def to_rewrite(self, settled: timedelta) -> frozenset[str]:
        """Who was erased at least so long ago and may be in files still."""
        return frozenset(await self._column(_TO_REWRITE, [settled]))

    async def rewritten(self, user_ids: Collection[str], settled: timedelta) -> None:
        """Nothing of these users is in a file any more, unless they were erased since."""
        async with postgres.transaction(self._pool) as connection:
            await connection.execute(_REWRITTEN, [sorted(user_ids), settled])

    async def let_go(self, after: timedelta) -> None:
        """Forgets the ids of those of whom nothing has been in a file for so long."""
        async with postgres.transaction(self._pool) as connection:
            await connection.execute(_LET_GO, [after])

    async def _column(self, statement: str, values: list[object]) -> list[Any]:
        async def query(connection: postgres.Connection) -> list[tuple[Any, ...]]:
            return await (await connection.execute(statement.encode(), values)).fetchall()

        return [row[0] for row in await postgres.read(self._pool, query)]
