"""List the links of a playlist."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from playlist_svc.domain.access import Role
from playlist_svc.domain.sharing import Share
from playlist_svc.ports.people import People
from playlist_svc.ports.sharing import ShareStore
from playlist_svc.usecases.access import Access


@dataclass(frozen=True, slots=True)
class Shares:
    """Links, the newest first, and the names of who made them."""

    found: Sequence[Share]
    names: Mapping[str, str]


class ListShares:
    """Lists links for owners."""

    def __init__(self, access: Access, shares: ShareStore, people: People) -> None:
        self._access = access
        self._shares = shares
        self._people = people

    async def __call__(
        self, caller: str, playlist_id: str, after: tuple[int, str] | None, limit: int
    ) -> Shares:
        """At most ``limit`` links after (created_at_ms, share_id). NotFound, PermissionDenied."""
        head = await self._access.newest(playlist_id)
        await self._access.require(head, caller, Role.OWNER)
        found = await self._shares.of_playlist(playlist_id, after, limit)
        return Shares(found, await self._people.names({share.created_by for share in found}))
