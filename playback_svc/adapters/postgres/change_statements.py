"""The statements of what a change writes to a user's rows, and of what it rests on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from psycopg.types.json import Jsonb

from meshkit.clock import instant_of_ms
from playback_svc.adapters.postgres import answer_rows, device_rows, rows
from playback_svc.adapters.postgres import preferences as postgres_preferences
from playback_svc.domain.denials import Denial
from playback_svc.domain.devices import Device
from playback_svc.domain.mailbox import Command
from playback_svc.domain.player_state import PlayerState, Version
from playback_svc.domain.plays import PlayRecord
from playback_svc.domain.preferences import Preferences
from playback_svc.ports.answers import StoredAnswer
from playback_svc.ports.player_states import (
    DropBodies,
    DropDevice,
    PutBodies,
    PutState,
    RaiseDevicesVersion,
    RequirePreferences,
    RequireState,
    SessionRecord,
    Write,
)


def _named(columns: Iterable[str]) -> str:
    return ", ".join(f"%({column})s" for column in columns)


_STATE = (*rows.STATE_COLUMNS, "expires_at")
_SESSION_LIST = ", ".join(rows.SESSION_COLUMNS)
_DEVICE_LIST = ", ".join(device_rows.DEVICE_COLUMNS)

# Every statement below is put together from the constant names of columns alone.
_INSERT_STATE = f"""
INSERT INTO player_state (user_id, {", ".join(_STATE)}) VALUES (%(user_id)s, {_named(_STATE)})
ON CONFLICT (user_id) DO NOTHING
"""  # noqa: S608
_UPDATE_STATE = f"""
UPDATE player_state SET {", ".join(f"{column} = %({column})s" for column in _STATE)}
WHERE user_id = %(user_id)s AND epoch = %(held_epoch)s AND revision = %(held_revision)s
"""  # noqa: S608
# Nothing is written: a beat that was kept since the row was read must stand.
_HOLD_STATE = """
SELECT FROM player_state
WHERE user_id = %(user_id)s AND epoch = %(held_epoch)s AND revision = %(held_revision)s
FOR SHARE
"""
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
    track_id = excluded.track_id, skips_count = excluded.skips_count,
    rung = excluded.rung, bitrate_kbps = excluded.bitrate_kbps,
    last_heartbeat_at = excluded.last_heartbeat_at,
    ended_at = excluded.ended_at, ended_by = excluded.ended_by
"""  # noqa: S608
# Numbers and loudness come by commands and reports alone.
_KEEP_DEVICE = f"""
INSERT INTO devices (user_id, {_DEVICE_LIST})
VALUES (%(user_id)s, {_named(device_rows.DEVICE_COLUMNS)})
ON CONFLICT (user_id, device_id) DO UPDATE
SET name = excluded.name, kind = excluded.kind, capabilities = excluded.capabilities,
    controllable = excluded.controllable, sid = excluded.sid,
    seen_at = greatest(devices.seen_at, excluded.seen_at)
"""  # noqa: S608
_KEEP_DEVICES_VERSION = """
INSERT INTO device_lists (user_id, version) VALUES (%(user_id)s, %(version)s)
ON CONFLICT (user_id) DO UPDATE SET version = excluded.version
WHERE device_lists.version = excluded.version - 1
"""
_REMOVE_DEVICE = "DELETE FROM devices WHERE user_id = %s AND device_id = %s"
_REMOVE_MAIL = "DELETE FROM commands WHERE user_id = %s AND device_id = %s"
_NUMBER = """
UPDATE devices SET last_number = %(number)s
WHERE user_id = %(user_id)s AND device_id = %(device_id)s AND last_number = %(number)s - 1
"""
# A number that is taken fails the condition above it: an error here would only fill the log.
_POST = f"""
INSERT INTO commands (user_id, {", ".join(device_rows.COMMAND_COLUMNS)})
VALUES (%(user_id)s, {_named(device_rows.COMMAND_COLUMNS)})
ON CONFLICT DO NOTHING
"""  # noqa: S608
_KEEP_PLAY = f"""
WITH kept AS (
    INSERT INTO plays (user_id, {", ".join(device_rows.PLAY_COLUMNS)})
    VALUES (%(user_id)s, {_named(device_rows.PLAY_COLUMNS)})
    ON CONFLICT (user_id, play_id) DO NOTHING RETURNING user_id, track_id, play_id, counted
), latest AS (
    INSERT INTO latest_plays (user_id, track_id, play_id)
    SELECT user_id, track_id, play_id FROM kept WHERE counted
    ON CONFLICT (user_id, track_id) DO UPDATE SET play_id = excluded.play_id
    WHERE latest_plays.play_id < excluded.play_id
)
SELECT FROM kept
"""  # noqa: S608
_KEEP_BLOB = "INSERT INTO blobs (user_id, blob_id, body) VALUES (%s, %s, %s)"
_DROP_BLOBS = "DELETE FROM blobs WHERE user_id = %s AND blob_id = ANY(%s)"
Statement = tuple[str, dict[str, Any] | tuple[Any, ...]]

_ORDER = (
    PutState, RequireState, StoredAnswer, RequirePreferences, Preferences, RaiseDevicesVersion,
    SessionRecord, Command, DropDevice, Device, PutBodies, DropBodies, PlayRecord,
    Denial,
)  # fmt: skip
_RANKS: dict[type[Write], int] = {kind: rank for rank, kind in enumerate(_ORDER)}


def in_order(writes: Iterable[Write]) -> Sequence[Write]:
    """The writes in the order in which everyone locks the rows of a user."""
    return sorted(writes, key=lambda write: _RANKS[type(write)])


def conditions(user_id: str, write: Write, now_ms: int) -> Iterator[Statement]:
    """The statements of a write that must change, or hold, one row each."""
    match write:
        case PutState(state, expected):
            yield _state_statement(user_id, state, expected)
        case RequireState((epoch, revision)):
            held = {"user_id": user_id, "held_epoch": epoch, "held_revision": revision}
            yield _HOLD_STATE, held
        case StoredAnswer():
            yield _KEEP_ANSWER, _answer_values(write, now_ms)
        case RequirePreferences(version):
            yield postgres_preferences.require(user_id, version)
        case Preferences():
            yield postgres_preferences.put(user_id, write)
        case RaiseDevicesVersion(version):
            yield _KEEP_DEVICES_VERSION, {"user_id": user_id, "version": version}
        case Command(device_id, number):
            yield _NUMBER, {"user_id": user_id, "device_id": device_id, "number": number}


def _state_statement(user_id: str, state: PlayerState, expected: Version | None) -> Statement:
    values = {"user_id": user_id, **rows.state_values(state)}
    values |= {column: Jsonb(values[column]) for column in ("rungs", "queue", "queued_origins")}
    if expected is None:
        return _INSERT_STATE, values
    values["held_epoch"], values["held_revision"] = expected
    return _UPDATE_STATE, values


def consequences(user_id: str, write: Write) -> Iterator[Statement]:
    """What a write comes to where the conditions hold; plays apart."""
    match write:
        case SessionRecord():
            yield _KEEP_SESSION, {"user_id": user_id, **rows.session_values(write)}
        case Command():
            yield _POST, {"user_id": user_id, **device_rows.command_values(write)}
        case DropDevice(device_id):
            # A device that reports locks its own row first, too.
            yield _REMOVE_DEVICE, (user_id, device_id)
            yield _REMOVE_MAIL, (user_id, device_id)
        case Device():
            yield _KEEP_DEVICE, {"user_id": user_id, **device_rows.device_values(write)}
        case PutBodies(bodies):
            for body_id, body in bodies.items():
                yield _KEEP_BLOB, (user_id, body_id, body)
        case DropBodies(body_ids):
            yield _DROP_BLOBS, (user_id, list(body_ids))


def play_statement(user_id: str, play: PlayRecord) -> Statement:
    """The statement that enters a play; it changes no row where the play is kept already."""
    return _KEEP_PLAY, {"user_id": user_id, **device_rows.play_values(play)}


def _answer_values(stored: StoredAnswer, now_ms: int) -> dict[str, Any]:
    return {
        "user_id": stored.key.principal,
        "method": stored.key.method,
        "request_id": stored.key.request_id,
        "body": stored.key.body_sha256,
        "answer": Jsonb(answer_rows.answer_document(stored.answer)),
        "expires_at": instant_of_ms(stored.expires_at_ms),
        "now": instant_of_ms(now_ms),
    }
