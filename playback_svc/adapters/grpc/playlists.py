"""Playlists and friends as the playlist service tells them, over gRPC."""

from __future__ import annotations

from collections.abc import Sequence

from segue.playlist.v1 import playlist_internal_service_pb2 as pb
from segue.playlist.v1.playlist_internal_service_pb2_grpc import (
    PlaylistInternalServiceStub,
    SocialInternalServiceStub,
)

from playback_svc.domain.listing import Listing
from playback_svc.ports.clients import Friend

_ORDER_S = 3.0
_FRIENDS_S = 2.0
_PAGE = 500


class PlaylistService:
    """``Playlists`` that asks the playlist service on the user's behalf."""

    def __init__(self, stub: PlaylistInternalServiceStub) -> None:
        self._stub = stub

    async def playlist(self, playlist_id: str) -> Listing:
        request = pb.GetPlayOrderRequest(playlist_id=playlist_id)
        answer = await self._stub.GetPlayOrder(request, timeout=_ORDER_S)
        return Listing(answer.entries)


class FriendService:
    """``Friends`` that asks the playlist service on the user's behalf."""

    def __init__(self, stub: SocialInternalServiceStub) -> None:
        self._stub = stub

    async def friends(self, limit: int) -> Sequence[Friend]:
        found: list[Friend] = []
        token = ""
        while len(found) < limit:
            size = min(_PAGE, limit - len(found))
            request = pb.ListFriendsRequest(page_size=size, page_token=token)
            answer = await self._stub.ListFriends(request, timeout=_FRIENDS_S)
            found += [
                Friend(friend.user.user_id, friend.user.username) for friend in answer.friends
            ]
            token = answer.next_page_token
            if not token:
                break
        return found


PLAYLISTS = pb.DESCRIPTOR.services_by_name["PlaylistInternalService"]
SOCIAL = pb.DESCRIPTOR.services_by_name["SocialInternalService"]
