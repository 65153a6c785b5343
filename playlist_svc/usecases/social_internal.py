"""What other services ask about relations."""

from __future__ import annotations

from typing import Any

from meshkit.feeds import ChangeFeed
from playlist_svc.domain.shelf_changes import BLOCKED_ARTIST
from playlist_svc.domain.social import Kind
from playlist_svc.ports.library import Shelf
from playlist_svc.usecases.shelf_feed import ShelfFeed
from playlist_svc.usecases.social import Connections, Key, Social


class ListFriends:
    """Lists whose listening a user may be shown."""

    def __init__(self, social: Social) -> None:
        self._social = social

    async def __call__(self, user_id: str, after: Key | None, limit: int) -> Connections:
        """The people whom the user follows; nobody follows who is blocked either way."""
        return await self._social.list_following(user_id, Kind.USER, after, limit)


class WatchBlockedArtists(ShelfFeed):
    """Which artists all users block."""

    def __init__(self, feed: ChangeFeed, shelf: Shelf[Any]) -> None:
        super().__init__(feed, shelf, BLOCKED_ARTIST)
