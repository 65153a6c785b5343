"""``ManagedPlaylists`` at the playlist service."""

from __future__ import annotations

from segue.playlist.v1 import playlist_internal_service_pb2 as pb
from segue.playlist.v1.playlist_internal_service_pb2_grpc import PlaylistInternalServiceStub

from rec_svc.ports.managed_playlists import ManagedPlaylist

# A user may wait for it.
_PUT_S = 2.0


class PlaylistServiceManaged:
    """The playlist service, over gRPC."""

    def __init__(self, stub: PlaylistInternalServiceStub) -> None:
        self._stub = stub

    async def put(self, wanted: ManagedPlaylist) -> str:
        request = pb.PutManagedPlaylistRequest(
            user_id=wanted.user_id,
            key=wanted.key,
            edition=wanted.edition,
            title=wanted.title,
            description=wanted.description,
            track_ids=wanted.track_ids,
        )
        return (await self._stub.PutManagedPlaylist(request, timeout=_PUT_S)).playlist_id
