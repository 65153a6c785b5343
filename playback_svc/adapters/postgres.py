"""The session store on PostgreSQL, schema ``playback``: a user's rows are the user's partition."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from psycopg.types.json import Jsonb

from meshkit import postgres
from meshkit.idempotency import RequestKey
from meshkit.postgres import Connection, Pool
from playback_svc.adapters import rows
from playback_svc.domain.presence import SILENCE_PAUSED_MS, SILENCE_PLAYING_MS
from playback_svc.ports.states import Change, Checkpoint, Partition, SessionRecord, StoredAnswer


def _named(columns: Iterable[str]) -> str:
    return ", ".join(f"%({column})s" for column in columns)


_STATE = (*rows.STATE_COLUMNS, "expires_at")
_STATE_LIST = ", ".join(rows.STATE_COLUMNS)
_SESSION_LIST = ", ".join(rows.SESSION_COLUMNS)

# Every statement below is put together from the constant names of columns alone.
_READ = f"SELECT {_STATE_LIST} FROM player_state WHERE user_id = %(user_id)s"  # noqa: S608
_READ_ANSWER = """
SELECT body_sha256, answer, expires_at FROM answers
WHERE user_id = %(user_id)s AND method = %(method)s AND request_id = %(request_id)s
  AND expires_at > %(now)s
"""
_SESSION = f"SELECT {_SESSION_LIST} FROM sessions WHERE user_id = %s AND session_id = %s"  # noqa: S608
_INSERT_STATE = f"""
INSERT INTO player_state (user_id, {", ".join(_STATE)}) VALUES (%(user_id)s, {_named(_STATE)})
ON CONFLICT (user_id) DO NOTHING
"""  # noqa: S608
_UPDATE_STATE = f"""
UPDATE player_state SET {", ".join(f"{column} = %({column})s" for column in _STATE)}
WHERE user_id = %(user_id)s AND epoch = %(held_epoch)s AND revision = %(held_revision)s
"""  # noqa: S608
_KEEP_ANSWER = """
INSERT INTO answers (user_id, method, request_id, body_sha256, answer, expires_at)
VALUES (%(user_id)s, %(method)s, %(request_id)s, %(body)s, %(answer)s, %(expires_at)s)
ON CONFLICT (user_id, method, request_id) DO UPDATE
SET body_sha256 = excluded.body_sha256, answer = excluded.answer, expires_at = excluded.expires_at
WHERE answers.expires_at <= %(now)s
"""
_KEEP_SESSION = f"""
INSERT INTO sessions (user_id, {_SESSION_LIST})
VALUES (%(user_id)s, {_named(rows.SESSION_COLUMNS)})
ON CONFLICT (user_id, session_id) DO UPDATE
SET status = excluded.status, position_ms = excluded.position_ms,
    bitrate_kbps = excluded.bitrate_kbps, last_heartbeat_at = excluded.last_heartbeat_at,
    ended_at = excluded.ended_at, ended_by = excluded.ended_by
"""  # noqa: S608
_KEEP_DEVICE = """
INSERT INTO devices (user_id, device_id, registered_at, last_played_at) VALUES (%s, %s, %s, %s)
ON CONFLICT (user_id, device_id) DO UPDATE SET last_played_at = excluded.last_played_at
"""
# A beat moves the position of a playing session alone; its liveness counts for a held one too.
_CHECKPOINT = """
WITH beat AS (
    SELECT * FROM unnest(
        %(user_id)s::text[], %(session_id)s::text[], %(epoch)s::int[], %(revision)s::int[],
        %(seq)s::int[], %(position_ms)s::int[], %(position_at)s::timestamptz[], %(moving)s::bool[],
        %(bitrate_kbps)s::int[], %(beat_at)s::timestamptz[]
    ) AS b (user_id, session_id, epoch, revision, seq, position_ms, position_at, moving,
            bitrate_kbps, beat_at)
), held AS (
    SELECT p.user_id FROM player_state p JOIN beat b USING (user_id, session_id, epoch, revision)
), moved AS (
    UPDATE player_state p SET
        last_seq = b.seq,
        last_heartbeat_at = b.beat_at,
        bitrate_kbps = CASE WHEN b.bitrate_kbps > 0 THEN b.bitrate_kbps ELSE p.bitrate_kbps END,
        position_ms = CASE WHEN p.status = 'PLAYING'
            THEN least(b.position_ms, p.track_duration_ms) ELSE p.position_ms END,
        position_at = CASE WHEN p.status = 'PLAYING' THEN b.position_at ELSE p.position_at END,
        moving = CASE WHEN p.status = 'PLAYING' THEN b.moving ELSE p.moving END,
        expires_at = CASE p.status
            WHEN 'PLAYING' THEN b.beat_at + %(playing)s WHEN 'PAUSED' THEN b.beat_at + %(paused)s
        END
    FROM beat b
    WHERE p.user_id = b.user_id AND p.session_id = b.session_id
      AND p.epoch = b.epoch AND p.revision = b.revision AND p.last_seq < b.seq
    RETURNING p.user_id, p.session_id, p.position_ms, p.bitrate_kbps, p.last_heartbeat_at
), logged AS (
    UPDATE sessions s SET position_ms = m.position_ms, bitrate_kbps = m.bitrate_kbps,
        last_heartbeat_at = m.last_heartbeat_at
    FROM moved m WHERE s.user_id = m.user_id AND s.session_id = m.session_id
)
SELECT user_id FROM held
"""
_OVERDUE = "SELECT user_id FROM player_state WHERE expires_at < %s ORDER BY expires_at LIMIT %s"
_FORGET = """
DELETE FROM answers WHERE (user_id, method, request_id) IN (
    SELECT user_id, method, request_id FROM answers WHERE expires_at <= %s LIMIT %s
)
"""
_LEAD = """
INSERT INTO leases (name, holder, until) VALUES (%(name)s, %(holder)s, %(until)s)
ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, until = excluded.until
WHERE leases.holder = excluded.holder OR leases.until <= %(now)s
"""


class _ConditionFailed(Exception):
    """Rolls back a change of which a condition did not hold."""


class PostgresPlayerStates:
    """A ``PlayerStateStore``: each change is one transaction on one user's rows."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def read(self, user_id: str, key: RequestKey | None, now_ms: int) -> Partition:
        """See the port."""

        async def query(connection: Connection) -> Partition:
            # The answer is read first: a change in between then shows in the state, not in it,
            # and the compare-and-set that follows fails instead of running twice.
            stored = await self._stored(connection, key, now_ms) if key else None
            found = await connection.execute(_READ.encode(), {"user_id": user_id})
            row = await found.fetchone()
            return Partition(rows.state_of(row) if row else None, stored)

        return await postgres.read(self._pool, query)

    async def _stored(
        self, connection: Connection, key: RequestKey, now_ms: int
    ) -> StoredAnswer | None:
        values = {
            "user_id": key.principal,
            "method": key.method,
            "request_id": key.request_id,
            "now": rows.instant(now_ms),
        }
        row = await (await connection.execute(_READ_ANSWER, values)).fetchone()
        if row is None:
            return None
        held = RequestKey(key.principal, key.method, key.request_id, bytes(row[0]))
        return StoredAnswer(held, rows.answer_of(row[1]), rows.unix_ms(row[2]))

    async def session(self, user_id: str, session_id: str) -> SessionRecord | None:
        """See the port."""

        async def query(connection: Connection) -> SessionRecord | None:
            found = await connection.execute(_SESSION.encode(), (user_id, session_id))
            row = await found.fetchone()
            return rows.session_of(row) if row else None

        return await postgres.read(self._pool, query)

    async def commit(self, change: Change, now_ms: int) -> bool:
        """See the port."""
        try:
            async with postgres.transaction(self._pool) as connection:
                await self._write(connection, change, now_ms)
        except _ConditionFailed:
            return False
        return True

    async def _write(self, connection: Connection, change: Change, now_ms: int) -> None:
        values = {"user_id": change.user_id, **rows.state_values(change.state)}
        values["rungs"] = Jsonb(values["rungs"])
        statement = _INSERT_STATE
        if change.expected is not None:
            statement = _UPDATE_STATE
            values["held_epoch"], values["held_revision"] = change.expected
        await _one_row(connection, statement, values)
        if change.stored is not None:
            await _one_row(connection, _KEEP_ANSWER, _answer_values(change.stored, now_ms))
        for record in change.sessions:
            row = {"user_id": change.user_id, **rows.session_values(record)}
            await connection.execute(_KEEP_SESSION.encode(), row)
        if change.device is not None:
            seen_at = rows.instant(change.device.seen_at_ms)
            device = (change.user_id, change.device.device_id, seen_at, seen_at)
            await connection.execute(_KEEP_DEVICE, device)

    async def checkpoint(self, beats: Sequence[Checkpoint]) -> list[bool]:
        """See the port. One statement for all: users' rows share a server here."""
        values = _checkpoint_values(beats)
        async with postgres.transaction(self._pool) as connection:
            found = await connection.execute(_CHECKPOINT, values)
            held = {row[0] for row in await found.fetchall()}
        return [beat.user_id in held for beat in beats]

    async def overdue(self, before_ms: int, limit: int) -> list[str]:
        """See the port."""

        async def query(connection: Connection) -> list[str]:
            found = await connection.execute(_OVERDUE, (rows.instant(before_ms), limit))
            return [row[0] for row in await found.fetchall()]

        return await postgres.read(self._pool, query)

    async def forget_answers(self, now_ms: int, limit: int) -> int:
        """See the port."""
        async with postgres.transaction(self._pool) as connection:
            done = await connection.execute(_FORGET, (rows.instant(now_ms), limit))
            return done.rowcount

    async def lead(self, name: str, holder: str, now_ms: int, until_ms: int) -> bool:
        """See the port."""
        values = {
            "name": name,
            "holder": holder,
            "now": rows.instant(now_ms),
            "until": rows.instant(until_ms),
        }
        async with postgres.transaction(self._pool) as connection:
            return (await connection.execute(_LEAD, values)).rowcount == 1


async def _one_row(connection: Connection, statement: str, values: dict[str, Any]) -> None:
    if (await connection.execute(statement.encode(), values)).rowcount != 1:
        raise _ConditionFailed


def _answer_values(stored: StoredAnswer, now_ms: int) -> dict[str, Any]:
    return {
        "user_id": stored.key.principal,
        "method": stored.key.method,
        "request_id": stored.key.request_id,
        "body": stored.key.body_sha256,
        "answer": Jsonb(rows.answer_document(stored.answer)),
        "expires_at": rows.instant(stored.expires_at_ms),
        "now": rows.instant(now_ms),
    }


def _checkpoint_values(beats: Sequence[Checkpoint]) -> dict[str, Any]:
    lives = [beat.live for beat in beats]
    return {
        "user_id": [beat.user_id for beat in beats],
        "session_id": [live.session_id for live in lives],
        "epoch": [live.version.epoch for live in lives],
        "revision": [live.version.revision for live in lives],
        "seq": [live.seq for live in lives],
        "position_ms": [live.position_ms for live in lives],
        "position_at": [rows.instant(live.position_at_ms) for live in lives],
        "moving": [live.moving for live in lives],
        "bitrate_kbps": [live.bitrate_kbps for live in lives],
        "beat_at": [rows.instant(live.beat_at_ms) for live in lives],
        "playing": rows.duration(SILENCE_PLAYING_MS),
        "paused": rows.duration(SILENCE_PAUSED_MS),
    }
