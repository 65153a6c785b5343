"""HistoryInternalService on the wire."""

from __future__ import annotations

from collections.abc import AsyncIterator

from segue.playback.v1 import playback_internal_service_pb2 as pb
from segue.playback.v1.playback_internal_service_pb2_grpc import HistoryInternalServiceServicer

from meshkit.feeds import Change
from meshkit.server_context import Context
from meshkit.streams import OpenStreams
from playback_svc.usecases.history_internal import WatchPlays


class HistoryInternalServicer(HistoryInternalServiceServicer):
    """The plays of all users, for the services that count them and learn from them."""

    def __init__(self, watch_plays: WatchPlays, streams: OpenStreams) -> None:
        self._watch_plays = watch_plays
        self._streams = streams

    def WatchPlays(
        self, request: pb.WatchPlaysRequest, context: Context
    ) -> AsyncIterator[pb.WatchPlaysResponse]:
        return self._streams.feed(
            pb.WatchPlaysResponse, self._watch_plays, _told, resume_token=request.resume_token
        )


def _told(token: str, play: Change | None) -> pb.WatchPlaysResponse:
    """A play of the feed, if any, with the token that resumes after it."""
    told = pb.WatchPlaysResponse.FromString(play.payload if play else b"")
    told.resume_token = token
    return told
