"""Between the domain's values and rows: the names of columns, their order, and answers as JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from meshkit.clock import instant_of_ms, instant_or_none, unix_ms
from playback_svc.domain.liveness import expires_at_ms
from playback_svc.domain.origins import NOWHERE, ContextKind, PlayOrigin
from playback_svc.domain.play_queue import Context, Origin, PlayQueue, Repeat
from playback_svc.domain.player_state import (
    Asset,
    EndReason,
    PlayerState,
    Rung,
    Status,
    Track,
    Version,
)
from playback_svc.domain.radio import RadioProgress, ShownBlock
from playback_svc.ports.player_states import SessionRecord

STATE_COLUMNS = (
    "epoch", "revision", "session_id", "device_id",
    "track_id", "track_title", "track_artist", "track_duration_ms", "track_premium",
    "track_artist_id", "track_album", "track_album_id", "track_artwork_path",
    "descriptor", "rungs", "status", "ended_by",
    "position_ms", "position_at", "moving", "started_at",
    "play_id", "play_started_at", "heard_ms", "queue", "queued", "private",
    "attended", "begun_ms", "carried_ms", "skips_count",
    "last_heartbeat_at", "last_seq", "rung", "bitrate_kbps", "offline", "client_play_id",
    "queued_origins", "sid",
)  # fmt: skip

SESSION_COLUMNS = (
    "session_id", "device_id", "track_id", "status", "position_ms", "bitrate_kbps",
    "started_at", "last_heartbeat_at", "ended_at", "ended_by", "skips_count", "rung",
)  # fmt: skip


def state_values(state: PlayerState) -> dict[str, Any]:
    """The columns of a state, ``expires_at`` included; what becomes JSON is plain."""
    track, asset = state.track, state.asset
    values = (
        *state.version, state.session_id, state.device_id,
        *track_values(track),
        asset.descriptor, [list(rung) for rung in asset.rungs], state.status, state.ended_by,
        state.position_ms, instant_of_ms(state.position_at_ms), state.moving,
        instant_of_ms(state.started_at_ms),
        state.play_id, instant_of_ms(state.play_started_at_ms), state.heard_ms,
        queue_document(state.queue), state.queue.queued, state.private, state.attended,
        state.begun_ms, state.carried_ms, state.skips_count,
        instant_or_none(state.last_beat_at_ms), state.last_seq, state.rung, state.bitrate_kbps,
        state.offline, state.client_play_id, _origins_document(state.queue.origins), state.sid,
    )  # fmt: skip
    row = dict(zip(STATE_COLUMNS, values, strict=True))
    return {**row, "expires_at": instant_or_none(expires_at_ms(state))}


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
            it["track_artist_id"],
            it["track_album"],
            it["track_album_id"],
            it["track_artwork_path"],
        ),
        asset=Asset(it["descriptor"], tuple(Rung(*rung) for rung in it["rungs"])),
        status=Status(it["status"]),
        position_ms=it["position_ms"],
        position_at_ms=unix_ms(it["position_at"]),
        started_at_ms=unix_ms(it["started_at"]),
        # Null where the version before this one wrote the row.
        play_id=it["play_id"] or it["session_id"],
        play_started_at_ms=unix_ms(it["play_started_at"] or it["started_at"]),
        heard_ms=it["heard_ms"],
        queue=queue_of(it["queue"], bytes(it["queued"]), it["queued_origins"]),
        private=it["private"],
        attended=it["attended"],
        begun_ms=it["begun_ms"],
        carried_ms=it["carried_ms"],
        skips_count=it["skips_count"],
        moving=it["moving"],
        ended_by=EndReason(ended_by) if ended_by else None,
        last_beat_at_ms=unix_ms(beat_at) if beat_at else None,
        last_seq=it["last_seq"],
        rung=it["rung"],
        bitrate_kbps=it["bitrate_kbps"],
        offline=it["offline"],
        client_play_id=it["client_play_id"],
        sid=it["sid"],
    )


def session_values(record: SessionRecord) -> dict[str, Any]:
    """The columns of a session's record."""
    values = (
        record.session_id, record.device_id, record.track_id, record.status, record.position_ms,
        record.bitrate_kbps, instant_of_ms(record.started_at_ms),
        instant_or_none(record.last_heartbeat_at_ms), instant_or_none(record.ended_at_ms),
        record.ended_by, record.skips_count,
        record.rung,
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
        skips_count=it["skips_count"],
        rung=it["rung"],
    )


LISTING_AT, ORDER_AT = 2, 5
"""Where the bodies that a queue names stand in the ``context`` of its document."""


def queue_document(queue: PlayQueue) -> dict[str, Any]:
    """A queue as JSON keeps it, but for the entries of the user queue and their origins."""
    context = queue.context
    return {
        "context": None
        if context is None
        else [
            context.kind, context.source_id, context.listing_id, context.size, context.cursor,
            context.order_id, *_radio_document(context.radio),
        ],
        "repeat": queue.repeat,
        "shuffle": queue.shuffle,
        "origin": queue.origin,
        "item_id": queue.item_id,
        "shown_id": queue.shown_id,
        "queued_from": origin_document(queue.queued_from),
    }  # fmt: skip


def queue_of(
    document: dict[str, Any], queued: bytes = b"", origins: Sequence[Any] = ()
) -> PlayQueue:
    """The queue that ``queue_document`` made; a row of before has none."""
    if not document:
        return PlayQueue()
    held = document["context"]
    return PlayQueue(
        context=_context_of(held) if held else None,
        queued=queued,
        repeat=Repeat(document["repeat"]),
        shuffle=document["shuffle"],
        origin=Origin(document["origin"]),
        item_id=document["item_id"],
        shown_id=document.get("shown_id", ""),
        origins={item: origin_from(origin) for origin, items in origins for item in items},
        queued_from=origin_from(document.get("queued_from")),
    )


def _context_of(document: Sequence[Any]) -> Context:
    kind, source_id, listing_id, size, cursor, order_id, *radio = document
    return Context(
        ContextKind(kind), source_id, listing_id, size, cursor, order_id, _radio_of(radio)
    )


def _radio_document(radio: RadioProgress | None) -> list[Any]:
    """What is kept of a radio behind its context; nothing for all else."""
    if radio is None:
        return []
    blocks = [list(block) for block in radio.blocks]
    return [[radio.playing_id, radio.last_block, blocks, radio.cut_count]]


def _radio_of(documents: Sequence[Any]) -> RadioProgress | None:
    for playing_id, last_block, blocks, cut_count in documents:
        kept = tuple(ShownBlock(*block) for block in blocks)
        return RadioProgress(playing_id, last_block, kept, cut_count)
    return None


def origin_document(origin: PlayOrigin) -> list[Any] | None:
    """Where a play came from, as JSON keeps it."""
    return None if origin == NOWHERE else [origin.kind, origin.context_id, origin.shown_id]


def origin_from(document: Sequence[Any] | None) -> PlayOrigin:
    """What ``origin_document`` made."""
    if document is None:
        return NOWHERE
    kind, context_id, shown_id = document
    return PlayOrigin(ContextKind(kind) if kind else None, context_id, shown_id)


def _origins_document(origins: Mapping[str, PlayOrigin]) -> list[Any]:
    """Each origin once, with the entries that came from it."""
    items: dict[PlayOrigin, list[str]] = {}
    for item_id, origin in origins.items():
        items.setdefault(origin, []).append(item_id)
    return [[origin_document(origin), item_ids] for origin, item_ids in items.items()]


def track_values(track: Track) -> list[Any]:
    """A track as JSON and columns keep it."""
    return [
        track.track_id, track.title, track.artist, track.duration_ms, track.premium,
        track.artist_id, track.album, track.album_id, track.artwork_path,
    ]  # fmt: skip


_OF_ENTRIES = ("queued", "queued_origins")

# What a document of an earlier version does not have.
_LATER = {
    "attended": False, "begun_ms": 0, "carried_ms": 0, "rung": "", "offline": False,
    "client_play_id": "", "sid": "",
    "track_artist_id": "", "track_album": "", "track_album_id": "", "track_artwork_path": "",
}  # fmt: skip


def state_document(state: PlayerState) -> dict[str, Any]:
    """A state as JSON keeps it, without the entries of the user queue."""
    row = {
        column: value for column, value in state_values(state).items() if column not in _OF_ENTRIES
    }
    return {
        column: unix_ms(value) if isinstance(value, datetime) else value
        for column, value in row.items()
    }


def state_from(document: dict[str, Any]) -> PlayerState:
    """The state that ``state_document`` made, or a version before it."""
    row = {**_LATER, **document, "queued": b"", "queued_origins": ()}
    times = ("position_at", "started_at", "play_started_at", "last_heartbeat_at")
    row.update({column: instant_or_none(row[column]) for column in times})
    return state_of([row[column] for column in STATE_COLUMNS])
