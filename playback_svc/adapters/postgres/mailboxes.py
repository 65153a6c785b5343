"""Mailboxes of devices on PostgreSQL; ``PostgresPlayerStates.commit`` fills them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

from psycopg import AsyncCursor
from psycopg.rows import TupleRow

from meshkit import postgres
from meshkit.clock import instant_of_ms
from meshkit.faults import InvalidArgument
from meshkit.postgres import Connection, Pool
from playback_svc.adapters.postgres import device_rows
from playback_svc.domain.devices import Device, unknown_device_error
from playback_svc.domain.mailbox import LIFE_MS, Applied, Command, CommandStatus, Lapse, Pending
from playback_svc.ports.mailboxes import MailboxSnapshot

Cursor: TypeAlias = AsyncCursor[TupleRow]

_COMMANDS = ", ".join(device_rows.COMMAND_COLUMNS)
_DEVICE = ", ".join(device_rows.DEVICE_COLUMNS)
_PENDING = f"""
SELECT {_COMMANDS} FROM commands
WHERE user_id = %(user_id)s AND device_id = %(device_id)s AND number > greatest(%(after)s::int, (
    SELECT d.last_applied FROM devices d
    WHERE d.user_id = %(user_id)s AND d.device_id = %(device_id)s
  ))
  AND status = 'PENDING' AND issued_at > %(since)s
ORDER BY number LIMIT %(limit)s
"""  # noqa: S608
# What was neither worked off nor can be delivered, before the first that can; commands that are
# forgotten count as that.
_LAPSE = """
WITH given AS (
    SELECT n.number FROM devices d, generate_series(
        greatest(%(after)s::int, d.last_applied, d.last_number - 10000) + 1, d.last_number
    ) AS n (number)
    WHERE d.user_id = %(user_id)s AND d.device_id = %(device_id)s
)
SELECT min(g.number), max(g.number) FROM given g
LEFT JOIN commands c
    ON c.user_id = %(user_id)s AND c.device_id = %(device_id)s AND c.number = g.number
WHERE (c.number IS NULL OR (c.status = 'PENDING' AND c.issued_at <= %(since)s))
  AND g.number < (
    SELECT coalesce(min(w.number), 2147483647) FROM commands w
    WHERE w.user_id = %(user_id)s AND w.device_id = %(device_id)s AND w.number > %(after)s
      AND w.status = 'PENDING' AND w.issued_at > %(since)s
  )
"""
_LAST_NUMBERS = """
SELECT d.last_number
FROM unnest(%s::text[], %s::text[]) WITH ORDINALITY AS asked (user_id, device_id, place)
LEFT JOIN devices d USING (user_id, device_id)
ORDER BY place
"""
_COMMAND = f"""
SELECT {_COMMANDS} FROM commands WHERE user_id = %s AND device_id = %s AND number = %s
"""  # noqa: S608
_LATEST = f"""
SELECT {_COMMANDS} FROM commands
WHERE user_id = %(user_id)s AND device_id = %(device_id)s
  AND number < coalesce(%(before)s, 2147483647)
ORDER BY number DESC LIMIT %(limit)s
"""  # noqa: S608
_LOCK = """
SELECT 1 FROM devices WHERE user_id = %(user_id)s AND device_id = %(device_id)s FOR UPDATE
"""
# Before the commands are worked off: what is said now counts as if they were.
_REPORT = f"""
UPDATE devices d SET
    last_applied = greatest(d.last_applied, least(d.last_number, %(upto)s), (
        SELECT max(settled.number) FROM (
            SELECT c.number FROM commands c
            WHERE c.user_id = %(user_id)s AND c.device_id = %(device_id)s
              AND c.number > d.last_applied AND c.status <> 'PENDING'
            UNION ALL SELECT unnest(%(numbers)s::int[])
        ) settled
        WHERE settled.number < coalesce((
            SELECT min(w.number) FROM commands w
            WHERE w.user_id = %(user_id)s AND w.device_id = %(device_id)s
              AND w.number > greatest(d.last_applied, %(upto)s) AND w.status = 'PENDING'
              AND w.issued_at > %(since)s AND w.number <> ALL(%(numbers)s)
        ), 2147483647)
    )),
    volume_percent = coalesce(%(volume)s, (
        SELECT c.volume_percent FROM commands c
        WHERE c.user_id = %(user_id)s AND c.device_id = %(device_id)s
          AND c.kind = 'VOLUME' AND c.status = 'PENDING'
          AND (c.number = ANY(%(done)s) OR (c.number <= %(upto)s AND c.issued_at > %(since)s))
          AND NOT EXISTS (
            SELECT FROM commands v
            WHERE v.user_id = %(user_id)s AND v.device_id = %(device_id)s
              AND v.number > c.number AND v.kind = 'VOLUME' AND v.status = 'DONE'
          )
        ORDER BY c.number DESC LIMIT 1
    ), d.volume_percent),
    seen_at = greatest(d.seen_at, %(now)s)
WHERE d.user_id = %(user_id)s AND d.device_id = %(device_id)s
RETURNING {_DEVICE}
"""  # noqa: S608
# The number is taken where the row is locked already: they rise as the streams are opened.
_OPEN = f"{_REPORT}, nextval('device_streams')"
_SETTLE = """
UPDATE commands SET status = 'DONE'
WHERE user_id = %(user_id)s AND device_id = %(device_id)s AND number <= %(upto)s
  AND status = 'PENDING' AND issued_at > %(since)s
RETURNING number
"""
_TOLD = """
UPDATE devices SET last_applied = greatest(last_applied, least(last_number, %s))
WHERE user_id = %s AND device_id = %s
"""
_WORK_OFF = """
UPDATE commands c SET status = a.status, detail = a.detail
FROM unnest(%(numbers)s::int[], %(statuses)s::text[], %(details)s::text[])
    AS a (number, status, detail)
WHERE c.user_id = %(user_id)s AND c.device_id = %(device_id)s AND c.number = a.number
  AND c.status = 'PENDING'
"""


class PostgresMailboxes:
    """``Mailboxes`` in the tables of the session store."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def pending(
        self, user_id: str, device_id: str, after: int, now_ms: int, limit: int
    ) -> Pending:
        values = {
            "user_id": user_id,
            "device_id": device_id,
            "after": after,
            "since": instant_of_ms(now_ms - LIFE_MS),
            "limit": limit,
        }

        async def query(connection: Connection) -> Pending:
            async with connection.pipeline():
                waiting = await connection.execute(_PENDING.encode(), values)
                lapsed = await connection.execute(_LAPSE, values)
            return await _pending(waiting, lapsed)

        return await postgres.read(self._pool, query)

    async def last_numbers(self, devices: Sequence[tuple[str, str]]) -> list[int | None]:
        users, names = [user for user, _ in devices], [name for _, name in devices]

        async def query(connection: Connection) -> list[int | None]:
            found = await connection.execute(_LAST_NUMBERS, (users, names))
            return [number for (number,) in await found.fetchall()]

        return await postgres.read(self._pool, query)

    async def command(self, user_id: str, device_id: str, number: int) -> Command | None:
        async def query(connection: Connection) -> Command | None:
            found = await connection.execute(_COMMAND.encode(), (user_id, device_id, number))
            row = await found.fetchone()
            return device_rows.command_of(row) if row else None

        return await postgres.read(self._pool, query)

    async def latest(
        self, user_id: str, device_id: str, before: int | None, limit: int
    ) -> Sequence[Command]:
        values = {"user_id": user_id, "device_id": device_id, "before": before, "limit": limit}

        async def query(connection: Connection) -> Sequence[Command]:
            found = await connection.execute(_LATEST.encode(), values)
            return [device_rows.command_of(row) for row in await found.fetchall()]

        return await postgres.read(self._pool, query)

    async def report(
        self,
        user_id: str,
        device_id: str,
        applied: Sequence[Applied],
        volume_percent: int | None,
        now_ms: int,
    ) -> Device:
        names = {"user_id": user_id, "device_id": device_id}
        said = _columns(applied)
        values = {**names, **_told(volume_percent, now_ms), **said}
        async with postgres.transaction(self._pool) as connection, connection.pipeline():
            if applied:
                await connection.execute(_LOCK, names)
            reported = await connection.execute(_REPORT.encode(), values)
            if applied:
                await connection.execute(_WORK_OFF, {**names, **said})
            row = await reported.fetchone()
            if row is None:
                raise unknown_device_error(device_id)
            device = device_rows.device_of(row)
            if max(said["numbers"], default=0) > device.last_number:
                raise InvalidArgument.field("applied.number", "was never given")
        return device

    async def open_stream(
        self,
        user_id: str,
        device_id: str,
        last_applied: int,
        volume_percent: int | None,
        now_ms: int,
        limit: int,
    ) -> MailboxSnapshot:
        names = {"user_id": user_id, "device_id": device_id}
        values = {**names, **_told(volume_percent, now_ms, last_applied), **_columns(())}
        asked = {**values, "after": 0, "limit": limit}
        async with postgres.transaction(self._pool) as connection, connection.pipeline():
            await connection.execute(_LOCK, names)
            opened = await connection.execute(_OPEN.encode(), values)
            settled = await connection.execute(_SETTLE, values)
            waiting = await connection.execute(_PENDING.encode(), asked)
            lapsed = await connection.execute(_LAPSE, asked)
            row = await opened.fetchone()
            if row is None:
                raise unknown_device_error(device_id)
            device = device_rows.device_of(row[:-1])
            if last_applied > device.last_number:
                raise InvalidArgument.field("last_applied", "was never given")
            numbers = tuple(number for (number,) in await settled.fetchall())
            return MailboxSnapshot(device, row[-1], numbers, await _pending(waiting, lapsed))

    async def acknowledge_lapse(self, user_id: str, device_id: str, lapse: Lapse) -> None:
        async with postgres.transaction(self._pool) as connection:
            await connection.execute(_TOLD, (lapse.last, user_id, device_id))


async def _pending(waiting: Cursor, lapsed: Cursor) -> Pending:
    commands = tuple(map(device_rows.command_of, await waiting.fetchall()))
    first, last = await lapsed.fetchone() or (None, None)
    return Pending(commands, None if first is None else Lapse(first, last))


def _told(volume_percent: int | None, now_ms: int, upto: int = 0) -> dict[str, Any]:
    """What a report says beside the commands; those up to ``upto`` were worked off."""
    since = instant_of_ms(now_ms - LIFE_MS)
    return {"upto": upto, "volume": volume_percent, "now": instant_of_ms(now_ms), "since": since}


def _columns(applied: Sequence[Applied]) -> dict[str, Any]:
    # The first word on a command stands, within one report as well.
    first = {one.number: one for one in reversed(applied)}
    return {
        "numbers": list(first),
        "statuses": [one.status.value for one in first.values()],
        "details": [one.detail for one in first.values()],
        "done": [number for number, one in first.items() if one.status is CommandStatus.DONE],
    }
