"""Between the domain's values and rows: the names of columns, their order, and answers as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from playback_svc.domain.player_state import (
    Asset,
    EndReason,
    PlayerState,
    Rung,
    Status,
    Track,
    Version,
)
from playback_svc.domain.presence import expires_at_ms
from playback_svc.ports.states import Answer, SessionRecord

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)

STATE_COLUMNS = (
    "epoch", "revision", "session_id", "device_id",
    "track_id", "track_title", "track_artist", "track_duration_ms", "track_premium",
    "descriptor", "rungs", "status", "ended_by",
    "position_ms", "position_at", "moving", "started_at",
    "last_heartbeat_at", "last_seq", "bitrate_kbps",
)  # fmt: skip

SESSION_COLUMNS = (
    "session_id", "device_id", "track_id", "status", "position_ms", "bitrate_kbps",
    "started_at", "last_heartbeat_at", "ended_at", "ended_by",
)  # fmt: skip


def instant(unix_ms: int | None) -> datetime | None:
    """Unix milliseconds as an aware datetime."""
    return None if unix_ms is None else _EPOCH + unix_ms * _MILLISECOND


def unix_ms(instant: datetime) -> int:
    """An aware datetime as Unix milliseconds."""
    return (instant - _EPOCH) // _MILLISECOND


def duration(milliseconds: int) -> timedelta:
    """Milliseconds as a timedelta."""
    return milliseconds * _MILLISECOND


def state_values(state: PlayerState) -> dict[str, Any]:
    """The columns of a state, ``expires_at`` included; ``rungs`` is plain lists for JSON."""
    track, asset = state.track, state.asset
    values = (
        *state.version, state.session_id, state.device_id,
        track.track_id, track.title, track.artist, track.duration_ms, track.premium,
        asset.descriptor, [list(rung) for rung in asset.rungs], state.status, state.ended_by,
        state.position_ms, instant(state.position_at_ms), state.moving,
        instant(state.started_at_ms),
        instant(state.last_beat_at_ms), state.last_seq, state.bitrate_kbps,
    )  # fmt: skip
    row = dict(zip(STATE_COLUMNS, values, strict=True))
    return {**row, "expires_at": instant(expires_at_ms(state))}


def state_of(row: Sequence[Any]) -> PlayerState:
    """The state in ``STATE_COLUMNS``."""
    it = dict(zip(STATE_COLUMNS, row, strict=True))
    beat_at, ended_by = it["last_heartbeat_at"], it["ended_by"]
    return PlayerState(
        version=Version(it["epoch"], it["revision"]),
        session_id=it["session_id"],
        device_id=it["device_id"],
        track=Track(
            it["track_id"],
            it["track_title"],
            it["track_artist"],
            it["track_duration_ms"],
            it["track_premium"],
        ),
        asset=Asset(it["descriptor"], tuple(Rung(*rung) for rung in it["rungs"])),
        status=Status(it["status"]),
        position_ms=it["position_ms"],
        position_at_ms=unix_ms(it["position_at"]),
        started_at_ms=unix_ms(it["started_at"]),
        moving=it["moving"],
        ended_by=EndReason(ended_by) if ended_by else None,
        last_beat_at_ms=unix_ms(beat_at) if beat_at else None,
        last_seq=it["last_seq"],
        bitrate_kbps=it["bitrate_kbps"],
    )


def session_values(record: SessionRecord) -> dict[str, Any]:
    """The columns of a session's record."""
    values = (
        record.session_id, record.device_id, record.track_id, record.status, record.position_ms,
        record.bitrate_kbps, instant(record.started_at_ms), instant(record.last_heartbeat_at_ms),
        instant(record.ended_at_ms), record.ended_by,
    )  # fmt: skip
    return dict(zip(SESSION_COLUMNS, values, strict=True))


def session_of(row: Sequence[Any]) -> SessionRecord:
    """The record in ``SESSION_COLUMNS``."""
    it = dict(zip(SESSION_COLUMNS, row, strict=True))
    beat_at, ended_at, ended_by = it["last_heartbeat_at"], it["ended_at"], it["ended_by"]
    return SessionRecord(
        session_id=it["session_id"],
        device_id=it["device_id"],
        track_id=it["track_id"],
        status=Status(it["status"]),
        position_ms=it["position_ms"],
        bitrate_kbps=it["bitrate_kbps"],
        started_at_ms=unix_ms(it["started_at"]),
        last_heartbeat_at_ms=unix_ms(beat_at) if beat_at else None,
        ended_at_ms=unix_ms(ended_at) if ended_at else None,
        ended_by=EndReason(ended_by) if ended_by else None,
    )


def answer_document(answer: Answer) -> dict[str, Any]:
    """An answer as JSON keeps it."""
    track = answer.track
    return {
        "session_id": answer.session_id,
        "version": list(answer.version),
        "position_ms": answer.position_ms,
        "track": [track.track_id, track.title, track.artist, track.duration_ms, track.premium],
        "descriptor": answer.asset.descriptor,
        "rungs": [list(rung) for rung in answer.asset.rungs],
        "urls_expire_at_s": answer.urls_expire_at_s,
    }


def answer_of(document: dict[str, Any]) -> Answer:
    """The answer that ``answer_document`` made."""
    return Answer(
        session_id=document["session_id"],
        version=Version(*document["version"]),
        position_ms=document["position_ms"],
        track=Track(*document["track"]),
        asset=Asset(document["descriptor"], tuple(Rung(*rung) for rung in document["rungs"])),
        urls_expire_at_s=document["urls_expire_at_s"],
    )
