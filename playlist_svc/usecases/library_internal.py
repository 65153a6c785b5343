"""What other services ask about libraries."""

from __future__ import annotations

from typing import Any

from meshkit.feeds import ChangeFeed
from playlist_svc.domain.collection_changes import SAVED_TRACK
from playlist_svc.ports.library import UserCollection
from playlist_svc.usecases.collection_feed import CollectionFeed


class WatchSavedTracks(CollectionFeed):
    """Which tracks all users save."""

    def __init__(self, feed: ChangeFeed, collection: UserCollection[Any]) -> None:
        super().__init__(feed, collection.page_of_all, SAVED_TRACK)
