"""The session store on PostgreSQL, schema ``playback``: a user's rows are the user's partition."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from itertools import chain
from typing import Any

from psycopg.errors import UniqueViolation

from meshkit import feeds_postgres, postgres
from meshkit.clock import instant_of_ms, unix_ms
from meshkit.idempotency import RequestKey
from meshkit.postgres import Connection, Pool
from playback_svc.adapters import prometheus
from playback_svc.adapters.codecs import denials_feed, plays_feed
from playback_svc.adapters.postgres import (
    answer_rows,
    change_statements,
    denials,
    device_rows,
    rows,
    told_plans,
)
from playback_svc.adapters.postgres import preferences as postgres_preferences
from playback_svc.adapters.postgres.preferences_rows import preferences_of
from playback_svc.domain.denials import Denial
from playback_svc.domain.liveness import SILENCE_PAUSED_MS, SILENCE_PLAYING_MS
from playback_svc.domain.player_state import PlayerState
from playback_svc.domain.plays import PlayRecord
from playback_svc.domain.preferences import Preferences
from playback_svc.ports.answers import StoredAnswer
from playback_svc.ports.player_states import (
    Change,
    Checkpoint,
    Partition,
    SessionRecord,
)

_STATE_LIST = ", ".join(rows.STATE_COLUMNS)
_SESSION_LIST = ", ".join(rows.SESSION_COLUMNS)
_DEVICE_LIST = ", ".join(device_rows.DEVICE_COLUMNS)

# Every statement below is put together from the constant names of columns alone.
_READ = f"SELECT {_STATE_LIST} FROM player_state WHERE user_id = %(user_id)s"  # noqa: S608
_READ_ANSWER = """
SELECT body_sha256, answer, expires_at FROM answers
WHERE user_id = %(user_id)s AND method = %(method)s AND request_id = %(request_id)s
  AND expires_at > %(now)s
"""
_SESSION = f"SELECT {_SESSION_LIST} FROM sessions WHERE user_id = %s AND session_id = %s"  # noqa: S608
_BLOB = "SELECT body FROM blobs WHERE user_id = %s AND blob_id = %s"
# One statement, hence one moment: what the state names is there.
_READ_BODIES = f"""
SELECT {_STATE_LIST}, blob_id, body
FROM player_state LEFT JOIN blobs ON blobs.user_id = player_state.user_id
  AND blob_id IN (queue -> 'context' ->> {rows.LISTING_AT}, queue -> 'context' ->> {rows.ORDER_AT})
WHERE player_state.user_id = %(user_id)s
"""  # noqa: S608
_DEVICES = f"SELECT {_DEVICE_LIST} FROM devices WHERE user_id = %(user_id)s ORDER BY device_id"  # noqa: S608
_DEVICES_VERSION = "SELECT version FROM device_lists WHERE user_id = %(user_id)s"
# A beat moves the position of a playing session alone; its liveness counts for a held one too.
_CHECKPOINT = """
WITH beat AS (
    SELECT * FROM unnest(
        %(user_id)s::text[], %(session_id)s::text[], %(epoch)s::int[], %(revision)s::int[],
        %(seq)s::int[], %(position_ms)s::int[], %(position_at)s::timestamptz[], %(moving)s::bool[],
        %(bitrate_kbps)s::int[], %(beat_at)s::timestamptz[], %(rung)s::text[], %(offline)s::bool[]
    ) AS b (user_id, session_id, epoch, revision, seq, position_ms, position_at, moving,
            bitrate_kbps, beat_at, rung, offline)
), held AS (
    SELECT p.user_id FROM player_state p JOIN beat b USING (user_id, session_id, epoch, revision)
), moved AS (
    UPDATE player_state p SET
        last_seq = b.seq,
        last_heartbeat_at = b.beat_at,
        offline = b.offline,
        rung = CASE WHEN b.rung <> '' THEN b.rung ELSE p.rung END,
        bitrate_kbps = CASE WHEN b.rung <> '' THEN b.bitrate_kbps ELSE p.bitrate_kbps END,
        position_ms = CASE WHEN p.status = 'PLAYING'
            THEN least(b.position_ms, p.track_duration_ms) ELSE p.position_ms END,
        position_at = CASE WHEN p.status = 'PLAYING' THEN b.position_at ELSE p.position_at END,
        heard_ms = p.heard_ms + CASE WHEN p.status = 'PLAYING' THEN greatest(0, least(
            least(b.position_ms, p.track_duration_ms) - p.position_ms,
            round(extract(epoch FROM b.position_at - p.position_at) * 1000)))::int ELSE 0 END,
        moving = CASE WHEN p.status = 'PLAYING' THEN b.moving ELSE p.moving END,
        expires_at = CASE p.status
            WHEN 'PLAYING' THEN greatest(b.beat_at, b.position_at) + %(playing)s
            WHEN 'PAUSED' THEN greatest(b.beat_at, p.position_at) + %(paused)s
        END
    FROM beat b
    WHERE p.user_id = b.user_id AND p.session_id = b.session_id
      AND p.epoch = b.epoch AND p.revision = b.revision AND p.last_seq < b.seq
    RETURNING p.user_id, p.session_id, p.position_ms, p.rung, p.bitrate_kbps,
        p.last_heartbeat_at
), logged AS (
    UPDATE sessions s SET position_ms = m.position_ms, rung = m.rung,
        bitrate_kbps = m.bitrate_kbps, last_heartbeat_at = m.last_heartbeat_at
    FROM moved m WHERE s.user_id = m.user_id AND s.session_id = m.session_id
)
SELECT user_id FROM held
"""


class _ConditionFailed(Exception):
    """Rolls back a change of which a condition did not hold."""


class PostgresPlayerStates:
    """A ``PlayerStateStore``: each change is one transaction on one user's rows."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def read(self, user_id: str, key: RequestKey | None, now_ms: int) -> Partition:
        """See the port. One trip: the statements are sent together."""

        async def query(connection: Connection) -> Partition:
            # The answer is read first: a change in between then shows in the state, not in it,
            # and the compare-and-set that follows fails instead of running twice.
            values = {"user_id": user_id}
            async with connection.pipeline():
                answer = None
                if key is not None:
                    answer = await connection.execute(_READ_ANSWER, _asked(key, now_ms))
                state = await connection.execute(_READ.encode(), values)
                version = await connection.execute(_DEVICES_VERSION, values)
                devices = await connection.execute(_DEVICES.encode(), values)
                preferences = await connection.execute(postgres_preferences.READ, values)
                plan = await connection.execute(told_plans.READ, values)
            state_row, preferred = await state.fetchone(), await preferences.fetchone()
            (devices_version,) = await version.fetchone() or (0,)
            (told_tier,) = await plan.fetchone() or ("",)
            return Partition(
                state=rows.state_of(state_row) if state_row else None,
                stored=_stored(key, await answer.fetchone()) if key and answer else None,
                devices=tuple(map(device_rows.device_of, await devices.fetchall())),
                preferences=preferences_of(*preferred) if preferred else Preferences(),
                devices_version=devices_version,
                told_tier=told_tier,
            )

        return await postgres.read(self._pool, query)

    async def blob(self, user_id: str, blob_id: str) -> bytes | None:
        async def query(connection: Connection) -> bytes | None:
            row = await (
                await connection.execute(_BLOB, (user_id, blob_id), binary=True)
            ).fetchone()
            return bytes(row[0]) if row else None

        return await postgres.read(self._pool, query)

    async def with_bodies(self, user_id: str) -> tuple[PlayerState, Mapping[str, bytes]] | None:
        async def query(connection: Connection) -> list[tuple[Any, ...]]:
            found = await connection.execute(_READ_BODIES.encode(), {"user_id": user_id})
            return await found.fetchall()

        found = await postgres.read(self._pool, query)
        if not found:
            return None
        bodies = {row[-2]: bytes(row[-1]) for row in found if row[-2] is not None}
        return rows.state_of(found[0][:-2]), bodies

    async def session(self, user_id: str, session_id: str) -> SessionRecord | None:
        async def query(connection: Connection) -> SessionRecord | None:
            found = await connection.execute(_SESSION.encode(), (user_id, session_id))
            row = await found.fetchone()
            return rows.session_of(row) if row else None

        return await postgres.read(self._pool, query)

    async def commit(self, change: Change, now_ms: int) -> bool:
        """See the port. The conditions and what they guard are sent together, in two trips."""
        user_id = change.user_id
        writes = change_statements.in_order(change.writes)
        rests_on = chain.from_iterable(
            change_statements.conditions(user_id, write, now_ms) for write in writes
        )
        plays = [write for write in writes if isinstance(write, PlayRecord)]
        try:
            async with postgres.transaction(self._pool) as connection:
                async with connection.pipeline():
                    conditions = [
                        await connection.execute(statement.encode(), values)
                        for statement, values in rests_on
                    ]
                    for write in writes:
                        for statement, values in change_statements.consequences(user_id, write):
                            await connection.execute(statement.encode(), values)
                    kept = []
                    for play in plays:
                        statement, values = change_statements.play_statement(user_id, play)
                        kept.append((play, await connection.execute(statement.encode(), values)))
                    denied = [
                        (write, await connection.execute(denials.PUT, denials.values_of(write)))
                        for write in writes
                        if isinstance(write, Denial)
                    ]
                if any(condition.rowcount != 1 for condition in conditions):
                    raise _ConditionFailed
                new = [play for play, row in kept if row.rowcount and not play.private]
                told = [plays_feed.change_of(user_id, play) for play in new]
                for denial, row in denied:
                    (version,) = await row.fetchone() or (1,)
                    told.append(denials_feed.change_of(denial, version))
                if told:
                    await feeds_postgres.append(connection, *told)
            # Counted once it is certain, as each play is entered once.
            for play, row in kept:
                if row.rowcount:
                    prometheus.entered(play)
        except (_ConditionFailed, UniqueViolation):
            return False
        return True

    async def checkpoint(self, beats: Sequence[Checkpoint]) -> list[bool]:
        """See the port. One statement for all: users' rows share a server here."""
        values = _checkpoint_values(beats)
        async with postgres.transaction(self._pool) as connection:
            found = await connection.execute(_CHECKPOINT, values)
            held = {row[0] for row in await found.fetchall()}
        return [beat.user_id in held for beat in beats]


def _asked(key: RequestKey, now_ms: int) -> dict[str, Any]:
    return {
        "user_id": key.principal,
        "method": key.method,
        "request_id": key.request_id,
        "now": instant_of_ms(now_ms),
    }


def _stored(key: RequestKey, row: tuple[Any, ...] | None) -> StoredAnswer | None:
    if row is None:
        return None
    held = RequestKey(key.principal, key.method, key.request_id, bytes(row[0]))
    return StoredAnswer(held, answer_rows.answer_of(row[1], key.method), unix_ms(row[2]))


def _checkpoint_values(beats: Sequence[Checkpoint]) -> dict[str, Any]:
    lives = [beat.live for beat in beats]
    return {
        "user_id": [beat.user_id for beat in beats],
        "session_id": [live.session_id for live in lives],
        "epoch": [live.version.epoch for live in lives],
        "revision": [live.version.revision for live in lives],
        "seq": [live.seq for live in lives],
        "position_ms": [live.position_ms for live in lives],
        "position_at": [instant_of_ms(live.position_at_ms) for live in lives],
        "moving": [live.moving for live in lives],
        "rung": [live.rung for live in lives],
        "offline": [live.offline for live in lives],
        "bitrate_kbps": [live.bitrate_kbps for live in lives],
        "beat_at": [instant_of_ms(live.beat_at_ms) for live in lives],
        "playing": timedelta(milliseconds=SILENCE_PLAYING_MS),
        "paused": timedelta(milliseconds=SILENCE_PAUSED_MS),
    }
