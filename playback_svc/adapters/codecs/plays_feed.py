"""A play as the feed of plays tells it."""

from __future__ import annotations

from segue.playback.v1 import playback_internal_service_pb2 as pb

from meshkit.feeds import Change, Op
from playback_svc import convert
from playback_svc.domain.plays import PlayRecord
from playback_svc.ports.plays import FEED_ENTITY


def change_of(user_id: str, play: PlayRecord) -> Change:
    """The row of the feed; a play never changes, so its version is 1."""
    message = pb.WatchPlaysResponse(play=convert.play(play), user_id=user_id)
    return Change(FEED_ENTITY, play.play_id, 1, Op.UPSERT, message.SerializeToString())
