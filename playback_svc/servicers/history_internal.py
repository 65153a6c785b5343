"""HistoryInternalService on the wire."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator

from segue.playback.v1 import playback_internal_service_pb2 as pb
from segue.playback.v1.playback_internal_service_pb2_grpc import HistoryInternalServiceServicer

from meshkit.server_context import Context
from meshkit.stream_ends import OpenStream
from meshkit.streams import OpenStreams
from playback_svc.usecases.history import WatchPlays


class HistoryInternalServicer(HistoryInternalServiceServicer):
    """The plays of all users, for the services that count them and learn from them."""

    def __init__(self, watch_plays: WatchPlays, streams: OpenStreams) -> None:
        self._watch_plays = watch_plays
        self._streams = streams

    def WatchPlays(
        self, request: pb.WatchPlaysRequest, context: Context
    ) -> AsyncIterator[pb.WatchPlaysResponse]:
        """See the contract."""

        async def steps(stream: OpenStream) -> AsyncGenerator[pb.WatchPlaysResponse, None]:
            async for place, play in self._watch_plays(request.resume_token, stop=stream.stop):
                told = pb.WatchPlaysResponse.FromString(play.payload if play else b"")
                told.resume_token = place
                yield told

        token = request.resume_token
        return self._streams.told(pb.WatchPlaysResponse, steps, resume_token=token)
