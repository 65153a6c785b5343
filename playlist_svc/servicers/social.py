"""SocialService on the wire."""

from __future__ import annotations

from collections.abc import Sequence

from segue.playlist.v1 import social_service_pb2 as pb
from segue.playlist.v1.social_service_pb2_grpc import SocialServiceServicer

from meshkit.paging import ListRequest, Page
from meshkit.principal import current_principal
from meshkit.server_context import Context
from meshkit.timestamps import timestamp_of_us
from playlist_svc.convert import social as convert
from playlist_svc.convert.lists import place
from playlist_svc.convert.people import person
from playlist_svc.convert.requests import writer
from playlist_svc.usecases.social import ArtistBlocks, Connections, Social, UserBlocks


class SocialServicer(SocialServiceServicer):
    """Relations of the calling user, who is the token's subject."""

    def __init__(
        self, social: Social, user_blocks: UserBlocks, artist_blocks: ArtistBlocks
    ) -> None:
        self._social = social
        self._user_blocks = user_blocks
        self._artist_blocks = artist_blocks

    async def Follow(self, request: pb.FollowRequest, context: Context) -> pb.FollowResponse:
        people = list(request.user_ids)
        artists = list(request.artist_ids)
        user_id, key = writer(request)
        followed = await self._social.follow(user_id, people, artists, key)
        return pb.FollowResponse(followed_count=followed)

    async def Unfollow(self, request: pb.UnfollowRequest, context: Context) -> pb.UnfollowResponse:
        people = list(request.user_ids)
        artists = list(request.artist_ids)
        user_id, key = writer(request)
        unfollowed = await self._social.unfollow(user_id, people, artists, key)
        return pb.UnfollowResponse(unfollowed_count=unfollowed)

    async def ListFollowing(
        self, request: pb.ListFollowingRequest, context: Context
    ) -> pb.ListFollowingResponse:
        page, after = _page(request)
        kind = convert.kind(request.kind)
        user_id = current_principal().user_id
        found = await self._social.list_following(user_id, kind, after, page.size + 1)
        shown, next_token = _shown(page, found)
        return pb.ListFollowingResponse(
            following=shown, next_page_token=next_token, total_count=found.page.total
        )

    async def ListFollowers(
        self, request: pb.ListFollowersRequest, context: Context
    ) -> pb.ListFollowersResponse:
        page, after = _page(request)
        found = await self._social.list_followers(current_principal().user_id, after, page.size + 1)
        shown, next_token = _shown(page, found)
        return pb.ListFollowersResponse(
            followers=shown, next_page_token=next_token, total_count=found.page.total
        )

    async def ListUserFollowing(
        self, request: pb.ListUserFollowingRequest, context: Context
    ) -> pb.ListUserFollowingResponse:
        page, after = _page(request)
        user_id, kind = request.user_id, convert.kind(request.kind)
        reader_id = current_principal().user_id
        found = await self._social.list_user_following(
            reader_id, user_id, kind, after, page.size + 1
        )
        shown, next_token = _shown(page, found)
        return pb.ListUserFollowingResponse(following=shown, next_page_token=next_token)

    async def ListUserFollowers(
        self, request: pb.ListUserFollowersRequest, context: Context
    ) -> pb.ListUserFollowersResponse:
        page, after = _page(request)
        user_id, reader_id = request.user_id, current_principal().user_id
        found = await self._social.list_user_followers(reader_id, user_id, after, page.size + 1)
        shown, next_token = _shown(page, found)
        return pb.ListUserFollowersResponse(followers=shown, next_page_token=next_token)

    async def GetRelation(
        self, request: pb.GetRelationRequest, context: Context
    ) -> pb.GetRelationResponse:
        user_id = request.user_id
        standing = await self._social.get_relation(current_principal().user_id, user_id)
        return convert.relation(user_id, standing)

    async def BlockUser(
        self, request: pb.BlockUserRequest, context: Context
    ) -> pb.BlockUserResponse:
        blocked_id = request.user_id
        user_id, key = writer(request)
        await self._user_blocks.block_user(user_id, blocked_id, key)
        return pb.BlockUserResponse()

    async def UnblockUser(
        self, request: pb.UnblockUserRequest, context: Context
    ) -> pb.UnblockUserResponse:
        blocked_id = request.user_id
        user_id, key = writer(request)
        await self._user_blocks.unblock_user(user_id, blocked_id, key)
        return pb.UnblockUserResponse()

    async def ListBlocks(
        self, request: pb.ListBlocksRequest, context: Context
    ) -> pb.ListBlocksResponse:
        page, after = _page(request)
        blocks = await self._user_blocks.list_blocks(
            current_principal().user_id, after, page.size + 1
        )
        shown, next_token = page.cut(blocks.found, convert.block_key)
        return pb.ListBlocksResponse(
            blocks=[
                pb.ListBlocksResponse.Block(
                    user=person(one.user_id, blocks.names), since=timestamp_of_us(one.since_us)
                )
                for one in shown
            ],
            next_page_token=next_token,
        )

    async def BlockArtist(
        self, request: pb.BlockArtistRequest, context: Context
    ) -> pb.BlockArtistResponse:
        user_id, key = writer(request)
        await self._artist_blocks.block_artist(user_id, request.artist_id, key)
        return pb.BlockArtistResponse()

    async def UnblockArtist(
        self, request: pb.UnblockArtistRequest, context: Context
    ) -> pb.UnblockArtistResponse:
        user_id, key = writer(request)
        await self._artist_blocks.unblock_artist(user_id, request.artist_id, key)
        return pb.UnblockArtistResponse()

    async def ListBlockedArtists(
        self, request: pb.ListBlockedArtistsRequest, context: Context
    ) -> pb.ListBlockedArtistsResponse:
        page, after = _page(request)
        blocked = await self._artist_blocks.list_blocked_artists(
            current_principal().user_id, after, page.size + 1
        )
        shown, next_token = page.cut(blocked.found, convert.blocked_artist_key)
        return pb.ListBlockedArtistsResponse(
            blocks=map(convert.blocked_artist, shown),
            next_page_token=next_token,
            total_count=blocked.total,
        )

    async def GetPrivacy(
        self, request: pb.GetPrivacyRequest, context: Context
    ) -> pb.GetPrivacyResponse:
        audience = await self._social.get_privacy(current_principal().user_id)
        return pb.GetPrivacyResponse(audience=convert.audience(audience))

    async def UpdatePrivacy(
        self, request: pb.UpdatePrivacyRequest, context: Context
    ) -> pb.UpdatePrivacyResponse:
        user_id, key = writer(request)
        audience = await self._social.update_privacy(
            user_id,
            convert.circle(request.audience.following),
            convert.circle(request.audience.followers),
            key,
        )
        return pb.UpdatePrivacyResponse(audience=convert.audience(audience))


def _page(request: ListRequest) -> tuple[Page, tuple[int, str] | None]:
    page = Page.of(request)
    return page, place(page)


def _shown(page: Page, found: Connections) -> tuple[Sequence[pb.Connection], str]:
    shown, next_token = page.cut(found.page.found, convert.connection_key)
    return [convert.connection(one, found) for one in shown], next_token
