"""List playlists: the caller's own of one kind, and the public ones of a user."""

from __future__ import annotations

from dataclasses import dataclass

from playlist_svc.domain.refusals import no_such_user
from playlist_svc.ports.listings import Listings
from playlist_svc.ports.people import People
from playlist_svc.ports.playlists import Kinds, Listed, PlaylistStore
from playlist_svc.usecases.access import Access
from playlist_svc.usecases.views import Shown


@dataclass(frozen=True, slots=True)
class ListedShown:
    """A playlist in a list, as the reader sees it; ``key`` is what the list is ordered by."""

    shown: Shown
    key: tuple[int, str]


class Listing:
    """Lists playlists by falling key, those after ``after`` (None: from the first)."""

    def __init__(
        self, store: PlaylistStore, listings: Listings, people: People, access: Access
    ) -> None:
        self._store = store
        self._listings = listings
        self._people = people
        self._access = access

    async def own(
        self, user_id: str, kinds: Kinds, after: tuple[int, str] | None, limit: int
    ) -> list[ListedShown]:
        """The user's playlists of one kind."""
        found = await self._store.heads_of(user_id, kinds, after, limit)
        return await self._shown(found, user_id)

    async def of_user(
        self, owner_id: str, user_id: str, after: tuple[int, str] | None, limit: int
    ) -> list[ListedShown]:
        """The public playlists of ``owner_id``.

        NotFound for who does not exist or has blocked the user.
        """
        await self._people.existing([owner_id])
        if await self._access.blocked(owner_id, user_id):
            raise no_such_user(owner_id)
        found = await self._store.heads_of(owner_id, Kinds.PUBLIC, after, limit)
        return await self._shown(found, user_id)

    async def _shown(self, found: list[Listed], user_id: str) -> list[ListedShown]:
        if not found:
            return []
        followed = await self._listings.followed(user_id, [one.head.playlist_id for one in found])
        names = await self._people.names({one.head.owner_id for one in found})
        return [
            ListedShown(
                Shown(
                    one.head,
                    names.get(one.head.owner_id, ""),
                    one.head.role_of(user_id),
                    one.head.playlist_id in followed,
                ),
                (one.key_ms, one.head.playlist_id),
            )
            for one in found
        ]
