"""What the playlist service tells of saved tracks and of artists, as the domain sees it."""

from __future__ import annotations

from segue.playlist.v1 import playlist_internal_service_pb2 as pb
from segue.playlist.v1.playlist_internal_service_pb2_grpc import (
    LibraryInternalServiceStub,
    SocialInternalServiceStub,
)

from meshkit.consuming import Watch, watching
from rec_svc.domain.user_items import ItemChange, ItemChanged, UserForgotten


def saved_tracks(stub: LibraryInternalServiceStub) -> Watch[ItemChange]:
    """A ``Watch`` over the feed of saved tracks."""
    return watching(stub.WatchSavedTracks, pb.WatchSavedTracksRequest, saved_track_of)


def saved_track_of(message: pb.WatchSavedTracksResponse) -> ItemChange | None:
    """The change in a step; None where it moves on alone."""
    match message.WhichOneof("event"):
        case "saved":
            one, at_ms = message.saved, message.saved.saved_at.ToMilliseconds()
            return ItemChanged(one.user_id, one.track_id, message.version, at_ms, kept=True)
        case "removed":
            gone, at_ms = message.removed, message.removed.removed_at.ToMilliseconds()
            return ItemChanged(gone.user_id, gone.track_id, message.version, at_ms, kept=False)
        case "forgotten":
            return UserForgotten(message.forgotten.user_id)
        case _:
            return None


def blocked_artists(stub: SocialInternalServiceStub) -> Watch[ItemChange]:
    """A ``Watch`` over the feed of blocked artists."""
    return watching(stub.WatchBlockedArtists, pb.WatchBlockedArtistsRequest, blocked_artist_of)


def blocked_artist_of(message: pb.WatchBlockedArtistsResponse) -> ItemChange | None:
    """The change in a step; None where it moves on alone."""
    match message.WhichOneof("event"):
        case "blocked":
            one, at_ms = message.blocked, message.blocked.blocked_at.ToMilliseconds()
            return ItemChanged(one.user_id, one.artist_id, message.version, at_ms, kept=True)
        case "unblocked":
            gone, at_ms = message.unblocked, message.unblocked.unblocked_at.ToMilliseconds()
            return ItemChanged(gone.user_id, gone.artist_id, message.version, at_ms, kept=False)
        case "forgotten":
            return UserForgotten(message.forgotten.user_id)
        case _:
            return None


def followed_artists(stub: SocialInternalServiceStub) -> Watch[ItemChange]:
    """A ``Watch`` over the feed of followed artists."""
    return watching(stub.WatchFollowedArtists, pb.WatchFollowedArtistsRequest, followed_artist_of)


def followed_artist_of(message: pb.WatchFollowedArtistsResponse) -> ItemChange | None:
    """The change in a step; None where it moves on alone."""
    match message.WhichOneof("event"):
        case "followed":
            one, at_ms = message.followed, message.followed.followed_at.ToMilliseconds()
            return ItemChanged(one.user_id, one.artist_id, message.version, at_ms, kept=True)
        case "unfollowed":
            gone, at_ms = message.unfollowed, message.unfollowed.unfollowed_at.ToMilliseconds()
            return ItemChanged(gone.user_id, gone.artist_id, message.version, at_ms, kept=False)
        case _:
            return None
