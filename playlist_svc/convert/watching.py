"""Steps of live views, and of the feed, as messages of the contract."""

from __future__ import annotations

from weakref import WeakKeyDictionary

from segue.playlist.v1 import playlist_internal_service_pb2 as internal_pb
from segue.playlist.v1 import playlist_service_pb2 as pb

from playlist_svc.convert import playlists
from playlist_svc.domain.access import Visibility
from playlist_svc.usecases.change_sets import ChangeSet, KnownChanges
from playlist_svc.usecases.playlist.watch_playlist import Update
from playlist_svc.usecases.playlist_internal.watch_changes import (
    FeedEvent,
    FollowersChanged,
    PlaylistChanged,
    PlaylistRemoved,
)
from playlist_svc.usecases.playlist_internal.watch_membership import MembershipEvent, TracksChanged


class Updates:
    """Makes messages of steps; what is the same for all views of a playlist is made once."""

    def __init__(self) -> None:
        self._made: WeakKeyDictionary[ChangeSet, pb.WatchPlaylistResponse.Update] = (
            WeakKeyDictionary()
        )

    def __call__(self, one: Update) -> pb.WatchPlaylistResponse:
        """A step of a live view; ``snapshots`` and ``changes`` are copied from the first one's."""
        message = pb.WatchPlaylistResponse(resume_token=one.resume_token)
        message.update.playlist.CopyFrom(playlists.playlist(one.shown))
        message.update.MergeFrom(self._changes(one.changes))
        return message

    def _changes(self, found: ChangeSet) -> pb.WatchPlaylistResponse.Update:
        made = self._made.get(found)
        if made is None:
            made = self._made[found] = pb.WatchPlaylistResponse.Update(
                snapshots=playlists.snapshots(found.snapshots),
                reload=not isinstance(found, KnownChanges),
            )
            if isinstance(found, KnownChanges):
                made.changes.extend(playlists.changes(found.changes, found.names))
        return made


def change(token: str, told: FeedEvent | None) -> internal_pb.WatchChangesResponse:
    """A step of the feed with the token that resumes after it."""
    match told:
        case None:
            return internal_pb.WatchChangesResponse(resume_token=token)
        case PlaylistChanged(head, owner):
            playlist = playlists.bare(head, owner)
            return internal_pb.WatchChangesResponse(
                resume_token=token, version=head.version, playlist=playlist
            )
        case PlaylistRemoved(playlist_id, version):
            gone = internal_pb.WatchChangesResponse.PlaylistDeleted(playlist_id=playlist_id)
            return internal_pb.WatchChangesResponse(
                resume_token=token, version=version, deleted=gone
            )
        case FollowersChanged(artist_id, count, version):
            followers = internal_pb.WatchChangesResponse.ArtistFollowers(
                artist_id=artist_id, followers_count=count
            )
            return internal_pb.WatchChangesResponse(
                resume_token=token, version=version, artist_followers=followers
            )


def membership(token: str, told: MembershipEvent | None) -> internal_pb.WatchMembershipResponse:
    """A step of WatchMembership with the token that resumes after it."""
    step = internal_pb.WatchMembershipResponse(resume_token=token)
    match told:
        case TracksChanged(head, track_ids):
            step.version = head.version
            step.tracks.CopyFrom(
                internal_pb.WatchMembershipResponse.Tracks(
                    playlist_id=head.playlist_id,
                    owner_id=head.owner_id,
                    is_public=head.visibility is Visibility.PUBLIC,
                    managed_by=head.managed_by,
                    snapshot_id=head.snapshot_id,
                    track_ids=track_ids,
                )
            )
        case PlaylistRemoved(playlist_id, version):
            step.version = version
            step.deleted.playlist_id = playlist_id
    return step
