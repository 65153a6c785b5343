"""Playlists in memory, for tests."""

from __future__ import annotations

from collections.abc import Sequence

from meshkit.principal import current_principal
from rec_svc.domain.recommendation_faults import unknown_error
from rec_svc.ports.play_orders import PlayOrder


class MemoryPlayOrders:
    """``PlayOrders`` of what ``put`` said."""

    def __init__(self) -> None:
        self._lists: dict[tuple[str, str], PlayOrder] = {}

    def put(self, user_id: str, playlist_id: str, track_ids: Sequence[str]) -> None:
        """A playlist, called Mix, that this user may open."""
        self._lists[user_id, playlist_id] = PlayOrder("Mix", track_ids)

    async def of_playlist(self, playlist_id: str) -> PlayOrder:
        found = self._lists.get((current_principal().user_id, playlist_id))
        if found is None:
            raise unknown_error("playlist", playlist_id)
        return found
