"""HistoryInternalService on the wire."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from segue.playback.v1 import playback_internal_service_pb2 as pb
from segue.playback.v1.playback_internal_service_pb2_grpc import HistoryInternalServiceServicer

from meshkit.server_context import Context
from playback_svc.usecases.history import WatchPlays


class HistoryInternalServicer(HistoryInternalServiceServicer):
    """The plays of all users, for the services that count them and learn from them."""

    def __init__(self, watch_plays: WatchPlays, draining: asyncio.Event) -> None:
        self._watch_plays = watch_plays
        self._draining = draining

    async def WatchPlays(
        self, request: pb.WatchPlaysRequest, context: Context
    ) -> AsyncIterator[pb.WatchPlaysResponse]:
        """See the contract."""
        plays = self._watch_plays(request.resume_token, stop=self._draining)
        async for token, play in plays:
            told = pb.WatchPlaysResponse.FromString(play.payload if play else b"")
            told.resume_token = token
            yield told
