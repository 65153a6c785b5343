"""Read one playlist."""

from __future__ import annotations

from playlist_svc.usecases.access import Access
from playlist_svc.usecases.smart_refresh import Refresh
from playlist_svc.usecases.views import PlaylistView, Views


class GetPlaylist:
    """Reads playlists for whoever may see them; NotFound for others."""

    def __init__(self, access: Access, views: Views, refresh: Refresh) -> None:
        self._access = access
        self._views = views
        self._refresh = refresh

    async def __call__(self, playlist_id: str, user_id: str) -> PlaylistView:
        """The playlist as the user sees it."""
        head, followed = await self._access.visible_to(playlist_id, user_id)
        return await self._views.view(await self._refresh(head), user_id, followed=followed)
