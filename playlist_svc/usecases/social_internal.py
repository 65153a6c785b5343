"""What other services ask about relations."""

from __future__ import annotations

from typing import Any

from meshkit.feeds import ChangeFeed
from playlist_svc.domain.collection_changes import BLOCKED_ARTIST, FOLLOWED_ARTIST
from playlist_svc.domain.social import ConnectionKind
from playlist_svc.ports.library import UserCollection
from playlist_svc.ports.social import SocialStore
from playlist_svc.usecases.collection_feed import CollectionFeed
from playlist_svc.usecases.social import Connections, Key, Social


class ListFriends:
    """Lists whose listening a user may be shown."""

    def __init__(self, social: Social) -> None:
        self._social = social

    async def __call__(self, user_id: str, after: Key | None, limit: int) -> Connections:
        """The people whom the user follows; nobody follows who is blocked either way."""
        return await self._social.list_following(user_id, ConnectionKind.USER, after, limit)


class WatchBlockedArtists(CollectionFeed):
    """Which artists all users block."""

    def __init__(self, feed: ChangeFeed, collection: UserCollection[Any]) -> None:
        super().__init__(feed, collection.page_of_all, BLOCKED_ARTIST)


class WatchFollowedArtists(CollectionFeed):
    """Which artists all users follow."""

    def __init__(self, feed: ChangeFeed, store: SocialStore) -> None:
        super().__init__(feed, store.followed_artists, FOLLOWED_ARTIST)
