"""DenialInternalService on the wire."""

from __future__ import annotations

from collections.abc import AsyncIterator

from segue.playback.v1 import denial_internal_service_pb2 as pb
from segue.playback.v1.denial_internal_service_pb2_grpc import DenialInternalServiceServicer

from meshkit.feeds import Change
from meshkit.server_context import Context
from meshkit.streams import OpenStreams
from playback_svc.usecases.denial_internal import WatchDenials


class DenialInternalServicer(DenialInternalServiceServicer):
    """The media paths that are taken back, for the origin that serves them."""

    def __init__(self, watch_denials: WatchDenials, streams: OpenStreams) -> None:
        self._watch_denials = watch_denials
        self._streams = streams

    def WatchDenials(
        self, request: pb.WatchDenialsRequest, context: Context
    ) -> AsyncIterator[pb.WatchDenialsResponse]:
        return self._streams.feed(
            pb.WatchDenialsResponse, self._watch_denials, _told, resume_token=request.resume_token
        )


def _told(token: str, denial: Change | None) -> pb.WatchDenialsResponse:
    """A denial, if any, with the token that resumes after it."""
    told = pb.WatchDenialsResponse.FromString(denial.payload if denial else b"")
    told.resume_token = token
    return told
