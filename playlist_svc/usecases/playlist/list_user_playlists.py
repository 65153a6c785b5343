"""List the public playlists of a user."""

from __future__ import annotations

from playlist_svc.domain.refusals import unknown_user_error
from playlist_svc.ports.people import People
from playlist_svc.ports.playlists import Kinds, PlaylistStore
from playlist_svc.usecases.access import Access
from playlist_svc.usecases.playlist.listed_playlists import ListedPlaylist, ListedPlaylists


class ListUserPlaylists:
    """Lists playlists by falling key, those after ``after`` (None: from the first)."""

    def __init__(
        self, store: PlaylistStore, people: People, access: Access, listed: ListedPlaylists
    ) -> None:
        self._store = store
        self._people = people
        self._access = access
        self._listed = listed

    async def __call__(
        self, owner_id: str, user_id: str, after: tuple[int, str] | None, limit: int
    ) -> list[ListedPlaylist]:
        """The public playlists of ``owner_id``.

        NotFound for who does not exist or has blocked the user.
        """
        await self._people.require([owner_id])
        if await self._access.blocked(owner_id, user_id):
            raise unknown_user_error(owner_id)
        found = await self._store.heads_of(owner_id, Kinds.PUBLIC, after, limit)
        return await self._listed(found, user_id)
