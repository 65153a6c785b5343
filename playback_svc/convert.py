"""Between the contract's messages and the domain's values, in both directions."""

from __future__ import annotations

import re

from google.protobuf.timestamp_pb2 import Timestamp
from segue.playback.v1 import playback_pb2

from meshkit.faults import InvalidArgument
from playback_svc.domain.player_state import PlayerState, Status, Track
from playback_svc.usecases.get_playback import Playing
from playback_svc.usecases.slots import StreamEnd

_ULID = re.compile(r"[0-7][0-9A-HJKMNP-TV-Z]{25}")
_DEVICE_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")

STATUSES = {
    Status.PLAYING: playback_pb2.Playback.PLAYING,
    Status.PAUSED: playback_pb2.Playback.PAUSED,
    Status.STOPPED: playback_pb2.Playback.STOPPED,
}


def ulid(field: str, text: str) -> str:
    """``text`` if it is a ULID; else InvalidArgument naming ``field``."""
    if not _ULID.fullmatch(text):
        raise InvalidArgument.field(field, "must be a ULID, 26 upper-case characters")
    return text


def device_id(text: str) -> str:
    """``text`` if it can name a device; else InvalidArgument."""
    if not _DEVICE_ID.fullmatch(text):
        raise InvalidArgument.field(
            "device_id", "must be 1 to 64 of A-Z, a-z, 0-9, '-', '_' and '.'"
        )
    return text


def position_ms(value: int) -> int:
    """``value`` if a track can have it as a position; else InvalidArgument."""
    if value < 0:
        raise InvalidArgument.field("position_ms", "must not be negative")
    return value


def timestamp(unix_ms: int) -> Timestamp:
    """Unix milliseconds as the wire has them."""
    stamp = Timestamp()
    stamp.FromMilliseconds(unix_ms)
    return stamp


def playing_track(track: Track) -> playback_pb2.PlayingTrack:
    """A track as a player shows it."""
    return playback_pb2.PlayingTrack(
        id=track.track_id,
        title=track.title,
        artist=track.artist,
        duration=track.duration_ms / 1000,
        duration_ms=track.duration_ms,
    )


def playback(playing: Playing) -> playback_pb2.Playback:
    """A user's playback as it is now."""
    state: PlayerState = playing.state
    heard_at = state.last_beat_at_ms
    return playback_pb2.Playback(
        playback_id=state.session_id,
        status=STATUSES[state.status],
        track=playing_track(state.track),
        position_ms=playing.position_ms,
        device_id=state.device_id,
        bitrate_kbps=state.bitrate_kbps,
        epoch=state.version.epoch,
        revision=state.version.revision,
        started_at=timestamp(state.started_at_ms),
        last_heartbeat_at=None if heard_at is None else timestamp(heard_at),
    )


def session_end(end: StreamEnd) -> playback_pb2.SessionEnd:
    """Why a stream ends."""
    reason = playback_pb2.SessionEnd.Reason.Value(end.reason.value)
    return playback_pb2.SessionEnd(reason=reason, message=end.message)
