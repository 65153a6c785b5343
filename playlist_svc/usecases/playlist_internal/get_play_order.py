"""Read all that is played of a playlist."""

from __future__ import annotations

from dataclasses import dataclass

from playlist_svc.domain.playlist import Head
from playlist_svc.domain.refusals import unknown_snapshot_error
from playlist_svc.ports.playlists import PlaylistStore, RevisionGone
from playlist_svc.usecases.access import Access
from playlist_svc.usecases.smart_refresh import Refresh


@dataclass(frozen=True, slots=True)
class PlayOrder:
    """All that is played of a version; ``entries`` as :meth:`Order.played` packs them."""

    head: Head
    snapshot_id: str
    entries: bytes


class GetPlayOrder:
    """Reads what players play, for whoever may see the playlist; NotFound for others."""

    def __init__(self, access: Access, store: PlaylistStore, refresh: Refresh) -> None:
        self._access = access
        self._store = store
        self._refresh = refresh

    async def __call__(self, playlist_id: str, user_id: str) -> PlayOrder:
        """The newest version as it is played; of a smart playlist what its rule chooses now."""
        head = await self._refresh(await self._access.visible(playlist_id, user_id))
        try:
            content = await self._store.content(head, head.revision)
        except RevisionGone:
            raise unknown_snapshot_error(head.snapshot_id) from None
        return PlayOrder(head, head.snapshot_id, content.order.played())
