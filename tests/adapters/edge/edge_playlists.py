"""Stand-ins for playlists behind the edge: each answers with what reached it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator

from google.api import httpbody_pb2
from segue.playlist.v1 import playlist_pb2, playlist_service_pb2_grpc
from segue.playlist.v1 import playlist_service_pb2 as pb
from segue.playlist.v1 import sharing_service_pb2 as sharing
from segue.playlist.v1 import sharing_service_pb2_grpc as sharing_grpc
from segue.playlist.v1 import transfer_service_pb2 as transfer
from segue.playlist.v1 import transfer_service_pb2_grpc as transfer_grpc

from meshkit import faults
from meshkit.server import Context

# The id of a playlist that is not there.
MISSING = "0" * 26

HOSTILE = """<script>alert("1")</script> & 'x' \\u003cb>"""


class Playlists(playlist_service_pb2_grpc.PlaylistServiceServicer):
    """Tells in the title of a playlist what it was asked."""

    async def UpdatePlaylist(
        self, request: pb.UpdatePlaylistRequest, context: Context
    ) -> pb.UpdatePlaylistResponse:
        given = [name for name in ("title", "description") if request.playlist.HasField(name)]
        found = playlist_pb2.Playlist(title=json.dumps(given))
        return pb.UpdatePlaylistResponse(playlist=found)

    async def RemoveTracks(
        self, request: pb.RemoveTracksRequest, context: Context
    ) -> pb.RemoveTracksResponse:
        return pb.RemoveTracksResponse(
            removed_count=len(request.item_ids), snapshot_id=request.snapshot_id
        )

    async def AddTracks(
        self, request: pb.AddTracksRequest, context: Context
    ) -> pb.AddTracksResponse:
        return pb.AddTracksResponse(item_ids=request.track_ids)

    async def FollowPlaylist(
        self, request: pb.FollowPlaylistRequest, context: Context
    ) -> pb.FollowPlaylistResponse:
        return pb.FollowPlaylistResponse(follower_count=len(request.playlist_id))

    async def WatchPlaylist(
        self, request: pb.WatchPlaylistRequest, context: Context
    ) -> AsyncIterator[pb.WatchPlaylistResponse]:
        for token in ("t1", "t2"):
            yield pb.WatchPlaylistResponse(resume_token=token)


class Sharing(sharing_grpc.SharingServiceServicer):
    """Tells in the title of the playlist from where it was asked."""

    async def PreviewShare(
        self, request: sharing.PreviewShareRequest, context: Context
    ) -> sharing.PreviewShareResponse:
        if request.code == "unknown":
            raise faults.NotFound("no such link")
        if request.code == "page":
            return sharing.PreviewShareResponse(
                playlist=playlist_pb2.Playlist(
                    title=HOSTILE, owner="Ada", description="für 𝄞 \\ two\nlines", track_count=30
                ),
                tracks=[playlist_pb2.PlaylistTrack(title=HOSTILE, artist="B", duration_ms=61_500)],
            )
        told = [v for k, v in context.invocation_metadata() or () if k == "x-client-address"]
        return sharing.PreviewShareResponse(
            playlist=playlist_pb2.Playlist(title=json.dumps([str(value) for value in told]))
        )


class Transfer(transfer_grpc.TransferServiceServicer):
    """Reports in two messages; exports what it was asked for in two chunks."""

    def __init__(self) -> None:
        self.released = asyncio.Event()

    async def ImportPlaylist(
        self, request: transfer.ImportPlaylistRequest, context: Context
    ) -> AsyncIterator[transfer.ImportPlaylistResponse]:
        going_on = transfer.ImportPlaylistResponse.Progress(entry_count=len(request.content))
        yield transfer.ImportPlaylistResponse(progress=going_on)
        await self.released.wait()
        made = transfer.ImportPlaylistResponse.Imported(playlist_id="made")
        yield transfer.ImportPlaylistResponse(imported=made)

    async def ExportPlaylist(
        self, request: transfer.ExportPlaylistRequest, context: Context
    ) -> AsyncIterator[httpbody_pb2.HttpBody]:
        if request.playlist_id == MISSING:
            raise faults.NotFound("no such playlist")
        kind = "application/json" if request.format else "audio/x-mpegurl"
        for chunk in (b'{"playlist": ', b'{"title": "a\n\nb"}}'):
            yield httpbody_pb2.HttpBody(content_type=kind, data=chunk)
