"""What the playback service tells of plays, as the domain sees it."""

from __future__ import annotations

import structlog
from segue.playback.v1 import history_service_pb2, play_source_pb2
from segue.playback.v1 import playback_internal_service_pb2 as pb
from segue.playback.v1.playback_internal_service_pb2_grpc import HistoryInternalServiceStub

from meshkit.consuming import Watch, watching
from meshkit.ulids import is_ulid
from rec_svc.domain.plays import Play

_log = structlog.get_logger("plays")


def play_changes(stub: HistoryInternalServiceStub) -> Watch[Play]:
    """A ``Watch`` over the playback service's feed."""
    return watching(stub.WatchPlays, pb.WatchPlaysRequest, play_of)


def play_of(message: pb.WatchPlaysResponse) -> Play | None:
    """The play in a step; None where there is none that may be learnt from."""
    if not message.HasField("play") or message.play.private_session:
        return None
    told, origin = message.play, message.play.origin
    if not all(map(is_ulid, (told.play_id, message.user_id, told.track_id))):
        # One play that nobody can read must not keep all later ones from being known.
        _log.error("play unreadable", play_id=told.play_id, track_id=told.track_id)
        return None
    return Play(
        play_id=told.play_id,
        user_id=message.user_id,
        track_id=told.track_id,
        begun_ms=told.started_at.ToMilliseconds(),
        left_ms=told.ended_at.ToMilliseconds(),
        heard_ms=told.heard_ms,
        counted=told.counted,
        skipped=told.outcome == history_service_pb2.Play.SKIPPED,
        completed=told.outcome == history_service_pb2.Play.COMPLETED,
        context_kind=_kind(origin.context) if origin.HasField("context") else "",
        context_id=origin.context.id,
        shown_id=origin.shown_id,
    )


def _kind(context: play_source_pb2.ContextRef) -> str:
    """The name of what was played from; of a kind that this version does not know, its number."""
    known = play_source_pb2.ContextRef.Kind.values()
    named = play_source_pb2.ContextRef.Kind.Name
    return named(context.kind) if context.kind in known else str(int(context.kind))
