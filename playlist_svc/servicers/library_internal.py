"""LibraryInternalService on the wire."""

from __future__ import annotations

from collections.abc import AsyncIterator

from segue.playlist.v1 import playlist_internal_service_pb2 as pb
from segue.playlist.v1.playlist_internal_service_pb2_grpc import LibraryInternalServiceServicer

from meshkit.server_context import Context
from meshkit.streams import OpenStreams
from playlist_svc.convert import collection_changes
from playlist_svc.usecases.library_internal import WatchSavedTracks


class LibraryInternalServicer(LibraryInternalServiceServicer):
    """What everyone saved, for the services that learn from it and keep it offline."""

    def __init__(self, watch_saved_tracks: WatchSavedTracks, *, streams: OpenStreams) -> None:
        self._watch_saved_tracks = watch_saved_tracks
        self._streams = streams

    def WatchSavedTracks(
        self, request: pb.WatchSavedTracksRequest, context: Context
    ) -> AsyncIterator[pb.WatchSavedTracksResponse]:
        return self._streams.feed(
            pb.WatchSavedTracksResponse,
            self._watch_saved_tracks,
            collection_changes.saved_track,
            resume_token=request.resume_token,
        )
