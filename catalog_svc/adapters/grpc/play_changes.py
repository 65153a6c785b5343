"""What the playback service tells of plays, as the domain sees it."""

from __future__ import annotations

import structlog
from segue.playback.v1 import playback_internal_service_pb2 as pb
from segue.playback.v1.playback_internal_service_pb2_grpc import HistoryInternalServiceStub

from catalog_svc.domain.plays import Play
from meshkit.consuming import Watch, watching
from meshkit.ulids import is_ulid

_log = structlog.get_logger("plays")


def play_changes(stub: HistoryInternalServiceStub) -> Watch[Play]:
    """A ``Watch`` over the playback service's feed."""
    return watching(stub.WatchPlays, pb.WatchPlaysRequest, play_of)


def play_of(message: pb.WatchPlaysResponse) -> Play | None:
    """The play in a step; None where there is none that counts."""
    if not message.play.counted:
        return None
    play = Play(message.play.play_id, message.play.track_id)
    if not is_ulid(play.id) or not is_ulid(play.track_id):
        # One play that nobody can read must not keep all later ones from being counted.
        _log.error("play unreadable", play_id=play.id, track_id=play.track_id)
        return None
    return play
