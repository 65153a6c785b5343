"""Steps of the feeds of saved tracks, blocked and followed artists as messages of the contract."""

from __future__ import annotations

from segue.playlist.v1 import playlist_internal_service_pb2 as pb

from meshkit.timestamps import timestamp_of_us
from playlist_svc.domain.collection_changes import CollectionChange, CollectionErased, ItemChanged

_Tracks = pb.WatchSavedTracksResponse
_Artists = pb.WatchBlockedArtistsResponse
_Followed = pb.WatchFollowedArtistsResponse


def saved_track(token: str, told: CollectionChange | None) -> _Tracks:
    """A step of WatchSavedTracks with the token that resumes after it."""
    if told is None:
        return _Tracks(resume_token=token)
    step = _Tracks(resume_token=token, version=told.version)
    if isinstance(told, CollectionErased):
        step.forgotten.user_id = told.user_id
        return step
    at, names = timestamp_of_us(told.at_us), {"user_id": told.user_id, "track_id": told.thing_id}
    if told.kept:
        step.saved.CopyFrom(_Tracks.Saved(**names, saved_at=at))
    else:
        step.removed.CopyFrom(_Tracks.Removed(**names, removed_at=at))
    return step


def blocked_artist(token: str, told: CollectionChange | None) -> _Artists:
    """A step of WatchBlockedArtists with the token that resumes after it."""
    if told is None:
        return _Artists(resume_token=token)
    step = _Artists(resume_token=token, version=told.version)
    if isinstance(told, CollectionErased):
        step.forgotten.user_id = told.user_id
        return step
    at, names = timestamp_of_us(told.at_us), {"user_id": told.user_id, "artist_id": told.thing_id}
    if told.kept:
        step.blocked.CopyFrom(_Artists.Blocked(**names, blocked_at=at))
    else:
        step.unblocked.CopyFrom(_Artists.Unblocked(**names, unblocked_at=at))
    return step


def followed_artist(token: str, told: CollectionChange | None) -> _Followed:
    """A step of WatchFollowedArtists with the token that resumes after it."""
    if not isinstance(told, ItemChanged):
        return _Followed(resume_token=token)
    step = _Followed(resume_token=token, version=told.version)
    at, names = timestamp_of_us(told.at_us), {"user_id": told.user_id, "artist_id": told.thing_id}
    if told.kept:
        step.followed.CopyFrom(_Followed.Followed(**names, followed_at=at))
    else:
        step.unfollowed.CopyFrom(_Followed.Unfollowed(**names, unfollowed_at=at))
    return step
