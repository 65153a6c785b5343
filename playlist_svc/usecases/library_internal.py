"""What other services ask about libraries."""

from __future__ import annotations

from typing import Any

from meshkit.feeds import ChangeFeed
from playlist_svc.domain.shelf_changes import SAVED_TRACK
from playlist_svc.ports.library import Shelf
from playlist_svc.usecases.shelf_feed import ShelfFeed


class WatchSavedTracks(ShelfFeed):
    """Which tracks all users save."""

    def __init__(self, feed: ChangeFeed, shelf: Shelf[Any]) -> None:
        super().__init__(feed, shelf, SAVED_TRACK)
