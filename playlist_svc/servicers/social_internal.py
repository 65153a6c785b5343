"""SocialInternalService on the wire."""

from __future__ import annotations

from collections.abc import AsyncIterator

from segue.playlist.v1 import playlist_internal_service_pb2 as pb
from segue.playlist.v1.playlist_internal_service_pb2_grpc import SocialInternalServiceServicer

from meshkit.paging import Page
from meshkit.principal import current_principal
from meshkit.server_context import Context
from meshkit.streams import OpenStreams
from playlist_svc.convert import collection_changes
from playlist_svc.convert import social as convert
from playlist_svc.convert.lists import place
from playlist_svc.usecases.social_internal import (
    ListFriends,
    WatchBlockedArtists,
    WatchFollowedArtists,
)


class SocialInternalServicer(SocialInternalServiceServicer):
    """Whose listening a user may be shown, and which artists users block and follow."""

    def __init__(
        self,
        list_friends: ListFriends,
        watch_blocked_artists: WatchBlockedArtists,
        watch_followed_artists: WatchFollowedArtists,
        *,
        streams: OpenStreams,
    ) -> None:
        self._list_friends = list_friends
        self._watch_blocked_artists = watch_blocked_artists
        self._watch_followed_artists = watch_followed_artists
        self._streams = streams

    def WatchBlockedArtists(
        self, request: pb.WatchBlockedArtistsRequest, context: Context
    ) -> AsyncIterator[pb.WatchBlockedArtistsResponse]:
        return self._streams.feed(
            pb.WatchBlockedArtistsResponse,
            self._watch_blocked_artists,
            collection_changes.blocked_artist,
            resume_token=request.resume_token,
        )

    def WatchFollowedArtists(
        self, request: pb.WatchFollowedArtistsRequest, context: Context
    ) -> AsyncIterator[pb.WatchFollowedArtistsResponse]:
        return self._streams.feed(
            pb.WatchFollowedArtistsResponse,
            self._watch_followed_artists,
            collection_changes.followed_artist,
            resume_token=request.resume_token,
        )

    async def ListFriends(
        self, request: pb.ListFriendsRequest, context: Context
    ) -> pb.ListFriendsResponse:
        page = Page.of(request)
        after = place(page)
        found = await self._list_friends(current_principal().user_id, after, page.size + 1)
        cut, next_token = page.cut(found.page.found, convert.connection_key)
        shown = [convert.connection(one, found) for one in cut]
        return pb.ListFriendsResponse(
            friends=[
                pb.ListFriendsResponse.Friend(user=one.user, mutual=one.mutual) for one in shown
            ],
            next_page_token=next_token,
        )
