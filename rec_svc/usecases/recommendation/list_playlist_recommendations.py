"""``ListPlaylistRecommendations``."""

from __future__ import annotations

from rec_svc.domain.recommended import RecommendedList
from rec_svc.ports.play_orders import PlayOrders
from rec_svc.usecases.recommending import Listener, Recommending


class ListPlaylistRecommendations:
    """Finds what goes with a playlist."""

    def __init__(self, orders: PlayOrders, recommending: Recommending) -> None:
        self._orders = orders
        self._recommending = recommending

    async def __call__(self, listener: Listener, playlist_id: str, limit: int) -> RecommendedList:
        """At most ``limit`` tracks. Raises NotFound, Unavailable."""
        order = await self._orders.of_playlist(playlist_id)
        return await self._recommending.beside(listener, order.track_ids, "playlist", limit)
