"""Follow a playlist no longer."""

from __future__ import annotations

from meshkit.idempotency import RequestKey
from playlist_svc.ports.playlists import PlaylistStore


class UnfollowPlaylist:
    """Ends following, whether or not there is such a playlist any more."""

    def __init__(self, store: PlaylistStore) -> None:
        self._store = store

    async def __call__(self, playlist_id: str, user_id: str, key: RequestKey | None = None) -> None:
        """Has the user follow no longer, whether or not there is such a playlist."""
        await self._store.unfollow(playlist_id, user_id, key)
