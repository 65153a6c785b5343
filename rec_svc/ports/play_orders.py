"""Playlists as the calling user may open them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol


class PlayOrder(NamedTuple):
    """A playlist's title, and the ULIDs of its tracks in order, as they come."""

    title: str
    track_ids: Sequence[str]


class PlayOrders(Protocol):
    """The tracks of playlists, asked for on behalf of the user of the call that is served."""

    async def of_playlist(self, playlist_id: str) -> PlayOrder:
        """The playlist as it is now.

        Must raise NotFound where there is no such playlist, or the user may not open it.
        """
        ...
