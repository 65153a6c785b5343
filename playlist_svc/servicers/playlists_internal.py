"""PlaylistInternalService on the wire."""

from __future__ import annotations

from collections.abc import AsyncIterator

from segue.playlist.v1 import playlist_internal_service_pb2 as pb
from segue.playlist.v1.playlist_internal_service_pb2_grpc import PlaylistInternalServiceServicer

from meshkit.server_context import Context
from meshkit.streams import OpenStreams
from playlist_svc.convert import requests, watching
from playlist_svc.domain.access import Visibility
from playlist_svc.usecases.playlist_internal.get_play_order import GetPlayOrder
from playlist_svc.usecases.playlist_internal.put_managed_playlist import PutManagedPlaylist
from playlist_svc.usecases.playlist_internal.watch_changes import WatchChanges
from playlist_svc.usecases.playlist_internal.watch_membership import WatchMembership


class PlaylistInternalServicer(PlaylistInternalServiceServicer):
    """Playlists, for the services that play, find and learn from them."""

    def __init__(
        self,
        get_play_order: GetPlayOrder,
        put_managed_playlist: PutManagedPlaylist,
        watch_changes: WatchChanges,
        watch_membership: WatchMembership,
        *,
        streams: OpenStreams,
    ) -> None:
        self._get_play_order = get_play_order
        self._put_managed_playlist = put_managed_playlist
        self._watch_changes = watch_changes
        self._watch_membership = watch_membership
        self._streams = streams

    async def GetPlayOrder(
        self, request: pb.GetPlayOrderRequest, context: Context
    ) -> pb.GetPlayOrderResponse:
        found = await self._get_play_order(*requests.named(request))
        return pb.GetPlayOrderResponse(
            entries=found.entries,
            snapshot_id=found.snapshot_id,
            title=found.head.title,
            is_public=found.head.visibility is Visibility.PUBLIC,
        )

    async def PutManagedPlaylist(
        self, request: pb.PutManagedPlaylistRequest, context: Context
    ) -> pb.PutManagedPlaylistResponse:
        playlist_id, snapshot_id = await self._put_managed_playlist(requests.managed(request))
        return pb.PutManagedPlaylistResponse(playlist_id=playlist_id, snapshot_id=snapshot_id)

    def WatchMembership(
        self, request: pb.WatchMembershipRequest, context: Context
    ) -> AsyncIterator[pb.WatchMembershipResponse]:
        return self._streams.feed(
            pb.WatchMembershipResponse,
            self._watch_membership,
            watching.membership,
            resume_token=request.resume_token,
        )

    def WatchChanges(
        self, request: pb.WatchChangesRequest, context: Context
    ) -> AsyncIterator[pb.WatchChangesResponse]:
        return self._streams.feed(
            pb.WatchChangesResponse,
            self._watch_changes,
            watching.change,
            resume_token=request.resume_token,
        )
