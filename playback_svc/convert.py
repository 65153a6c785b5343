"""Between the contract's messages and the domain's values, in both directions.

Servicers answer with these messages, and the feed of plays stores them.
"""

from __future__ import annotations

from segue.catalog.v1.track_summary_pb2 import TrackSummary
from segue.playback.v1 import history_service_pb2, play_source_pb2, playback_pb2

from meshkit.timestamps import timestamp_of_ms
from playback_svc.domain.origins import NOWHERE, ContextKind, PlayOrigin
from playback_svc.domain.play_queue import PlayQueue, Repeat, origin_of
from playback_svc.domain.player_state import EndReason, PlayerState, Status, Track
from playback_svc.domain.plays import Outcome, PlayRecord

STATUSES = {
    Status.PLAYING: playback_pb2.Playback.PLAYING,
    Status.PAUSED: playback_pb2.Playback.PAUSED,
    Status.STOPPED: playback_pb2.Playback.STOPPED,
}


def track_summary(track: Track) -> TrackSummary:
    """A track as a list or a player shows it."""
    return TrackSummary(
        id=track.track_id,
        title=track.title,
        artist=track.artist,
        duration=track.duration_ms / 1000,
        duration_ms=track.duration_ms,
        artist_id=track.artist_id,
        album=track.album,
        album_id=track.album_id,
        artwork_path=track.artwork_path,
    )


REPEATS = {
    Repeat.OFF: playback_pb2.Playback.OFF,
    Repeat.TRACK: playback_pb2.Playback.TRACK,
    Repeat.CONTEXT: playback_pb2.Playback.CONTEXT,
}
_CONTEXT_KINDS = {
    ContextKind.PLAYLIST: play_source_pb2.ContextRef.PLAYLIST,
    ContextKind.ALBUM: play_source_pb2.ContextRef.ALBUM,
    ContextKind.ARTIST: play_source_pb2.ContextRef.ARTIST,
    ContextKind.TRACKS: play_source_pb2.ContextRef.TRACKS,
    ContextKind.RADIO: play_source_pb2.ContextRef.RADIO,
}
REPEATS_BY_NUMBER = {number: repeat for repeat, number in REPEATS.items()}


def repeat(value: playback_pb2.Playback.Repeat.ValueType) -> Repeat | None:
    """What was asked for; None for nothing."""
    return REPEATS_BY_NUMBER.get(value)


def context_ref(kind: ContextKind | None, context_id: str) -> play_source_pb2.ContextRef | None:
    """What is played from; None for nothing."""
    if kind is None:
        return None
    return play_source_pb2.ContextRef(kind=_CONTEXT_KINDS[kind], id=context_id)


def context(queue: PlayQueue) -> playback_pb2.PlayContext | None:
    """What is played from, and how far; None for nothing."""
    held = queue.context
    if held is None:
        return None
    gone = held.radio.cut_count if held.radio else 0
    return playback_pb2.PlayContext(
        ref=context_ref(held.kind, held.source_id),
        track_count=gone + held.size,
        played_count=gone + held.cursor + 1,
    )


def play_origin(origin: PlayOrigin) -> play_source_pb2.PlayOrigin | None:
    """Where a play came from; None where it came from nowhere."""
    if origin == NOWHERE:
        return None
    return play_source_pb2.PlayOrigin(
        context=context_ref(origin.kind, origin.context_id), shown_id=origin.shown_id
    )


_CONTEXT_KINDS_BY_NUMBER = {number: kind for kind, number in _CONTEXT_KINDS.items()}


def requested_origin(origin: play_source_pb2.PlayOrigin) -> PlayOrigin:
    """Where what is queued came from, as the caller says; NOWHERE for nothing."""
    kind = _CONTEXT_KINDS_BY_NUMBER[origin.context.kind] if origin.HasField("context") else None
    return PlayOrigin(kind, origin.context.id, origin.shown_id)


_OUTCOMES = {
    Outcome.COMPLETED: history_service_pb2.Play.COMPLETED,
    Outcome.SKIPPED: history_service_pb2.Play.SKIPPED,
    Outcome.LEFT: history_service_pb2.Play.LEFT,
    Outcome.EXPIRED: history_service_pb2.Play.EXPIRED,
}


def play(play: PlayRecord) -> history_service_pb2.Play:
    """A play as history and its feed tell it."""
    return history_service_pb2.Play(
        play_id=play.play_id,
        track_id=play.track_id,
        device_id=play.device_id,
        started_at=timestamp_of_ms(play.started_at_ms),
        ended_at=timestamp_of_ms(play.ended_at_ms),
        heard_ms=play.heard_ms,
        outcome=_OUTCOMES[play.outcome],
        counted=play.counted,
        origin=play_origin(play.origin),
        private_session=play.private,
        playback_id=play.session_id,
        rung=play.rung,
        offline=play.offline,
        client_play_id=play.client_play_id,
    )


def snapshot(state: PlayerState, position: int, queue_count: int) -> playback_pb2.Playback:
    """A state at a position (ms), with so many entries in the queue."""
    heard_at = state.last_beat_at_ms
    return playback_pb2.Playback(
        playback_id=state.session_id,
        status=STATUSES[state.status],
        track=track_summary(state.track),
        position_ms=position,
        device_id=state.device_id,
        origin=play_origin(origin_of(state.queue)),
        rung=state.rung,
        bitrate=state.bitrate_kbps,
        epoch=state.version.epoch,
        revision=state.version.revision,
        started_at=timestamp_of_ms(state.started_at_ms),
        last_heartbeat_at=None if heard_at is None else timestamp_of_ms(heard_at),
        play_id=state.play_id,
        item_id=state.queue.item_id,
        context=context(state.queue),
        repeat=REPEATS[state.queue.repeat],
        shuffle=state.queue.shuffle,
        queue_count=queue_count,
        ended_by=end_reason(state.ended_by),
        private_session=state.private,
        client_play_id=state.client_play_id,
    )


def end_reason(reason: EndReason | None) -> playback_pb2.SessionEnd.Reason.ValueType:
    """Why a session is over; REASON_UNSPECIFIED while it is not."""
    if reason is None:
        return playback_pb2.SessionEnd.REASON_UNSPECIFIED
    return playback_pb2.SessionEnd.Reason.Value(reason.value)
