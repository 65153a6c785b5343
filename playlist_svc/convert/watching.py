"""Steps of live views, and of the feed, as messages of the contract."""

from __future__ import annotations

from segue.playlist.v1 import playlist_service_pb2 as pb

from playlist_svc.convert import playlists
from playlist_svc.usecases.watch_changes import FollowersTold, PlaylistGone, PlaylistTold, Told
from playlist_svc.usecases.watching import End, Update

ENDS = {
    None: pb.WatchPlaylistResponse.END_UNSPECIFIED,
    End.DELETED: pb.WatchPlaylistResponse.DELETED,
    End.ACCESS_LOST: pb.WatchPlaylistResponse.ACCESS_LOST,
}


def update(one: Update) -> pb.WatchPlaylistResponse:
    """A step of a live view."""
    return pb.WatchPlaylistResponse(
        playlist=None if one.shown is None else playlists.playlist(one.shown),
        snapshots=playlists.snapshots(one.told),
        changes=playlists.changes(one.changes, one.names),
        reload=one.reload,
        resume_token=one.resume_token,
        end=ENDS[one.end],
    )


def change(token: str, told: Told | None) -> pb.WatchChangesResponse:
    """A step of the feed with the token that resumes after it."""
    match told:
        case None:
            return pb.WatchChangesResponse(resume_token=token)
        case PlaylistTold(head, owner):
            playlist = playlists.bare(head, owner)
            return pb.WatchChangesResponse(
                resume_token=token, version=head.version, playlist=playlist
            )
        case PlaylistGone(playlist_id, version):
            gone = pb.WatchChangesResponse.PlaylistDeleted(playlist_id=playlist_id)
            return pb.WatchChangesResponse(resume_token=token, version=version, deleted=gone)
        case FollowersTold(artist_id, count, version):
            followers = pb.WatchChangesResponse.ArtistFollowers(
                artist_id=artist_id, followers_count=count
            )
            return pb.WatchChangesResponse(
                resume_token=token, version=version, artist_followers=followers
            )
