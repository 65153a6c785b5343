"""What the playlist service tells of saved tracks and of artists, as the domain sees it."""

from __future__ import annotations

from collections.abc import AsyncIterator

from segue.playlist.v1 import playlist_internal_service_pb2 as pb
from segue.playlist.v1.playlist_internal_service_pb2_grpc import (
    LibraryInternalServiceStub,
    SocialInternalServiceStub,
)

from meshkit.consuming import Step, Watch, step_of
from meshkit.stream_ends import require_going_on
from rec_svc.domain.user_items import ItemChange, ItemChanged, UserForgotten


def saved_tracks(stub: LibraryInternalServiceStub) -> Watch[ItemChange]:
    """A ``Watch`` over the feed of saved tracks."""

    async def watch(resume_token: str, /) -> AsyncIterator[Step[ItemChange]]:
        request = pb.WatchSavedTracksRequest(resume_token=resume_token)
        async for message in stub.WatchSavedTracks(request):
            require_going_on(message)
            yield step_of(message, saved_track_of(message))

    return watch


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

    async def watch(resume_token: str, /) -> AsyncIterator[Step[ItemChange]]:
        request = pb.WatchBlockedArtistsRequest(resume_token=resume_token)
        async for message in stub.WatchBlockedArtists(request):
            require_going_on(message)
            yield step_of(message, blocked_artist_of(message))

    return watch


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

    async def watch(resume_token: str, /) -> AsyncIterator[Step[ItemChange]]:
        request = pb.WatchFollowedArtistsRequest(resume_token=resume_token)
        async for message in stub.WatchFollowedArtists(request):
            require_going_on(message)
            yield step_of(message, followed_artist_of(message))

    return watch


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
