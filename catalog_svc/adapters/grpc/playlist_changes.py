"""What the playlist service tells, as the domain sees it."""

from __future__ import annotations

from segue.playlist.v1 import playlist_internal_service_pb2 as pb
from segue.playlist.v1 import playlist_pb2
from segue.playlist.v1.playlist_internal_service_pb2_grpc import PlaylistInternalServiceStub

from catalog_svc.domain.playlists import (
    FollowerCountChange,
    Playlist,
    PlaylistChange,
    PlaylistFeedChange,
)
from meshkit.consuming import Watch, watching


def playlist_changes(stub: PlaylistInternalServiceStub) -> Watch[PlaylistFeedChange]:
    """A ``Watch`` over the playlist service's feed."""
    return watching(stub.WatchChanges, pb.WatchChangesRequest, change_of)


def change_of(change: pb.WatchChangesResponse) -> PlaylistFeedChange | None:
    """The news in a step; None where there is none that the catalogue keeps."""
    match change.WhichOneof("event"):
        case "playlist":
            message = change.playlist
            shown = _playlist(message) if message.is_public else None
            return PlaylistChange(message.playlist_id, change.version, shown)
        case "deleted":
            return PlaylistChange(change.deleted.playlist_id, change.version, None)
        case "artist_followers":
            followers = change.artist_followers
            count = max(0, int(followers.followers_count))
            return FollowerCountChange(followers.artist_id, change.version, count)
        case _:
            return None


def _playlist(message: playlist_pb2.Playlist) -> Playlist:
    return Playlist(
        id=message.playlist_id,
        title=message.title,
        description=message.description,
        owner=message.owner,
        track_count=message.track_count,
        follower_count=message.follower_count,
    )
