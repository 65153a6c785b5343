"""Show what a link leads to."""

from __future__ import annotations

from dataclasses import dataclass

from playlist_svc.domain.access import Role
from playlist_svc.domain.order import Entry
from playlist_svc.domain.sharing import PREVIEWED_TRACKS, Share
from playlist_svc.ports.people import People
from playlist_svc.ports.playlists import PlaylistStore
from playlist_svc.usecases.sharing.share_codes import ShareCodes
from playlist_svc.usecases.smart_refresh import Refresh
from playlist_svc.usecases.views import Names, PlaylistView, Views


@dataclass(frozen=True, slots=True)
class Preview:
    """What a link leads to: the playlist as a stranger sees it, and its first entries."""

    share: Share
    shown: PlaylistView
    entries: list[Entry]
    names: Names


class PreviewShare:
    """What a link leads to, for anyone."""

    def __init__(
        self,
        codes: ShareCodes,
        store: PlaylistStore,
        views: Views,
        refresh: Refresh,
        people: People,
    ) -> None:
        self._codes = codes
        self._store = store
        self._views = views
        self._refresh = refresh
        self._people = people

    async def __call__(self, address: str, code: str) -> Preview:
        """The playlist and its first tracks. ShareInvalid, ResourceExhausted (LIMIT_REACHED)."""
        share, head = await self._codes.open(f"address {address}", code)
        head = await self._refresh(head)
        content = await self._store.content(head, head.revision)
        entries = content.order.slice(0, PREVIEWED_TRACKS)
        names = await self._views.names(entries)
        owner = (await self._people.names([head.owner_id])).get(head.owner_id, "")
        return Preview(
            share, PlaylistView(head, owner, Role.STRANGER, followed=False), entries, names
        )
