"""List the caller's own playlists of one kind."""

from __future__ import annotations

from playlist_svc.ports.playlists import Kinds, PlaylistStore
from playlist_svc.usecases.playlist.listed_playlists import ListedPlaylist, ListedPlaylists


class ListPlaylists:
    """Lists playlists by falling key, those after ``after`` (None: from the first)."""

    def __init__(self, store: PlaylistStore, listed: ListedPlaylists) -> None:
        self._store = store
        self._listed = listed

    async def __call__(
        self, user_id: str, kinds: Kinds, after: tuple[int, str] | None, limit: int
    ) -> list[ListedPlaylist]:
        """The user's playlists of one kind."""
        found = await self._store.heads_of(user_id, kinds, after, limit)
        return await self._listed(found, user_id)
