"""Mailboxes of devices on PostgreSQL; ``PostgresPlayerStates.commit`` fills them."""

from __future__ import annotations

from collections.abc import Sequence

from meshkit import postgres
from meshkit.faults import InvalidArgument
from meshkit.postgres import Connection, Pool
from playback_svc.adapters import device_rows, rows
from playback_svc.domain.devices import Device, unknown
from playback_svc.domain.mailbox import LIFE_MS, Applied, Command, CommandStatus, Lapse, Pending

_COMMANDS = ", ".join(device_rows.COMMAND_COLUMNS)
_DEVICE = ", ".join(device_rows.DEVICE_COLUMNS)
_PENDING = f"""
SELECT {_COMMANDS} FROM commands
WHERE user_id = %(user_id)s AND device_id = %(device_id)s AND number > %(after)s
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
_REPORT = f"""
UPDATE devices SET last_applied = greatest(last_applied, %(last)s),
    volume_percent = coalesce(%(volume)s, (
        SELECT c.volume_percent FROM commands c
        WHERE c.user_id = %(user_id)s AND c.device_id = %(device_id)s
          AND c.number = ANY(%(done)s) AND c.kind = 'VOLUME' AND c.status = 'PENDING'
        ORDER BY c.number DESC LIMIT 1
    ), volume_percent),
    seen_at = greatest(seen_at, %(now)s)
WHERE user_id = %(user_id)s AND device_id = %(device_id)s
RETURNING {_DEVICE}
"""  # noqa: S608
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
        """See the port."""
        values = {
            "user_id": user_id,
            "device_id": device_id,
            "after": after,
            "since": rows.instant(now_ms - LIFE_MS),
            "limit": limit,
        }

        async def query(connection: Connection) -> Pending:
            async with connection.pipeline():
                waiting = await connection.execute(_PENDING.encode(), values)
                lapsed = await connection.execute(_LAPSE, values)
            commands = tuple(map(device_rows.command_of, await waiting.fetchall()))
            first, last = await lapsed.fetchone() or (None, None)
            return Pending(commands, None if first is None else Lapse(first, last))

        return await postgres.read(self._pool, query)

    async def last_numbers(self, devices: Sequence[tuple[str, str]]) -> list[int | None]:
        """See the port."""
        users, names = [user for user, _ in devices], [name for _, name in devices]

        async def query(connection: Connection) -> list[int | None]:
            found = await connection.execute(_LAST_NUMBERS, (users, names))
            return [number for (number,) in await found.fetchall()]

        return await postgres.read(self._pool, query)

    async def command(self, user_id: str, device_id: str, number: int) -> Command | None:
        """See the port."""

        async def query(connection: Connection) -> Command | None:
            found = await connection.execute(_COMMAND.encode(), (user_id, device_id, number))
            row = await found.fetchone()
            return device_rows.command_of(row) if row else None

        return await postgres.read(self._pool, query)

    async def report(
        self,
        user_id: str,
        device_id: str,
        applied: Sequence[Applied],
        volume_percent: int | None,
        now_ms: int,
    ) -> Device:
        """See the port."""
        names = {"user_id": user_id, "device_id": device_id}
        last = max((one.number for one in applied), default=0)
        said = {
            "last": last,
            "volume": volume_percent,
            "done": [one.number for one in applied if one.status is CommandStatus.DONE],
            "now": rows.instant(now_ms),
        }
        async with postgres.transaction(self._pool) as connection:
            found = await connection.execute(_REPORT.encode(), {**names, **said})
            row = await found.fetchone()
            if row is None:
                raise unknown(device_id)
            device = device_rows.device_of(row)
            if last > device.last_number:
                raise InvalidArgument.field("applied.number", "was never given")
            if applied:
                await connection.execute(_WORK_OFF, {**names, **_columns(applied)})
        return device


def _columns(applied: Sequence[Applied]) -> dict[str, list[int] | list[str]]:
    # The first word on a command stands, within one report as well.
    first = {one.number: one for one in reversed(applied)}
    return {
        "numbers": list(first),
        "statuses": [one.status.value for one in first.values()],
        "details": [one.detail for one in first.values()],
    }
